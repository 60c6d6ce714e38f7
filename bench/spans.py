"""Takes the spans of a stack over OTLP, as Jaeger would, and keeps them as OTLP JSON."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc

ID_FIELDS = ("traceId", "spanId", "parentSpanId")


@dataclass(frozen=True)
class Span:
    """One span; times in milliseconds since 1970."""

    name: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str
    from_ms: float
    to_ms: float
    attributes: dict[str, Any]
    events: dict[str, float]


@dataclass
class Receiver(pb_grpc.TraceServiceServicer):
    """Every span that was exported to `endpoint`."""

    endpoint: str = ""
    spans: list[Span] = field(default_factory=list)
    _exported: list[dict[str, Any]] = field(default_factory=list)

    async def Export(self, request: Any, context: Any) -> Any:
        for resource in request.resource_spans:
            service = next(
                a.value.string_value for a in resource.resource.attributes if a.key == "service.name"
            )
            for scope in resource.scope_spans:
                self.spans += [span_of(service, each) for each in scope.spans]
            self._exported.append(with_hex_ids(MessageToDict(resource)))
        return pb.ExportTraceServiceResponse()

    def write(self, path: Path) -> None:
        """OTLP JSON: one file that Jaeger's page can be given."""
        path.write_text(json.dumps({"resourceSpans": self._exported}, indent=1))


def span_of(service: str, span: Any) -> Span:
    return Span(
        span.name,
        service.removeprefix("visavis-"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano / 1e6,
        span.end_time_unix_nano / 1e6,
        {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes},
        {event.name: event.time_unix_nano / 1e6 for event in span.events},
    )


def with_hex_ids(resource: dict[str, Any]) -> dict[str, Any]:
    """Protobuf's JSON has ids in base64, OTLP's wants hex."""
    for scope in resource.get("scopeSpans", ()):
        for span in scope["spans"]:
            for holder in (span, *span.get("links", ())):
                for name in ID_FIELDS:
                    if name in holder:
                        holder[name] = base64.b64decode(holder[name]).hex()
    return resource


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens while inside."""
    receiver, server = Receiver(), grpc.aio.server()
    pb_grpc.add_TraceServiceServicer_to_server(receiver, server)  # type: ignore[no-untyped-call]
    receiver.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield receiver
    finally:
        await server.stop(None)
