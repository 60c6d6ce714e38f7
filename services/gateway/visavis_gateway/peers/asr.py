"""The ear: one recognition stream for the whole session, reopened when it breaks."""

import asyncio
from functools import partial
from typing import Protocol

from visavis.asr.v1 import asr_service_pb2 as pb
from visavis.asr.v1.asr_service_pb2_grpc import AsrServiceStub
from visavis.media.v1 import media_pb2

from visavis_gateway.peers.lasting import LastingStream
from visavis_gateway.uplink import RATE_HZ, CapturedChunk

MAX_WAITING = 50  # one second of chunks: live audio that is older is worth nothing


class Listener(Protocol):
    """What the ear reports. Times on the session clock."""

    def on_speech_started(self, onset_us: int) -> None: ...
    def on_partial(self, text: str, confidence: float | None, *, at_rest: bool) -> None: ...
    def on_paused(
        self, text: str, p_complete: float, speech_end_us: int, confidence: float | None
    ) -> None: ...
    def on_resumed(self) -> None: ...
    def on_final(self, text: str) -> None: ...
    def on_ear_back(self) -> None: ...
    def on_away(self, service: str, away: bool) -> None: ...


class AsrPeer:
    """Sends the microphone, reports what was heard; maps samples to the session clock."""

    def __init__(self, stub: AsrServiceStub, session_id: str, language_code: str, listener: Listener) -> None:
        self._session_id = session_id
        self._language_code = language_code
        self._listener = listener
        self._stream: LastingStream[pb.RecognizeRequest, pb.RecognizeResponse] = LastingStream(
            "asr",
            stub.Recognize,
            self._start,
            self._on_response,
            listener.on_ear_back,
            partial(listener.on_away, "asr"),
        )
        self._samples = 0
        self._last_pts_us = 0
        self._turn: pb.BeginTurn | None = None
        self._text = ""
        self.dropped_count = 0

    async def run(self) -> None:
        """Listen until cancelled. Raises the first error, or when the ear stays away."""
        await self._stream.run()

    @property
    def ready(self) -> asyncio.Event:
        return self._stream.ready

    def push(self, chunk: CapturedChunk) -> None:
        """Send microphone audio; never waits."""
        if self._stream.waiting >= MAX_WAITING or not self._stream.is_open:
            self.dropped_count += 1  # for the ear that sound never was: samples go on without a gap
            return
        start_sample = self._samples
        self._samples += len(chunk.pcm)
        self._last_pts_us = chunk.pts_us - start_sample * 1_000_000 // RATE_HZ
        audio = media_pb2.AudioChunk(start_sample=start_sample, pcm_s16le=chunk.pcm.tobytes())
        self._stream.send(
            pb.RecognizeRequest(
                audio=pb.CapturedAudio(chunk=audio, pts_us=chunk.pts_us, concealed=chunk.concealed)
            )
        )

    def begin(self, turn_id: str, traceparent: str) -> None:
        """Give the current speech its turn."""
        self._turn = pb.BeginTurn(turn_id=turn_id, traceparent=traceparent)
        self._text = ""
        self._stream.send(pb.RecognizeRequest(begin_turn=self._turn))

    def end(self, turn_id: str) -> None:
        """Ask for the final."""
        self._turn = None
        self._stream.send(pb.RecognizeRequest(end_turn=pb.EndTurn(turn_id=turn_id)))

    def drop(self, turn_id: str) -> None:
        """Forget the turn."""
        self._turn = None
        self._stream.send(pb.RecognizeRequest(drop_turn=pb.DropTurn(turn_id=turn_id)))

    def _start(self, again: bool) -> pb.RecognizeRequest:
        self._samples = 0
        start = pb.StartRecognition(
            session_id=self._session_id,
            format=media_pb2.AudioFormat(sample_rate_hz=RATE_HZ, channel_count=1),
            language_code=self._language_code,
        )
        if again and self._turn is not None:
            start.snapshot.CopyFrom(pb.RecognitionSnapshot(turn=self._turn, text=self._text))
        return pb.RecognizeRequest(start=start)

    def _pts_us(self, sample: int) -> int:
        return self._last_pts_us + sample * 1_000_000 // RATE_HZ

    def _on_response(self, response: pb.RecognizeResponse) -> None:
        match response.WhichOneof("event"):
            case "speech_started":
                self._listener.on_speech_started(self._pts_us(response.speech_started.start_sample))
            case "partial":
                self._text = response.partial.text
                self._listener.on_partial(
                    response.partial.text, confidence(response.partial), at_rest=response.partial.at_rest
                )
            case "paused":
                transcript = response.paused.transcript
                self._text = transcript.text
                end_us = self._pts_us(transcript.end_sample)
                self._listener.on_paused(
                    transcript.text, response.paused.p_complete, end_us, confidence(transcript)
                )
            case "resumed":
                self._listener.on_resumed()
            case "final":
                self._listener.on_final(response.final.text)


def confidence(transcript: pb.Transcript) -> float | None:
    """How sure the ear is of the newest words; None where it can't tell."""
    return transcript.confidence if transcript.HasField("confidence") else None
