"""One session: its timeline, what it has answered, and the spans of its replies."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from opentelemetry import metrics, trace
from rpckit.errors import require
from rpckit.tracing import context_of
from visavis.render.v1 import render_service_pb2 as pb

from visavis_render import names
from visavis_render.animator import Animator
from visavis_render.animator.schedule import MAX_CUES
from visavis_render.avatar import require_size
from visavis_render.drawing import Drawing
from visavis_render.encoders import require_codec
from visavis_render.line import Advance
from visavis_render.manner import Manner
from visavis_render.posing import Posing
from visavis_render.proto import (
    behaviour_of,
    cues_of,
    emotion_of,
    gaze_of,
    gesture_of,
    pts_of,
    spec_of,
)

tracer = trace.get_tracer(__name__)
meter = metrics.get_meter(__name__)
frame_duration = meter.create_histogram(
    names.FRAME_DURATION,
    "s",
    "Drawing and encoding one frame",
    explicit_bucket_boundaries_advisory=[
        0.001,
        0.002,
        0.004,
        0.006,
        0.008,
        0.012,
        0.016,
        0.024,
        0.04,
        0.08,
        0.2,
    ],
)
frames = meter.create_counter(names.FRAMES, "{frame}", "Frames sent")
frames_skipped = meter.create_counter(names.FRAMES_SKIPPED, "{frame}", "Advances answered skipped")
cues_dropped = meter.create_counter(names.CUES_DROPPED, "{cue}", "Cues that came too late or overlapped")
cues_clamped = meter.create_counter(names.CUES_CLAMPED, "{cue}", "Cues whose intensity was out of range")

STATISTICS_EVERY_US = 10_000_000
BEFORE_START_US = -1_000_000  # "now" before the first advance
MAX_SPANS = 8


@dataclass(slots=True)
class Counters:
    """Since start, and the durations of the last ten seconds."""

    frames: int = 0
    skipped: int = 0
    dropped_cues: int = 0
    durations_us: deque[int] = field(default_factory=lambda: deque(maxlen=600))

    def to_proto(self) -> pb.RenderStatistics:
        return pb.RenderStatistics(
            frame_count=self.frames,
            skipped_count=self.skipped,
            dropped_cue_count=self.dropped_cues,
            frame_duration_us=round(median(self.durations_us)) if self.durations_us else 0,
        )


class FirstFrames:
    """Spans from a reply's first cues to the first frame that shows them."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._open: list[tuple[int, trace.Span]] = []

    def begin(self, message: pb.VisemeCues) -> None:
        """Open the span of a reply whose first cues these are."""
        if not (message.traceparent and message.cues):
            return
        while len(self._open) >= MAX_SPANS:
            self._end(self._open.pop(0)[1], cancelled=True)
        attributes: dict[str, str | int] = {
            names.SESSION_ID: self._session_id,
            names.TURN_ID: message.turn_id,
            names.GENERATION: message.generation,
        }
        span = tracer.start_span(names.FIRST_FRAME, context_of(message.traceparent), attributes=attributes)
        self._open.append((message.cues[0].offset_us, span))

    def shown(self, pts_us: int) -> None:
        """A frame went out."""
        for start_us, span in self._open:
            if start_us <= pts_us:
                self._end(span, cancelled=False)
        self._open = [(start_us, span) for start_us, span in self._open if start_us > pts_us]

    def cancel(self) -> None:
        """These replies will not be shown."""
        for _, span in self._open:
            self._end(span, cancelled=True)
        self._open = []

    @staticmethod
    def _end(span: trace.Span, cancelled: bool) -> None:
        if cancelled:
            span.set_attribute(names.CANCELLED, True)
        span.end()


