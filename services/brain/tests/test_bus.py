"""An interrupt over a real nats-server reaches a running generation."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rpckit.bus import connect
from visavis.events.v1 import events_pb2

from .conftest import FINISH, begin, generate, rest, settled, text_of


@pytest.fixture
def nats_url():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("nats-server")
    with subprocess.Popen([program, "-a", "127.0.0.1", "-p", str(port)], stderr=subprocess.PIPE) as process:
        while b"Server is ready" not in process.stderr.readline():
            assert process.poll() is None
        yield f"nats://127.0.0.1:{port}"
        process.terminate()
        process.communicate(timeout=10)


async def test_an_interrupt_stops_the_generation_and_the_stream_stays_open(stub, servicer, engine, nats_url):
    async with connect(nats_url) as bus, connect(nats_url) as other:
        await bus.subscribe("*", "interrupt", events_pb2.Interrupt, servicer.on_interrupt)
        await bus.flush()
        call = await begin(stub)
        await call.write(generate(1, "Tell me a long story."))
        await call.read()
        for turn_id in ("t0", "t1"):
            message = events_pb2.Interrupt(session_id="s1", turn_id=turn_id, generation=1)
            await other.publish("s1", "interrupt", message)
        await settled(lambda: engine.running == 0)
        await call.write(generate(2, "Hello"))
        await call.write(FINISH)
        async with asyncio.timeout(5):
            assert text_of(await rest(call), 2) == "You said: Hello."
