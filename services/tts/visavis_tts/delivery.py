"""Spoken clauses -> response messages on the reply's own sample clock."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Self

from opentelemetry import trace
from visavis.media.v1 import media_pb2
from visavis.tts.v1 import tts_service_pb2 as pb

from visavis_tts import names
from visavis_tts.engine import Cue, Pcm, Speech, Word

tracer = trace.get_tracer("visavis_tts")

# Longest chunk; none is under half of it.
CHUNK_MS = 40


class FirstAudio:
    """The stage span from the first text received to the first audio chunk written.

    A reply that ends before its first sound ends the span as cancelled. No span without a trace.
    """

    def __init__(self, start: pb.StartSpeech) -> None:
        self._attributes: dict[str, str | int] = {
            names.SESSION_ID: start.session_id,
            names.TURN_ID: start.turn_id,
            names.GENERATION: start.generation,
        }
        self._is_traced = trace.get_current_span().get_span_context().is_valid
        self._span: trace.Span | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._span is not None and self._span.is_recording():
            self._span.set_attribute(names.CANCELLED, True)
            self._span.end()

    def text_arrived(self) -> None:
        """Starts the span, once."""
        if self._is_traced and self._span is None:
            self._span = tracer.start_span(names.FIRST_AUDIO_SPAN, attributes=self._attributes)

    def audio_written(self) -> None:
        """Ends the span, once."""
        if self._span is not None and self._span.is_recording():
            self._span.end()


class Delivery:
    """Writes one reply in order; each write waits for the caller to read, up to `idle_s`."""

    def __init__(self, context: Any, sample_rate_hz: int, idle_s: float, first_audio: FirstAudio) -> None:
        self._context = context
        self._rate = sample_rate_hz
        self._idle_s = idle_s
        self._first_audio = first_audio
        self._sample_count = 0

    async def started(self) -> None:
        audio_format = media_pb2.AudioFormat(sample_rate_hz=self._rate, channel_count=1)
        await self._write(pb.SynthesizeResponse(started=pb.SpeechStarted(format=audio_format)))

    async def speech(self, speech: Speech) -> None:
        """Words, visemes, then the sound of a clause."""
        await self._write(pb.SynthesizeResponse(words=self._words(speech.words)))
        await self._write(pb.SynthesizeResponse(visemes=self._visemes(speech.visemes)))
        for chunk in chunks_of(speech.pcm, self._rate):
            audio = media_pb2.AudioChunk(
                start_sample=self._sample_count, pcm_s16le=chunk.astype("<i2", copy=False).tobytes()
            )
            await self._write(pb.SynthesizeResponse(audio=audio))
            self._sample_count += len(chunk)
            self._first_audio.audio_written()

    async def done(self) -> None:
        await self._write(pb.SynthesizeResponse(done=pb.SpeechDone(sample_count=self._sample_count)))

    async def _write(self, response: pb.SynthesizeResponse) -> None:
        async with asyncio.timeout(self._idle_s):
            await self._context.write(response)

    def _span_us(self, start: int, end: int) -> tuple[int, int]:
        """Offset and length in microseconds; spans that touch in samples touch here."""
        first, last = ((self._sample_count + sample) * 1_000_000 // self._rate for sample in (start, end))
        return first, last - first

    def _words(self, words: Sequence[Word]) -> pb.WordCues:
        cues = pb.WordCues()
        for word in words:
            offset, length = self._span_us(word.start_sample, word.end_sample)
            cues.words.add(
                text_start=word.text_start, text_end=word.text_end, offset_us=offset, duration_us=length
            )
        return cues

    def _visemes(self, visemes: Sequence[Cue]) -> pb.VisemeCues:
        cues = pb.VisemeCues()
        for cue in visemes:
            offset, length = self._span_us(cue.start_sample, cue.end_sample)
            cues.cues.add(
                viseme=media_pb2.Viseme.ValueType(cue.viseme),
                offset_us=offset,
                duration_us=length,
                intensity=cue.intensity,
            )
        return cues


def chunks_of(pcm: Pcm, sample_rate_hz: int) -> Iterator[Pcm]:
    """Consecutive pieces of 20 to 40 ms, as equal as can be; one shorter piece if there is less."""
    longest = sample_rate_hz * CHUNK_MS // 1000
    count = -(-len(pcm) // longest)
    edges = [len(pcm) * i // count for i in range(count + 1)] if count else [0]
    for start, end in pairwise(edges):
        yield pcm[start:end]