class Session:
    """Applies requests in order; the instants that it hands out are complete, so drawing needs no lock."""

    def __init__(self, start: pb.StartRender, drawing: Drawing | Posing, manner: Manner) -> None:
        rate_hz = drawing.wanted.frame_rate_hz
        self.animator = Animator(start.seed, manner.profile, manner.lips, rate_hz)
        self.drawing = drawing
        self.counters = Counters()
        self.first_frames = FirstFrames(start.session_id)
        self._now_us = BEFORE_START_US
        self._advanced = False
        self._statistics_us: int | None = None
        if start.HasField("snapshot"):
            self._restore(start.snapshot)

    def _restore(self, snapshot: pb.RenderSnapshot) -> None:
        """As the stream before this one left it."""
        require(len(snapshot.visemes) <= MAX_CUES, f"snapshot.visemes must have at most {MAX_CUES}")
        cues, clamped = cues_of(snapshot.visemes)
        cues_clamped.add(clamped)
        self._drop(self.animator.restore(cues))
        if snapshot.HasField("behaviour"):
            self.set_behaviour(snapshot.behaviour)
        if snapshot.HasField("emotion"):
            self.set_emotion(snapshot.emotion)
        if snapshot.HasField("gaze"):
            self.set_gaze(snapshot.gaze)

    def _drop(self, count: int) -> None:
        self.counters.dropped_cues += count
        cues_dropped.add(count)

    def add_visemes(self, message: pb.VisemeCues) -> None:
        """Mouth shapes to come."""
        schedule = self.animator.schedule
        room = MAX_CUES - len(schedule)
        require(len(message.cues) <= room, f"visemes.cues: at most {MAX_CUES} may be pending")
        cues, clamped = cues_of(message.cues)
        cues_clamped.add(clamped)
        self.first_frames.begin(message)
        self._drop(self.animator.say(cues, self._now_us))

    def set_behaviour(self, message: pb.SetBehaviour) -> None:
        pts_us = pts_of("behaviour.pts_us", message.pts_us)
        self.animator.behaviours.set(behaviour_of(message), pts_us, self._now_us)

    def set_emotion(self, message: pb.SetEmotion) -> None:
        pts_us = pts_of("emotion.pts_us", message.pts_us)
        self.animator.emotions.set(emotion_of(message), pts_us, self._now_us)

    def play_gesture(self, message: pb.PlayGesture) -> None:
        pts_us = pts_of("gesture.pts_us", message.pts_us)
        self.animator.gestures.set(gesture_of(message), pts_us, self._now_us)

    def set_gaze(self, message: pb.SetGaze) -> None:
        pts_us = pts_of("gaze.pts_us", message.pts_us)
        self.animator.gazes.set(gaze_of(message), pts_us, self._now_us)

    def cut(self, message: pb.Cut) -> None:
        """The reply was stopped."""
        self.animator.schedule.cut(pts_of("cut.pts_us", message.pts_us), self._now_us)
        self.first_frames.cancel()

    def configure(self, message: pb.Configure) -> None:
        """Change the video; the codec stays."""
        spec = spec_of(message.format, self.drawing.wanted)
        require(spec.codec == self.drawing.wanted.codec, "configure.format.codec can't be changed")
        if isinstance(self.drawing, Drawing):
            require_codec(spec)
            require_size(self.drawing.sizes_px, spec.size_px)
        self.drawing.configure(spec)
        self.animator.frame_rate_hz = spec.frame_rate_hz

    def request_keyframe(self, message: pb.RequestKeyframe) -> None:
        self.drawing.request_keyframe()

    def advance(self, message: pb.Advance) -> Advance:
        """The instant to draw, complete with its face."""
        pts_us = pts_of("advance.pts_us", message.pts_us)
        require(
            not self._advanced or pts_us > self._now_us,
            f"advance.pts_us must be greater than the last one, {self._now_us}",
        )
        self._advanced = True
        self._now_us = pts_us
        return Advance(pts_us, None if message.skip else self.animator.face_at(pts_us))

    def note_frame(self, pts_us: int, duration_us: int) -> None:
        """A frame was sent, or a state of the face, which takes no time to speak of."""
        self.counters.frames += 1
        self.counters.durations_us.append(duration_us)
        frames.add(1)
        frame_duration.record(duration_us / 1e6)
        self.first_frames.shown(pts_us)

    def note_skipped(self) -> None:
        """An advance was answered skipped."""
        self.counters.skipped += 1
        frames_skipped.add(1)

    def statistics_at(self, pts_us: int) -> pb.RenderStatistics | None:
        """Counters, when ten seconds have passed since the last ones."""
        if self._statistics_us is None:
            self._statistics_us = pts_us
        if pts_us - self._statistics_us < STATISTICS_EVERY_US:
            return None
        self._statistics_us = pts_us
        statistics = self.counters.to_proto()
        self.counters.durations_us.clear()
        return statistics
