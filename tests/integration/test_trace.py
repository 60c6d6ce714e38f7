"""One trace a turn: real services, a real call, read back from what they exported."""

import pytest
from rpckit.testing import until
from visavis_cli.talk.conversation import converse
from visavis_cli.talk.record import Record

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SERVICES = {"visavis-gateway", "visavis-asr", "visavis-brain", "visavis-tts", "visavis-render"}


def orphans(spans: list) -> list:
    """Spans whose parent is not there."""
    ids = {span.span_id for span in spans}
    return [span for span in spans if span.parent_id and span.parent_id not in ids]


async def test_one_trace_per_turn_over_all_five_services(stack, otlp, spoken):
    record = Record()
    await converse(
        stack.url, None, [spoken("What is the capital of Australia?")], 40, record, lambda line: None
    )
    turn = record.questions[0].turns[0]
    trace_id = turn["trace_id"]
    await until(
        lambda: {s.service for s in otlp.of_trace(trace_id)} == SERVICES, "spans of all five services"
    )
    # A parent ends after its children, and so it is exported after them.
    await until(lambda: not orphans(otlp.of_trace(trace_id)), "a parent for every span")
    spans = otlp.of_trace(trace_id)
    by_id = {span.span_id: span for span in spans}

    roots = [span for span in spans if not span.parent_id]
    assert [root.name for root in roots] == ["visavis.turn"]

    def parent_of(name: str, service: str) -> str:
        span = next(s for s in spans if s.name == name and s.service == f"visavis-{service}")
        return f"{by_id[span.parent_id].service}: {by_id[span.parent_id].name}"

    reply, speech = "visavis.brain.v1.BrainService/Reply", "visavis.tts.v1.TtsService/Synthesize"
    assert parent_of(reply, "gateway") == "visavis-gateway: visavis.turn"
    assert parent_of(reply, "brain") == f"visavis-gateway: {reply}"
    assert parent_of("visavis.generation", "gateway") == "visavis-gateway: visavis.turn"
    assert parent_of(speech, "gateway") == "visavis-gateway: visavis.generation"
    assert parent_of(speech, "tts") == f"visavis-gateway: {speech}"
    assert parent_of("llm.first_token", "brain").startswith("visavis-brain: ")
    assert parent_of("tts.first_audio", "tts") == f"visavis-tts: {speech}"
    assert parent_of("asr.final", "asr") == "visavis-gateway: visavis.turn"
    assert parent_of("render.first_frame", "render") == "visavis-gateway: visavis.turn"

    root = roots[0]
    assert root.attributes["visavis.turn.outcome"] == "answered"
    assert root.attributes["visavis.turn.origin"] == "speech"
    assert root.attributes["visavis.stage_ms.first_sent"] > 0
    generations = [span for span in spans if span.name == "visavis.generation"]
    generations.sort(key=lambda span: span.attributes["visavis.generation"])
    outcomes = [span.attributes["visavis.generation.outcome"] for span in generations]
    assert outcomes == ["cancelled"] * (len(outcomes) - 1) + ["heard"]
    said = " ".join(str(value) for span in spans for value in span.attributes.values()).lower()
    assert "australia" not in said, "what the user said is in no span unless someone asked for it"


async def test_sessions_themselves_have_no_span(stack, otlp):
    """A stream that lives as long as a session belongs to no turn."""
    names = {span.name for span in otlp.spans}
    assert not any("Recognize" in name or "RenderService" in name or "Health" in name for name in names)
