"""Procedural teeth on an arch, and their gums."""

import math
from dataclasses import dataclass

import numpy as np

from character.maths import Array, unit

# Width (units) and relative height of the teeth from the middle outwards.
UPPER = ((0.085, 1.0), (0.066, 0.90), (0.076, 0.98), (0.070, 0.88), (0.068, 0.84), (0.10, 0.80))
LOWER = ((0.054, 0.92), (0.058, 0.95), (0.066, 1.0), (0.070, 0.92), (0.072, 0.88), (0.105, 0.82))
AROUND, ALONG = 20, 14


@dataclass(frozen=True)
class Row:
    """Teeth and gum of one jaw. along: 0 at the gum, 1 at the edge of each tooth vertex."""

    teeth: Array
    faces: list[tuple[int, ...]]
    along: Array
    gum: Array
    gum_faces: list[tuple[int, ...]]


@dataclass(frozen=True)
class Arch:
    """The curve that the teeth stand on: half width, front and back depth."""

    half_width: float
    front: float
    back: float

    def at(self, t: Array) -> Array:
        x = self.half_width * np.sin(t * 1.5)
        return np.stack([x, self.front - (self.front - self.back) * (1 - np.cos(t * 1.5)) ** 1.15], -1)


def _tooth(foot: Array, along: Array, width: float, y_gum: float, y_tip: float, deep: float) -> Array:
    """Vertices (ALONG * AROUND, 3) of a rounded box around the arch at `foot`."""
    out = np.array([-along[1], along[0]])
    out = out if out @ (foot - [0, foot[1] - 1]) > 0 else -out
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    c, s = (np.sign(f(angle)) * np.abs(f(angle)) ** 0.55 for f in (np.cos, np.sin))
    rings = []
    for v in np.linspace(0, 1, ALONG):
        end = math.sqrt(max(0, 1 - max(0, (v - 0.88) / 0.12) ** 2.8))
        near_tip = v > 0.88
        half = width / 2 * (0.86 + 0.14 * min(1, v / 0.6)) * (0.35 + 0.65 * end if near_tip else 1)
        thick = (0.042 - 0.026 * v) * (0.25 + 0.75 * end if near_tip else 1) * deep
        bulge = 0.012 * math.sin(math.pi * min(1, v * 1.1))
        xz = foot + np.outer(c * half, along) + np.outer(s * thick + bulge, out)
        rings.append(np.stack([xz[:, 0], np.full(AROUND, y_gum + (y_tip - y_gum) * v), xz[:, 1]], 1))
    return np.concatenate(rings)


def _tooth_faces(first: int) -> list[tuple[int, ...]]:
    faces: list[tuple[int, ...]] = []
    for ring in range(ALONG - 1):
        for j in range(AROUND):
            a, b = first + ring * AROUND, first + (ring + 1) * AROUND
            faces.append((a + j, a + (j + 1) % AROUND, b + (j + 1) % AROUND, b + j))
    return [*faces, tuple(first + (ALONG - 1) * AROUND + j for j in range(AROUND))]


def _gum(arch: Arch, y: float) -> tuple[Array, list[tuple[int, ...]]]:
    line = arch.at(np.linspace(-0.98, 0.98, 90))
    along = unit(np.gradient(line, axis=0))
    out = np.stack([-along[:, 1], along[:, 0]], 1)
    out *= np.where((out * (line - [0, arch.back])).sum(1) > 0, 1, -1)[:, None]
    k = 12
    angle = np.linspace(0, 2 * np.pi, k, endpoint=False)
    xz = line[:, None] + out[:, None] * (np.cos(angle) * 0.058)[None, :, None]
    height = np.broadcast_to(y + np.sin(angle) * 0.085, xz.shape[:2])
    points = np.stack([xz[..., 0], height, xz[..., 1]], -1).reshape(-1, 3)
    faces = [
        (i * k + j, i * k + (j + 1) % k, (i + 1) * k + (j + 1) % k, (i + 1) * k + j)
        for i in range(len(line) - 1)
        for j in range(k)
    ]
    return points, faces


def row(y_gum: float, y_tip: float, sizes: tuple[tuple[float, float], ...], arch: Arch) -> Row:
    """One jaw's teeth from gum to tip."""
    t = np.linspace(-1, 1, 4001)
    line = arch.at(t)
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    length -= length[2000]

    def place(s: float) -> Array:
        return np.array([np.interp(s, length, line[:, 0]), np.interp(s, length, line[:, 1])])

    teeth, faces = [], []
    for side in (1, -1):
        reached = -0.001
        for number, (width, height) in enumerate(sizes):
            width *= 0.93
            middle = side * (reached + width / 2)
            reached += width - 0.0035
            foot = place(middle)
            along = unit(place(middle + 0.01) - foot)
            tip = y_gum + (y_tip - y_gum) * height
            faces += _tooth_faces(len(teeth) * ALONG * AROUND)
            teeth.append(_tooth(foot, along, width, y_gum, tip, 1.6 if number > 3 else 1.0))
    graded = np.tile(np.repeat(np.linspace(0, 1, ALONG), AROUND), len(teeth))
    gum, gum_faces = _gum(arch, y_gum + math.copysign(0.055, y_gum - y_tip))
    return Row(np.concatenate(teeth), faces, graded, gum, gum_faces)
