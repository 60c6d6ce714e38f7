"""What a generation leaves behind: two spans and three histograms. Never words."""

from dataclasses import dataclass
from time import perf_counter
from types import TracebackType

from opentelemetry import metrics, trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode

from visavis_brain import names
from visavis_brain.engine import Cost, Engine, Finish

tracer = trace.get_tracer(__name__)
meter = metrics.get_meter(__name__)
SECONDS = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 2, 3, 5, 10, 20]
TOKENS = [1, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536]
duration = meter.create_histogram(
    names.DURATION,
    "s",
    "From the request to the last event of a generation",
    explicit_bucket_boundaries_advisory=SECONDS,
)
first_chunk = meter.create_histogram(
    names.TIME_TO_FIRST_CHUNK,
    "s",
    "From the request to the first text",
    explicit_bucket_boundaries_advisory=SECONDS,
)
token_usage = meter.create_histogram(
    names.TOKEN_USAGE,
    "{token}",
    "Tokens of a generation, heard or not, by type",
    explicit_bucket_boundaries_advisory=TOKENS,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose generation it is."""

    engine: Engine
    session_id: str
    turn_id: str


class Record:
    """Spans open while inside, children of the current span; `outcome` says how it ended."""

    def __init__(self, subject: Subject, generation: int, replaces: SpanContext | None) -> None:
        self._labels: dict[str, str] = {
            names.OPERATION: "chat",
            names.PROVIDER: subject.engine.provider,
            names.REQUEST_MODEL: subject.engine.model,
        }
        self._attributes: dict[str, str | int] = {
            **self._labels,
            names.CONVERSATION_ID: subject.session_id,
            names.TURN_ID: subject.turn_id,
            names.GENERATION: generation,
        }
        self._links = [Link(replaces)] if replaces and replaces.is_valid else []
        self._first: Span | None = None
        self.span: Span = trace.INVALID_SPAN
        self.outcome = "abandoned"  # unless something else happens
        self.cost = Cost()  # so far

    def __enter__(self) -> "Record":
        self._start = perf_counter()
        name = f"chat {self._labels[names.REQUEST_MODEL]}"
        self.span = tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=self._attributes, links=self._links
        )
        self._first = tracer.start_span(names.FIRST_TOKEN_SPAN, attributes=self._attributes)
        return self

    def first_token(self) -> None:
        """Text came; only the first call counts."""
        if self._first is not None:
            first_chunk.record(perf_counter() - self._start, self._labels)
            self._first.end()
            self._first = None

    def done(self, finish: Finish) -> None:
        """The generation came to its own end."""
        self.outcome, cost = finish.value, self.cost
        self.span.set_attribute(names.FINISH_REASONS, (finish.value,))
        self.span.set_attribute(names.INPUT_TOKENS, cost.prompt)
        self.span.set_attribute(names.CACHED_TOKENS, cost.cached)
        self.span.set_attribute(names.OUTPUT_TOKENS, cost.completion)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: TracebackType | None
    ) -> None:
        failed = isinstance(error, Exception) or self.outcome == Finish.ERROR.value
        if failed:
            self.outcome = Finish.ERROR.value
            self.span.set_attribute(names.ERROR_TYPE, kind.__name__ if kind else "stream_broken")
            self.span.set_status(StatusCode.ERROR)
        for span in (self._first, self.span):
            if span is not None:
                span.set_attribute(names.OUTCOME, self.outcome)
                span.end()
        for token_type, count in (("input", self.cost.prompt), ("output", self.cost.completion)):
            if count:
                token_usage.record(count, self._labels | {names.TOKEN_TYPE: token_type})
        labels = self._labels | ({names.ERROR_TYPE: self.outcome} if failed else {})
        duration.record(perf_counter() - self._start, labels)
