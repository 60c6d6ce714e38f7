"""The spans of one turn's generations: from the making of a reply to its fate."""

from opentelemetry import trace
from opentelemetry.context import Context

from visavis_gateway import names
from visavis_gateway.engine import Reply


class GenerationSpans:
    """One span for each attempt at the reply, under the turn's; holds those whose fate is open."""

    def __init__(self, session_id: str, turn: Context) -> None:
        self._session_id = session_id
        self._turn = turn
        self._open: dict[int, trace.Span] = {}
        self._sounding: int | None = None

    def begin(self, reply: Reply) -> Context:
        """The context of what is done for this generation."""
        turn = reply.turn
        is_guess = turn.origin == "speech" and bool(reply.prompt_text) and "transcript" not in turn.marks_us
        attributes: dict[str, str | int] = {
            names.SESSION_ID: self._session_id,
            names.TURN_ID: turn.turn_id,
            names.GENERATION: reply.generation,
            names.GENERATION_SPECULATIVE: is_guess,
        }
        span = names.tracer.start_span(names.GENERATION_SPAN, self._turn, attributes=attributes)
        self._open[reply.generation] = span
        return trace.set_span_in_context(span, Context())

    def confirmed(self, reply: Reply) -> None:
        """The turn is over, and this answers it."""
        self._note(reply, names.CONFIRMED_EVENT)

    def released(self, reply: Reply) -> None:
        """Its sound begins to leave; what sounded before it, an opener, has been heard."""
        self._note(reply, names.RELEASED_EVENT)
        if self._sounding is not None:
            self._end(self._sounding, "heard")
        self._sounding = reply.generation

    def cancelled(self, reply: Reply) -> None:
        """It does not count."""
        self._end(reply.generation, "cancelled")

    def failed(self, reply: Reply) -> None:
        """No more of it will come."""
        self._end(reply.generation, "failed")

    def close(self, reply: Reply | None, *, interrupted: bool) -> None:
        """The turn ends, and with it what is open: `reply` as it was heard, the rest in vain."""
        for generation in list(self._open):
            sounded = reply is not None and reply.generation == generation and reply.released_us is not None
            self._end(generation, "cancelled" if not sounded else "interrupted" if interrupted else "heard")

    def _note(self, reply: Reply, event: str) -> None:
        if (span := self._open.get(reply.generation)) is not None:
            span.add_event(event)

    def _end(self, generation: int, outcome: str) -> None:
        span = self._open.pop(generation, None)
        if span is not None:
            span.set_attribute(names.GENERATION_OUTCOME, outcome)
            span.end()
