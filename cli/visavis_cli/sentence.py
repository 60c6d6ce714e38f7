"""Has a sentence spoken by a speech service of its own, and keeps sound and mouth shapes in a file."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from rpckit.channels import open_channel
from visavis.tts.v1 import tts_service_pb2 as pb
from visavis.tts.v1 import tts_service_pb2_grpc as pb_grpc

from visavis_cli import environment
from visavis_cli.programs import python

READY_WITHIN_S = 60.0
SPOKEN_WITHIN_S = 120.0
STOPPED_WITHIN_S = 10.0


class SentenceError(Exception):
    """The sentence can't be had; the message says why."""


def speak(text: str, voice: str, target: Path) -> None:
    """Write an .npz with pcm (int16), rate_hz and cues (viseme, offset_us, duration_us, intensity)."""
    asyncio.run(_speak(text, voice, target))


async def _speak(text: str, voice: str, target: Path) -> None:
    try:
        async with (
            asyncio.timeout(READY_WITHIN_S + SPOKEN_WITHIN_S),
            _service() as address,
            open_channel(address) as channel,
        ):
            await _save(pb_grpc.TtsServiceStub(channel), text, voice, target)
    except TimeoutError:
        raise SentenceError("the speech service does not answer in time") from None
    except grpc.aio.AioRpcError as error:
        raise SentenceError(f"the speech service says: {error.details()}") from None


@asynccontextmanager
async def _service() -> AsyncIterator[str]:
    """A speech service on a free port, as long as it is needed."""
    env = {**environment.current(), "TTS_SERVER__LISTEN_ADDRESS": "127.0.0.1:0", "TTS_NATS_URL": ""}
    process = await asyncio.create_subprocess_exec(
        *python("visavis_tts"), env=env, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(READY_WITHIN_S):
            said = (await process.stdout.readline()).decode(errors="replace")
        found = re.search(r"listening on port (\d+)", said)
        if found is None:
            raise SentenceError("the speech service did not start")
        yield f"127.0.0.1:{found[1]}"
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPPED_WITHIN_S):
            await process.wait()


async def _requests(text: str, voice: str, started: asyncio.Event) -> AsyncIterator[pb.SynthesizeRequest]:
    start = pb.StartSpeech(session_id="preview", turn_id="preview", generation=1, voice=voice)
    yield pb.SynthesizeRequest(start=start)
    await started.wait()
    yield pb.SynthesizeRequest(text=pb.SpeechText(text=text))
    yield pb.SynthesizeRequest(finish=pb.FinishSpeech())


async def _save(stub: Any, text: str, voice: str, target: Path) -> None:
    started, rate_hz = asyncio.Event(), 0
    sound: list[bytes] = []
    cues: list[tuple[float, float, float, float]] = []
    async for response in stub.Synthesize(_requests(text, voice, started)):
        match response.WhichOneof("event"):
            case "started":
                rate_hz = response.started.format.sample_rate_hz
                started.set()
            case "audio":
                sound.append(response.audio.pcm_s16le)
            case "visemes":
                cues += [(c.viseme, c.offset_us, c.duration_us, c.intensity) for c in response.visemes.cues]
    pcm = np.frombuffer(b"".join(sound), np.int16)
    np.savez(target, pcm=pcm, rate_hz=rate_hz, cues=np.array(cues, np.float64).reshape(-1, 4))
