"""Names of spans, attributes and metrics: OpenTelemetry's first, `visavis.*` where it has none."""

from opentelemetry import metrics, trace

TURN_SPAN = "visavis.turn"
GENERATION_SPAN = "visavis.generation"  # from its making to its last sample
SESSION_ID = "session.id"
TURN_ID = "visavis.turn.id"
TURN_ORIGIN = "visavis.turn.origin"
TURN_OUTCOME = "visavis.turn.outcome"  # answered, interrupted, dropped, failed
GENERATION = "visavis.generation"
GENERATION_SPECULATIVE = "visavis.generation.speculative"  # begun before the turn was over
GENERATION_OUTCOME = "visavis.generation.outcome"  # heard, interrupted, cancelled, failed
CONFIRMED_EVENT = "confirmed"
RELEASED_EVENT = "released"
OPERATION = "gen_ai.operation.name"
TOOL_NAME = "gen_ai.tool.name"
TOOL_CALL_ID = "gen_ai.tool.call.id"
ERROR_TYPE = "error.type"
RPC_STATUS = "rpc.response.status_code"
STAGE_PREFIX = "visavis.stage_ms."
DIRECTION = "visavis.direction"  # audio_early, audio_late
KNOWLEDGE = "visavis.knowledge.sources"  # file and heading of each passage that the model was given
PII_TRANSCRIPT = "visavis.pii.transcript"
PII_HEARD = "visavis.pii.heard"

tracer = trace.get_tracer("visavis.gateway")
meter = metrics.get_meter("visavis.gateway")

sessions = meter.create_up_down_counter("visavis.sessions", "{session}", "Open sessions")
refused = meter.create_counter("visavis.sessions.refused", "{session}", "Offers refused, by reason")
REPLY_SECONDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3, 5, 10]
voice_to_voice = meter.create_histogram(
    "visavis.voice_to_voice",
    "s",
    "User's last speech sample to first sample of the reply sent",
    explicit_bucket_boundaries_advisory=REPLY_SECONDS,
)
STAGE = "visavis.stage"
stage = meter.create_histogram(
    "visavis.stage.duration",
    "s",
    "User's last speech sample (or the typed text) to a stage of the turn, by stage; 0 = it came before",
    explicit_bucket_boundaries_advisory=[0.05, *REPLY_SECONDS],
)
turns = meter.create_counter("visavis.turns", "{turn}", "Turns, by origin and outcome")
av_offset = meter.create_histogram(
    "visavis.av_offset",
    "s",
    "Size of the A/V offset at the viewer, by direction (ITU-R BT.1359)",
    explicit_bucket_boundaries_advisory=[
        0.005,
        0.01,
        0.015,
        0.02,
        0.03,
        0.045,
        0.06,
        0.09,
        0.125,
        0.185,
        0.5,
    ],
)
underruns = meter.create_counter("visavis.audio.underruns", "{frame}", "Frames of a reply sent as silence")
WORDS_OUTCOME = "visavis.words.outcome"  # heard, wasted
words = meter.create_counter("visavis.reply.words", "{word}", "Words of replies, by what became of them")
lookups = meter.create_histogram("visavis.knowledge.duration", "s", "One look-up in a persona's documents")
frames = meter.create_counter("visavis.video.frames", "{frame}", "Video frames sent")
skipped = meter.create_counter("visavis.video.skipped", "{frame}", "Video frames not drawn")
late_frames = meter.create_histogram(
    "visavis.video.lateness",
    "s",
    "Frame sent after its pts",
    explicit_bucket_boundaries_advisory=[0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.2, 0.5],
)
concealed = meter.create_counter("visavis.uplink.concealed", "{frame}", "Microphone frames made up")
