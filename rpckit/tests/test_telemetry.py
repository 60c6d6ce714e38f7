"""Which signals are exported."""

import pytest
from rpckit.telemetry import exports


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
