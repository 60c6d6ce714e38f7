"""One stack with the real models for all tests of the whole, and a receiver for what it traces."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc
from visavis_cli.ports import why_not_free
from visavis_cli.stack import Ports, Stack, running_stack


@dataclass
class Span:
    """What a test asks of a span."""

    name: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    start_ns: int
    end_ns: int


@dataclass
class OtlpReceiver(pb_grpc.TraceServiceServicer):
    """Takes OTLP over gRPC, as Jaeger would."""

    spans: list[Span] = field(default_factory=list)
    endpoint: str = ""

    async def Export(self, request: Any, context: Any) -> Any:
        for resource in request.resource_spans:
            service = next(
                a.value.string_value for a in resource.resource.attributes if a.key == "service.name"
            )
            for scope in resource.scope_spans:
                self.spans += [self._span(service, span) for span in scope.spans]
        return pb.ExportTraceServiceResponse()

    @staticmethod
    def _span(service: str, span: Any) -> Span:
        attributes = {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}
        ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
        return Span(span.name, service, *ids, attributes, span.start_time_unix_nano, span.end_time_unix_nano)

    def of_trace(self, trace_id: str) -> list[Span]:
        return [span for span in self.spans if span.trace_id == trace_id]


def free_ports_in_a_row(count: int) -> int:
    """The first of some ports that nothing listened on a moment ago."""
    for first in range(20_000, 21_000, count):  # below those of a stack
        if all(why_not_free(first + k) is None for k in range(count)):
            return first
    raise AssertionError("no free ports")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def otlp() -> AsyncIterator[OtlpReceiver]:
    receiver = OtlpReceiver()
    server = grpc.aio.server()
    pb_grpc.add_TraceServiceServicer_to_server(receiver, server)
    receiver.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield receiver
    await server.stop(None)


@pytest.fixture(scope="session")
def log_lines() -> list[str]:
    """What the stack's processes have written so far."""
    return []


@pytest.fixture(scope="session")
def metrics_port() -> int:
    """Of the gateway; those of asr, brain, tts and render follow."""
    return free_ports_in_a_row(5)


@asynccontextmanager
async def hold_stack(*arguments: Any, **options: Any) -> AsyncIterator[Stack]:
    """A stack of its own on free ports, for a fixture; arguments as of `running_stack` after its ports."""
    ready: asyncio.Future[Stack] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    async def hold() -> None:  # enters and leaves in one task, as its task group wants it
        async with running_stack(Ports.ephemeral(), *arguments, **options) as running:
            ready.set_result(running)
            await leave.wait()

    holder = asyncio.create_task(hold())
    await asyncio.wait([holder, ready], return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        holder.result()  # raises why it did not start
    yield ready.result()
    leave.set()
    await holder


@pytest.fixture(scope="session")
def held_stack() -> Callable[..., AbstractAsyncContextManager[Stack]]:
    """`hold_stack`, for conftests further down."""
    return hold_stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(otlp: OtlpReceiver, metrics_port: int, log_lines: list[str]) -> AsyncIterator[Stack]:
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.endpoint,
        "OTEL_METRICS_EXPORTER": "prometheus",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(metrics_port),
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "GATEWAY_MAX_SESSIONS": "4",
        "GATEWAY_ALLOWED_ORIGINS": '["http://localhost:8999"]',
    }
    async with hold_stack(env, lambda name, line: log_lines.append(line)) as running:
        yield running
