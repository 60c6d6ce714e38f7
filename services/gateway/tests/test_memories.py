"""Sessions that go on where another broke off, or where the gateway died."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from rpckit.errors import Busy, NotFound
from rpckit.testing import until
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.backends.shelf import SealedShelf
from visavis_gateway.config import Config
from visavis_gateway.engine import Move
from visavis_gateway.memories import Memories, Memory, from_bytes, to_bytes
from visavis_gateway.personas import Personas
from visavis_gateway.session import Session
from visavis_gateway.sessions import Sessions

SAID = [Move(False, "Hello."), Move(True, "Hi."), Move(False, "How are", interrupted=True)]
WITHIN_S = 20


def transport_of(session: Session) -> FakeTransport:
    return session._transport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "memory"


@pytest.fixture
def gateway(backstage, folder) -> Callable[..., Sessions]:
    """Sessions of one gateway; those of a second one stand for the process that comes after it."""

    def made(**settings: float) -> Sessions:
        config = Config(**{"max_sessions": 1, "vanish_timeout_s": 30, "connect_timeout_s": 30, **settings})
        return Sessions(
            config,
            backstage.services,
            Personas(),
            lambda viewer, now_us: FakeTransport(viewer),
            SealedShelf(folder),
        )

    return made


@pytest.fixture
async def sessions(gateway) -> AsyncIterator[Sessions]:
    made = gateway()
    async with made.running():
        yield made


async def talked(sessions: Sessions, persona: str = "") -> Session:
    """A call in which something was said, and which is kept."""
    session = await sessions.create(persona, "offer")
    session.on_connected()
    session.conversation.history.extend(SAID)
    await until(lambda: kept(sessions, session), "it is kept", WITHIN_S)
    return session


def kept(sessions: Sessions, session: Session) -> bool:
    return sessions._memories._shelf.get(session.session_id, session.token) is not None


def ids(session: Session) -> tuple[str, str]:
    return session.session_id, session.token


async def test_what_was_said_is_remembered_where_a_call_broke_off(sessions):
    first = await talked(sessions)
    second = await sessions.create("", "offer", resumes=ids(first))
    assert transport_of(first).is_closed, "the old one had not noticed yet"
    assert second.is_resumed
    assert second.conversation.history == SAID
    second.on_connected()
    second.on_message('{"type": "shown"}')
    assert second.conversation.reply is None, "it does not greet again"
    second.close("left")
    await until(lambda: sessions.open_count == 0, "it has ended", WITHIN_S)
    for old in (first, second):
        again = await sessions.create("", "offer", resumes=ids(old))
        assert not again.is_resumed, "who says good-bye is forgotten, with what went before"
        await sessions.hang_up(*ids(again))
        await until(lambda: sessions.open_count == 0, "it has ended", WITHIN_S)


async def test_a_gateway_that_comes_after_one_that_was_killed_goes_on(sessions, gateway, folder):
    before = await talked(sessions, "ada")
    after = gateway()
    async with after.running():
        with pytest.raises(NotFound):
            after.find(*ids(before))
        stranger = await after.create("", "offer", resumes=(before.session_id, "guess"))
        assert not stranger.is_resumed
        assert stranger.memory.persona == "mira"
        await after.hang_up(*ids(stranger))
        await until(lambda: after.open_count == 0, "it has ended", WITHIN_S)
        session = await after.create("", "offer", resumes=ids(before))
        assert session.is_resumed
        assert session.conversation.history == SAID
        assert session.memory.persona == "ada", "the same persona answers"
        session.close("left")
    assert "Hi." not in "".join(path.read_text("latin-1") for path in folder.iterdir())


async def test_a_try_that_fails_costs_no_memory(sessions):
    first = await talked(sessions)
    for end in ("vanished", "left"):
        attempt = await sessions.create("", "offer", resumes=ids(first))
        attempt.close(end)
        await until(lambda: sessions.open_count == 0, "it has ended", WITHIN_S)
    second = await sessions.create("", "offer", resumes=ids(first))
    assert second.conversation.history == SAID
    second.on_connected()
    second.on_message('{"type": "report"}')
    second.conversation.history.append(Move(True, "Bye."))
    await until(lambda: not kept(sessions, first), "its own memory counts now", WITHIN_S)
    assert kept(sessions, second)


async def test_wrong_token_resumes_nothing(sessions):
    first = await talked(sessions)
    with pytest.raises(Busy):
        await sessions.create("", "offer", resumes=(first.session_id, "wrong"))
    assert not transport_of(first).is_closed


async def test_one_that_broke_off_can_be_hung_up(sessions):
    session = await talked(sessions)
    session.on_closed()
    await until(lambda: sessions.open_count == 0, "it has ended", WITHIN_S)
    assert kept(sessions, session)
    with pytest.raises(NotFound):
        await sessions.hang_up(session.session_id, "wrong")
    assert kept(sessions, session)
    await sessions.hang_up(*ids(session))
    assert not kept(sessions, session)
    with pytest.raises(NotFound):
        await sessions.hang_up(*ids(session))


async def test_a_gateway_that_is_stopped_in_order_remembers(gateway):
    before, after = gateway(), gateway()
    async with before.running():
        session = await talked(before)
    async with after.running():
        second = await after.create("", "offer", resumes=ids(session))
        assert second.is_resumed


async def test_nothing_is_kept_where_that_is_switched_off(gateway, folder):
    off = gateway(resume_within_s=0)
    async with off.running():
        session = await off.create("", "offer")
        session.on_connected()
        session.conversation.history.extend(SAID)
        session.on_closed()
        await until(lambda: off.open_count == 0, "it has ended", WITHIN_S)
        again = await off.create("", "offer", resumes=ids(session))
        assert not again.is_resumed
    assert not folder.exists()


async def test_what_is_asked_and_heard_so_far_is_kept_in_mid_turn(sessions, gateway, backstage):
    backstage.brain.reply = " ".join(f"word{number}" for number in range(200))
    session = await sessions.create("", "offer")
    session.on_connected()
    session.on_message('{"type": "text", "text": "Tell me a story."}')
    reply = await until_some(lambda: session.conversation.reply)
    await until(lambda: reply.heard_end > 20, "words have sounded", WITHIN_S)
    shelf = SealedShelf(sessions._memories._shelf._folder)

    def on_disk() -> tuple[Move, ...]:
        plain = shelf.get(*ids(session))
        return from_bytes(plain).history if plain else ()

    await until(lambda: len(on_disk()) == 2, "question and half an answer are kept", WITHIN_S)
    question, answer = on_disk()
    assert question == Move(True, "Tell me a story.")
    assert answer.interrupted
    assert backstage.brain.reply.startswith(answer.text)


async def until_some(look: Callable[[], object]) -> object:
    await until(lambda: look() is not None, "something", WITHIN_S)
    return look()


async def test_a_question_without_an_answer_is_answered_after_the_break(sessions, gateway, backstage):
    first = await talked(sessions)
    first.conversation.history.append(Move(True, "What is my name?"))
    second = await sessions.create("", "offer", resumes=ids(first))
    second.on_connected()
    assert second.memory.history[-1] == Move(True, "What is my name?")
    second.on_message('{"type": "shown"}')
    turns = lambda: [m for m in transport_of(second).messages if m["type"] == "turn"]  # noqa: E731
    await until(turns, "the answer", WITHIN_S)
    assert turns()[0]["transcript"] == "What is my name?"
    assert turns()[0]["heard"] == backstage.brain.reply
    start = next(r.start for r in backstage.brain.requests if r.WhichOneof("event") == "start")
    assert [message.text for message in start.history] == [move.text for move in SAID]
    assert [move.text for move in second.conversation.history[3:]] == [
        "What is my name?", backstage.brain.reply,
    ]  # fmt: skip


def test_a_memory_is_the_same_after_a_trip_through_bytes():
    memory = Memory("ada", (*SAID, Move(True, 'Grüße, "\n😀')))
    assert from_bytes(to_bytes(memory)) == memory


async def test_memories_of_open_calls_are_kept_again_before_they_fade():
    assert Memories(900, SealedShelf()).refresh_s == 60
    assert Memories(3, SealedShelf()).refresh_s == 1
