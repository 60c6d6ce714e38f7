"""gRPC face of the recognizer: order of messages, proto <-> domain, nothing about models."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from rpckit.errors import Busy, require, require_id
from visavis.asr.v1 import asr_service_pb2 as pb
from visavis.asr.v1 import asr_service_pb2_grpc as pb_grpc

from visavis_asr import engine as domain
from visavis_asr.config import Config
from visavis_asr.engine import RATE_HZ, Engine
from visavis_asr.habits import habits_of
from visavis_asr.recognizer import Recognizer
from visavis_asr.session import Session, Workplace

CHUNK_SAMPLES_MAX = RATE_HZ
TRACEPARENT_CHARS_MAX = 128
SNAPSHOT_CHARS_MAX = 16_000


class AsrServicer(pb_grpc.AsrServiceServicer):
    """Serves visavis.asr.v1.AsrService."""

    def __init__(self, engine: Engine, config: Config) -> None:
        self._engine = engine
        self._workplace = Workplace(engine)
        self._habits = habits_of(config, engine.partial_interval_ms)
        self._slots = config.max_sessions
        self.session_count = 0

    async def Recognize(  # type: ignore[override]  # a coroutine that writes: it owns tasks
        self, requests: AsyncIterator[pb.RecognizeRequest], context: Any
    ) -> None:
        """See the proto."""
        start = await read_start(requests)
        language = language_of(start.language_code, self._engine.languages)

        async def send(event: domain.Event) -> None:
            await context.write(to_proto(event))

        with self._slot():
            recognizer = Recognizer(self._engine.open_vad(), self._habits)
            if start.HasField("snapshot"):
                reopen(recognizer, start.snapshot)
            await context.write(pb.RecognizeResponse(started=pb.RecognitionStarted()))
            session = Session(start.session_id, recognizer, self._workplace, language, send)
            await session.work_while(listen(requests, session))

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if self.session_count == self._slots:
            raise Busy(f"all {self._slots} recognizers are in use")
        self.session_count += 1
        try:
            yield
        finally:
            self.session_count -= 1

    def close(self) -> None:
        """Wait for steps in flight; no call may follow."""
        self._workplace.close()


async def read_start(requests: AsyncIterator[pb.RecognizeRequest]) -> pb.StartRecognition:
    """The first message, checked."""
    first = await anext(requests, None)
    require(first is not None and first.WhichOneof("event") == "start", "the first message must be start")
    assert first is not None
    start = first.start
    require_id("start.session_id", start.session_id)
    is_known = (start.format.sample_rate_hz, start.format.channel_count) == (RATE_HZ, 1)
    require(is_known, f"start.format must be mono at {RATE_HZ} Hz")
    return start


def language_of(code: str, languages: tuple[str, ...]) -> str:
    """The primary tag; refuses a language that the engine does not hear."""
    language = code.split("-")[0].lower()
    is_known = not code or language in languages
    require(is_known, f"start.language_code must be empty or one of: {', '.join(languages)}")
    return language


def reopen(recognizer: Recognizer, snapshot: pb.RecognitionSnapshot) -> None:
    """Go on with the turn of a broken stream."""
    is_short = len(snapshot.text) <= SNAPSHOT_CHARS_MAX
    require(is_short, f"start.snapshot.text must be at most {SNAPSHOT_CHARS_MAX} characters")
    check_turn(snapshot.turn)
    recognizer.reopen(snapshot.turn.turn_id, snapshot.turn.traceparent, snapshot.text)


async def listen(requests: AsyncIterator[pb.RecognizeRequest], session: Session) -> None:
    """Take requests until finish; without one the caller has abandoned the session, and so it ends."""
    async for request in requests:
        if request.WhichOneof("event") == "finish":
            await session.drain()
            return
        handle(request, session)
        await session.changed()


def check_turn(turn: pb.BeginTurn) -> None:
    """Refuse ids that could not be echoed or traced."""
    require_id("begin_turn.turn_id", turn.turn_id)
    is_short = len(turn.traceparent) <= TRACEPARENT_CHARS_MAX
    require(is_short, f"begin_turn.traceparent must be at most {TRACEPARENT_CHARS_MAX} characters")


def handle(request: pb.RecognizeRequest, session: Session) -> None:
    """One request after start."""
    match request.WhichOneof("event"):
        case "audio":
            hear(request.audio.chunk.start_sample, request.audio.chunk.pcm_s16le, session.recognizer)
        case "begin_turn":
            check_turn(request.begin_turn)
            session.recognizer.begin_turn(request.begin_turn.turn_id, request.begin_turn.traceparent)
        case "end_turn":
            session.end_turn(request.end_turn.turn_id)
        case "drop_turn":
            session.recognizer.drop_turn(request.drop_turn.turn_id)
        case other:
            require(False, f"unexpected {other or 'empty message'} after start")


def hear(start_sample: int, pcm: bytes, recognizer: Recognizer) -> None:
    """One chunk of audio."""
    is_whole = len(pcm) % 2 == 0 and 0 < len(pcm) <= 2 * CHUNK_SAMPLES_MAX
    require(is_whole, f"audio.chunk.pcm_s16le must hold 1 to {CHUNK_SAMPLES_MAX} whole 16-bit samples")
    recognizer.hear(start_sample, np.frombuffer(pcm, dtype="<i2"))


def to_proto(event: domain.Event) -> pb.RecognizeResponse:
    """A domain event as it goes over the wire."""
    match event:
        case domain.SpeechStarted(start_sample):
            return pb.RecognizeResponse(speech_started=pb.SpeechStarted(start_sample=start_sample))
        case domain.Partial(transcript, at_rest):
            return pb.RecognizeResponse(partial=to_transcript(transcript, at_rest=at_rest))
        case domain.Paused(transcript, p):
            paused = pb.Paused(transcript=to_transcript(transcript), p_complete=p)
            return pb.RecognizeResponse(paused=paused)
        case domain.Resumed(turn_id, start_sample):
            return pb.RecognizeResponse(resumed=pb.Resumed(turn_id=turn_id, start_sample=start_sample))
        case domain.Final(transcript):
            return pb.RecognizeResponse(final=to_transcript(transcript))


def to_transcript(transcript: domain.Transcript, *, at_rest: bool = False) -> pb.Transcript:
    """With the times of the words, where the engine has them."""
    words = [
        pb.Word(text=word.text, start_sample=word.start_sample, end_sample=word.end_sample)
        for word in transcript.words
    ]
    return pb.Transcript(
        turn_id=transcript.turn_id,
        text=transcript.text,
        start_sample=transcript.start_sample,
        end_sample=transcript.end_sample,
        words=words,
        at_rest=at_rest,
        confidence=transcript.confidence,
    )
