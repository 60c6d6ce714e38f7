import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from visavis.media.v1 import media_pb2 as media
from visavis.render.v1 import render_service_pb2 as pb
from visavis_render import session

TRACEPARENT = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


@pytest.fixture
def spans(monkeypatch):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(session, "tracer", provider.get_tracer("test"))
    return exporter


def cues(offset_us):
    cue = media.VisemeCue(viseme=media.VISEME_AA, offset_us=offset_us, duration_us=100_000, intensity=1)
    return pb.VisemeCues(cues=[cue], turn_id="t7", generation=2, traceparent=TRACEPARENT)


def test_a_replys_first_frame_is_a_span_under_the_turn(spans):
    first = session.FirstFrames("s1")
    first.begin(cues(500_000))
    first.shown(480_000)
    assert spans.get_finished_spans() == ()
    first.shown(520_000)
    (span,) = spans.get_finished_spans()
    assert span.name == "render.first_frame"
    assert format(span.context.trace_id, "032x") == TRACEPARENT.split("-")[1]
    assert format(span.parent.span_id, "016x") == TRACEPARENT.split("-")[2]
    assert span.attributes["visavis.turn.id"] == "t7"
    assert span.attributes["visavis.generation"] == 2
    assert "visavis.cancelled" not in span.attributes


def test_a_cut_reply_ends_its_span_as_cancelled(spans):
    first = session.FirstFrames("s1")
    first.begin(cues(500_000))
    first.cancel()
    (span,) = spans.get_finished_spans()
    assert span.attributes["visavis.cancelled"] is True


def test_later_cues_of_a_reply_open_nothing(spans):
    first = session.FirstFrames("s1")
    first.begin(pb.VisemeCues(cues=cues(0).cues))
    first.shown(1_000_000)
    assert spans.get_finished_spans() == ()
