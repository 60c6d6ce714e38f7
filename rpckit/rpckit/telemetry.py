"""Install the OpenTelemetry SDK and the log format. Logic code uses only opentelemetry.trace and .metrics."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


class TraceIdFilter(logging.Filter):
    """Gives every record a `trace_id` field: the current trace, or a dash."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = trace.get_current_span().get_span_context()
        record.trace_id = format(context.trace_id, "032x") if context.is_valid else "-"
        return True


def configure_logging(level: str = "INFO") -> None:
    """One line a record on standard error: level, logger, trace id, message. `up` adds service and time."""
    handler = logging.StreamHandler()
    handler.addFilter(TraceIdFilter())
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s [%(trace_id)s] %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("aioice", "aiortc", "httpx", "httpcore", "nats.aio", "opentelemetry.exporter"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def exports(signal: str) -> bool:
    """Whether there is a collector, and it is to get this signal."""
    has_collector = bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
    return has_collector and os.environ.get(f"OTEL_{signal}_EXPORTER", "otlp") != "none"


@contextmanager
def telemetry(service_name: str) -> Iterator[None]:
    """Export while inside, flush on the way out; configured only by the standard OTEL_* variables.

    OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER may be `none`, for a collector that takes only the other.
    """
    configure_logging(os.environ.get("VISAVIS_LOG_LEVEL", "INFO"))
    resource = Resource.create({SERVICE_NAME: f"visavis-{service_name}"})
    tracers = TracerProvider(resource=resource)
    readers = [PeriodicExportingMetricReader(OTLPMetricExporter())] if exports("METRICS") else []
    meters = MeterProvider(resource=resource, metric_readers=readers)
    if exports("TRACES"):
        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(meters)
    try:
        yield
    finally:
        tracers.shutdown()
        meters.shutdown()
