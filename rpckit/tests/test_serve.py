"""Health, reflection, statuses and spans on a real server."""

import asyncio
import contextlib

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from rpckit.channels import open_channel
from rpckit.errors import Busy, InvalidInput, NotFound, NotReady, Unsupported, require, require_id
from rpckit.serve import new_server, serve
from rpckit.settings import ServerSettings
from rpckit.testing import until

ECHO = "rpckit.test.Echo"


class OddField(InvalidInput):
    """A service's own kind of error."""


class Echo:
    """One stream method on raw bytes; what it is sent says how it ends."""

    async def talk(self, requests, context):
        async for request in requests:
            errors = {
                b"busy": Busy,
                b"invalid": InvalidInput,
                b"missing": NotFound,
                b"loading": NotReady,
                b"odd": OddField,
                b"unable": Unsupported,
            }
            if request in errors:
                async with asyncio.TaskGroup() as tasks:  # as a handler with tasks of its own fails
                    tasks.create_task(self._fail(errors[request]))
            if request == b"refuse":
                await self._refuse(context)
            if request == b"stop":
                await context.abort(grpc.StatusCode.CANCELLED, "stopped")
            if request == b"bug":
                raise KeyError("secret detail")
            await context.write(request)

    async def _fail(self, error):
        raise error("why")

    async def _refuse(self, context):
        with contextlib.suppress(asyncio.CancelledError):
            await context.write(b"about to refuse")
            await asyncio.Event().wait()
        await context.abort(grpc.StatusCode.CANCELLED, "nobody is there to read it")


def register(server):
    handler = grpc.stream_stream_rpc_method_handler(Echo().talk)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(ECHO, {"Talk": handler}),))


@pytest.fixture
async def channel():
    server = new_server()
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as opened:
        yield opened
    await server.stop(None)


@pytest.mark.parametrize(
    ("sent", "code", "details"),
    [
        (b"busy", grpc.StatusCode.RESOURCE_EXHAUSTED, "why"),
        (b"invalid", grpc.StatusCode.INVALID_ARGUMENT, "why"),
        (b"odd", grpc.StatusCode.INVALID_ARGUMENT, "why"),
        (b"missing", grpc.StatusCode.NOT_FOUND, "why"),
        (b"unable", grpc.StatusCode.FAILED_PRECONDITION, "why"),
        (b"loading", grpc.StatusCode.UNAVAILABLE, "why"),
        (b"bug", grpc.StatusCode.INTERNAL, "internal error"),
    ],
)
async def test_errors_become_statuses_and_bugs_tell_nothing(channel, sent, code, details):
    call = channel.stream_stream(f"/{ECHO}/Talk")()
    await call.write(b"hello")
    assert await call.read() == b"hello"
    await call.write(sent)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    assert (raised.value.code(), raised.value.details()) == (code, details)


@pytest.mark.parametrize(
    ("sent", "code", "is_fault"),
    [(b"stop", "CANCELLED", False), (b"busy", "RESOURCE_EXHAUSTED", False), (b"bug", "INTERNAL", True)],
)
async def test_a_span_says_how_its_call_ended(channel, monkeypatch, sent, code, is_fault):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("rpckit.interceptor.tracer", provider.get_tracer("test"))
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    call = channel.stream_stream(f"/{ECHO}/Talk")(metadata=(("traceparent", traceparent),))
    await call.write(sent)
    with pytest.raises(grpc.aio.AioRpcError):
        await call.read()
    await until(exporter.get_finished_spans, "the call's span")
    [span] = exporter.get_finished_spans()
    assert span.attributes["rpc.response.status_code"] == code
    assert (span.status.status_code is StatusCode.ERROR) is is_fault


async def test_a_message_over_the_limit_is_refused(channel):
    call = channel.stream_stream(f"/{ECHO}/Talk")()
    await call.write(bytes(2 << 20))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_end_that_the_caller_no_longer_reads_is_no_failure(channel, caplog):
    call = channel.stream_stream(f"/{ECHO}/Talk")()
    await call.write(b"refuse")
    assert await call.read() == b"about to refuse"
    call.cancel()
    again = channel.stream_stream(f"/{ECHO}/Talk")()
    await again.write(b"hello")
    assert await again.read() == b"hello"
    again.cancel()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_health_and_reflection_then_drain(monkeypatch):
    loop = asyncio.get_running_loop()
    stops = []
    monkeypatch.setattr(loop, "add_signal_handler", lambda number, stop: stops.append(stop))
    listening = loop.create_future()
    async with asyncio.TaskGroup() as tasks:
        served = tasks.create_task(
            serve(ServerSettings(), ECHO, register, on_listening=listening.set_result), name="serve"
        )
        async with asyncio.timeout(10), open_channel(f"127.0.0.1:{await listening}") as channel:
            health = health_pb2_grpc.HealthStub(channel)
            for name in ("", ECHO):
                answer = await health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            reflection = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo()
            await reflection.write(reflection_pb2.ServerReflectionRequest(list_services=""))
            listed = await reflection.read()
            assert ECHO in {service.name for service in listed.list_services_response.service}
            reflection.cancel()
            call = channel.stream_stream(f"/{ECHO}/Talk")()
            await call.write(b"before")
            assert await call.read() == b"before"
            watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=5)
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
            stops[0]()
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            await call.write(b"still drains")
            assert await call.read() == b"still drains"
            await call.done_writing()
            watch.cancel()
    assert served.done()


async def test_a_taken_port_is_said_in_a_sentence():
    server = new_server()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    with pytest.raises(SystemExit, match="port taken"):
        await serve(ServerSettings(listen_address=f"127.0.0.1:{port}"), ECHO, register)
    await server.stop(None)


@pytest.mark.parametrize("value", ["", "a" * 65, "a.b", "a b", "ä", "*", ">"])
def test_ids_that_would_break_a_subject_are_refused(value):
    with pytest.raises(InvalidInput, match="session_id must be 1 to 64"):
        require_id("session_id", value)


def test_plain_ids_pass():
    require_id("session_id", "Ab-9_z")
    with pytest.raises(InvalidInput, match="too long"):
        require(False, "too long")
