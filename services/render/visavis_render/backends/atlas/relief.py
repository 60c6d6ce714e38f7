"""Depth behind pictures: points in space on a coarse grid, and which of them speak."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavis_render.backends.atlas.assets import Floats, Person

CELLS = 64
MOVES = 0.002  # of the picture's width: what no expression moves as far looks the same in all
CLIFF = 0.25  # units of depth across two cells: an edge
EDGE_NODES = 1


@dataclass(frozen=True)
class Relief:
    """Points in space behind a grid of pixels (g + 1, g + 1, 3), how far they turn and breathe.

    The points are those of the head looking straight ahead; turn_deg says how it was turned in the picture.
    lively: 0..1, how much of what is seen at a node is eyes or moves with the expression.
    shift: (other pictures, g + 1, g + 1, 2) pixels that depth puts a node short of where each other picture
    shows it.
    """

    points: Floats
    share: Floats
    breath: Floats
    lively: Floats
    shift: Floats
    cell: float
    turn_deg: float


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Floats:
    """To the viewer's right, down, clockwise as the viewer sees it."""
    cy, cp, cr = (math.cos(math.radians(a)) for a in (yaw_deg, pitch_deg, -roll_deg))
    sy, sp, sr = (math.sin(math.radians(a)) for a in (yaw_deg, pitch_deg, -roll_deg))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, np.float32)


class Camera:
    """The camera that a person was rendered with; pictures go from 0 to 1."""

    def __init__(self, person: Person) -> None:
        mesh = person.mesh
        self.at = np.asarray(mesh["camera"], float)
        forward = mesh["look_at"] - self.at
        self.forward = forward / np.linalg.norm(forward)
        right = np.cross(self.forward, [0.0, 1.0, 0.0])
        self.right = right / np.linalg.norm(right)
        self.up = np.cross(self.right, self.forward)
        self.scale = 0.5 / np.tan(np.radians(float(mesh["field_deg"])) / 2)

    def points(self, x: NDArray[np.float64], y: NDArray[np.float64], depth: Floats) -> NDArray[np.float64]:
        """Points (..., 3) seen at x, y with a depth."""
        aside, above = ((x - 0.5) / self.scale)[..., None], ((0.5 - y) / self.scale)[..., None]
        ray = self.forward + aside * self.right + above * self.up
        seen: NDArray[np.float64] = self.at + ray * depth[..., None]
        return seen

    def places(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(x, y) at which points are seen."""
        away = points - self.at
        depth = away @ self.forward
        return 0.5 + self.scale * (away @ self.right) / depth, 0.5 - self.scale * (away @ self.up) / depth


def _at_corners(grid: Floats) -> Floats:
    """A stored grid (g, ...) of cells, along its first axis, at the corners of CELLS cells."""
    stored = len(grid)
    at = np.clip(np.arange(CELLS + 1) / CELLS * stored - 0.5, 0, stored - 1.001)
    low = at.astype(int)
    part = (at - low).reshape(-1, *(1,) * (grid.ndim - 1))
    return np.asarray(grid[low] * (1 - part) + grid[low + 1] * part, np.float32)


def _on_nodes(grid: Floats) -> Floats:
    """A stored grid (g, g, ...) of cells at the corners of CELLS x CELLS cells."""
    return _at_corners(_at_corners(grid).swapaxes(0, 1)).swapaxes(0, 1)


def _relief(
    person: Person,
    size: int,
    depth: Floats,
    share: Floats,
    shifts: Floats,
    turn_deg: float,
    lively: Floats | None,
) -> Relief:
    """Of one picture; `lively` is that of the head looking straight ahead, None for its own picture."""
    depth, share = (_on_nodes(grid) for grid in (depth, share))
    shift = np.array([_on_nodes(grid) * size for grid in shifts], np.float32)
    place = np.arange(CELLS + 1) / CELLS
    camera = Camera(person)
    points = camera.points(*np.meshgrid(place, place), depth)
    if lively is None:
        seen = _lively_ahead(person)
    else:
        pivot = np.asarray(person.mesh["pivot"], float)
        change = rotation(turn_deg, 0.0, 0.0).astype(float) - np.eye(3)
        partly = np.eye(3) + share[..., None, None] * change
        points = pivot + np.linalg.solve(partly, (points - pivot)[..., None])[..., 0]
        seen = _looked_up(lively, *camera.places(points)) * _inside(depth)
    breath = _at_corners(person.mesh["breath"])
    return Relief(points.astype(np.float32), share, breath, seen, shift, size / CELLS, turn_deg)


def make_reliefs(person: Person, size: int) -> tuple[Relief, ...]:
    """Of the head looking straight ahead, then of every picture of it turned; outer nodes lie on the edge."""
    mesh = person.mesh
    shifts = mesh["turn_shift"].astype(np.float32) if person.turn_deg else np.zeros((0, 2), np.float32)
    ahead = _relief(person, size, mesh["depth"], mesh["share"], shifts[:, 0], 0.0, None)
    turned = (
        _relief(
            person, size, mesh["turn_depth"][n], mesh["turn_share"][n], shifts[n, 1:], degrees, ahead.lively
        )
        for n, degrees in enumerate(person.turn_deg)
    )
    return ahead, *turned


def _looked_up(grid: Floats, x: NDArray[np.float64], y: NDArray[np.float64]) -> Floats:
    """A grid's nearest nodes at places from 0 to 1."""
    column, row = (np.clip(np.rint(v * CELLS).astype(int), 0, CELLS) for v in (x, y))
    return np.asarray(grid[row, column], np.float32)


def _around(grid: Floats) -> Floats:
    """Every node's neighbours and itself (9, ...)."""
    padded = np.pad(grid, 1, mode="edge")
    last = len(grid)
    return np.stack([padded[y : y + last, x : x + last] for y in range(3) for x in range(3)])


def _inside(depth: Floats) -> Floats:
    """0 near edges beside which something much farther is seen, else 1."""
    beside = np.pad(depth, ((0, 0), (1, 1)), mode="edge")
    edge = (np.abs(beside[:, 2:] - beside[:, :-2]) > CLIFF).astype(np.float32)
    for _ in range(EDGE_NODES):
        edge = _around(edge).max(0)
    return np.asarray(1 - _around(edge).mean(0), np.float32)


def _lively_ahead(person: Person) -> Floats:
    """Of the head looking straight ahead: the face but for its edge, where hair lies beside it."""
    mesh = person.mesh
    reach = np.linalg.norm(mesh["moves"].astype(np.float32), axis=2).max(0) / 65536
    nodes = np.clip(np.rint(mesh["base"][reach > MOVES] * CELLS).astype(int), 0, CELLS)
    rows = np.unique(nodes[:, 1])
    beside = [nodes[np.abs(nodes[:, 1] - row) <= 1, 0] for row in rows]
    every = np.arange(rows[0], rows[-1] + 1)
    # Eyes do not move the skin between brows and mouth, but are part of the face.
    left = np.interp(every, rows, [own.min() + 2 for own in beside])
    right = np.interp(every, rows, [own.max() - 2 for own in beside])
    column = np.arange(CELLS + 1)
    share = np.zeros((CELLS + 1, CELLS + 1), np.float32)
    share[every] = (column >= left[:, None]) & (column <= right[:, None])
    return np.asarray(_around(_around(share).mean(0)).mean(0), np.float32)
