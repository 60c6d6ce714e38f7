"""The example service in Node, spoken to by the gateway's own client."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from rpckit.errors import InvalidInput, NotFound
from rpckit.testing import until
from visavis.tts.v1 import tts_service_pb2 as pb
from visavis.tts.v1.tts_service_pb2_grpc import TtsServiceStub
from visavis_gateway.engine import Reply, Turn
from visavis_gateway.peers.tts import TtsPeer, require_voice
from visavis_gateway.playout import RATE_HZ, ReplyAudio

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "tts-node"
INSTALL_WITHIN_S = 120
READY = "tts listening on port "


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The example on a free port, its packages installed beside a copy of it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    example = folder / "examples" / "tts-node"
    shutil.copytree(EXAMPLE, example, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(ROOT / "protos", folder / "protos")
    install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    installed = subprocess.run(install, cwd=example, timeout=INSTALL_WITHIN_S, capture_output=True, text=True)
    if installed.returncode:
        pytest.skip(f"npm can't fetch the packages here: {installed.stderr[-200:]}")
    with subprocess.Popen(
        [node, "server.js", "127.0.0.1:0"],
        cwd=example,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line.startswith(READY)
            yield int(line.removeprefix(READY))
        finally:
            process.terminate()
            assert process.wait(30) == 0


@pytest.fixture
async def channel(port: int) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as made:
        yield made


def peer_of(channel: grpc.aio.Channel) -> TtsPeer:
    return TtsPeer(TtsServiceStub(channel), Reply(Turn("t1", "text", 0), 1, "", 0), lambda: None)


async def speak(peer: TtsPeer, *deltas: str) -> ReplyAudio:
    """The whole sound of a reply, as the gateway holds it; playing it at once, so that nothing waits."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        call = tasks.create_task(peer.run("s1", "", "en-US", ()))
        for delta in deltas:
            await peer.speak(delta)
        await peer.finish()
        while not call.done():
            peer.audio.sent = peer.audio.received
            peer.make_room()
            await asyncio.sleep(0.01)
    return peer.audio


async def test_speaks_to_the_gateway(channel: grpc.aio.Channel) -> None:
    text = "Héllo 🙂 there, my fri" + "end. This is Node."
    audio = await speak(peer_of(channel), text[:22], text[22:])
    assert audio.is_complete
    spoken = [text[w.text_start : w.text_end] for w in audio.words]
    assert spoken == ["Héllo", "there,", "my", "friend.", "This", "is", "Node."]
    assert all(a.offset_us + a.duration_us <= b.offset_us for a, b in pairwise(audio.words))
    cues = list(audio.cues)
    assert cues[0].offset_us == 0
    assert all(a.offset_us + a.duration_us == b.offset_us for a, b in pairwise(cues))
    assert cues[-1].offset_us + cues[-1].duration_us == audio.received * 1_000_000 // RATE_HZ
    assert audio.said_by(audio.received * 1_000_000 // RATE_HZ) == len(text)


async def test_stops_reading_ahead_and_ends_when_cancelled(channel: grpc.aio.Channel) -> None:
    peer = peer_of(channel)
    call = asyncio.create_task(peer.run("s1", "", "", ()))
    await peer.speak("one two three four five six seven eight nine ten. " * 70)
    await until(lambda: peer.audio.waiting_us >= 2_000_000, "two seconds of sound")
    call.cancel()
    await asyncio.wait([call], timeout=30)
    assert call.cancelled()
    assert peer.audio.waiting_us < 2_100_000
    for _ in range(20):  # more than there are slots: each cancelled or ended one was given back
        await require_voice(TtsServiceStub(channel), "s1", "tones", "")


async def test_says_what_is_wrong(channel: grpc.aio.Channel) -> None:
    stub = TtsServiceStub(channel)
    with pytest.raises(NotFound, match="no such voice; there is tones"):
        await require_voice(stub, "s1", "nobody", "")
    with pytest.raises(InvalidInput, match="session_id must be 1 to 64"):
        await require_voice(stub, "not an id", "", "")
    call = stub.Synthesize(iter([pb.SynthesizeRequest(finish=pb.FinishSpeech())]), timeout=30)
    with pytest.raises(grpc.aio.AioRpcError, match="start must be first"):
        await call.read()


async def test_tells_that_it_serves(channel: grpc.aio.Channel) -> None:
    answer = await HealthStub(channel).Check(HealthCheckRequest(), timeout=30)
    assert answer.status == HealthCheckResponse.SERVING
