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
from visavis_render.animator.schedule import Cue, Schedule
from visavis_render.animator.timeline import Track
from visavis_render.engine import Behaviour, Emotion, FaceState, Gaze, Gesture, HeadPose

REACH_US = int((REACH_S + 0.1) * 1e6)
HEAD_AXES = ("yaw", "pitch", "roll")
MAX_HEAD_DEG = 7.0
HELD_BY_EYES = 0.7  # share of a head turn that the eyes take back to stay where they look
FOLLOWED_BY_HEAD = 0.25  # share of a told gaze that the head goes along with


def _clamped(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


class Animator:
    """One session's face over time. Times are microseconds on the session clock."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.schedule = Schedule()
        self.behaviours = Track[Behaviour](Behaviour.IDLE)
        self.emotions = Track[tuple[Emotion, float]]((Emotion.NEUTRAL, 0.0))
        self.gestures = Track[Gesture]()
        self.gazes = Track[Gaze](Gaze())

    def face_at(self, t_us: int) -> FaceState:
        """The face at this instant."""
        cues = self.schedule.near(t_us, REACH_US)
        pose = self._pose(cues, t_us)
        head = HeadPose(*(_clamped(pose.pop(axis, 0.0), MAX_HEAD_DEG) for axis in HEAD_AXES))
        looked = gaze_at(self._seed, self.behaviours, self.gazes, t_us)
        gaze = Gaze(
            _clamped(looked.x - HELD_BY_EYES * head.yaw_deg / GAZE_DEG, 1.0),
            _clamped(looked.y + HELD_BY_EYES * head.pitch_deg / GAZE_DEG, 1.0),
        )
        blink = blink_at(self._seed, self.behaviours, self.gazes, t_us)
        visemes = mouth_weights(cues, t_us)
        expression = {name: min(1.0, value) for name, value in pose.items() if value > 0}
        return FaceState(
            visemes=visemes,
            expression=expression,
            arkit=arkit_weights(visemes, expression, gaze, blink),
            head=head,
            gaze=gaze,
            blink=blink,
            breath=breath_at(self._seed, t_us),
            sounding=self.schedule.sounding(t_us),
        )

    def _pose(self, cues: Sequence[Cue], t_us: int) -> Channels:
        """Everything but mouth and eyes, summed."""
        pose = behaviour_pose(self._seed, self.behaviours, t_us)
        for part in (
            emotion_pose(self.emotions, t_us),
            gesture_pose(self.gestures, t_us),
            accent_pose(self._seed, cues, t_us),
            body_pose(self._seed, self.behaviours, t_us),
        ):
            add(pose, part, 1.0)
        for weight, change in self.gazes.mixed(t_us, 0.45):
            turn = FOLLOWED_BY_HEAD * GAZE_DEG * weight
            add(pose, {"yaw": change.value.x * turn, "pitch": -change.value.y * turn}, 1.0)
        return pose
