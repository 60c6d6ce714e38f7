import pytest
import rpckit.interceptor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from visavis_tts import delivery, metering, names
from visavis_tts.engine import Clause, Pause
from visavis_tts.metering import MeteredEngine

from .talk import FINISH, begin, receive, text

PARENT = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


@pytest.fixture
def spans(monkeypatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(delivery, "tracer", provider.get_tracer("test"))
    monkeypatch.setattr(rpckit.interceptor, "tracer", provider.get_tracer("test"))
    return exporter


async def test_the_first_audio_is_a_stage_of_the_call(stub, spans):
    call = await begin(stub, metadata=[PARENT])
    await call.write(text("Hello there. And so on"))
    await call.write(FINISH)
    await receive(call)
    stage, rpc = spans.get_finished_spans()
    assert stage.name == names.FIRST_AUDIO_SPAN
    assert stage.parent.span_id == rpc.context.span_id
    assert rpc.context.trace_id == stage.context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert stage.attributes[names.TURN_ID] == "t"
    assert names.CANCELLED not in stage.attributes
    assert "Hello" not in str(stage.attributes) + str(rpc.attributes)


async def test_a_reply_without_sound_ends_the_stage_as_cancelled(stub, spans):
    call = await begin(stub, metadata=[PARENT])
    await call.write(text("Hel"))
    await call.done_writing()
    await receive(call)
    stage, _ = spans.get_finished_spans()
    assert stage.attributes[names.CANCELLED] is True


async def test_without_a_trace_there_is_no_span(stub, spans):
    call = await begin(stub)
    await call.write(text("Hello."))
    await call.write(FINISH)
    await receive(call)
    assert spans.get_finished_spans() == ()


def test_each_clause_that_sounds_is_measured(monkeypatch, voices):
    reader = InMemoryMetricReader()
    meter = MeterProvider(metric_readers=[reader]).get_meter("test")
    monkeypatch.setattr(metering, "duration", meter.create_histogram(names.SYNTHESIS_DURATION))
    monkeypatch.setattr(metering, "real_time_factor", meter.create_histogram(names.REAL_TIME_FACTOR))
    speaker = MeteredEngine(voices).open(voice="", language_code="", speed=1)
    for words in ("Hello.", "Bye.", "…"):
        speaker.speak(Clause(words, 0, Pause.SENTENCE))
    speaker.close()
    (resource,) = reader.get_metrics_data().resource_metrics
    found = {m.name: m.data.data_points[0] for m in resource.scope_metrics[0].metrics}
    assert set(found) == {names.SYNTHESIS_DURATION, names.REAL_TIME_FACTOR}
    assert all(point.count == 2 for point in found.values())
    assert all(point.attributes == {names.VOICE: "fake"} for point in found.values())
