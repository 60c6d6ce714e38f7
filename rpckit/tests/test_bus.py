"""Events over a real nats-server."""

import asyncio
import shutil
import socket
import sys
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from rpckit.bus import connect, subject


@pytest.fixture
async def nats_url(tmp_path):
    binary = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or "nats-server"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        binary, "-a", "127.0.0.1", "-p", str(port), "-l", str(tmp_path / "log")
    )
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.05)
    writer.close()
    await writer.wait_closed()
    yield f"nats://127.0.0.1:{port}"
    process.terminate()
    await process.wait()


async def test_an_event_reaches_its_subscriber_with_its_trace(nats_url):
    got = asyncio.get_running_loop().create_future()

    async def handle(message, context):
        got.set_result((message.value, trace.get_current_span(context).get_span_context().trace_id))

    tracer = TracerProvider().get_tracer("test")
    async with connect(nats_url) as bus:
        await bus.subscribe("*", "say", StringValue, handle)
        await bus.flush()
        with tracer.start_as_current_span("turn") as span:
            await bus.publish("s1", "say", StringValue(value="hello"))
        async with asyncio.timeout(5):
            assert await got == ("hello", span.get_span_context().trace_id)


async def test_only_the_named_session_and_event_arrive_until_unsubscribed(nats_url):
    got = []

    async def handle(message, context):
        got.append(message.value)

    async with connect(nats_url) as bus:
        leave = await bus.subscribe("s1", "say", StringValue, handle)
        await bus.publish("s2", "say", StringValue(value="other session"))
        await bus.publish("s1", "interrupt", StringValue(value="other event"))
        await bus.publish("s1", "say", StringValue(value="mine"))
        await bus.flush()
        async with asyncio.timeout(5):
            while not got:
                await asyncio.sleep(0.01)
        await leave()
        await bus.publish("s1", "say", StringValue(value="too late"))
        await bus.flush()
    assert got == ["mine"]


async def test_a_payload_that_cannot_be_read_is_dropped(nats_url, caplog):
    got = []

    async def handle(message, context):
        got.append(message)

    async with connect(nats_url) as bus:
        await bus.subscribe("s1", "say", StringValue, handle)
        await bus._client.publish(subject("s1", "say"), b"\xff\xff\xff")
        await bus.publish("s1", "say", StringValue(value="fine"))
        await bus.flush()
        async with asyncio.timeout(5):
            while not got:
                await asyncio.sleep(0.01)
    assert [message.value for message in got] == ["fine"]
    assert "unreadable payload" in caplog.text


@pytest.mark.parametrize("url", ["", "nats://127.0.0.1:1"])
async def test_without_a_server_events_are_lost_and_nothing_fails(url):
    async with connect(url) as bus:
        assert not bus.is_connected
        await bus.publish("s1", "say", StringValue(value="nobody hears"))
        leave = await bus.subscribe("s1", "say", StringValue, lambda message, context: None)
        await leave()
