"""Names of spans, attributes and metrics."""

FIRST_FRAME = "render.first_frame"
SESSION_ID = "session.id"
TURN_ID = "visavis.turn.id"
GENERATION = "visavis.generation"
AVATAR = "visavis.avatar"
CANCELLED = "visavis.cancelled"

FRAME_DURATION = "visavis.render.frame.duration"
FRAMES = "visavis.render.frames"
FRAMES_SKIPPED = "visavis.render.frames.skipped"
CUES_DROPPED = "visavis.render.cues.dropped"
CUES_CLAMPED = "visavis.render.cues.clamped"
