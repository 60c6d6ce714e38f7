import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import grpc
import numpy as np
import pytest
from hibari import Hibari
from rpckit.channels import open_channel
from rpckit.serve import new_server
from visavis.asr.v1 import asr_service_pb2 as pb
from visavis.asr.v1 import asr_service_pb2_grpc as pb_grpc
from visavis.media.v1 import media_pb2
from visavis_asr.backends import load_engine
from visavis_asr.backends.fake import FakeEngine
from visavis_asr.config import Config
from visavis_asr.engine import Engine
from visavis_asr.server import AsrServicer

RATE = 16000
CHUNK = 320
MODELS_DIR = Path(__file__).parents[3] / "models"


def start_request(session_id="s1", rate=RATE, channels=1, **more) -> pb.RecognizeRequest:
    audio_format = media_pb2.AudioFormat(sample_rate_hz=rate, channel_count=channels)
    return pb.RecognizeRequest(start=pb.StartRecognition(session_id=session_id, format=audio_format, **more))


def audio_request(start_sample: int, pcm: bytes) -> pb.RecognizeRequest:
    chunk = media_pb2.AudioChunk(start_sample=start_sample, pcm_s16le=pcm)
    return pb.RecognizeRequest(audio=pb.CapturedAudio(chunk=chunk))


def tone(seconds: float) -> np.ndarray:
    """What the fake engine takes for speech."""
    t = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * 220 * t)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    """A quiet room."""
    noise = np.random.default_rng(1).standard_normal(int(seconds * RATE))
    return (3e-4 * noise).astype(np.float32)


def to_pcm(samples: np.ndarray) -> np.ndarray:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2")


class Caller:
    """One stream as the gateway drives it."""

    def __init__(self, stub: pb_grpc.AsrServiceStub) -> None:
        self.call = stub.Recognize()
        self.sent = 0

    async def start(self, request: pb.RecognizeRequest | None = None) -> "Caller":
        """Nothing else may be in flight before `started`: grpc.aio would report INTERNAL (grpc#36066)."""
        await self.call.write(request or start_request())
        assert (await self.read()).WhichOneof("event") == "started"
        return self

    async def say(self, samples: np.ndarray) -> None:
        pcm = to_pcm(samples)
        for at in range(0, len(pcm), CHUNK):
            chunk = pcm[at : at + CHUNK]
            await self.call.write(audio_request(self.sent, chunk.tobytes()))
            self.sent += len(chunk)

    async def begin_turn(self, turn_id: str, traceparent: str = "") -> None:
        begin = pb.BeginTurn(turn_id=turn_id, traceparent=traceparent)
        await self.call.write(pb.RecognizeRequest(begin_turn=begin))

    async def end_turn(self, turn_id: str) -> None:
        await self.call.write(pb.RecognizeRequest(end_turn=pb.EndTurn(turn_id=turn_id)))

    async def drop_turn(self, turn_id: str) -> None:
        await self.call.write(pb.RecognizeRequest(drop_turn=pb.DropTurn(turn_id=turn_id)))

    async def finish(self) -> None:
        await self.call.write(pb.RecognizeRequest(finish=pb.FinishRecognition()))

    async def read(self) -> pb.RecognizeResponse:
        async with asyncio.timeout(20):
            return await self.call.read()

    async def read_until(self, kind: str) -> list[pb.RecognizeResponse]:
        """Everything up to and with the first event of `kind`."""
        events = []
        while not events or events[-1].WhichOneof("event") != kind:
            event = await self.read()
            assert event is not grpc.aio.EOF, f"ended without {kind}, after {kinds(events)}"
            events.append(event)
        return events

    async def read_rest(self) -> list[pb.RecognizeResponse]:
        events = []
        while (event := await self.read()) is not grpc.aio.EOF:
            events.append(event)
        return events


def kinds(events: list[pb.RecognizeResponse]) -> list[str]:
    return [event.WhichOneof("event") for event in events]


@asynccontextmanager
async def serving(servicer: AsrServicer) -> AsyncIterator[pb_grpc.AsrServiceStub]:
    """A real server on a free port: wire, interceptor and servicer are all under test."""
    server = new_server()
    pb_grpc.add_AsrServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with open_channel(f"127.0.0.1:{port}") as channel:
            yield pb_grpc.AsrServiceStub(channel)
    finally:
        await server.stop(grace=None)
        servicer.close()


@pytest.fixture(scope="session")
def moonshine() -> Iterator[Engine]:
    with closing(load_engine(Config(models_dir=MODELS_DIR))) as engine:
        yield engine


@pytest.fixture(scope="session")
def whisper() -> Iterator[Engine]:
    with closing(load_engine(Config(backend="whisper", device="cpu", models_dir=MODELS_DIR))) as engine:
        yield engine


@pytest.fixture(params=["moonshine", "whisper"])
def ear(request) -> Engine:
    """Each real engine."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def speak() -> Callable[[str], np.ndarray]:
    """A sentence as a voice says it at 16 kHz, cut to the sound itself."""
    voice = Hibari(threads=1)

    def speak(text: str) -> np.ndarray:
        sound = to_16k(voice(text, seed=0), voice.sample_rate)
        loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
        return sound[loud[0] : loud[-1] + 1]

    return speak


def to_16k(samples: np.ndarray, rate: int) -> np.ndarray:
    """Band-limited, by way of the spectrum."""
    size = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)[: size // 2 + 1]
    return (np.fft.irfft(spectrum, size) * RATE / rate).astype(np.float32)


@pytest.fixture
def servicer() -> AsrServicer:
    return AsrServicer(FakeEngine(), Config(backend="fake", max_sessions=1))


@pytest.fixture
async def stub(servicer: AsrServicer) -> AsyncIterator[pb_grpc.AsrServiceStub]:
    async with serving(servicer) as stub:
        yield stub


@pytest.fixture
async def caller(stub: pb_grpc.AsrServiceStub) -> AsyncIterator[Caller]:
    caller = await Caller(stub).start()
    yield caller
    caller.call.cancel()
