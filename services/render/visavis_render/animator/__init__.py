"""Visemes, behaviour, emotion -> FaceState at any instant.

A pure function of the seed, the timeline of settings and t: no clock, no step from frame to frame, no pixels.
"""

from collections.abc import Sequence

from visavis_render.animator.arkit import arkit_weights
from visavis_render.animator.body import body_pose, breath_at
from visavis_render.animator.coarticulation import REACH_S, mouth_weights
from visavis_render.animator.expression import (
    Channels,
    accent_pose,
    add,
    behaviour_pose,
    emotion_pose,
    gesture_pose,
)
from visavis_render.animator.eyes import GAZE_DEG, blink_at, gaze_at
from visavis_render.animator.lips import LipTuning, tuned
from visavis_render.animator.profile import HOUSE, Profile, shipped_profile
from visavis_render.animator.schedule import Cue, Schedule
from visavis_render.animator.timeline import Track
from visavis_render.engine import Behaviour, Emotion, FaceState, Gaze, Gesture, HeadPose, Viseme

REACH_US = int((REACH_S + 0.1) * 1e6)
HEAD_AXES = ("yaw", "pitch", "roll")
MAX_HEAD_DEG = 12.0
CLOSED = (Viseme.PP, Viseme.FF, Viseme.SS)
MAX_HOLD_S = 0.12
FRAMES_CLOSED = 1.05
# Where loose hair is: this long ago (us) the head was there, with this weight; below 0 it swings beyond.
TRAIL = ((90_000, 0.8), (190_000, 0.5), (380_000, -0.35))
HELD_BY_EYES = 0.7  # share of a head turn that the eyes take back to stay where they look
FOLLOWED_BY_HEAD = 0.25  # share of a told gaze that the head goes along with


def _clamped(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


class Animator:
    """One session's face over time. Times are microseconds on the session clock."""

    def __init__(
        self,
        seed: int,
        profile: Profile | None = None,
        lips: LipTuning | None = None,
        frame_rate_hz: int = 25,
    ) -> None:
        self._seed = seed
        self._profile = profile or shipped_profile(HOUSE)
        self._lips = lips or LipTuning()
        self.frame_rate_hz = frame_rate_hz
        self.schedule = Schedule()
        self.behaviours = Track[Behaviour](Behaviour.IDLE)
        self.emotions = Track[tuple[Emotion, float]]((Emotion.NEUTRAL, 0.0))
        self.gestures = Track[Gesture]()
        self.gazes = Track[Gaze](Gaze())

    def say(self, cues: Sequence[Cue], now_us: int) -> int:
        """Take mouth shapes to come; returns how many were too late or overlapped."""
        return self.schedule.add(tuned(cues, self._lips), now_us)

    def restore(self, cues: Sequence[Cue]) -> int:
        """Like `say` in a reopened session: nothing is late."""
        return self.schedule.restore(tuned(cues, self._lips))

    def face_at(self, t_us: int) -> FaceState:
        """The face at this instant."""
        cues = self.schedule.near(t_us, REACH_US)
        pose = self._pose(t_us)
        trail = self._trail(pose, t_us)
        add(pose, accent_pose(self._seed, self._profile.accent, cues, t_us), 1.0)
        head = HeadPose(*(_clamped(pose.pop(axis, 0.0), MAX_HEAD_DEG) for axis in HEAD_AXES))
        looked = gaze_at(self._seed, self._profile, self.behaviours, self.gazes, t_us)
        gaze = Gaze(
            _clamped(looked.x - HELD_BY_EYES * head.yaw_deg / GAZE_DEG, 1.0),
            _clamped(looked.y + HELD_BY_EYES * head.pitch_deg / GAZE_DEG, 1.0),
        )
        blink = blink_at(self._seed, self._profile.blink, self.behaviours, self.gazes, t_us)
        visemes = mouth_weights(cues, t_us, self._hold_s())
        if "jawOpen" in pose:  # what is felt opens no lips that speech has closed
            pose["jawOpen"] *= 1 - min(1.0, sum(visemes.get(shape, 0.0) for shape in CLOSED))
        expression = {name: min(1.0, value) for name, value in pose.items() if value > 0}
        return FaceState(
            visemes=visemes,
            expression=expression,
            arkit=arkit_weights(visemes, expression, gaze, blink),
            head=head,
            trail=trail,
            gaze=gaze,
            blink=blink,
            breath=breath_at(self._seed, self._profile.breath, t_us),
            sounding=self.schedule.sounding(t_us + 500_000 // self.frame_rate_hz),
        )

    def _hold_s(self) -> float:
        """How long lips that close stay closed: long enough for a frame to show it."""
        return max(self._lips.critical_min_ms / 1e3, min(MAX_HOLD_S, FRAMES_CLOSED / self.frame_rate_hz))

    def _pose(self, t_us: int) -> Channels:
        """Everything but mouth, eyes and the accents of speech, summed."""
        pose = behaviour_pose(self._seed, self._profile, self.behaviours, t_us)
        for part in (
            emotion_pose(self._profile.emotion, self.emotions, t_us),
            gesture_pose(self.gestures, t_us),
            body_pose(self._seed, self._profile, self.behaviours, t_us),
        ):
            add(pose, part, 1.0)
        for weight, change in self.gazes.mixed(t_us, 0.45):
            turn = FOLLOWED_BY_HEAD * GAZE_DEG * weight
            add(pose, {"yaw": change.value.x * turn, "pitch": -change.value.y * turn}, 1.0)
        return pose

    def _trail(self, now: Channels, t_us: int) -> HeadPose:
        """How far what hangs loose is behind the head: it follows late, and swings a little beyond."""
        yaw = roll = 0.0
        for late_us, weight in TRAIL:
            then = self._pose(t_us - late_us)
            yaw += weight * (then.get("yaw", 0.0) - now.get("yaw", 0.0))
            roll += weight * (then.get("roll", 0.0) - now.get("roll", 0.0))
        return HeadPose(yaw_deg=yaw, roll_deg=roll)
