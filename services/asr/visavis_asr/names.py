"""Names of spans, metrics and attributes. OpenTelemetry's own first; `visavis.*` where it has none."""

FINAL_SPAN = "asr.final"

SESSION_ID = "session.id"
TURN_ID = "visavis.turn.id"
# Whether the pause before the end of the turn had already been decoded.
IS_REUSED = "visavis.asr.reused"
DECODE_KIND = "visavis.asr.decode.kind"

DECODE_DURATION = "visavis.asr.decode.duration"
TURNS = "visavis.asr.turns"
