"""The animator's own curve behind a call: the requests of its tape, applied again in their order."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from visavis.render.v1 import render_service_pb2 as pb
from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import AvatarDirectory
from visavis_render.config import Config
from visavis_render.engine import FaceState, VideoSpec, Viseme
from visavis_render.manner import manner_of
from visavis_render.proto import behaviour_of, cues_of, spec_of
from visavis_render.session import Session

from face.people import chosen
from face.tape import read_tape

Floats = NDArray[np.float64]
STEP_US = 5_000  # the grid of the fine curve
HALF_FRAME_US = 20_000


def opening(face: FaceState) -> float:
    """How far the jaw is open: 0, to about 0.6 for a loud "a"."""
    return face.arkit.get("jawOpen", 0.0)


def differences(one: FaceState, other: FaceState) -> dict[str, float]:
    """How far two faces are apart: degrees for the head, parts of the whole for everything else."""
    return {
        "opening": abs(opening(one) - opening(other)),
        "visemes": max(abs(one.visemes.get(v, 0.0) - other.visemes.get(v, 0.0)) for v in Viseme),
        "head_deg": max(
            abs(one.head.yaw_deg - other.head.yaw_deg),
            abs(one.head.pitch_deg - other.head.pitch_deg),
            abs(one.head.roll_deg - other.head.roll_deg),
        ),
        "gaze": max(abs(one.gaze.x - other.gaze.x), abs(one.gaze.y - other.gaze.y)),
        "lids": abs(one.blink - other.blink),
        "expression": max(
            (
                abs(one.expression.get(name, 0.0) - other.expression.get(name, 0.0))
                for name in one.expression.keys() | other.expression.keys()
            ),
            default=0.0,
        ),
    }


@dataclass(frozen=True)
class Drawn:
    """A frame as it was asked for. stream: which of the session's streams, the first is 0."""

    pts_us: int
    face: FaceState
    behaviour: str
    stream: int


@dataclass
class Story:
    """What one session was asked for, and the curve between its frames."""

    directory: AvatarDirectory
    background: str = ""
    drawn: list[Drawn] = field(default_factory=list)
    fine_us: list[int] = field(default_factory=list)
    fine: list[float] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    cuts_us: list[int] = field(default_factory=list)
    # A stream that was opened again: (pts, how far each thing is off what the one before would have shown).
    reopened: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    skipped: int = 0

    def at(self, pts_us: float, within_us: int = 2_000) -> Drawn | None:
        """The frame of this pts; None when there is none."""
        number = bisect_left(self.drawn, pts_us - within_us, key=lambda each: each.pts_us)
        found = self.drawn[number] if number < len(self.drawn) else None
        return found if found and found.pts_us <= pts_us + within_us else None

    def curve(self, t_us: Floats) -> Floats:
        """The opening at any instant between frames."""
        return np.interp(t_us, self.fine_us, self.fine)


def replayed(tape: Path, house: str) -> list[Story]:
    """The sessions of a tape in their order; `house` (`people.chosen`) is shown when nobody is named."""
    stories: dict[str, Story] = {}
    playing: dict[int, Player] = {}
    last: dict[str, Player] = {}
    for number, _, request in read_tape(tape):
        if request.HasField("start"):
            start = request.start
            fresh = Story(chosen(start.avatar or house), start.background)
            story = stories.setdefault(start.session_id, fresh)
            playing[number] = Player(start, story, last.get(start.session_id))
            last[start.session_id] = playing[number]
        elif number in playing:
            playing[number].play(request)
    return list(stories.values())


class Player:
    """One stream: the service's own session, without drawing."""

    def __init__(self, start: pb.StartRender, story: Story, before: "Player | None" = None) -> None:
        manner = manner_of(story.directory, start.profile, Config())
        drawing: Any = SimpleNamespace(wanted=spec_of(start.format, VideoSpec()))
        self._session = Session(start, drawing, manner)
        self._story, self._before = story, before
        self._stream = 1 + max((each.stream for each in story.drawn), default=-1)
        self._behaviours: list[tuple[int, str]] = []
        if start.HasField("snapshot"):
            self._note(start.snapshot.behaviour)

    @property
    def animator(self) -> Animator:
        return self._session.animator

    def play(self, request: pb.RenderRequest) -> None:
        """Apply one request."""
        event = request.WhichOneof("event")
        match event:
            case "advance":
                self._advance(request.advance)
            case "visemes":
                self._story.cues += cues_of(request.visemes.cues)[0]
                self._session.add_visemes(request.visemes)
            case "cut":
                self._cut(request.cut)
            case "behaviour":
                self._note(request.behaviour)
                self._session.set_behaviour(request.behaviour)
            case "emotion":
                self._session.set_emotion(request.emotion)
            case "gesture":
                self._session.play_gesture(request.gesture)
            case "gaze":
                self._session.set_gaze(request.gaze)

    def _cut(self, message: pb.Cut) -> None:
        """What was to come is not said; what was being said is no whole shape."""
        self._story.cuts_us.append(message.pts_us)
        self._story.cues = [cue for cue in self._story.cues if cue.end_us <= message.pts_us]
        self._session.cut(message)

    def _note(self, message: pb.SetBehaviour) -> None:
        self._behaviours.append((message.pts_us, behaviour_of(message).name.lower()))

    def _advance(self, message: pb.Advance) -> None:
        pts_us, story = message.pts_us, self._story
        face = self._session.advance(message).face
        if face is None:
            story.skipped += 1
            face = self.animator.face_at(pts_us)
        else:
            self._draw(pts_us, face)
        for t_us in self._grid(pts_us):
            story.fine_us.append(t_us)
            story.fine.append(opening(face if t_us == pts_us else self.animator.face_at(t_us)))

    def _draw(self, pts_us: int, face: FaceState) -> None:
        story = self._story
        if self._before is not None:
            story.reopened.append((pts_us, differences(self._before.animator.face_at(pts_us), face)))
            self._before = None
        behaviour = next((name for at, name in reversed(self._behaviours) if at <= pts_us), "idle")
        story.drawn.append(Drawn(pts_us, face, behaviour, self._stream))

    def _grid(self, pts_us: int) -> Iterator[int]:
        """Instants around a frame, from where the frame before it left off."""
        last = self._story.fine_us[-1] if self._story.fine_us else pts_us - HALF_FRAME_US
        for t_us in range(pts_us - HALF_FRAME_US, pts_us + HALF_FRAME_US, STEP_US):
            if t_us > last:
                yield t_us
