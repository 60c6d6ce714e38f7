import asyncio
import json
import os
import re
import signal
import subprocess
import sys

import grpc
import pytest
from opentelemetry.context import Context
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.events.v1 import events_pb2
from visavis_brain.backends.fake import FakeEngine
from visavis_brain.server import BrainServicer

from .conftest import (
    FINISH,
    begin,
    confirm,
    discard,
    generate,
    partial,
    rest,
    serving,
    settled,
    start,
    text_of,
    tool_result,
    until,
)

STORY = "Tell me a long story."
LOOK = pb.Tool(name="look_outside", description="Weather.", read_only=True)
CALL = pb.Tool(name="phone_home", description="Phones.", parameters_json_schema='{"type": "object"}')


async def send(call, *requests):
    for request in requests:
        await call.write(request)


async def code_of(call) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as e:
        await rest(call)
    return e.value.code()


def kinds(responses) -> list[str]:
    return [response.WhichOneof("event") for response in responses]


async def test_a_reply_streams_text_then_usage_then_done(stub):
    call = await begin(stub)
    await send(call, partial("What is"), generate(1, "What is the capital of Australia?"), FINISH)
    got = await rest(call)
    assert kinds(got)[-2:] == ["usage", "done"]
    spoken = [response for response in got if response.WhichOneof("event") != "judgement"]
    assert set(kinds(spoken)[:-2]) == {"text"}
    assert len(spoken) > 6
    assert {response.generation for response in spoken} == {1}
    assert text_of(got, 1) == "Canberra is the capital of Australia. It lies between Sydney and Melbourne."
    assert got[-1].done.finish_reason == pb.FINISH_REASON_STOP
    assert got[-2].usage.completion_token_count == 12
    assert call.done()


async def test_started_names_the_model(stub):
    call = stub.Reply()
    await call.write(start())
    assert (await call.read()).started.model == "fake"
    call.cancel()


async def test_text_is_made_for_the_ear(stub):
    call = await begin(stub)
    await send(call, generate(1, "markdown"), FINISH)
    assert text_of(await rest(call), 1) == "Sure! one apple, two pears."


async def test_a_long_reply_ends_at_a_sentence(stub):
    call = await begin(stub, start(persona=pb.Persona(name="Mira", max_token_count=24)))
    await send(call, generate(1, STORY), FINISH)
    got = await rest(call)
    assert (
        text_of(got, 1)
        == "The dog came to house number 1 and sat down. The dog came to house number 2 and sat down."
    )
    assert got[-1].done.finish_reason == pb.FINISH_REASON_LENGTH


async def test_only_the_newest_generation_is_heard(stub):
    call = await begin(stub)
    await send(call, generate(1, STORY))
    await call.read()
    await send(call, generate(2, "What is the capital of Australia?"), FINISH)
    got = await rest(call)
    numbers = [response.generation for response in got]
    assert numbers == sorted(numbers)
    assert "done" not in kinds([response for response in got if response.generation == 1])
    assert text_of(got, 2).startswith("Canberra")


async def test_discard_stops_and_the_stream_stays_open(stub, engine):
    call = await begin(stub)
    await send(call, generate(1, STORY))
    await call.read()
    await send(call, discard(1))
    await settled(lambda: engine.running == 0)
    await send(call, generate(2, "Hello"), FINISH)
    assert text_of(await rest(call), 2) == "You said: Hello."


async def test_a_stale_discard_does_nothing(stub):
    call = await begin(stub)
    await send(call, generate(2, "Hello"), discard(1), confirm(1), FINISH)
    assert text_of(await rest(call), 2) == "You said: Hello."


async def test_zero_discards_whichever_runs(stub, engine):
    call = await begin(stub)
    await send(call, generate(1, STORY))
    await call.read()
    await send(call, discard(0))
    await settled(lambda: engine.running == 0)
    await send(call, FINISH)
    assert "done" not in kinds(await rest(call))


