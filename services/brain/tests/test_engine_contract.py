"""What every backend must do, seen through a real server. The model is the one that ships."""

import asyncio
import contextlib
import re

import pytest
import pytest_asyncio
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis_brain.backends import load_engine
from visavis_brain.config import Config
from visavis_brain.engine import Cost, End, Finish, Line, Piece, Prompt, Role
from visavis_brain.length import is_ended
from visavis_brain.server import BrainServicer

from .conftest import (
    FINISH,
    MODELS,
    begin,
    discard,
    generate,
    partial,
    rest,
    serving,
    settled,
    start,
    text_of,
    until,
)

AUSTRALIA = "What is the capital of Australia?"
STORY = "Tell me a long story about a dog."
MARKS = re.compile(r"[*#`_\[\]\n]|^\s*[-\d]")


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=["fake", *(pytest.param(name, marks=pytest.mark.models) for name in ("llama", "openai"))],
)
async def loaded(request):
    """Loaded once: the weights take seconds. `openai` speaks to a llama.cpp server as to anybody's."""
    is_remote = request.param == "openai"
    engine = load_engine(Config(backend="llama" if is_remote else request.param, models_dir=MODELS, slots=2))
    if is_remote:
        base_url = f"{engine._server.listening_address}/v1"
        remote = load_engine(Config(backend="openai", base_url=base_url, warm_up=True, slots=2))
        yield remote
        await remote.close()
    else:
        yield engine
    await engine.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stub(loaded):
    servicer = BrainServicer(loaded, max_token_count=60, tool_timeout_s=2)
    async with serving(servicer) as stub:
        yield stub
    await settled(lambda: loaded.slots.used_count == 0)


def prompt(*texts: str, max_token_count: int = 30) -> Prompt:
    roles = (Role.SYSTEM, Role.USER, Role.AVATAR, Role.USER)
    return Prompt(tuple(map(Line, roles, texts)), max_token_count)


async def ask(stub, question: str, **fields) -> tuple[str, list[pb.ReplyResponse]]:
    call = await begin(stub, start(**fields))
    await call.write(generate(1, question))
    await call.write(FINISH)
    got = await rest(call)
    return text_of(got, 1), got


async def test_a_question_is_answered_for_the_ear(stub):
    text, got = await ask(stub, AUSTRALIA)
    assert "Canberra" in text
    assert text[-1] in ".?!"
    assert not MARKS.search(text)
    assert text == text.strip()
    assert [r.WhichOneof("event") for r in got[-2:]] == ["usage", "done"]
    assert got[-2].usage.completion_token_count > 3
    assert len(got) > 5


@pytest.mark.parametrize("question", ["Give me a list of five fruits.", "Write a Python program.", STORY, ""])
async def test_every_reply_is_short_and_plain(stub, question):
    text, _ = await ask(stub, question)
    assert is_ended(text) or text.endswith(":"), "a colon that was spoken before code can't be taken back"
    assert not MARKS.search(text)
    assert len(text.split()) < 90


async def test_history_is_known(stub):
    history = [
        pb.Message(role=pb.ROLE_USER, text="My dog is called Max."),
        pb.Message(role=pb.ROLE_AVATAR, text="Max is a lovely name", interrupted=True),
    ]
    text, _ = await ask(stub, "What is my dog called? Say Max or Tom.", history=history)
    assert "Max" in text


async def test_a_newer_generation_replaces_the_older(stub):
    call = await begin(stub)
    await call.write(generate(1, STORY))
    await call.read()
    await call.write(generate(2, AUSTRALIA))
    await call.write(FINISH)
    got = await rest(call)
    numbers = [response.generation for response in got]
    assert numbers == sorted(numbers)
    assert [r.generation for r in got if r.WhichOneof("event") == "done"] == [2]
    assert "Canberra" in text_of(got, 2)


async def test_discard_frees_the_model(stub):
    call = await begin(stub)
    await call.write(generate(1, STORY))
    await call.read()
    async with asyncio.timeout(5):
        await call.write(discard(1))
        await call.write(generate(2, AUSTRALIA))
        await until(call, "text", 2)
    call.cancel()


async def test_a_cancelled_turn_frees_its_slot(stub, loaded):
    calls = [await begin(stub, start(session_id=f"s{n}")) for n in range(2)]
    for call in calls:
        await call.write(generate(1, STORY))
        await call.read()
    for call in calls:
        call.cancel()
    await settled(lambda: loaded.slots.used_count == 0)
    assert "Canberra" in (await ask(stub, AUSTRALIA))[0]


async def test_generate_does_not_wait_for_a_warm_up(stub):
    call = await begin(stub)
    for count in range(10, 60, 10):
        await call.write(partial("and then we went on " * count))
    await call.write(generate(1, AUSTRALIA))
    await call.write(FINISH)
    async with asyncio.timeout(15):
        assert "Canberra" in text_of(await rest(call), 1)


async def test_two_conversations_at_once(stub):
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(ask(stub, AUSTRALIA, session_id=f"s{n}")) for n in range(2)]
    assert all("Canberra" in task.result()[0] for task in asked)


async def test_events_come_in_order(stub, loaded):
    with contextlib.closing(loaded.open("s1")) as conversation:
        await conversation.warm(prompt("Be brief.", "What is"))
        events = [e async for e in conversation.reply(prompt("Be brief.", AUSTRALIA))]
    assert isinstance(events[-1], End)
    assert events[-1].reason in (Finish.STOP, Finish.LENGTH)
    assert any(isinstance(e, Cost) for e in events)
    assert "Canberra" in "".join(e.text for e in events if isinstance(e, Piece))


async def test_the_limit_holds(stub, loaded):
    with contextlib.closing(loaded.open("s1")) as conversation:
        events = [e async for e in conversation.reply(prompt("Be chatty.", STORY, max_token_count=5))]
    assert sum(isinstance(e, Piece) for e in events) == 5
    assert events[-1] == End(Finish.LENGTH)
