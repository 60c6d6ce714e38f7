"""One generation leaves two spans under the call's own, and no words."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from visavis_brain import record

from .conftest import FINISH, begin, confirm, generate, rest, settled

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(record, "tracer", provider.get_tracer("test"))
    monkeypatch.setattr("rpckit.interceptor.tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


async def begin_traced(stub, monkeypatch):
    call_of = stub.Reply
    monkeypatch.setattr(stub, "Reply", lambda: call_of(metadata=(("traceparent", TRACEPARENT),)))
    return await begin(stub)


async def test_a_generation_is_two_spans_under_the_call(stub, spans, monkeypatch):
    call = await begin_traced(stub, monkeypatch)
    for request in (generate(1, "secret words"), confirm(1), FINISH):
        await call.write(request)
    await rest(call)
    await settled(lambda: len(spans.get_finished_spans()) == 3)
    found = {span.name: span for span in spans.get_finished_spans()}
    rpc = found["visavis.brain.v1.BrainService/Reply"]
    chat, first = found["chat fake"], found["llm.first_token"]
    assert rpc.context.trace_id == int(TRACEPARENT.split("-")[1], 16)
    assert chat.parent.span_id == first.parent.span_id == rpc.context.span_id
    assert first.end_time <= chat.end_time
    assert chat.kind is trace.SpanKind.CLIENT
    assert chat.attributes["gen_ai.operation.name"] == "chat"
    assert chat.attributes["gen_ai.usage.output_tokens"] == 4
    assert chat.attributes["visavis.generation.outcome"] == "stop"
    assert rpc.attributes["visavis.generation.confirmed"] == 1
    assert "secret" not in "".join(span.to_json() for span in spans.get_finished_spans())


async def test_tokens_are_counted_also_for_what_nobody_heard(stub, monkeypatch):
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("test")
    monkeypatch.setattr(record, "token_usage", meter.create_histogram("usage"))
    call = await begin(stub)
    await call.write(generate(1, "Tell me a long story."))
    for _ in range(3):  # with the third word, the cost of the second is known
        await call.read()
    for request in (generate(2, "Hello"), confirm(2), FINISH):
        await call.write(request)
    await rest(call)
    [metric] = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    counts = {point.attributes["gen_ai.token.type"]: point.count for point in metric.data.data_points}
    assert counts == {"input": 2, "output": 2}


async def test_a_replaced_generation_says_so_and_is_linked(stub, spans, monkeypatch):
    call = await begin_traced(stub, monkeypatch)
    await call.write(generate(1, "Tell me a long story."))
    await call.read()
    await call.write(generate(2, "Hello"))
    await call.write(FINISH)
    await rest(call)
    chats = [span for span in spans.get_finished_spans() if span.name == "chat fake"]
    old, new = sorted(chats, key=lambda span: span.attributes["visavis.generation"])
    assert old.attributes["visavis.generation.outcome"] == "replaced"
    assert new.attributes["visavis.generation.outcome"] == "stop"
    assert new.links[0].context.span_id == old.context.span_id
    assert old.links == ()
