"""Install the OpenTelemetry SDK and the log format. Logic code uses only opentelemetry.trace and .metrics."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import start_http_server


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


# What each signal may go to; the first is the default, as the standard has it.
EXPORTERS = {"TRACES": ("otlp", "none"), "METRICS": ("otlp", "prometheus", "none")}
PROMETHEUS_PORT = 9464


def exports(signal: str, exporter: str = "otlp") -> bool:
    """Whether this signal is to go there; `otlp` needs a collector. SystemExit for an unknown name."""
    known = EXPORTERS[signal]
    named = [name.strip() for name in os.environ.get(f"OTEL_{signal}_EXPORTER", known[0]).split(",")]
    if unknown := sorted(set(named) - set(known) - {""}):
        raise SystemExit(f"OTEL_{signal}_EXPORTER: {', '.join(unknown)} must be some of {', '.join(known)}")
    has_way = exporter != "otlp" or bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
    return has_way and exporter in named


@contextmanager
def metrics_page() -> Iterator[MetricReader]:
    """What is measured, for Prometheus, on http://HOST:PORT/metrics while inside.

    By OTEL_EXPORTER_PROMETHEUS_HOST (127.0.0.1) and _PORT (9464). SystemExit when it can't be had.
    """
    host = os.environ.get("OTEL_EXPORTER_PROMETHEUS_HOST") or "127.0.0.1"
    port = os.environ.get("OTEL_EXPORTER_PROMETHEUS_PORT") or str(PROMETHEUS_PORT)
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= 65535):
        raise SystemExit(f"OTEL_EXPORTER_PROMETHEUS_PORT: {port!r} must be a port, 1 to 65535")
    try:
        server, thread = start_http_server(int(port), host)
    except OSError as error:
        reason = error.strerror or error
        raise SystemExit(f"OTEL_EXPORTER_PROMETHEUS_PORT: can't listen on {host}:{port} ({reason})") from None
    try:
        yield PrometheusMetricReader(scope_info_enabled=False)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def telemetry(service_name: str) -> Iterator[None]:
    """Export while inside, flush on the way out; configured only by the standard OTEL_* variables.

    OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER may be `none`, for a collector that takes only the other,
    and the latter `prometheus` or `otlp,prometheus`.
    """
    configure_logging(os.environ.get("VISAVIS_LOG_LEVEL", "INFO"))
    resource = Resource.create({SERVICE_NAME: f"visavis-{service_name}"})
    with ExitStack() as stack:
        readers: list[MetricReader] = []
        if exports("METRICS"):
            readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
        if exports("METRICS", "prometheus"):
            readers.append(stack.enter_context(metrics_page()))
        meters = MeterProvider(resource=resource, metric_readers=readers)
        stack.callback(meters.shutdown)
        tracers = TracerProvider(resource=resource)
        stack.callback(tracers.shutdown)
        if exports("TRACES"):
            tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(tracers)
        metrics.set_meter_provider(meters)
        yield