@pytest.mark.parametrize(
    ("turn_id", "generation", "stops"),
    [("t1", 1, True), ("", 0, True), ("t1", 5, True), ("t0", 0, False)],
)
async def test_an_interrupt_stops_what_it_names(stub, servicer, engine, turn_id, generation, stops):
    call = await begin(stub)
    await send(call, generate(1, STORY))
    await call.read()
    message = events_pb2.Interrupt(session_id="s1", turn_id=turn_id, generation=generation)
    await servicer.on_interrupt(message, Context())
    await servicer.on_interrupt(message, Context())
    assert engine.running == (0 if stops else 1)
    await send(call, generate(2, "Hello"), FINISH)
    assert text_of(await rest(call), 2) == "You said: Hello."


async def test_an_interrupt_of_an_older_generation_is_stale(stub, servicer, engine):
    call = await begin(stub)
    await send(call, generate(2, STORY))
    await call.read()
    await servicer.on_interrupt(events_pb2.Interrupt(session_id="s1", generation=1), Context())
    await servicer.on_interrupt(events_pb2.Interrupt(session_id="other"), Context())
    assert engine.running == 1
    call.cancel()


async def test_what_documents_say_reaches_the_model_in_partial_and_reply(stub, engine):
    known = [pb.Passage(source="menu.md", text="We open at noon.")]
    call = await begin(stub)
    await send(
        call,
        pb.ReplyRequest(partial=pb.PartialTranscript(text="When do", knowledge=known)),
        pb.ReplyRequest(generate=pb.Generate(generation=1, transcript="When do you open?", knowledge=known)),
        FINISH,
    )
    await rest(call)
    assert (
        engine.asked[-1].lines[-1].text
        == "Answer by these notes where they fit: We open at noon.\n\nWhen do you open?"
    )


async def test_partials_warm_the_cache_without_text(stub, engine):
    history = [pb.Message(role=pb.ROLE_AVATAR, text="Hello!")]
    call = await begin(stub, start(history=history))
    await settled(lambda: len(engine.warmed) == 1)
    assert [line.text for line in engine.warmed[0].lines[1:]] == ["Hello!"]
    await send(call, partial("What"), partial("What is"))
    await settled(lambda: engine.warmed[-1].lines[-1].text == "What is")
    await send(call, FINISH)
    assert [r.WhichOneof("event") for r in await rest(call)] == ["judgement"] * 2


async def test_words_are_judged_once_before_the_reply_to_them(stub, engine):
    call = await begin(stub)
    await send(call, partial("I went home,"))
    first = (await call.read()).judgement
    assert (first.text, first.p_complete) == ("I went home,", pytest.approx(0.001))
    await send(call, partial("I went home,"), generate(1, "I went home, then out"), FINISH)
    events = await rest(call)
    judged = [r.judgement.text for r in events if r.WhichOneof("event") == "judgement"]
    assert judged == ["I went home, then out"]
    assert events[0].WhichOneof("event") == "judgement"
    assert {r.generation for r in events[1:]} == {1}


async def test_a_turn_without_a_user_begins_by_itself(stub):
    call = await begin(stub)
    await send(call, generate(1, ""), FINISH)
    assert "introduce yourself" in text_of(await rest(call), 1)


async def test_history_of_generate_replaces_that_of_start(stub, engine):
    call = await begin(stub, start(history=[pb.Message(role=pb.ROLE_AVATAR, text="Old.")]))
    newer = [pb.Message(role=pb.ROLE_USER, text="New."), pb.Message(role=pb.ROLE_AVATAR, text="Newer.")]
    await send(call, generate(1, "Hello", history=newer), FINISH)
    assert text_of(await rest(call), 1) == "You said: Hello."
    assert [line.text for line in engine.asked[-1].lines[1:]] == ["New.", "Newer.", "Hello"]


