"""The voice: one stream for each generation."""

import asyncio
from collections.abc import Callable

import numpy as np
from rpckit.errors import Busy, NotReady
from rpckit.supervise import guarded
from visavis.tts.v1 import tts_service_pb2 as pb
from visavis.tts.v1.tts_service_pb2_grpc import TtsServiceStub

from visavis_gateway.engine import Reply
from visavis_gateway.peers.duplex import Duplex
from visavis_gateway.playout import RATE_HZ, Cue, ReplyAudio, Word

# Sound made ahead of the ear. Enough to start and to ride out a slow clause; the rest waits in the services.
MAX_AHEAD_US = 2_000_000


async def require_voice(stub: TtsServiceStub, session_id: str, voice: str, language_code: str) -> None:
    """Ask whether the voice is there and knows the language; raises NotFound with what there is.

    A service that is full or not there is met when something is to be said.
    """
    start = pb.StartSpeech(
        session_id=session_id, turn_id="voice", generation=1, voice=voice, language_code=language_code
    )
    stream: Duplex[pb.SynthesizeRequest, pb.SynthesizeResponse] = Duplex("tts", maxsize=1)
    await stream.end()
    try:
        await stream.run(stub.Synthesize, pb.SynthesizeRequest(start=start), lambda response: None)
    except (Busy, NotReady):
        return


class TtsPeer:
    """Speaks one reply into its `audio`, and stops reading while that is far enough ahead."""

    def __init__(self, stub: TtsServiceStub, reply: Reply, on_audio: Callable[[], None]) -> None:
        self._stub = stub
        self._on_audio = on_audio
        self._stream: Duplex[pb.SynthesizeRequest, pb.SynthesizeResponse] = Duplex("tts", maxsize=32)
        self._room = asyncio.Event()
        self.reply = reply
        self.audio = ReplyAudio(reply.turn.turn_id, reply.generation)

    async def run(
        self, session_id: str, voice: str, language_code: str, metadata: tuple[tuple[str, str], ...]
    ) -> None:
        """Speak until all text is spoken or the task is cancelled."""
        start = pb.StartSpeech(
            session_id=session_id,
            turn_id=self.reply.turn.turn_id,
            generation=self.reply.generation,
            voice=voice,
            language_code=language_code,
        )
        await self._stream.run(
            self._stub.Synthesize,
            pb.SynthesizeRequest(start=start),
            self._on_response,
            on_started=self._check_format,
            metadata=metadata,
        )

    async def speak(self, text: str) -> None:
        """More text; waits while the voice is far behind."""
        await self._stream.put(pb.SynthesizeRequest(text=pb.SpeechText(text=text)))

    @guarded
    async def finish(self) -> None:
        """No more text."""
        await self._stream.put(pb.SynthesizeRequest(finish=pb.FinishSpeech()))
        await self._stream.end()

    def make_room(self) -> None:
        """Called after each frame that left: lets the voice go on when it may."""
        if self.audio.waiting_us < MAX_AHEAD_US:
            self._room.set()

    @staticmethod
    def _check_format(response: pb.SynthesizeResponse) -> None:
        rate = response.started.format.sample_rate_hz
        if rate != RATE_HZ:
            raise NotReady(f"tts: the voice speaks at {rate} Hz; this gateway plays {RATE_HZ} Hz")

    async def _on_response(self, response: pb.SynthesizeResponse) -> None:
        match response.WhichOneof("event"):
            case "audio":
                self.audio.push(np.frombuffer(response.audio.pcm_s16le, dtype="<i2"))
                self._on_audio()
                while self.audio.waiting_us >= MAX_AHEAD_US:
                    self._room.clear()
                    await self._room.wait()
            case "words":
                self.audio.words += [
                    Word(w.text_start, w.text_end, w.offset_us, w.duration_us) for w in response.words.words
                ]
            case "visemes":
                self.audio.cues.extend(
                    Cue(int(c.viseme), c.offset_us, c.duration_us, c.intensity) for c in response.visemes.cues
                )
            case "done":
                self.audio.is_complete = True
