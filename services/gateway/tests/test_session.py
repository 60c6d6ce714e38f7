"""A session in real time: scripted services behind real gRPC, a fake transport in front."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rpckit.errors import Busy, NotFound
from rpckit.testing import until
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.backends.opus import OpusDecoder
from visavis_gateway.config import Config
from visavis_gateway.engine import Move
from visavis_gateway.personas import Personas
from visavis_gateway.session import Session
from visavis_gateway.sessions import Sessions

GENEROUS_S = 10.0


@pytest.fixture
async def sessions(backstage) -> AsyncIterator[Sessions]:
    config = Config(max_sessions=2, vanish_timeout_s=2, connect_timeout_s=1, shortest_wait_ms=100)
    made = Sessions(config, backstage.services, Personas(), lambda viewer, now_us: FakeTransport(viewer))
    async with made.running():
        yield made


def transport_of(session: Session) -> FakeTransport:
    return session._transport


@asynccontextmanager
async def call(sessions: Sessions) -> AsyncIterator[tuple[Session, FakeTransport]]:
    """A connected session; its microphone sends nothing, its viewer stays alive."""
    session = await sessions.create("", "offer")
    transport = transport_of(session)
    session.on_connected()
    yield session, transport
    session.close("left")
    await until(lambda: transport.is_closed, "the transport closed")


def messages(transport: FakeTransport, kind: str) -> list[dict[str, Any]]:
    return [m for m in transport.messages if m["type"] == kind]


def loudness(transport: FakeTransport) -> np.ndarray:
    """RMS of each packet that was sent."""
    decoder = OpusDecoder()
    sounds = [decoder.decode(packet).astype(float) for _, packet in transport.audio]
    return np.array([np.sqrt(np.mean(sound**2)) if len(sound) else 0.0 for sound in sounds])


async def test_the_avatar_greets_when_it_is_seen(sessions, backstage):
    async with call(sessions) as (session, transport):
        assert messages(transport, "session")[0]["ai"] is True
        session.on_message('{"type": "shown"}')
        await until(lambda: messages(transport, "turn"), "the greeting's turn ended")
        turn = messages(transport, "turn")[0]
        assert turn["origin"] == "greeting"
        assert turn["heard"] == turn["reply"] == "Hi, I'm Mira. What would you like to talk about?"
        assert session.conversation.history == [Move(False, turn["heard"])]
        assert (loudness(transport) > 1000).sum() >= 40, "ten words of 0.1 s"
        cues = [cue for v in backstage.render.of_kind("visemes") for cue in v.cues]
        assert len(cues) == 10


async def test_audio_is_paced_without_gaps_and_video_never_runs_ahead(sessions):
    async with call(sessions) as (session, transport):
        await until(lambda: len(transport.audio) >= 50 and len(transport.video) >= 20, "a second of media")
        pts = [at for at, _ in transport.audio]
        assert set(np.diff(pts)) == {20_000}
        video = [at for at, _, _ in transport.video]
        assert video == sorted(set(video))
        assert video[-1] <= session.now_us() + 5_000
        assert transport.video[0][2], "the first frame is a keyframe"


async def test_a_spoken_question_is_answered(sessions, backstage):
    async with call(sessions) as (_, transport):
        backstage.asr.say("What is your name?")
        await until(lambda: messages(transport, "turn"), "the turn ended")
        turn = messages(transport, "turn")[0]
        assert turn["transcript"] == "What is your name?"
        assert turn["heard"] == "That is a good question."
        assert {"end_of_turn", "transcript", "first_token", "first_audio", "first_sent"} <= set(
            turn["stages_ms"]
        )
        states = [m["state"] for m in messages(transport, "state")]
        assert states[-2:] == ["speaking", "idle"]
    await until(lambda: backstage.open_calls == 0, "every call ended")
    kinds = [r.WhichOneof("event") for r in backstage.brain.requests]
    assert kinds == ["start", "partial", "generate", "confirm", "finish"]


async def test_the_model_reads_the_persona_during_the_greeting(sessions, backstage):
    async with call(sessions) as (session, transport):
        session.on_message('{"type": "shown"}')
        await until(lambda: messages(transport, "turn"), "the greeting was said")
    await until(lambda: backstage.open_calls == 0, "every call ended")
    assert [r.WhichOneof("event") for r in backstage.brain.requests] == ["start", "finish"]


async def test_a_persona_may_have_a_shorter_call(sessions):
    async with call(sessions) as (session, transport):
        session._persona = replace(session._persona, max_session_s=1)
        await until(lambda: messages(transport, "bye"), "the session timed out")
        assert messages(transport, "bye")[0]["reason"] == "timed_out"


async def test_speaking_over_the_avatar_stops_it(sessions, backstage):
    async with call(sessions) as (session, transport):
        session.conversation.say(session.now_us(), " ".join(["word"] * 50))
        await until(
            lambda: len(session.conversation.history) or session.conversation.reply.heard_end > 20, "words"
        )
        backstage.asr.say("Please stop now")
        await until(lambda: messages(transport, "turn"), "the reply was cut")
        cut = messages(transport, "turn")[0]
        assert cut["interrupted"]
        assert 20 < len(cut["heard"]) < len(cut["reply"])
        await until(lambda: backstage.render.of_kind("cut"), "the mouth closed")
        await until(lambda: len(messages(transport, "turn")) == 2, "the interruption was answered")
        assert session.conversation.history[0] == Move(False, cut["heard"], interrupted=True)


async def test_a_mind_that_breaks_is_apologised_for(sessions, backstage):
    backstage.brain.fails = True
    async with call(sessions) as (session, transport):
        session._stage.set_persona(replace(session._persona, apology="So sorry."))
        backstage.asr.say("What is your name?")
        await until(lambda: messages(transport, "turn"), "the turn ended")
        assert messages(transport, "turn")[0]["heard"] == "So sorry."
        assert not messages(transport, "error")
        await until(
            lambda: session.conversation.reply is None and session.conversation.turn is None, "idle again"
        )
        backstage.brain.fails = False
        backstage.asr.say("And now?")
        await until(lambda: len(messages(transport, "turn")) == 2, "the next turn ended")
        assert messages(transport, "turn")[1]["heard"] == "That is a good question."


async def test_an_ear_that_breaks_is_reopened_in_mid_turn(sessions, backstage):
    async with call(sessions) as (session, transport):
        backstage.asr.script.put_nowait(_speech_started())
        await until(lambda: session.conversation.turn is not None, "a turn is open")
        backstage.asr.crash.set()
        await until(lambda: backstage.asr.open_count == 0, "the stream broke")
        await until(lambda: backstage.asr.open_count == 1, "the stream is back")
        backstage.asr.say("Still there?")
        await until(lambda: messages(transport, "turn"), "the turn was answered")


def _speech_started() -> Any:
    from visavis.asr.v1 import asr_service_pb2 as pb

    return pb.RecognizeResponse(speech_started=pb.SpeechStarted(start_sample=0))


@pytest.mark.parametrize(
    "raw",
    ["", "{", "[]", '"text"', "null", '{"type": 3}', '{"type": "text"}', '{"type": "text", "text": ""}',
     '{"type": "text", "text": 5}',
     '{"type": "text", "text": "' + "x" * 2001 + '"}', "[" * 5000, "x" * 20_000],
)  # fmt: skip
async def test_a_bad_message_is_answered_and_changes_nothing(sessions, raw):
    async with call(sessions) as (session, transport):
        session.on_message(raw)
        assert messages(transport, "error")[0]["code"] == "invalid_message"
        assert session.conversation.turn is session.conversation.reply is None


async def test_refusals(sessions, backstage):
    with pytest.raises(NotFound, match="clapper, mira"):
        await sessions.create("nobody", "offer")
    backstage.asr.is_full = True
    with pytest.raises(Busy, match="recognizers"):
        await sessions.create("", "offer")
    backstage.asr.is_full = False
    await until(lambda: sessions.open_count == 0, "the refused session is gone")
    first, second = await sessions.create("", "offer"), await sessions.create("", "offer")
    with pytest.raises(Busy, match="all 2 sessions"):
        await sessions.create("", "offer")
    with pytest.raises(NotFound):
        sessions.find(first.session_id, second.token)
    assert sessions.find(first.session_id, first.token) is first


async def test_viewers_that_never_come_or_vanish_leave_nothing(sessions, backstage):
    silent = await sessions.create("", "offer")
    async with asyncio.timeout(GENEROUS_S):
        vanished = await sessions.create("", "offer")
        vanished.on_connected()
    await until(lambda: sessions.open_count == 0, "both sessions ended")
    assert transport_of(silent).is_closed
    assert messages(transport_of(vanished), "bye")[-1]["reason"] == "vanished"
    await until(lambda: backstage.open_calls == 0, "every call ended")


async def test_a_hundred_sessions_leak_nothing(sessions, backstage):
    before = len(asyncio.all_tasks())
    for number in range(100):
        session = await sessions.create("", "offer")
        if number % 2:
            session.on_connected()
            session.on_message('{"type": "shown"}')
        session.close("left") if number % 3 else session.on_closed()
        transport = transport_of(session)
        await until(lambda t=transport: t.is_closed, "the transport closed")
    await until(lambda: sessions.open_count == 0, "all sessions ended")
    await until(lambda: backstage.open_calls == 0, "every call ended")
    await until(lambda: len(asyncio.all_tasks()) <= before + 2, "no task is left")


async def test_a_persona_brings_its_background_and_its_manner(backstage, tmp_path):
    for name, look in {
        "desk": "avatar: theo\nbackground: office\nprofile: receptionist\n",
        "night": "avatar: theo\nprofile: still\n",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(f"prompt: p\ngreeting: Hello.\n{look}")
    config = Config(max_sessions=1, default_persona="desk", vanish_timeout_s=5, connect_timeout_s=1)
    personas = Personas(tmp_path, "desk")
    made = Sessions(config, backstage.services, personas, lambda viewer, now_us: FakeTransport(viewer))

    def looks() -> list[tuple[str, str, str]]:
        return [(s.avatar, s.background, s.profile) for s in backstage.render.of_kind("start")]

    async with made.running(), call(made) as (session, _):
        await until(lambda: looks() == [("theo", "office", "receptionist")], "the first face")
        session.become("night")
        await until(lambda: looks()[-1] == ("theo", "", "still"), "the same face in another manner")


async def test_a_voice_that_is_not_there_refuses_the_session_with_those_that_are(backstage, tmp_path):
    (tmp_path / "tom.yaml").write_text("{prompt: You are Tom., greeting: Ahoy!, voice: kokoro/nobody}")
    backstage.tts.lacks = "kokoro/nobody"
    made = Sessions(
        Config(), backstage.services, Personas(tmp_path), lambda viewer, now_us: FakeTransport(viewer)
    )
    async with made.running():
        with pytest.raises(
            NotFound, match="persona tom: voice: tts: no voice 'kokoro/nobody'; there are: tone"
        ):
            await made.create("tom", "offer")
        backstage.tts.lacks = ""
        session = await made.create("tom", "offer")
        session.close("left")
    await until(lambda: backstage.open_calls == 0, "every call ended")
