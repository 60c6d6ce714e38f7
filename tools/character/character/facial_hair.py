"""Brows, lashes and beard: short strands that follow the skin."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.interpolate import LinearNDInterpolator, PchipInterpolator
from scipy.spatial import cKDTree

from character.body import Body
from character.maths import Array, smooth, unit
from character.strands import Strands, Surface, scatter

# Along the brow from its inner end (0) to its outer end (1).
BROW_X = (0.112, 0.555)
BROW_Y = ((0, 6.972), (0.2, 6.990), (0.45, 7.012), (0.66, 7.018), (0.85, 6.998), (1, 6.958))
BROW_HEIGHT = ((0, 0.060), (0.10, 0.080), (0.35, 0.078), (0.6, 0.062), (0.8, 0.042), (1, 0.016))
POINTS = 7


def _curve(knots: tuple[tuple[float, float], ...], t: Array) -> Array:
    return PchipInterpolator([k for k, _ in knots], [v for _, v in knots])(t)


def _brow(depth: Any, brows: Mapping[str, Any], side: int, rng: Any) -> Strands:
    n = brows["count"]
    t = rng.random(n)
    inner = (t < 0.14) & (rng.random(n) > 0.30 + 5 * t)
    t = np.clip(np.where(inner, 0.2 + 0.75 * rng.random(n), t) + rng.normal(0, 0.01, n), 0, 1)
    v = 0.6 * rng.uniform(-1, 1, n) + 0.5 * rng.triangular(-1, 0, 1, n)
    width = BROW_X[1] - BROW_X[0]
    height = _curve(BROW_HEIGHT, t) * brows["thickness"]
    y0 = _curve(BROW_Y, t) + brows["height"] + (v - 0.15) * height * 0.5 + (0.006 if side > 0 else 0)
    rise = _curve(BROW_Y, np.clip(t + 0.05, 0, 1)) - _curve(BROW_Y, np.clip(t - 0.05, 0, 1))
    lean = 34 * (1 - smooth(0, 0.34, t)) - 16 * v * smooth(0.05, 0.4, t) + 10 * smooth(0.3, 0.6, t)
    angle = np.arctan(rise / (0.10 * width)) + np.radians(lean + rng.normal(0, 7, n))
    length = (0.084 - 0.028 * t) * rng.uniform(0.55, 1.1, n) * (0.7 + 0.3 * (1 - np.abs(v)))
    k = np.linspace(0, 1, POINTS)
    bend = angle[:, None] - np.radians(22) * k[None] ** 1.3
    move = (length / (POINTS - 1))[:, None] * (k[None] > 0)
    x = side * (BROW_X[0] + width * t[:, None] + np.cumsum(np.cos(bend) * move, 1))
    y = y0[:, None] + np.cumsum(np.sin(bend) * move, 1)
    lift = 0.014 * np.sin(np.pi * np.clip(k * 0.85, 0, 1))[None] * rng.uniform(0.4, 1.2, (n, 1))
    lift[:, 0] = -0.006
    points = np.stack([x, y, depth(x, y) + lift], 2)
    good = ~np.isnan(points).any((1, 2))
    radius = 0.00105 * (1 - 0.8 * k)[None] * rng.uniform(0.6, 1.2, (n, 1))
    return Strands(points[good], radius[good])


def brows(surface: Surface, settings: Mapping[str, Any], seed: int) -> Strands:
    """Both brows on the resting skin."""
    rng = np.random.default_rng(seed + 1)
    p = surface.points
    front = (p[:, 2] > 0.9) & (p[:, 1] > 6.6) & (p[:, 1] < 7.5) & (surface.normals[:, 2] > 0.1)
    depth = LinearNDInterpolator(p[front][:, :2], p[front][:, 2])
    left, right = (_brow(depth, settings, side, rng) for side in (1, -1))
    return Strands(np.concatenate([left.points, right.points]), np.concatenate([left.radii, right.radii]))


def beard(surface: Surface, settings: Mapping[str, Any], body: Body, lips: Array, seed: int) -> Strands:
    """Stubble over jaw, chin and upper lip."""
    rng = np.random.default_rng(seed + 3)
    x, y, z = surface.points.T
    cheek = 6.10 + 0.56 * smooth(0.25, 0.66, np.abs(x))
    density = smooth(0.06, -0.10, y - cheek) * smooth(5.66, 5.86, y) * smooth(0.3, 0.5, z)
    above = y - body.lips_high[1]
    moustache = 1.8 * np.exp(-((x / 0.27) ** 4)) * smooth(-0.02, 0.02, above) * smooth(0.10, 0.06, above)
    density = np.maximum(density, moustache * (z > 1.1)) * (lips < 0.15) * (surface.ears < 0.2)
    n = settings["count"]
    root, normal = scatter(surface, density, n, rng)
    fall = unit(normal * 0.40 + np.array([0, -0.9, 0.05]) + rng.normal(0, 0.35, (n, 3)))
    t = np.linspace(0, 1, 5)[None, :, None]
    length = settings["length"] * rng.uniform(0.5, 1.1, (n, 1, 1))
    curl = rng.normal(0, 0.3, (n, 1, 3)) * t**2
    points = root[:, None] - normal[:, None] * 0.004 + length * (fall[:, None] * t + curl)
    return Strands(points, np.broadcast_to(0.0011 * (1 - 0.6 * t[..., 0]), points.shape[:2]).copy())


def nearest(surface: Surface, strands: Strands) -> Any:
    """Vertex of the surface that each strand follows."""
    return cKDTree(surface.points).query(strands.points[:, 0])[1]


def lashes(points: Array, grids: Mapping[str, Any], seed: int) -> Strands:
    """Lashes between the columns of the CC0 lash strips: they follow the lids for free."""
    rng = np.random.default_rng(seed + 2)
    curves, radius = [], []
    k = np.linspace(0, 1, POINTS)
    for key, grid in grids.items():
        upper = key[1] == "2"
        strip, n, columns = points[grid], 105 if upper else 46, len(grid)
        u = np.sort(rng.random(n)) * (columns - 1.02)
        i = u.astype(int)
        share = (u - i)[:, None, None]
        rows = strip[i] * (1 - share) + strip[i + 1] * share
        outward = np.abs(strip[:, 0, 0])
        q = (np.interp(u, np.arange(columns), outward) - outward.min()) / np.ptp(outward)
        length = rng.uniform(0.62, 1.05, n) * (0.30 + 0.70 * smooth(0, 0.55, q)) * (0.88 if upper else 0.42)
        at = k[None] * length[:, None] * 4
        low = np.clip(at.astype(int), 0, 3)
        part = (at - low)[:, :, None]
        who = np.arange(n)[:, None]
        curve = rows[who, low] * (1 - part) + rows[who, low + 1] * part
        curves.append(curve + rng.normal(0, 0.0055, (n, 1, 3)) * (k**1.3)[None, :, None])
        radius.append((0.0021 if upper else 0.0012) * (1 - 0.85 * k)[None] * rng.uniform(0.8, 1.2, (n, 1)))
    return Strands(np.concatenate(curves), np.concatenate(radius))
