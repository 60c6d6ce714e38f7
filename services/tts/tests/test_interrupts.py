import pytest
from opentelemetry.context import Context
from visavis.events.v1.events_pb2 import Interrupt
from visavis_tts.interrupts import Replies


@pytest.mark.parametrize(
    ("event", "is_stopped"),
    [
        (Interrupt(session_id="s", turn_id="t", generation=2), True),
        (Interrupt(session_id="s", turn_id="t", generation=3), True),
        (Interrupt(session_id="s", turn_id="t"), True),
        (Interrupt(session_id="s"), True),
        (Interrupt(session_id="s", turn_id="t", generation=1), False),
        (Interrupt(session_id="s", turn_id="older", generation=2), False),
        (Interrupt(session_id="other", turn_id="t", generation=2), False),
        (Interrupt(), False),
    ],
)
async def test_an_interrupt_stops_what_it_means_once(event, is_stopped):
    replies, stops = Replies(), []
    with replies.speaking("s", "t", 2, lambda: stops.append(1)) as reply:
        await replies.on_interrupt(event, Context())
        await replies.on_interrupt(event, Context())
        assert (reply.is_interrupted, len(stops)) == (is_stopped, int(is_stopped))


async def test_a_reply_that_is_over_is_not_stopped():
    replies, stops = Replies(), []
    with replies.speaking("s", "t", 1, lambda: stops.append(1)):
        pass
    await replies.on_interrupt(Interrupt(session_id="s"), Context())
    assert stops == []
