"""The trace tells what became of every attempt at a reply."""

from collections.abc import AsyncIterator

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rpckit.testing import until
from visavis.asr.v1 import asr_service_pb2 as asr_pb
from visavis_gateway import names
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.config import Config
from visavis_gateway.engine import Reply, Turn
from visavis_gateway.generation_spans import GenerationSpans
from visavis_gateway.personas import load_personas
from visavis_gateway.session import Session
from visavis_gateway.sessions import Sessions

SPEECH = "visavis.tts.v1.TtsService/Synthesize"


@pytest.fixture
def exporter(monkeypatch) -> InMemorySpanExporter:
    made, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(made))
    monkeypatch.setattr(names, "tracer", provider.get_tracer("test"))
    return made


@pytest.fixture
async def session(backstage, exporter) -> AsyncIterator[Session]:
    config = Config(shortest_wait_ms=500)
    personas = load_personas(None)
    made = Sessions(config, backstage.services, personas, lambda viewer, now_us: FakeTransport(viewer))
    async with made.running():
        opened = await made.create("", "offer")
        opened.on_connected()
        yield opened
        opened.close("left")
        await until(lambda: backstage.open_calls == 0, "every call ended")


def generations(exporter: InMemorySpanExporter) -> list[tuple[int, bool, str]]:
    """(number, speculative, outcome) of each that ended, in order."""
    found = []
    for span in named(exporter, names.GENERATION_SPAN):
        keys = (names.GENERATION, names.GENERATION_SPECULATIVE, names.GENERATION_OUTCOME)
        found.append(tuple(span.attributes[key] for key in keys))
    return sorted(found)


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def turn_ends(exporter: InMemorySpanExporter) -> bool:
    return bool(named(exporter, names.TURN_SPAN)) and bool(named(exporter, SPEECH))


async def test_a_guess_that_was_right_is_heard(session, backstage, exporter) -> None:
    backstage.asr.say("What is your name?")
    await until(lambda: turn_ends(exporter), "the turn's spans")
    assert generations(exporter) == [(1, True, "heard")]
    [generation], [turn] = named(exporter, names.GENERATION_SPAN), named(exporter, names.TURN_SPAN)
    assert [event.name for event in generation.events] == ["confirmed", "released"]
    assert generation.parent.span_id == turn.context.span_id
    assert [span.parent.span_id for span in named(exporter, SPEECH)] == [generation.context.span_id]
    assert generation.end_time <= turn.end_time


async def test_a_guess_that_was_wrong_is_cancelled(session, backstage, exporter) -> None:
    backstage.asr.say("What is")
    await until(lambda: session.conversation.reply is not None, "a guess")
    backstage.asr.script.put_nowait(asr_pb.RecognizeResponse(resumed=asr_pb.Resumed()))
    await until(lambda: session.conversation.reply is None, "the guess was dropped")
    whole = asr_pb.Transcript(text="What is your name?", end_sample=16_000)
    backstage.asr.final_text = whole.text
    paused = asr_pb.Paused(transcript=whole, p_complete=0.9)
    backstage.asr.script.put_nowait(asr_pb.RecognizeResponse(paused=paused))
    await until(lambda: turn_ends(exporter), "the turn's spans")
    assert generations(exporter) == [(1, True, "cancelled"), (2, True, "heard")]


async def test_a_reply_that_is_stopped_is_interrupted(session, backstage, exporter) -> None:
    session.conversation.say(session.now_us(), " ".join(["word"] * 50))
    await until(lambda: session.conversation.reply.heard_end > 20, "words")
    session.conversation.interrupt(session.now_us())
    assert generations(exporter) == [(1, False, "interrupted")]
    first, *later = backstage.render.of_kind("visemes")
    assert first.traceparent
    assert later
    assert not any(cues.traceparent for cues in later), "the face would trace a first frame for each"


async def test_a_reply_that_fails_says_so(session, backstage, exporter) -> None:
    backstage.brain.fails = True
    session.conversation.typed(session.now_us(), "What is your name?")
    await until(lambda: named(exporter, names.TURN_SPAN), "the turn's span")
    assert generations(exporter) == [(1, False, "failed")]


async def test_a_turn_that_the_session_ends_is_in_the_trace(session, exporter) -> None:
    session.conversation.say(session.now_us(), " ".join(["word"] * 50))
    await until(lambda: session.conversation.reply.heard_end > 20, "words")
    session.close("left")
    await until(lambda: named(exporter, names.TURN_SPAN), "the turn's span")
    assert generations(exporter) == [(1, False, "interrupted")]
    assert named(exporter, names.TURN_SPAN)[0].attributes[names.TURN_OUTCOME] == "dropped"


def test_an_opener_does_not_end_the_answer_that_it_opens(exporter) -> None:
    spans = GenerationSpans("s1", Context())
    answer, opener = (Reply(Turn("t1", "speech", 0), number, "", 0) for number in (1, 2))
    for reply in (answer, opener):
        spans.begin(reply)
    for reply in (opener, answer):
        spans.released(reply)
        reply.released_us = 1
    spans.close(answer, interrupted=True)
    assert generations(exporter) == [(1, False, "interrupted"), (2, False, "heard")]
    assert all(
        "released" in [event.name for event in span.events] for span in named(exporter, names.GENERATION_SPAN)
    )
