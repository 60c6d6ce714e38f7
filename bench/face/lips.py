"""Whether every closure of the lips can be seen in a received picture."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from visavis_render.animator.schedule import Cue
from visavis_render.engine import FaceState, Renderer, Viseme
from visavis_render.showcase.sheet import Rgb, rgb

from face.reader import Part
from face.replay import Drawn, Story

BEFORE_US, AFTER_US, FRAME_US = 110_000, 130_000, 40_000
REACHED = 0.5  # of the closing shape: other frames of the cue need not be looked at
MAX_SHOWN, COLUMNS, CELL_PX = 32, 8, 110
AJAR = {Viseme.AA: 0.06}
BILABIAL = Viseme.PP


@dataclass
class Closure:
    """One closing cue, and what was seen of it."""

    cue: Cue
    frames: int = 0
    closed: bool = False
    asked: float = 0.0  # the most that the animator asked for in a frame

    def expected(self) -> int:
        """How many frames there are when none is skipped."""
        return (self.cue.duration_us + BEFORE_US + AFTER_US) // FRAME_US


@dataclass
class Closures:
    """Compares each picture around a bilabial with two of the same face: lips closed, and a little open."""

    story: Story
    renderer: Renderer
    mouth: Part
    found: list[Closure] = field(default_factory=list)
    # Received pictures of the mouth, one of each closure, as (pts, RGB).
    shown: list[tuple[int, Rgb]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.found = [Closure(cue) for cue in self.story.cues if cue.viseme is BILABIAL]

    def look(self, drawn: Drawn, picture: NDArray[np.uint8]) -> None:
        """Note what a received picture shows of the closures around it."""
        near = [
            each
            for each in self.found
            if each.cue.start_us - BEFORE_US <= drawn.pts_us <= each.cue.end_us + AFTER_US
        ]
        weight = drawn.face.visemes.get(BILABIAL, 0.0)
        for each in near:
            each.frames += 1
            each.asked = max(each.asked, weight)
        if weight > REACHED and not all(each.closed for each in near):
            is_closed = self._is_closed(drawn.face, picture)
            if is_closed and len(self.shown) < MAX_SHOWN:
                self.shown.append((drawn.pts_us, self._mouth_of(picture)))
            for each in near:
                each.closed = each.closed or is_closed

    def _is_closed(self, face: FaceState, picture: NDArray[np.uint8]) -> bool:
        closed, ajar = (
            self._distance(face, visemes, picture)
            for visemes in ({BILABIAL: 1.0}, {BILABIAL: 1 - AJAR[Viseme.AA], **AJAR})
        )
        return closed < ajar

    def _mouth_of(self, picture: NDArray[np.uint8]) -> Rgb:
        """Its middle: the part reaches as far as the jaw moves."""
        part, edge = self.mouth, self.mouth.side // 4
        return rgb(picture)[
            part.y + edge : part.y + part.side - edge, part.x + edge : part.x + part.side - edge
        ]

    def strip(self) -> Rgb | None:
        """The mouths of the first closures side by side, in rows; None when there was none."""
        cells = [each[:: max(1, len(each) // CELL_PX)][:CELL_PX] for _, each in self.shown]
        cells = [each[:, :: max(1, each.shape[1] // CELL_PX)][:, :CELL_PX] for each in cells]
        rows = [
            np.concatenate(cells[at : at + COLUMNS], 1) for at in range(0, len(cells) - COLUMNS + 1, COLUMNS)
        ]
        return np.concatenate(rows) if rows else None

    def _distance(self, face: FaceState, visemes: dict[Viseme, float], picture: NDArray[np.uint8]) -> float:
        part = self.mouth
        rows, columns = slice(part.y, part.y + part.side), slice(part.x, part.x + part.side)
        wanted = self.renderer.draw(replace(face, visemes=visemes))[rows, columns]
        return float(np.mean((wanted.astype(np.float64) - picture[rows, columns]) ** 2))

    def summary(self) -> dict[str, float]:
        """How many there were, could be seen at all, and were closed."""
        shown = [each for each in self.found if each.frames]
        drawn = [each for each in shown if each.frames >= each.expected()]
        return {
            "bilabials": len(shown),
            "closed": sum(each.closed for each in shown),
            "drawn": len(drawn),
            "drawn_closed": sum(each.closed for each in drawn),
            "asked_fully": sum(each.asked > 0.99 for each in shown),
            "without_a_frame": len(self.found) - len(shown),
        }
