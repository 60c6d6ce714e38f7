"""Scalp hair as strands: marched over the head, kept off it, clumped. Arrays are (strands, points, 3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from character.maths import Array, smooth, unit

CENTRE = np.array([0.0, 6.95, 0.45])  # of the scalp's spherical coordinates
# Azimuth from the front -> lowest elevation of hair (degrees).
HAIRLINES = {
    "back": [
        *((0, 31.0), (10, 30.2), (20, 30.8), (32, 31.0), (43, 25), (53, 15), (61, 5), (67, -5), (74, -13)),
        *((80, -8), (86, 3), (104, 3), (114, -18), (135, -38), (180, -44)),
    ],
    "cropped": [
        *((0, 34.5), (12, 34), (22, 36), (34, 35.5), (44, 28), (51, 22), (57, 11), (64, -2), (72, -20)),
        *((79, -24), (84, -4), (104, 2), (114, -18), (135, -40), (180, -46)),
    ],
}
POINTS = 26


@dataclass(frozen=True)
class Surface:
    """The evaluated skin: points, normals, triangles, and how much of an ear each point is."""

    points: Array
    normals: Array
    triangles: Any
    ears: Array


@dataclass(frozen=True)
class Strands:
    """Curves with their radii (strands, points)."""

    points: Array
    radii: Array


def spherical(points: Array) -> tuple[Array, Array]:
    """(azimuth from the front, elevation) in degrees."""
    d = points - CENTRE
    return np.degrees(np.arctan2(np.abs(d[:, 0]), d[:, 2])), np.degrees(
        np.arctan2(d[:, 1], np.hypot(d[:, 0], d[:, 2]))
    )


def above_hairline(points: Array, style: str) -> Array:
    """Degrees above the hairline, which wanders a little."""
    azimuth, elevation = spherical(points)
    line = np.array(HAIRLINES[style], float)
    wander = 1.3 * np.sin(points[:, 0] * 23 + 1) + 0.9 * np.sin(points[:, 0] * 51 + points[:, 1] * 37)
    return elevation - np.interp(azimuth, line[:, 0], line[:, 1]) - wander


def scalp_weight(points: Array, ears: Array, style: str) -> Array:
    """Density of hair: thin at the hairline."""
    return smooth(-4, 10, above_hairline(points, style)) * (ears < 0.3) * (points[:, 1] > 6.1)


def scatter(surface: Surface, weight: Array, count: int, rng: Any) -> tuple[Array, Array]:
    """Random (points, normals) on the surface with density `weight`."""
    corners = surface.points[surface.triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(cross, axis=1) * weight[surface.triangles].mean(1)
    chosen = surface.triangles[rng.choice(len(area), count, p=area / area.sum())]
    share = rng.dirichlet((1, 1, 1), count)[:, :, None]
    return (surface.points[chosen] * share).sum(1), unit((surface.normals[chosen] * share).sum(1))


class Skull:
    """Nearest surface of the head without the ears."""

    def __init__(self, surface: Surface) -> None:
        bare = surface.ears < 0.3
        self._points, self._normals = surface.points[bare], surface.normals[bare]
        self._tree = cKDTree(self._points)

    def height(self, p: Array, k: int = 6) -> tuple[Array, Array]:
        """(height above the surface, its normal)."""
        distance, near = self._tree.query(p, k=k, workers=1)
        share = 1 / (distance**2 + 1e-4)
        share /= share.sum(1, keepdims=True)
        foot = (self._points[near] * share[:, :, None]).sum(1)
        normal = unit((self._normals[near] * share[:, :, None]).sum(1))
        return ((p - foot) * normal).sum(1), normal


def clump(strands: Array, groups: int, strength: float, rng: Any) -> Array:
    """Pull strands towards a leader of their neighbourhood, more so at the tips."""
    count, points, _ = strands.shape
    feature = np.concatenate([strands[:, 0] * 1.2, strands[:, points // 2], strands[:, -3] * 0.8], 1)
    leaders = rng.choice(count, max(1, count // groups), replace=False)
    _, nearest = cKDTree(feature[leaders]).query(feature)
    along = smooth(0.1, 0.9, np.linspace(0, 1, points))[None, :, None]
    share = strength * along * (0.5 + 0.5 * rng.random((count, 1, 1)))
    return strands * (1 - share) + strands[leaders[nearest]] * share


def frizz(strands: Array, amount: float, rng: Any) -> Array:
    """Small waves of every strand's own."""
    count, points, _ = strands.shape
    t = np.linspace(0, 1, points)
    noise = np.zeros_like(strands)
    for k in range(3):
        phase = rng.random((count, 1, 3)) * 2 * np.pi
        wave = np.sin(2 * np.pi * (t * (1.1 + 1.7 * k))[None, :, None] + phase)
        noise += np.clip(rng.normal(0, 1, (count, 1, 3)), -1.4, 1.4) * wave / (1 + 0.6 * k)
    return strands + noise * amount * smooth(0.03, 0.4, t)[None, :, None]


def resample(path: Array, end: Array) -> Array:
    """Paths (steps, strands, 3) cut at step `end` -> (strands, POINTS, 3)."""
    at = np.linspace(0, 1, POINTS)[:, None] * end[None]
    low = np.clip(at.astype(int), 0, len(path) - 2)
    share = (at - low)[:, :, None]
    who = np.arange(path.shape[1])[None]
    return (path[low, who] * (1 - share) + path[low + 1, who] * share).transpose(1, 0, 2)


def radii(strands: Array, root: float, tip: float, thin: Array, rng: Any) -> Array:
    t = np.linspace(0, 1, strands.shape[1])[None]
    r = (root + (tip - root) * t) * thin[:, None] * (0.8 + 0.4 * rng.random((len(strands), 1)))
    r[:, -1] *= 0.4
    return r


def join(*parts: Strands) -> Strands:
    """Strands with equal numbers of points together."""
    return Strands(np.concatenate([p.points for p in parts]), np.concatenate([p.radii for p in parts]))
