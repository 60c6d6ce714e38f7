"""Applications over a real nats-server: they hear every event of a call, and may speak and stop."""

from contextlib import asynccontextmanager

import pytest
from rpckit.bus import connect
from rpckit.testing import until
from visavis.events.v1 import events_pb2 as pb
from visavis_cli.talk.client import open_call
from visavis_cli.talk.record import Record

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

EVENTS = {
    "session.started": pb.SessionStarted,
    "session.ended": pb.SessionEnded,
    "turn.started": pb.TurnStarted,
    "turn.ended": pb.TurnEnded,
    "reply.started": pb.ReplyStarted,
    "reply.heard": pb.ReplyHeard,
    "reply.ended": pb.ReplyEnded,
    "interrupt": pb.Interrupt,
    "say": pb.Say,
}


@asynccontextmanager
async def listening(bus):
    """Every event of every session, in the order of arrival."""
    heard: list[tuple[str, object]] = []

    def into(event: str):
        async def handle(message, context):
            heard.append((event, message))

        return handle

    leave = [await bus.subscribe("*", event, kind, into(event)) for event, kind in EVENTS.items()]
    await bus.flush()
    yield heard
    for unsubscribe in leave:
        await unsubscribe()


def of_session(heard: list, record: Record) -> list:
    """This call's events alone: the one before may still be ending."""
    return [(kind, m) for kind, m in heard if m.session_id == record.session.get("session_id")]


async def test_a_call_is_told_in_events_and_can_be_driven(stack):
    record = Record()
    async with connect(stack.nats_url) as bus, listening(bus) as heard:

        def of(event: str) -> list:
            return [message for kind, message in of_session(heard, record) if kind == event]

        async with open_call(stack.url, None, record, lambda line: None):
            await until(lambda: of("turn.ended"), "the greeting's end")
            session_id = record.session["session_id"]
            long_text = "This is a long announcement. " * 8
            await bus.publish(session_id, "say", pb.Say(session_id=session_id, text=long_text))
            await until(lambda: len(of("reply.heard")) >= 14, "the announcement sounds")
            await bus.publish(session_id, "interrupt", pb.Interrupt(session_id=session_id))
            await until(lambda: len(of("turn.ended")) == 2, "the announcement was stopped")
        await until(lambda: of("session.ended"), "the session's end")

    kinds = [kind for kind, _ in of_session(heard, record)]
    assert kinds[0] == "session.started"
    assert kinds[-1] == "session.ended"
    assert [t.origin for t in of("turn.started")] == [pb.TURN_ORIGIN_GREETING, pb.TURN_ORIGIN_SAY]
    assert [t.interrupted for t in of("turn.ended")] == [False, True]
    cut = of("reply.ended")[1]
    assert cut.interrupted
    assert 500_000 < cut.duration_us < 15_000_000
    ends = [h.text_end for h in of("reply.heard") if h.turn_id == cut.turn_id]
    assert ends == sorted(ends)
    assert 0 < ends[-1] < len(long_text)
    assert of("turn.ended")[1].heard == "", "words are published only when someone asked for it"
