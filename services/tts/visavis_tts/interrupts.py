"""Which replies are being spoken, so that an interrupt from the bus finds the ones it means."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.context import Context
from visavis.events.v1 import events_pb2


@dataclass(eq=False, slots=True)
class Reply:
    """One generation being spoken; interrupting it twice is the same as once."""

    turn_id: str
    generation: int
    stop: Callable[[], None]
    is_interrupted: bool = False

    def interrupt(self) -> None:
        if not self.is_interrupted:
            self.is_interrupted = True
            self.stop()


class Replies:
    """The replies in flight, by session."""

    def __init__(self) -> None:
        self._by_session: dict[str, set[Reply]] = defaultdict(set)

    @contextmanager
    def speaking(
        self, session_id: str, turn_id: str, generation: int, stop: Callable[[], None]
    ) -> Iterator[Reply]:
        """Be found while inside; `stop` is called at most once."""
        reply = Reply(turn_id, generation, stop)
        self._by_session[session_id].add(reply)
        try:
            yield reply
        finally:
            self._by_session[session_id].discard(reply)
            if not self._by_session[session_id]:
                del self._by_session[session_id]

    async def on_interrupt(self, event: events_pb2.Interrupt, context: Context) -> None:
        """Stop what the event means: its turn (empty: any), its generation and older ones (0: any)."""
        for reply in list(self._by_session.get(event.session_id, ())):
            is_turn = event.turn_id in ("", reply.turn_id)
            if is_turn and (event.generation == 0 or reply.generation <= event.generation):
                reply.interrupt()
