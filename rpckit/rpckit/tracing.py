"""Carrying one trace across processes: W3C trace context as a string and as gRPC metadata."""

from opentelemetry import propagate
from opentelemetry.context import Context


def context_of(traceparent: str) -> Context:
    """The context that a `traceparent` string names; an empty or broken one names no parent."""
    return propagate.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


def traceparent_of(context: Context | None = None) -> str:
    """The `traceparent` of a context (default: the current one); empty when there is no span in it."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier, context=context)
    return carrier.get("traceparent", "")


def metadata_of(context: Context | None = None) -> tuple[tuple[str, str], ...]:
    """gRPC metadata that carries a context (default: the current one)."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier, context=context)
    return tuple(carrier.items())
