"""Where each place of the donor's face is in the portrait: a thin plate bent through the landmarks."""

from typing import Any

import numpy as np

from visavis_render.portrait.donor import Donor
from visavis_render.portrait.frame import Framed
from visavis_render.portrait.landmarks import LOWER_LIP, SKIN, UPPER_LIP
from visavis_render.portrait.raster import Array, blurred, luma

STIFFNESS = 2e-5
SEAM_REACH = 0.010  # how far the line between the lips may be from its landmarks
SEAM_STEP = 3.0  # luma that a step aside of the line costs


class Plate:
    """A smooth map of the plane that brings `source` to `target`, both (n, 2)."""

    def __init__(self, source: Array, target: Array) -> None:
        n = len(source)
        self._source = source
        system = np.zeros((n + 3, n + 3))
        system[:n, :n] = _bend(source, source) + STIFFNESS * np.eye(n)
        system[:n, n:] = np.column_stack([np.ones(n), source])
        system[n:, :n] = system[:n, n:].T
        self._weights = np.linalg.solve(system, np.concatenate([target, np.zeros((3, 2))]))

    def __call__(self, places: Array) -> Array:
        flat = places.reshape(-1, 2)
        n = len(self._source)
        bent = _bend(flat, self._source) @ self._weights[:n]
        even = np.column_stack([np.ones(len(flat)), flat]) @ self._weights[n:]
        return np.asarray((bent + even).reshape(places.shape))


def _bend(a: Array, b: Array) -> Array:
    squared = ((a[:, None] - b[None]) ** 2).sum(-1)
    return np.asarray(squared * np.log(np.maximum(squared, 1e-12)))


def seam_of(rgb: Array, landmarks: Array) -> Array:
    """The line between closed lips: the darkest way between the corners; a y for each of UPPER_LIP."""
    size = rgb.shape[0]
    middle = (landmarks[list(UPPER_LIP), :2] + landmarks[list(LOWER_LIP), :2]) / 2 * size
    columns = np.arange(int(middle[0, 0]), int(middle[-1, 0]) + 1)
    expected = np.interp(columns, middle[:, 0], middle[:, 1])
    reach = max(2, round(SEAM_REACH * size))
    offsets = np.arange(-reach, reach + 1)
    rows = np.clip(np.round(expected[:, None] + offsets).astype(int), 0, size - 1)
    cost = luma(blurred(rgb, 0.8))[rows, columns[:, None]] + 0.5 * np.abs(offsets)
    steps = SEAM_STEP * np.abs(offsets[:, None] - offsets)
    total, came = cost[0], []
    for column in cost[1:]:
        way = total[:, None] + steps
        came.append(way.argmin(0))
        total = way.min(0) + column
    at = int(total.argmin())
    path = [at]
    for origin in reversed(came):
        at = int(origin[at])
        path.append(at)
    line = np.convolve(np.pad(offsets[path[::-1]], 4, mode="edge"), np.ones(9) / 9, "valid")
    taper = np.clip(np.minimum(columns - columns[0], columns[-1] - columns) / 6, 0, 1)
    seam = expected + line * taper
    return np.asarray(np.interp(middle[:, 0], columns, seam) / size)


def with_seam(rgb: Array, landmarks: Array) -> Array:
    """Landmarks whose closed lips meet where the picture shows it."""
    moved = landmarks.copy()
    seam = seam_of(rgb, landmarks)
    for line in (UPPER_LIP, LOWER_LIP):
        moved[list(line), 1] = seam
    return moved


def plate_of(donor: Donor, portrait: Framed, landmarks: Array) -> Any:
    """Places of the donor's picture -> places of the portrait's; both 0 to 1."""
    source = portrait.placed(with_seam(donor.base, donor.landmarks)[:SKIN, :2])
    edge = np.linspace(-0.1, 1.1, 9)
    border = np.array(
        [(x, y) for x in edge for y in edge if x in (edge[0], edge[-1]) or y in (edge[0], edge[-1])]
    )
    twice = np.unique(np.round(source, 5), axis=0, return_index=True)[1]
    plate = Plate(
        np.concatenate([source[twice], border]), np.concatenate([landmarks[:SKIN, :2][twice], border])
    )
    return lambda places: plate(portrait.placed(places))
