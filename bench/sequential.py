"""The classic pipeline, as a yardstick: wait, then hear, then think, then speak, each to its end.

    .venv/bin/python bench/sequential.py --port 8091 --brain 127.0.0.1:50052

The same weights as visavis, over the same kind of call (`POST /offer {"sdp", "type"}`), but nothing streams
and nothing is guessed: Silero waits for --silence-ms of silence, Moonshine writes down the whole utterance,
the brain service writes the whole answer, hibari speaks all of it, and only then it sounds. Speech that goes
on after such a silence is another utterance, answered after the first. 700 ms is what Home Assistant's voice
pipeline ships; where silence alone decides, others ship about the same (Voximplant 600, earlier Pipecat 800).
It ends on SIGTERM.
"""

import argparse
import asyncio
import contextlib
import fractions
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import grpc
import numpy as np
import uvicorn
from aiortc import MediaStreamTrack, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub
from visavis_asr.backends.moonshine import Moonshine
from visavis_asr.backends.silero import Silero
from visavis_asr.engine import RATE_HZ, WINDOW_SAMPLES
from visavis_gateway.personas import MIRA
from visavis_gateway.uplink import Decimator
from visavis_tts.backends.hibari import RATE_HZ as SPEECH_RATE_HZ
from visavis_tts.backends.hibari import HibariEngine
from visavis_tts.engine import Clause, Pause

THRESHOLD = 0.5  # Silero's own
PRE_ROLL = RATE_HZ * 2 // 5
PACKET_SAMPLES = SPEECH_RATE_HZ // 50
ANSWER_WITHIN_S = 30.0

Pcm = NDArray[np.int16]


class Models:
    """Loaded once, used by one call at a time."""

    def __init__(self, models_dir: Path, brain: str) -> None:
        self.silero = Silero(models_dir)
        self.moonshine = Moonshine(models_dir)
        self.moonshine.transcribe(np.zeros(2 * RATE_HZ, np.float32), lambda: False)
        self.hibari = HibariEngine(threads=1)
        self.brain = BrainServiceStub(grpc.aio.insecure_channel(brain))

    def speak(self, text: str) -> Pcm:
        """All of the answer as sound."""
        speaker = self.hibari.open(voice="", language_code="en", speed=1)
        speech = speaker.speak(Clause(text, 0, Pause.SENTENCE, is_last=True))
        return speech.pcm if speech is not None else np.zeros(0, np.int16)