async def test_full_engine_says_resource_exhausted(stub):
    call = await begin(stub, start(session_id="other"))
    with pytest.raises(grpc.aio.AioRpcError) as e:
        await begin(stub)
    assert e.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    call.cancel()


async def test_cancelled_call_frees_its_slot(stub, engine):
    call = await begin(stub)
    await send(call, generate(1, STORY))
    await call.read()
    assert (engine.slots.used_count, engine.running) == (1, 1)
    call.cancel()
    await settled(lambda: (engine.slots.used_count, engine.running) == (0, 0))


async def test_the_next_turn_gets_the_slot_of_the_turn_that_closes():
    engine = FakeEngine(slots=2)
    async with serving(BrainServicer(engine, max_token_count=60, tool_timeout_s=2)) as stub:
        call = await begin(stub)
        for _ in range(10):
            await send(call, generate(1, STORY))
            await call.read()
            call.cancel()
            call = await begin(stub)
            assert engine.slots.used_count == 1
        call.cancel()


async def test_turns_of_one_session_may_overlap():
    engine = FakeEngine(slots=2)
    async with serving(BrainServicer(engine, max_token_count=60, tool_timeout_s=2)) as stub:
        first, second = await begin(stub), await begin(stub, start(turn_id="t2"))
        for call in (first, second):
            await send(call, generate(1, "Hello"), FINISH)
            assert text_of(await rest(call), 1) == "You said: Hello."


async def test_half_close_without_finish_drops_everything(stub, engine):
    call = await begin(stub)
    await send(call, generate(1, STORY))
    await call.read()
    await call.done_writing()
    assert "done" not in kinds(await rest(call))
    assert (engine.slots.used_count, engine.running) == (0, 0)


@pytest.mark.parametrize(
    "first",
    [
        generate(1, "Hello"),
        FINISH,
        start(session_id="a.b"),
        start(turn_id=""),
        start(persona=pb.Persona(prompt="x" * 8001)),
        start(persona=pb.Persona(max_token_count=1001)),
        start(persona=pb.Persona(max_token_count=-1)),
        start(history=[pb.Message(text="Hi")]),
        start(history=[pb.Message(role=pb.ROLE_USER)] * 101),
        start(history=[pb.Message(role=pb.ROLE_USER, text="x" * 70_000)]),
        start(tools=[LOOK, LOOK]),
        start(tools=[pb.Tool(name="a b")]),
        start(tools=[pb.Tool(name="a", parameters_json_schema="[1]")]),
        start(tools=[pb.Tool(name="a", parameters_json_schema="{")]),
    ],
)
async def test_a_bad_start_is_invalid(stub, engine, first):
    with pytest.raises(grpc.aio.AioRpcError) as e:
        await begin(stub, first)
    assert e.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert engine.slots.used_count == 0


@pytest.mark.parametrize(
    "request_",
    [
        start(),
        pb.ReplyRequest(),
        partial("x" * 4001),
        pb.ReplyRequest(partial=pb.PartialTranscript(text="x", knowledge=[pb.Passage(text="y")] * 9)),
        pb.ReplyRequest(partial=pb.PartialTranscript(text="x", knowledge=[pb.Passage(text=" ")])),
        pb.ReplyRequest(generate=pb.Generate(generation=1, knowledge=[pb.Passage(text="y" * 2001)])),
        pb.ReplyRequest(
            generate=pb.Generate(generation=1, knowledge=[pb.Passage(source="y" * 301, text="y")])
        ),
        generate(0, "Hello"),
        generate(1, "x" * 4001),
        confirm(1),
        tool_result("1-0", "{"),
        tool_result("1-0", json.dumps("x" * 70_000)),
    ],
)
async def test_a_bad_request_is_invalid(stub, engine, request_):
    call = await begin(stub)
    await send(call, request_)
    assert await code_of(call) is grpc.StatusCode.INVALID_ARGUMENT
    assert engine.slots.used_count == 0


