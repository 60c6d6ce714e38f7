"""Which signals are exported, and where to."""

import socket
import subprocess
import sys
import urllib.request

import pytest
from rpckit.telemetry import exports, metrics_page

MEASURE = """
import logging, urllib.request
from opentelemetry import metrics, trace
from rpckit.telemetry import telemetry
with telemetry("test"):
    meter = metrics.get_meter("m")
    meter.create_histogram("visavis.some_time", "s", "Some time").record(0.3, {"visavis.stage": "a"})
    meter.create_counter("visavis.some_count", "{word}").add(2)
    with trace.get_tracer("t").start_as_current_span("s") as span:
        logging.getLogger("somebody").info("hello")
        print(format(span.get_span_context().trace_id, "032x"))
    print(urllib.request.urlopen("http://127.0.0.1:%s/metrics").read().decode())
"""


@pytest.fixture
def port(monkeypatch) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", str(number))
    return number


@pytest.mark.parametrize(
    ("endpoint", "exporter", "expected"),
    [("", None, False), ("http://[::1]:1", None, True), ("http://[::1]:1", "none", False)],
)
def test_a_signal_goes_to_a_collector_unless_it_is_switched_off(monkeypatch, endpoint, exporter, expected):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    monkeypatch.delenv("OTEL_METRICS_EXPORTER", raising=False)
    if exporter is not None:
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", exporter)
    assert exports("METRICS") is expected


def test_several_exporters_and_a_mistake(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1]:1")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp, prometheus")
    assert exports("METRICS")
    assert exports("METRICS", "prometheus")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jaeger")
    with pytest.raises(SystemExit, match="OTEL_TRACES_EXPORTER: jaeger must be some of otlp, none"):
        exports("TRACES")


def test_prometheus_reads_what_was_measured_and_log_lines_name_their_trace(port):
    done = subprocess.run(
        [sys.executable, "-c", MEASURE % port], capture_output=True, text=True, check=True, timeout=60
    )
    trace_id, page = done.stdout.split("\n", 1)
    assert 'visavis_some_time_seconds_count{visavis_stage="a"} 1.0' in page
    assert "visavis_some_count_total 2.0" in page
    assert 'service_name="visavis-test"' in page
    assert "process_resident_memory_bytes" in page
    assert done.stderr == f"INFO somebody [{trace_id}] hello\n"


def test_the_page_is_gone_afterwards(port):
    with metrics_page():
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").status == 200
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_or_senseless_port_is_named(port, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with (
            pytest.raises(SystemExit, match=f"OTEL_EXPORTER_PROMETHEUS_PORT: can't listen on .*:{port}"),
            metrics_page(),
        ):
            pass
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", "http")
    with pytest.raises(SystemExit, match="'http' must be a port, 1 to 65535"), metrics_page():
        pass
