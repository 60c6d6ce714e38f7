"""What a turn leaves behind when it has ended: attributes of its span, metrics, one line in the log.

What was said is in none of them, unless GATEWAY_PUBLISH_WORDS puts it into the span.
"""

import logging
from typing import Any

from opentelemetry import trace

from visavis_gateway import names

log = logging.getLogger(__name__)

BY_USER = ("speech", "text")


def record(span: trace.Span, report: dict[str, Any], *, is_answered: bool, with_words: bool) -> None:
    """`report` is the `turn` message of docs/viewer.md."""
    outcome = "dropped" if not is_answered else "interrupted" if report["interrupted"] else "answered"
    span.set_attribute(names.TURN_OUTCOME, outcome)
    for stage, ms in report["stages_ms"].items():
        span.set_attribute(names.STAGE_PREFIX + stage, ms)
    if with_words:
        span.set_attribute(names.PII_TRANSCRIPT, report["transcript"])
        span.set_attribute(names.PII_HEARD, report["heard"])
    _measure(report, outcome)
    with trace.use_span(span):  # the line gets the turn's trace id
        waited_ms = report["voice_to_voice_ms"]
        detail = "" if waited_ms is None else f", voice to voice {waited_ms / 1000:.2f} s"
        log.info("turn %s by %s: %s%s", report["turn_id"], report["origin"], outcome, detail)


def _measure(report: dict[str, Any], outcome: str) -> None:
    origin = report["origin"]
    names.turns.add(1, {names.TURN_ORIGIN: origin, names.TURN_OUTCOME: outcome})
    if report["voice_to_voice_ms"] is not None:
        names.voice_to_voice.record(report["voice_to_voice_ms"] / 1000)
    if origin in BY_USER and outcome != "dropped":
        for stage, ms in report["stages_ms"].items():
            names.stage.record(max(0.0, ms / 1000), {names.STAGE: stage, names.TURN_ORIGIN: origin})
