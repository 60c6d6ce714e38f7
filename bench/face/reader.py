"""Reads a face from decoded pictures alone: how far the mouth is open, the lids are closed, the eyes turned.

A linear reading of small pixels of the mouth and the eyes, fitted on another conversation of the same avatar,
drawn, encoded and decoded like the one to be read, and judged on a third.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray
from visavis_render.animator import Animator
from visavis_render.animator.chance import between, chance
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import AvatarDirectory
from visavis_render.backends import load_avatar, with_background
from visavis_render.config import Config
from visavis_render.encoders import open_encoder
from visavis_render.engine import I420, Avatar, Behaviour, FaceState, Gaze, VideoSpec, Viseme
from visavis_render.manner import manner_of

from face.replay import opening

Floats = NDArray[np.float64]
SIZE, FRAME_US = 512, 40_000
SEEDS, FRAMES_EACH, UNSEEN = (101, 202, 303, 404), 350, 505
CELLS = 24  # a part is read as so many cells a side
RIDGE = 2e-3
MARGIN = 0.3

TARGETS: dict[str, Callable[[FaceState], float]] = {
    "opening": opening,
    "lids": lambda face: face.blink,
    "gaze": lambda face: face.gaze.x,
}
PARTS = {"opening": "mouth", "lids": "eyes", "gaze": "eyes"}


@dataclass(frozen=True)
class Part:
    """A square of the picture."""

    x: int
    y: int
    side: int

    def cells(self, picture: I420) -> Floats:
        """Its luma in few cells, and its colours in fewer."""
        luma = picture[self.y : self.y + self.side, self.x : self.x + self.side]
        found = [_mean(luma, CELLS)]
        half = picture.shape[1] // 2
        for plane in picture[picture.shape[1] :].reshape(2, half, half):
            colour = plane[self.y // 2 : (self.y + self.side) // 2, self.x // 2 : (self.x + self.side) // 2]
            found.append(_mean(colour, CELLS // 2))
        return np.concatenate(found)


def _mean(plane: NDArray[np.uint8], cells: int) -> Floats:
    edges = [np.linspace(0, side, cells + 1).astype(int)[:-1] for side in plane.shape]
    sums = np.add.reduceat(np.add.reduceat(plane.astype(np.float64), edges[0], 0), edges[1], 1)
    counts = np.outer(*(np.diff([*edge, side]) for edge, side in zip(edges, plane.shape, strict=True)))
    return np.asarray((sums / counts / 255).reshape(-1))


def part_of(avatar: Avatar, faces: Sequence[FaceState]) -> Part:
    """Where these faces differ, and some more: the head moves."""
    renderer = avatar.open(SIZE, "")
    pictures = [renderer.draw(face)[:SIZE].astype(np.int16) for face in faces]
    moved = np.abs(pictures[1] - pictures[0]) > 20
    rows, columns = np.flatnonzero(moved.any(1)), np.flatnonzero(moved.any(0))
    centre = [(int(each[0]) + int(each[-1])) // 2 for each in (rows, columns)]
    side = int((1 + MARGIN) * max(np.ptp(rows), np.ptp(columns))) & ~1
    y, x = (max(0, min(SIZE - side, at - side // 2)) & ~1 for at in centre)
    return Part(x, y, side)


@dataclass(frozen=True)
class Reader:
    """`weights` turn the cells of a part, less `mean`, into a value. fit: R squared on unseen pictures."""

    parts: dict[str, Part]
    mean: dict[str, Floats]
    weights: dict[str, Floats]
    fit: dict[str, float]

    def read(self, picture: I420) -> dict[str, float]:
        """Each of TARGETS, from one picture."""
        return self.read_cells({name: part.cells(picture) for name, part in self.parts.items()})

    def read_cells(self, cells: Mapping[str, Floats]) -> dict[str, float]:
        """The same from the cells of each part."""
        return {
            name: float(np.append(cells[PARTS[name]] - self.mean[name], 1.0) @ weights)
            for name, weights in self.weights.items()
        }


def fitted(directory: AvatarDirectory, background: str, progress: Callable[[str], None]) -> Reader:
    """A reader for an avatar."""
    avatar = load_avatar(with_background(directory, background), Config())
    parts = {
        "mouth": part_of(avatar, (FaceState(), _talking(Viseme.AA))),
        "eyes": part_of(avatar, (FaceState(), FaceState(blink=1.0, gaze=Gaze(0.0, 0.0)))),
    }
    progress(f"learning to read {directory.name} from pictures of other conversations")
    known = [_seen(avatar, parts, directory, seed) for seed in SEEDS]
    unseen = _seen(avatar, parts, directory, UNSEEN)
    mean, weights, fit = {}, {}, {}
    for target, part in PARTS.items():
        cells = np.concatenate([each[part] for each in known])
        values = np.concatenate([each[target] for each in known])
        mean[target] = cells.mean(0)
        weights[target] = _ridge(cells - mean[target], values)
        read = np.column_stack([unseen[part] - mean[target], np.ones(len(unseen[part]))]) @ weights[target]
        fit[target] = round(1 - float(np.var(read - unseen[target]) / np.var(unseen[target])), 3)
    return Reader(parts, mean, weights, fit)


def _talking(viseme: Viseme) -> FaceState:
    return FaceState(visemes={viseme: 1.0}, arkit={"jawOpen": 0.6}, sounding=viseme)


def _ridge(cells: Floats, values: Floats) -> Floats:
    table = np.column_stack([cells, np.ones(len(cells))])
    square = table.T @ table
    square[np.diag_indices(len(square) - 1)] += RIDGE * len(table)
    return np.asarray(np.linalg.solve(square, table.T @ values))


def _seen(avatar: Avatar, parts: dict[str, Part], directory: AvatarDirectory, seed: int) -> dict[str, Floats]:
    """Cells and true values of one conversation, encoded and decoded."""
    renderer, encoder = avatar.open(SIZE, ""), open_encoder(VideoSpec())
    decoder = av.CodecContext.create("vp8", "r")
    rows: dict[str, list[object]] = {key: [] for key in (*parts, *TARGETS)}
    for number, face in enumerate(conversation(directory, seed, FRAMES_EACH)):
        encoded = encoder.encode(renderer.draw(face), number * FRAME_US, number == 0)
        (frame,) = decoder.decode(av.Packet(encoded.data))
        picture = frame.to_ndarray(format="yuv420p")
        for key, part in parts.items():
            rows[key].append(part.cells(picture))
        for key, value in TARGETS.items():
            rows[key].append(value(face))
    return {key: np.asarray(values, np.float64) for key, values in rows.items()}


def conversation(directory: AvatarDirectory, seed: int, frames: int) -> Iterator[FaceState]:
    """The faces of an avatar that speaks nonsense most of the time, and waits, listens and thinks between."""
    manner = manner_of(directory, "", Config())
    animator = Animator(seed, manner.profile, manner.lips)
    states = [Behaviour.SPEAKING, Behaviour.IDLE, Behaviour.SPEAKING, Behaviour.LISTENING, Behaviour.THINKING]
    for number, state in enumerate(states * (1 + frames // 125)):
        animator.behaviours.set(state, number * 1_000_000, 0)
    animator.restore(nonsense(seed, frames * FRAME_US))
    for number in range(frames):
        yield animator.face_at(number * FRAME_US)


def nonsense(seed: int, until_us: int) -> list[Cue]:
    """Any shapes in any order, as long and as loud as in speech."""
    cues, t, number, shapes = [], 200_000, 0, list(Viseme)
    while t < until_us:
        viseme = shapes[int(chance(seed, 1, number) * len(shapes))]
        lasts = round(between(45_000, 180_000, seed, 2, number))
        cues.append(Cue(viseme, t, lasts, between(0.55, 1.0, seed, 3, number)))
        t, number = t + lasts, number + 1
    return cues