class Voice(MediaStreamTrack):
    """Sends what is put into it, silence otherwise, in packets of 20 ms."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._waiting = np.zeros(0, np.int16)
        self._sent = 0
        self._begun_s = time.monotonic()

    def say(self, pcm: Pcm) -> None:
        self._waiting = pcm

    async def recv(self) -> av.AudioFrame:
        due_s = self._begun_s + self._sent / SPEECH_RATE_HZ
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        packet, self._waiting = self._waiting[:PACKET_SAMPLES], self._waiting[PACKET_SAMPLES:]
        packet = np.pad(packet, (0, PACKET_SAMPLES - len(packet)))
        frame = av.AudioFrame.from_ndarray(packet[None], "s16", "mono")
        frame.sample_rate, frame.pts = SPEECH_RATE_HZ, self._sent
        frame.time_base = fractions.Fraction(1, SPEECH_RATE_HZ)
        self._sent += PACKET_SAMPLES
        return frame


class Call:
    """One user: utterance after utterance, answer after answer."""

    def __init__(self, models: Models, silence_ms: int) -> None:
        self.voice = Voice()
        self.channel: RTCDataChannel | None = None
        self._models = models
        self._silence_samples = silence_ms * RATE_HZ // 1000
        self._history: list[pb.Message] = []

    async def hold(self, track: MediaStreamTrack) -> None:
        """Answer every utterance until the track ends."""
        async for utterance in self._utterances(track):
            await self._answer(utterance)

    async def _utterances(self, track: MediaStreamTrack) -> AsyncIterator[NDArray[np.float32]]:
        """Speech with the silence after it."""
        vad, decimate = self._models.silero.open(), Decimator()
        heard = np.zeros(0, np.float32)
        start: int | None = None
        looked = last = 0
        while True:
            try:
                frame: Any = await track.recv()
            except Exception:  # noqa: BLE001 - aiortc ends a track with whatever it meets
                return
            pcm = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
            heard = np.concatenate([heard, decimate(pcm).astype(np.float32) / 32768])
            while len(heard) - looked >= WINDOW_SAMPLES:
                is_speech = vad.step(heard[looked : looked + WINDOW_SAMPLES]) >= THRESHOLD
                looked += WINDOW_SAMPLES
                if is_speech:
                    start, last = (max(0, looked - PRE_ROLL) if start is None else start), looked
                elif start is not None and looked - last >= self._silence_samples:
                    yield heard[start:looked]
                    heard, looked, last, start = heard[looked:], 0, 0, None

    async def _answer(self, utterance: NDArray[np.float32]) -> None:
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(None, self._models.moonshine.transcribe, utterance, lambda: False)
        if not text:
            return
        self._tell({"type": "user-transcription", "data": {"text": text, "final": True}})
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = await self._think(text)
        self._tell({"type": "bot-llm-text", "data": {"text": answer}})
        self._history += [
            pb.Message(role=pb.ROLE_USER, text=text),
            pb.Message(role=pb.ROLE_AVATAR, text=answer),
        ]
        self.voice.say(await loop.run_in_executor(None, self._models.speak, answer))

    async def _think(self, text: str) -> str:
        """The whole answer."""
        persona = pb.Persona(name=MIRA.title, prompt=MIRA.prompt, language_code=MIRA.language_code)
        start = pb.StartReply(
            session_id="sequential", turn_id="t", persona=persona, history=self._history[-20:]
        )

        async def requests() -> AsyncIterator[pb.ReplyRequest]:
            yield pb.ReplyRequest(start=start)
            yield pb.ReplyRequest(generate=pb.Generate(generation=1, transcript=text, history=start.history))
            yield pb.ReplyRequest(confirm=pb.Confirm(generation=1))
            yield pb.ReplyRequest(finish=pb.FinishReply())

        answer = ""
        async for response in self._models.brain.Reply(requests()):
            if response.WhichOneof("event") == "text":
                answer += response.text.text
        return answer

    def _tell(self, message: dict[str, Any]) -> None:
        if self.channel is not None and self.channel.readyState == "open":
            self.channel.send(json.dumps(message))


class Server:
    """Answers offers."""

    def __init__(self, models: Models, silence_ms: int, tasks: asyncio.TaskGroup) -> None:
        self._models = models
        self._silence_ms = silence_ms
        self._tasks = tasks

    async def about(self, request: Request) -> JSONResponse:
        return JSONResponse({"silence_ms": self._silence_ms})

    async def offer(self, request: Request) -> JSONResponse:
        body = await request.json()
        peer, call = RTCPeerConnection(), Call(self._models, self._silence_ms)
        peer.addTrack(call.voice)
        peer.on("track", lambda track: self._tasks.create_task(call.hold(track)))
        peer.on("datachannel", lambda channel: setattr(call, "channel", channel))
        await peer.setRemoteDescription(RTCSessionDescription(body["sdp"], body["type"]))
        await peer.setLocalDescription(await peer.createAnswer())
        return JSONResponse({"sdp": peer.localDescription.sdp, "type": peer.localDescription.type})


async def serve(args: argparse.Namespace) -> None:
    """Until it is stopped."""
    models = Models(args.models, args.brain)
    async with asyncio.TaskGroup() as tasks:
        server = Server(models, args.silence_ms, tasks)
        routes = [
            Route("/offer", server.offer, methods=["POST"]),
            Route("/configurations", server.about),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=args.port, log_level="warning")
        await uvicorn.Server(config).serve()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--brain", default="127.0.0.1:50052", help="a brain service (default %(default)s)")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--silence-ms", type=int, default=700, help="that end a turn (default %(default)s)")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
