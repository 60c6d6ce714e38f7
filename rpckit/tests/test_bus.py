"""Events over a real nats-server."""

import asyncio
import shutil
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from rpckit.bus import connect, subject
from rpckit.testing import until


@asynccontextmanager
async def nats_server(port, log):
    """A server on `port` while inside."""
    binary = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or "nats-server"
    process = await asyncio.create_subprocess_exec(binary, "-a", "127.0.0.1", "-p", str(port), "-l", str(log))
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.05)
    writer.close()
    await writer.wait_closed()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
async def nats_url(port, tmp_path):
    async with nats_server(port, tmp_path / "log"):
        yield f"nats://127.0.0.1:{port}"


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


async def test_a_server_that_comes_later_is_found_and_what_was_wanted_is_heard(port, tmp_path, caplog):
    got = []

    async def handle(message, context):
        got.append(message.value)

    async with connect(f"nats://127.0.0.1:{port}") as bus:
        await bus.subscribe("s1", "say", StringValue, handle)
        never = await bus.subscribe("s1", "stop", StringValue, handle)
        await never()
        assert not bus.is_connected
        async with nats_server(port, tmp_path / "log"):
            await until(lambda: bus.is_connected, "the server was found")
            await until(lambda: not bus._waiting, "what waited is subscribed")
            await bus.publish("s1", "stop", StringValue(value="nobody wants this any more"))
            await bus.publish("s1", "say", StringValue(value="here"))
            await until(lambda: got, "the event")
    assert got == ["here"]
    assert sum("until it answers" in record.message for record in caplog.records) == 1, "said once"


async def test_a_server_that_was_killed_is_found_again_with_all_that_listens(port, tmp_path):
    got = []

    async def handle(message, context):
        got.append(message.value)

    async with nats_server(port, tmp_path / "log") as first, connect(f"nats://127.0.0.1:{port}") as bus:
        await bus.subscribe("s1", "say", StringValue, handle)
        leave = await bus.subscribe("s1", "stop", StringValue, handle)
        await bus.flush()
        first.kill()
        await first.wait()
        await until(lambda: not bus.is_connected, "the loss was noticed")
        await bus.publish("s1", "say", StringValue(value="lost"))
        await leave()
        async with nats_server(port, tmp_path / "log2"):
            await until(lambda: bus.is_connected, "it was found again")
            await bus.publish("s1", "stop", StringValue(value="not wanted any more"))
            await bus.publish("s1", "say", StringValue(value="back"))
            await until(lambda: got, "the event")
    assert got == ["back"]


async def test_an_error_inside_comes_out_as_it_is(nats_url):
    with pytest.raises(KeyError, match="mine"):
        async with connect(nats_url):
            raise KeyError("mine")
