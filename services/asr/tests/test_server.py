"""The service over a real wire, with the fake engine."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading

import grpc
import pytest
from visavis.asr.v1 import asr_service_pb2 as pb
from visavis_asr.backends.fake import FakeEngine
from visavis_asr.config import Config
from visavis_asr.server import AsrServicer

from .conftest import RATE, Caller, audio_request, kinds, serving, silence, start_request, to_pcm, tone


async def test_a_turn_from_speech_to_final(caller):
    await caller.say(silence(0.5))
    await caller.say(tone(0.4))
    started = (await caller.read_until("speech_started"))[-1].speech_started
    assert abs(started.start_sample - RATE // 2) <= 512
    await caller.begin_turn("t1")
    await caller.say(tone(0.5))
    await caller.say(silence(0.4))
    paused = (await caller.read_until("paused"))[-1].paused
    assert paused.transcript.turn_id == "t1"
    assert paused.transcript.text == "word word word"
    assert abs(paused.transcript.end_sample - RATE * 14 // 10) <= 512
    assert paused.p_complete == pytest.approx(0.9)
    await caller.end_turn("t1")
    final = (await caller.read_until("final"))[-1].final
    assert final == paused.transcript
    await caller.finish()
    assert await caller.read_rest() == []
    assert await caller.call.code() is grpc.StatusCode.OK


async def test_partials_grow_and_never_repeat(caller):
    await caller.begin_turn("t1")
    for _ in range(6):
        await caller.say(tone(0.25))
        await asyncio.sleep(0.02)
    await caller.say(silence(0.4))
    events = await caller.read_until("paused")
    partials = [event.partial for event in events if event.WhichOneof("event") == "partial"]
    texts = [partial.text for partial in partials if not partial.at_rest]
    assert texts
    assert texts == sorted(set(texts), key=len)
    assert all(partial.turn_id == "t1" for partial in partials)
    assert len({partial.end_sample for partial in partials if partial.at_rest}) <= 1, "one rest, said once"


async def test_speech_after_a_pause_resumes_the_same_turn(caller):
    await caller.begin_turn("t1")
    await caller.say(tone(0.5))
    await caller.say(silence(0.4))
    await caller.read_until("paused")
    second_onset = caller.sent
    await caller.say(tone(0.5))
    resumed = (await caller.read_until("resumed"))[-1].resumed
    assert resumed.turn_id == "t1"
    assert abs(resumed.start_sample - second_onset) <= 512
    await caller.end_turn("t1")
    events = await caller.read_until("final")
    assert "speech_started" not in kinds(events)
    assert events[-1].final.text == "word word word"


async def test_speech_without_a_turn_is_heard_without_an_id_and_named_later(caller):
    await caller.say(tone(0.4))
    await caller.say(silence(0.3))
    events = await caller.read_until("paused")
    assert kinds(events)[0] == "speech_started"
    assert events[-1].paused.transcript.turn_id == ""
    await caller.begin_turn("t1")
    await caller.end_turn("t1")
    final = (await caller.read_until("final"))[-1].final
    assert (final.turn_id, final.text) == ("t1", "word")


async def test_older_speech_without_a_turn_is_forgotten(caller):
    await caller.say(tone(0.5))
    await caller.say(silence(0.3))
    await caller.read_until("paused")
    await caller.say(silence(1.2))
    await caller.begin_turn("t1")
    await caller.end_turn("t1")
    assert (await caller.read_until("final"))[-1].final.text == ""
    await caller.say(tone(0.5))
    assert kinds(await caller.read_until("speech_started")) == ["speech_started"]


async def test_a_turn_without_speech_has_an_empty_final(caller):
    await caller.say(silence(0.5))
    await caller.begin_turn("t1")
    await caller.end_turn("t1")
    final = (await caller.read_until("final"))[-1].final
    assert (final.turn_id, final.text) == ("t1", "")
    assert final.start_sample == final.end_sample


async def test_end_turn_in_mid_speech_gives_what_was_heard_and_the_rest_starts_afresh(caller):
    await caller.begin_turn("t1")
    await caller.say(tone(1.0))
    await caller.end_turn("t1")
    final = (await caller.read_until("final"))[-1].final
    assert final.text == "word word word"
    await caller.say(tone(0.5))
    again = (await caller.read_until("speech_started"))[-1].speech_started
    assert again.start_sample >= final.end_sample


async def test_two_turns_each_have_their_own_final(caller):
    for turn_id, seconds, text in (("t1", 0.6, "word word"), ("t2", 0.9, "word word word")):
        await caller.begin_turn(turn_id)
        await caller.say(tone(seconds))
        await caller.say(silence(0.3))
        await caller.end_turn(turn_id)
        final = (await caller.read_until("final"))[-1].final
        assert (final.turn_id, final.text) == (turn_id, text)


async def test_drop_turn_forgets_its_speech(caller):
    await caller.begin_turn("t1")
    await caller.say(tone(0.6))
    await caller.say(silence(0.3))
    await caller.read_until("paused")
    await caller.drop_turn("other")
    await caller.drop_turn("t1")
    await caller.begin_turn("t2")
    await caller.say(tone(0.3))
    assert kinds(await caller.read_until("speech_started")) == ["speech_started"]
    await caller.end_turn("t2")
    assert (await caller.read_until("final"))[-1].final.text == "word"


async def test_a_click_is_no_word(caller):
    await caller.begin_turn("t1")
    await caller.say(silence(0.2))
    await caller.say(tone(0.07))
    await caller.say(silence(0.4))
    assert (await caller.read_until("paused"))[-1].paused.transcript.text == ""


async def test_a_reopened_turn_keeps_its_text(stub):
    snapshot = pb.RecognitionSnapshot(turn=pb.BeginTurn(turn_id="t1"), text="what is")
    caller = await Caller(stub).start(start_request(snapshot=snapshot))
    caller.sent = 80_000
    await caller.say(tone(0.4))
    assert kinds(await caller.read_until("resumed")) == ["resumed"]
    await caller.say(silence(0.3))
    paused = (await caller.read_until("paused"))[-1].paused
    assert paused.transcript.text == "what is word"
    await caller.end_turn("t1")
    assert (await caller.read_until("final"))[-1].final.text == "what is word"


async def test_a_reopened_turn_may_end_at_once(stub):
    snapshot = pb.RecognitionSnapshot(turn=pb.BeginTurn(turn_id="t1"), text="what is")
    caller = await Caller(stub).start(start_request(snapshot=snapshot))
    await caller.end_turn("t1")
    assert (await caller.read_until("final"))[-1].final.text == "what is"


async def test_a_short_gap_is_silence(caller):
    await caller.begin_turn("t1")
    await caller.say(tone(0.4))
    caller.sent += RATE // 2
    await caller.say(tone(0.4))
    await caller.say(silence(0.3))
    await caller.end_turn("t1")
    final = (await caller.read_until("final"))[-1].final
    assert abs(final.end_sample - RATE * 13 // 10) <= 512
    assert final.text == "word word word"


async def test_concealed_audio_is_heard_like_any_other(caller):
    request = audio_request(0, to_pcm(tone(0.5)).tobytes())
    request.audio.concealed = True
    await caller.call.write(request)
    assert kinds(await caller.read_until("speech_started")) == ["speech_started"]


async def test_finish_answers_an_end_turn_before_it(caller):
    await caller.begin_turn("t1")
    await caller.say(tone(0.5))
    await caller.end_turn("t1")
    await caller.finish()
    assert kinds(await caller.read_rest())[-1] == "final"


async def test_finish_drops_an_open_turn(caller):
    await caller.begin_turn("t1")
    await caller.say(tone(0.2))
    await caller.finish()
    assert "final" not in kinds(await caller.read_rest())
    assert await caller.call.code() is grpc.StatusCode.OK


async def test_half_close_without_finish_sends_no_final(caller, servicer):
    await caller.begin_turn("t1")
    await caller.say(tone(0.5))
    await caller.call.done_writing()
    assert "final" not in kinds(await caller.read_rest())
    assert servicer.session_count == 0


SILENT_CHUNK = bytes(640)
BAD_STARTS = {
    "no session": start_request(session_id=""),
    "session with a dot": start_request(session_id="a.b"),
    "long session": start_request(session_id="a" * 65),
    "wrong rate": start_request(rate=48000),
    "stereo": start_request(channels=2),
    "French": start_request(language_code="fr-FR"),
    "audio first": audio_request(0, SILENT_CHUNK),
    "nothing set": pb.RecognizeRequest(),
    "snapshot without a turn": start_request(snapshot=pb.RecognitionSnapshot(text="hello")),
    "endless snapshot": start_request(
        snapshot=pb.RecognitionSnapshot(turn=pb.BeginTurn(turn_id="t1"), text="a" * 16_001)
    ),
}


@pytest.mark.parametrize("request_", BAD_STARTS.values(), ids=BAD_STARTS)
async def test_a_bad_start_is_refused(stub, servicer, request_):
    with pytest.raises(grpc.aio.AioRpcError) as e:
        await Caller(stub).start(request_)
    assert e.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert servicer.session_count == 0


BEGIN = pb.RecognizeRequest(begin_turn=pb.BeginTurn(turn_id="t1"))
BAD_REQUESTS = {
    "start again": [start_request()],
    "nothing set": [pb.RecognizeRequest()],
    "empty chunk": [audio_request(0, b"")],
    "odd bytes": [audio_request(0, bytes(641))],
    "over a second": [audio_request(0, bytes(2 * RATE + 2))],
    "negative sample": [audio_request(-1, SILENT_CHUNK)],
    "overlap": [audio_request(0, SILENT_CHUNK), audio_request(319, SILENT_CHUNK)],
    "wide gap": [audio_request(0, SILENT_CHUNK), audio_request(16_321, SILENT_CHUNK)],
    "nameless turn": [pb.RecognizeRequest(begin_turn=pb.BeginTurn())],
    "turn inside a turn": [BEGIN, BEGIN],
    "endless traceparent": [
        pb.RecognizeRequest(begin_turn=pb.BeginTurn(turn_id="t1", traceparent="a" * 129))
    ],
    "end of no turn": [pb.RecognizeRequest(end_turn=pb.EndTurn(turn_id="t1"))],
    "end of another turn": [BEGIN, pb.RecognizeRequest(end_turn=pb.EndTurn(turn_id="t2"))],
}


@pytest.mark.parametrize("requests", BAD_REQUESTS.values(), ids=BAD_REQUESTS)
async def test_a_bad_request_ends_the_session(caller, servicer, requests):
    for request in requests:
        await caller.call.write(request)
    with pytest.raises(grpc.aio.AioRpcError) as e:
        await caller.read_rest()
    assert e.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert e.value.details()
    assert servicer.session_count == 0


async def test_a_full_service_says_resource_exhausted(caller, stub):
    with pytest.raises(grpc.aio.AioRpcError) as e:
        await Caller(stub).start()
    assert e.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_cancelled_call_frees_its_slot(caller, servicer, stub):
    await caller.say(tone(0.3))
    assert servicer.session_count == 1
    caller.call.cancel()
    async with asyncio.timeout(5):
        while servicer.session_count:
            await asyncio.sleep(0.01)
    await Caller(stub).start()


async def test_a_hundred_sessions_come_and_go(stub, servicer):
    for number in range(100):
        caller = await Caller(stub).start()
        await caller.call.write(audio_request(0, to_pcm(tone(0.9)).tobytes()))
        if number % 2:
            caller.call.cancel()
        else:
            await caller.call.done_writing()
        async with asyncio.timeout(5):
            while servicer.session_count:
                await asyncio.sleep(0.001)


class HeldEngine(FakeEngine):
    """Decodes only once it may."""

    def __init__(self) -> None:
        self.may_decode = threading.Event()
        self.is_decoding = threading.Event()

    def transcribe(self, samples, language, should_stop, draft=()):
        self.is_decoding.set()
        self.may_decode.wait(10)
        return super().transcribe(samples, language, should_stop, draft)


async def test_a_decode_in_flight_delays_neither_the_vad_nor_another_session():
    engine = HeldEngine()
    try:
        async with serving(AsrServicer(engine, Config(backend="fake"))) as stub:
            first, second = await Caller(stub).start(), await Caller(stub).start()
            await first.begin_turn("t1")
            await first.say(tone(1.0))
            await first.read_until("speech_started")
            async with asyncio.timeout(5):
                while not engine.is_decoding.is_set():
                    await asyncio.sleep(0.01)
            await first.end_turn("t1")
            await first.say(silence(0.3))
            await first.say(tone(0.3))
            await first.read_until("speech_started")
            await second.say(tone(0.3))
            await second.read_until("speech_started")
            engine.may_decode.set()
            final = (await first.read_until("final"))[-1].final
            assert (final.turn_id, final.text) == ("t1", "word word word")
    finally:
        engine.may_decode.set()


class BrokenEngine(FakeEngine):
    def transcribe(self, samples, language, should_stop, draft=()):
        raise RuntimeError("the secret inside")


async def test_a_failing_engine_ends_the_session_without_its_inside():
    servicer = AsrServicer(BrokenEngine(), Config(backend="fake"))
    async with serving(servicer) as stub:
        caller = await Caller(stub).start()
        await caller.call.write(audio_request(0, to_pcm(tone(0.6)).tobytes()))
        with pytest.raises(grpc.aio.AioRpcError) as e:
            await caller.read_rest()
        assert e.value.code() is grpc.StatusCode.INTERNAL
        assert "secret" not in e.value.details()
        assert servicer.session_count == 0


def spawn(**env: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "visavis_asr"],
        env={**os.environ, "ASR_SERVER__LISTEN_ADDRESS": "127.0.0.1:0", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_exits_cleanly():
    with spawn(ASR_BACKEND="fake") as process:
        assert re.search(r"asr listening on port \d+", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ASR_BACKNED", "fake"), ("ASR_PAUSE_MS", "5"), ("ASR_MODELS_DIR", "/nowhere")],
)
def test_a_bad_setting_stops_the_start(variable, value, tmp_path):
    value = str(tmp_path) if variable == "ASR_MODELS_DIR" else value
    with spawn(**{variable: value}) as process:
        message = process.communicate(timeout=20)[1]
    assert process.returncode != 0
    assert (variable if value != str(tmp_path) else "visavis models pull") in message
    assert "Traceback" not in message
