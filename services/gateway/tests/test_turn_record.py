"""What a turn leaves behind: words only where somebody asked for them."""

import logging

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from visavis_gateway import names, turn_record

REPORT = {
    "turn_id": "t2",
    "origin": "speech",
    "transcript": "My name is Tom",
    "heard": "Hello Tom",
    "interrupted": False,
    "voice_to_voice_ms": 720.0,
    "stages_ms": {"generate": -80.0, "first_sent": 720.0},
}


@pytest.fixture
def stages(monkeypatch) -> InMemoryMetricReader:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(names, "stage", provider.get_meter("test").create_histogram("stage"))
    return reader


def left_behind(report: dict, **how: bool) -> ReadableSpan:
    """The span of a turn with this report."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = provider.get_tracer("test").start_span("turn")
    turn_record.record(span, report, **{"is_answered": True, "with_words": False} | how)
    span.end()
    return exporter.get_finished_spans()[0]


@pytest.mark.parametrize("with_words", [False, True])
def test_words_are_in_the_span_only_by_explicit_setting_and_never_in_the_log(caplog, with_words):
    with caplog.at_level(logging.DEBUG):
        span = left_behind(REPORT, with_words=with_words)
    assert (span.attributes.get("visavis.pii.transcript") == "My name is Tom") is with_words
    assert ("Tom" in span.to_json()) is with_words
    assert "turn t2 by speech: answered, voice to voice 0.72 s" in caplog.text
    assert "Tom" not in caplog.text


@pytest.mark.parametrize(
    ("change", "is_answered", "outcome"),
    [({}, True, "answered"), ({"interrupted": True}, True, "interrupted"), ({}, False, "dropped")],
)
def test_the_outcome(change, is_answered, outcome):
    span = left_behind(REPORT | change, is_answered=is_answered)
    assert span.attributes["visavis.turn.outcome"] == outcome
    assert span.attributes["visavis.stage_ms.first_sent"] == 720.0


def test_each_stage_of_a_users_turn_is_measured_and_what_came_early_took_no_time(stages):
    left_behind(REPORT)
    left_behind(REPORT | {"origin": "greeting"})
    left_behind(REPORT, is_answered=False)
    [metric] = stages.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    points = {
        point.attributes["visavis.stage"]: (point.count, point.sum) for point in metric.data.data_points
    }
    assert points == {"generate": (1, 0.0), "first_sent": (1, 0.72)}