async def test_generations_must_increase(stub):
    call = await begin(stub)
    await send(call, generate(2, "Hello"), generate(2, "Hello"))
    assert await code_of(call) is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_read_only_tool_is_asked_for_before_confirm(stub):
    call = await begin(stub, start(tools=[LOOK, CALL]))
    await send(call, generate(1, "Please look_outside."))
    wish = (await until(call, "tool_call", 1))[-1].tool_call
    assert (wish.name, wish.arguments_json) == ("look_outside", "{}")
    await send(call, tool_result("nobody", '"x"'), tool_result(wish.call_id, '"rain"'))
    got = await until(call, "done", 1)
    assert text_of(got, 1) == 'The tool says "rain".'


async def test_a_tool_with_side_effects_waits_for_confirm(stub, engine):
    call = await begin(stub, start(tools=[LOOK, CALL]))
    await send(call, generate(1, "Please look_outside and phone_home."))
    first = (await until(call, "tool_call", 1))[-1].tool_call
    assert first.name == "look_outside"
    await send(call, tool_result(first.call_id, '"rain"'), confirm(1))
    second = (await until(call, "tool_call", 1))[-1].tool_call
    assert second.name == "phone_home"
    await send(call, tool_result(second.call_id, '"busy"', failed=True))
    assert text_of(await until(call, "done", 1), 1) == 'The tool says {"error": "busy"}.'


async def test_an_unconfirmed_tool_is_never_asked_for(stub):
    call = await begin(stub, start(tools=[CALL]))
    await send(call, generate(1, "Please phone_home."), FINISH)
    got = await rest(call)
    assert "tool_call" not in kinds(got)
    assert kinds(got)[-1] == "done"
    assert "not permitted" in text_of(got, 1)


async def test_a_discarded_tool_call_ignores_its_result(stub, engine):
    call = await begin(stub, start(tools=[LOOK]))
    await send(call, generate(1, "Please look_outside."))
    wish = (await until(call, "tool_call", 1))[-1].tool_call
    await send(call, discard(1), tool_result(wish.call_id, '"rain"'), generate(2, "Hello"), FINISH)
    got = await rest(call)
    assert {response.generation for response in got} == {0, 2}, "the judgement and the new generation"


def spawn(**env: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "visavis_brain"],
        env={**os.environ, "BRAIN_BACKEND": "fake", "BRAIN_SERVER__LISTEN_ADDRESS": "127.0.0.1:0", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_exits_cleanly():
    with spawn() as process:
        assert re.fullmatch(r"brain listening on port \d+\n", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"BRAIN_BACKNED": "fake"}, "BRAIN_BACKNED"),
        ({"BRAIN_SLOTS": "0"}, "BRAIN_SLOTS"),
        ({"BRAIN_BACKEND": "llama", "BRAIN_MODELS_DIR": "/nowhere"}, "visavis models pull"),
    ],
)
def test_a_bad_setting_stops_the_start(env, said):
    with spawn(**env) as process:
        assert said in process.communicate(timeout=20)[1]
    assert process.returncode != 0


async def test_many_turns_leave_nothing_behind(stub, engine):
    before = len(asyncio.all_tasks())
    for number in range(30):
        call = await begin(stub, start(turn_id=f"t{number}"))
        await send(call, generate(1, "Hello"))
        if number % 3 == 0:
            call.cancel()
        elif number % 3 == 1:
            await call.done_writing()
            await rest(call)
        else:
            await send(call, FINISH)
            await rest(call)
    await settled(lambda: engine.slots.used_count == 0 and engine.running == 0)
    await settled(lambda: len(asyncio.all_tasks()) <= before + 2)


async def test_a_turn_begins_with_the_model_and_why_it_was_chosen(engine):
    async with serving(BrainServicer(engine, 60, 2, "the largest that is quick enough")) as stub:
        call = stub.Reply()
        await call.write(start())
        begun = (await call.read()).started
        assert (begun.model, begun.why) == ("fake", "the largest that is quick enough")
        call.cancel()
