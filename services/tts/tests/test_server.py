import asyncio
import math
import re
import signal
import threading
from datetime import timedelta

import grpc
import numpy as np
import pytest
from opentelemetry.context import Context
from rpckit.settings import load
from visavis.events.v1 import events_pb2
from visavis.tts.v1 import tts_service_pb2 as pb
from visavis_tts.backends import load_engine
from visavis_tts.config import Config
from visavis_tts.delivery import chunks_of
from visavis_tts.engine import Clause, Speech

from .talk import FINISH, FLUSH, begin, kinds, receive, say, spawn, start, text

CLAUSE = ["words", "visemes", "audio"]


async def status_of(awaitable) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as e:
        await awaitable
    return e.value.code(), e.value.details()


async def settle(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_reply_is_spoken_clause_by_clause(stub, fake):
    got = await say(stub, text("Hello there, how"), text(" are you? Fi"), text("ne."), FINISH)
    assert kinds(got) == [*CLAUSE, *CLAUSE, *CLAUSE, "done"]
    assert fake.spoken == ["Hello there,", "how are you?", "Fine."]
    assert [(w.text_start, w.text_end) for r in got for w in r.words.words] == [
        (0, 5), (6, 12), (13, 16), (17, 20), (21, 25), (26, 31),
    ]  # fmt: skip


async def test_audio_has_no_gap_and_done_counts_it(stub):
    got = await say(stub, text("One two three four. Five six."), FINISH)
    chunks = [r.audio for r in got if r.WhichOneof("event") == "audio"]
    position = 0
    for chunk in chunks:
        assert chunk.start_sample == position
        assert 480 <= len(chunk.pcm_s16le) // 2 <= 960
        position += len(chunk.pcm_s16le) // 2
    assert got[-1].done.sample_count == position


async def test_a_first_clause_is_spoken_before_the_text_is_over(stub):
    call = await begin(stub)
    await call.write(text("Hello there, my fr"))
    assert (await call.read()).WhichOneof("event") == "words"
    call.cancel()


async def test_flush_speaks_without_a_border(stub, fake):
    call = await begin(stub)
    await call.write(text("Let me"))
    await call.write(FLUSH)
    assert [(w.text_start, w.text_end) for w in (await call.read()).words.words] == [(0, 3), (4, 6)]
    await call.write(text(" see."))
    await call.write(FINISH)
    await receive(call)
    assert fake.spoken == ["Let me", "see."]


@pytest.mark.parametrize("messages", [[], [text("")], [text(" \n")], [text("🙂 … —")], [FLUSH, FLUSH]])
async def test_no_words_is_done_with_no_sample(stub, messages):
    got = await say(stub, *messages, FINISH)
    assert kinds(got) == ["done"]
    assert got[0].done.sample_count == 0


async def test_an_empty_voice_and_speed_are_the_own_ones(stub):
    own = await say(stub, text("Hello."), FINISH)
    named = await say(stub, text("Hello."), FINISH, voice="fake", speed=1, language_code="en-GB")
    fast = await say(stub, text("Hello."), FINISH, speed=2)
    assert own == named
    assert fast[-1].done.sample_count < own[-1].done.sample_count


@pytest.mark.parametrize(
    ("fields", "code", "part"),
    [
        ({"session_id": ""}, "INVALID_ARGUMENT", "session_id"),
        ({"session_id": "a.b"}, "INVALID_ARGUMENT", "session_id"),
        ({"turn_id": "x" * 65}, "INVALID_ARGUMENT", "turn_id"),
        ({"generation": 0}, "INVALID_ARGUMENT", "generation"),
        ({"speed": 0.4}, "INVALID_ARGUMENT", "speed"),
        ({"speed": 2.1}, "INVALID_ARGUMENT", "speed"),
        ({"speed": math.nan}, "INVALID_ARGUMENT", "speed"),
        ({"language_code": "not a tag"}, "INVALID_ARGUMENT", "language_code"),
        ({"language_code": "de-DE"}, "NOT_FOUND", "English"),
        ({"voice": "nobody"}, "NOT_FOUND", "fake, clicks"),
    ],
)
async def test_a_start_that_cannot_be_served_says_why(stub, voices, fields, code, part):
    got, details = await status_of(begin(stub, start(**fields)))
    assert got.name == code
    assert part in details
    assert voices.open_count == 0


@pytest.mark.parametrize("first", [text("Hi."), FLUSH, FINISH, pb.SynthesizeRequest()])
async def test_anything_before_start_is_invalid(stub, first):
    assert await status_of(begin(stub, first)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "the first message must be start",
    )


@pytest.mark.parametrize(
    "messages",
    [
        [start()],
        [pb.SynthesizeRequest()],
        [text("x" * 4001)],
        [text("x " * 2000)] * 5 + [text("y")],
    ],
)
async def test_a_message_out_of_order_or_too_long_is_invalid(stub, voices, messages):
    async def send():
        call = await begin(stub)
        reading = asyncio.ensure_future(receive(call))
        try:
            for message in messages:
                await call.write(message)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # the call ended under the write
        await reading

    assert (await status_of(send()))[0] is grpc.StatusCode.INVALID_ARGUMENT
    await settle(lambda: voices.open_count == 0)


async def test_a_full_engine_says_so_and_a_finished_reply_frees_its_slot(stub):
    call = await begin(stub)
    assert (await status_of(begin(stub)))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
    await call.write(FINISH)
    await receive(call)
    assert kinds(await say(stub, FINISH)) == ["done"]


async def test_a_cancelled_call_frees_its_slot_and_speaks_no_more(stub, voices, fake):
    in_step, go_on = threading.Event(), threading.Event()
    speaker_open = fake.open

    def open_slow(**fields):
        speaker = speaker_open(**fields)
        speak = speaker.speak

        def slow(clause: Clause) -> Speech | None:
            in_step.set()
            go_on.wait(5)
            return speak(clause)

        speaker.speak = slow
        return speaker

    fake.open = open_slow
    call = await begin(stub)
    await call.write(text("One two. Three four. Five six. "))
    await settle(in_step.is_set)
    call.cancel()
    await asyncio.sleep(0.05)
    assert voices.open_count == 1  # the step in flight may end; its engine is not closed under it
    go_on.set()
    await settle(lambda: voices.open_count == 0)
    assert fake.spoken == ["One two."]


async def test_half_close_without_finish_is_abandoned(stub, voices):
    got = await say(stub, text("Hello there, how are you? And"))
    assert "done" not in kinds(got)
    await settle(lambda: voices.open_count == 0)


async def test_an_interrupt_on_the_bus_ends_the_stream(stub, replies, voices):
    call = await begin(stub, start(generation=2))
    stale = events_pb2.Interrupt(session_id="s", turn_id="t", generation=1)
    await replies.on_interrupt(stale, Context())
    await call.write(text("Hello there. And"))
    assert (await call.read()).WhichOneof("event") == "words"
    await replies.on_interrupt(events_pb2.Interrupt(session_id="s", turn_id="t", generation=2), Context())
    assert (await status_of(receive(call)))[0] is grpc.StatusCode.CANCELLED
    call.cancel()
    await settle(lambda: voices.open_count == 0)


@pytest.mark.parametrize("idle_timeout", [timedelta(milliseconds=100)])
async def test_a_caller_that_sends_nothing_loses_its_slot(stub, voices, idle_timeout):
    assert (await status_of(receive(await begin(stub))))[0] is grpc.StatusCode.DEADLINE_EXCEEDED
    assert voices.open_count == 0


@pytest.mark.parametrize("idle_timeout", [timedelta(milliseconds=300)])
async def test_a_caller_that_reads_nothing_loses_its_slot(stub, voices, idle_timeout):
    call = await begin(stub)
    for _ in range(20):
        await call.write(text("word " * 200))
    await call.write(FINISH)
    await settle(lambda: voices.open_count == 0)
    call.cancel()


async def test_a_hundred_replies_leave_nothing_behind(stub, voices, replies):
    for _ in range(100):
        call = await begin(stub)
        await call.write(text("Hello there. "))
        call.cancel()
        await settle(lambda: voices.open_count == 0)
    assert not replies._by_session


@pytest.mark.parametrize("count", [0, 1, 480, 959, 960, 961, 1919, 24_000, 24_001])
def test_chunks_are_20_to_40_ms(count):
    pcm = np.arange(count, dtype=np.int16)
    chunks = list(chunks_of(pcm, 24_000))
    assert np.array_equal(np.concatenate([pcm[:0], *chunks]), pcm)
    assert all(480 <= len(c) <= 960 for c in chunks) or count < 480


def test_sigterm_exits_cleanly():
    with spawn() as process:
        assert re.search(r"tts listening on port \d+", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_misspelt_setting_stops_the_start():
    with spawn(TTS_BACKNED="fake") as process:
        assert "TTS_BACKNED" in process.communicate(timeout=20)[1]
    assert process.returncode != 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TTS_BACKEND", "espeak"),
        ("TTS_MAX_STREAMS", "0"),
        ("TTS_IDLE_TIMEOUT", "PT0S"),
        ("TTS_THREADS", "99"),
    ],
)
def test_a_setting_out_of_range_stops_the_start(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit, match=variable):
        load(Config)


def test_a_default_voice_that_is_not_there_stops_the_start():
    with pytest.raises(SystemExit, match="nobody"):
        load_engine(Config(backend="fake", default_voice="nobody"))
    assert load_engine(Config(backend="fake", default_voice="clicks")).voices == ["clicks", "fake"]
