"""The service itself, with a real nats-server between it and whoever interrupts."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from rpckit.channels import open_channel
from visavis.events.v1.events_pb2 import Interrupt
from visavis.tts.v1 import tts_service_pb2_grpc as pb_grpc

from rpckit import bus

from .talk import FINISH, begin, kinds, receive, spawn, start, text


@pytest.fixture
def nats_url() -> Iterator[str]:
    command = [str(Path(sys.executable).parent / "nats-server"), "-a", "127.0.0.1", "-p", "-1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        for line in server.stderr:
            if found := re.search(r"client connections on 127\.0\.0\.1:(\d+)", line):
                break
        yield f"nats://127.0.0.1:{found[1]}"
        server.terminate()
        server.stderr.read()


async def test_an_interrupt_on_nats_ends_the_reply_it_means(nats_url):
    with spawn(TTS_NATS_URL=nats_url) as process:
        port = re.search(r"port (\d+)", process.stdout.readline())[1]
        async with bus.connect(nats_url) as events, open_channel(f"127.0.0.1:{port}") as channel:
            stub = pb_grpc.TtsServiceStub(channel)
            calls = {turn: await begin(stub, start(turn_id=turn, generation=2)) for turn in ("t1", "t2")}
            for generation in (1, 2, 2):
                await events.publish(
                    "s", "interrupt", Interrupt(session_id="s", turn_id="t1", generation=generation)
                )
            async with asyncio.timeout(10):
                with pytest.raises(grpc.aio.AioRpcError) as e:
                    await receive(calls["t1"])
            assert e.value.code() is grpc.StatusCode.CANCELLED
            await calls["t2"].write(text("Still here."))
            await calls["t2"].write(FINISH)
            assert kinds(await receive(calls["t2"])) == ["words", "visemes", "audio", "done"]
        process.terminate()
        assert process.wait(timeout=10) == 0


async def test_the_service_speaks_without_nats():
    with spawn(TTS_NATS_URL="nats://127.0.0.1:1") as process:
        port = re.search(r"port (\d+)", process.stdout.readline())[1]
        async with open_channel(f"127.0.0.1:{port}") as channel:
            call = await begin(pb_grpc.TtsServiceStub(channel))
            await call.write(FINISH)
            assert kinds(await receive(call)) == ["done"]
        process.terminate()
        process.wait(timeout=10)
        assert "events are off" in process.stderr.read()
