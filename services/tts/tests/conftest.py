from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from rpckit.channels import open_channel
from rpckit.serve import new_server
from visavis.tts.v1 import tts_service_pb2_grpc as pb_grpc
from visavis_tts.backends.clicks import ClicksEngine
from visavis_tts.backends.fake import FakeEngine
from visavis_tts.backends.hibari import HibariEngine
from visavis_tts.backends.kokoro import FOLDER, KokoroEngine, network_in
from visavis_tts.config import Config
from visavis_tts.interrupts import Replies
from visavis_tts.server import TtsServicer
from visavis_tts.voices import Voices

MODELS_DIR = Path(__file__).parents[3] / "models"


class Humming:
    """In the place of Kokoro's network where its sound does not matter: each phoneme hums for 50 ms."""

    def start(self) -> "Humming":
        return self

    def __call__(self, ids, style, speed):
        durations = np.full(len(ids), round(1200 / speed), np.int64)
        wave = 0.25 * np.sin(np.arange(durations.sum()) / 20).astype(np.float32)
        wave[: durations[0] // 2] = 0
        return wave, durations

    def stop(self) -> None:
        pass


@pytest.fixture
def fake() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def voices(fake: FakeEngine) -> Voices:
    """One slot: enough to see when it is taken."""
    return Voices([fake, ClicksEngine()], max_streams=1)


@pytest.fixture
def replies() -> Replies:
    return Replies()


@pytest.fixture
def idle_timeout() -> timedelta:
    return timedelta(seconds=20)


@pytest.fixture
async def stub(
    voices: Voices, replies: Replies, idle_timeout: timedelta
) -> AsyncIterator[pb_grpc.TtsServiceStub]:
    """A real server on a free port: wire, interceptor and servicer are all under test."""
    with ThreadPoolExecutor(1) as worker:
        server = new_server()
        servicer = TtsServicer(voices, worker, replies, idle_timeout)
        pb_grpc.add_TtsServiceServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with open_channel(f"127.0.0.1:{port}") as channel:
            yield pb_grpc.TtsServiceStub(channel)
        await server.stop(grace=None)


@pytest.fixture(scope="session")
def hibari() -> Iterator[HibariEngine]:
    engine = HibariEngine(threads=1)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def kokoro() -> Iterator[KokoroEngine]:
    config = Config(backend="kokoro", models_dir=MODELS_DIR, kokoro_runtime="onnx")
    engine = KokoroEngine(MODELS_DIR / FOLDER, network_in(MODELS_DIR, config))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def humming_kokoro() -> KokoroEngine:
    """All of the backend but the network."""
    return KokoroEngine(MODELS_DIR / FOLDER, Humming())
