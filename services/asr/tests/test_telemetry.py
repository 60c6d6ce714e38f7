"""The span and the metrics of a turn."""

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from visavis_asr import names, session
from visavis_asr.backends.fake import FakeVad
from visavis_asr.habits import Habits
from visavis_asr.recognizer import Recognizer

from .conftest import silence, tone

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(session, "tracer", provider.get_tracer("test"))
    return exporter


async def test_the_final_is_a_span_of_the_turn_s_trace(caller, spans):
    await caller.begin_turn("t1", TRACEPARENT)
    await caller.say(tone(0.5))
    await caller.say(silence(0.3))
    await caller.read_until("paused")
    await caller.end_turn("t1")
    await caller.read_until("final")
    await caller.finish()
    await caller.read_rest()
    (span,) = spans.get_finished_spans()
    assert span.name == "asr.final"
    assert format(span.context.trace_id, "032x") == TRACE_ID
    assert format(span.parent.span_id, "016x") == "b7ad6b7169203331"
    assert dict(span.attributes) == {"session.id": "s1", "visavis.turn.id": "t1", "visavis.asr.reused": True}
    assert "word" not in span.to_json()


@pytest.mark.parametrize("traceparent", ["", "nonsense"])
async def test_a_turn_without_a_trace_begins_none(caller, spans, traceparent):
    await caller.begin_turn("t1", traceparent)
    await caller.end_turn("t1")
    await caller.read_until("final")
    await caller.finish()
    await caller.read_rest()
    assert spans.get_finished_spans() == ()


async def test_decodes_and_turns_are_counted(caller, monkeypatch):
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("test")
    monkeypatch.setattr(session, "decode_duration", meter.create_histogram(names.DECODE_DURATION, "s"))
    monkeypatch.setattr(session, "turns", meter.create_counter(names.TURNS))
    await caller.begin_turn("t1")
    await caller.say(tone(0.5))
    await caller.end_turn("t1")
    await caller.read_until("final")
    await caller.finish()
    await caller.read_rest()
    (scope,) = reader.get_metrics_data().resource_metrics[0].scope_metrics
    found = {metric.name: metric.data.data_points for metric in scope.metrics}
    assert found[names.TURNS][0].value == 1
    assert "final" in [point.attributes[names.DECODE_KIND] for point in found[names.DECODE_DURATION]]


async def test_an_abandoned_final_is_marked(caller, spans, servicer, monkeypatch):
    # The decode never gets its turn, so the final can't come.
    servicer._workplace.lane._inside = Recognizer(FakeVad(), Habits())
    await caller.begin_turn("t1", TRACEPARENT)
    await caller.say(tone(0.4))
    await caller.end_turn("t1")
    await caller.call.done_writing()
    await caller.read_rest()
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
