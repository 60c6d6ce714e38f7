"""Hair styles: how strands leave the scalp and where they go."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from character.maths import Array, smooth, unit
from character.strands import (
    CENTRE,
    POINTS,
    Skull,
    Strands,
    Surface,
    above_hairline,
    clump,
    frizz,
    join,
    radii,
    resample,
    scalp_weight,
    scatter,
    spherical,
)

STEP, STEPS = 0.075, 46


def _combed(root: Array, part_x: float, rng: Any) -> tuple[Array, Array]:
    """(side that each strand is combed to, distance from the parting)."""
    front = smooth(0.0, 1.1, root[:, 2])
    part = part_x * (0.35 + 0.65 * front) + 0.012 * np.sin(root[:, 2] * 13) + rng.normal(0, 0.010, len(root))
    return np.where(root[:, 0] > part, 1.0, -1.0), np.abs(root[:, 0] - part)


def _way_back(p: Array, side: Array, sideways: Array, early: Array, ear: Array) -> Array:
    """Where tucked hair wants to go: aside, then behind the ear, then down."""
    behind = np.stack([side * 0.66, ear, 0 * side - 0.12], 1)
    to_ear = unit(behind - p)
    fallen = smooth(0.30, -0.02, p[:, 2])[:, None]
    low = smooth(6.5, 5.7, p[:, 1])
    down = unit(np.stack([-side * (0.12 + 0.34 * low) * np.abs(p[:, 0]) * 2, -1 + 0 * side, -0.20 * low], 1))
    return unit(unit(unit(sideways) * early + to_ear * (1 - early)) * (1 - fallen) + down * fallen)


def _tucked(surface: Surface, hair: Mapping[str, Any], rng: Any) -> Strands:
    """From the parting behind the ears, and down the back of the neck."""
    count, skull = hair["count"], Skull(surface)
    root, normal = scatter(surface, scalp_weight(surface.points, surface.ears, "back"), count, rng)
    side, from_part = _combed(root, hair["part_x"], rng)
    edge = above_hairline(root, "back")
    azimuth, elevation = spherical(root)
    top, layer = smooth(0, 60, elevation), rng.beta(1.4, 1.4, count)
    front = smooth(16, 2, edge) * smooth(75, 50, azimuth)
    loose = 0.022 + 0.030 * layer + top * (0.035 + 0.04 * layer) + 0.05 * smooth(0.5, 1.0, top) * layer
    loose *= 0.55 + 0.45 * smooth(0.0, 0.22, from_part)
    sideways = np.stack([side * 0.9, 0.12 + 0.22 * front, -0.25 - 0.35 * top], 1)
    direction = unit(normal * (0.30 + 0.45 * top * smooth(0, 0.25, from_part))[:, None] + unit(sideways))
    direction = unit(direction + rng.normal(0, 0.13, (count, 3)) * (0.3 + front)[:, None])
    ear = 6.78 + 0.34 * rng.random(count)
    path = np.zeros((STEPS, count, 3))
    path[0] = p = root
    for step in range(1, STEPS):
        s = step * STEP
        early = np.exp(-((s / (0.34 + 0.30 * top)) ** 2))[:, None]
        direction = unit(0.62 * direction + 0.38 * _way_back(p, side, sideways, early, ear))
        p = path[step - 1] + direction * STEP
        above, away = skull.height(p)
        # Volume belongs to the crown: hair that keeps it down to the temples makes a box of the head.
        full = 0.55 + 0.45 * smooth(-10, 75, spherical(p)[1])
        wanted = np.minimum(loose * full, 0.010 + (0.10 + 0.20 * smooth(0, 0.3, from_part)) * s)
        low = smooth(6.35, 5.9, p[:, 1])
        wanted = wanted * (1 - low) + (0.05 + 0.08 * layer) * low
        held = np.where(p[:, 2] > 0.1, -0.04, 0.0)
        p = p + away * np.clip(wanted - above, held, 0.3)[:, None]
        direction = unit(p - path[step - 1])
        path[step] = p = path[step - 1] + direction * STEP
    tip = hair["tip"] + rng.normal(0, 0.07, count) + 0.30 * rng.random(count) ** 3
    below = path[:, :, 1] < tip
    end = np.where(below.any(0), below.argmax(0), STEPS - 1).astype(float)
    strands = resample(path, end)
    strands = clump(clump(strands, 150, 0.40, rng), 16, 0.42, rng)
    strands = _waved(strands, side, rng)
    strands = frizz(strands, hair.get("frizz", 0.007), rng)
    fly = rng.random(count) < 0.018
    lift = np.clip(rng.normal(0.2, 1, (fly.sum(), 1, 1)), -0.6, 1.6) * 0.026
    outward = unit(strands[fly] - CENTRE)
    strands[fly] += outward * lift * np.sin(np.linspace(0, np.pi, POINTS))[None, :, None]
    thin = 0.40 + 0.60 * smooth(-2, 10, edge)
    return Strands(strands, radii(strands, 0.0016, 0.0010, thin, rng))


def _waved(strands: Array, side: Array, rng: Any) -> Array:
    """Soft waves below the ears."""
    share = smooth(6.55, 6.0, strands[:, :, 1])
    phase = 1.2 * np.sin(strands[:, -1, 0] * 9) + 0.5 * rng.random(len(strands))
    turn = 2 * np.pi * strands[:, :, 1] / 0.75 + phase[:, None]
    wave = np.stack([np.sin(turn) * side[:, None], 0 * turn, np.cos(turn)], -1)
    return strands + 0.032 * share[:, :, None] * wave


def _baby_hair(surface: Surface, hair: Mapping[str, Any], rng: Any, count: int = 2400) -> Strands:
    """Short fine strands that blur the hairline."""
    edge = above_hairline(surface.points, "back")
    azimuth, _ = spherical(surface.points)
    band = smooth(-7, -2, edge) * smooth(9, 3, edge) * (surface.ears < 0.3) * smooth(105, 85, azimuth)
    root, normal = scatter(surface, band * (surface.points[:, 2] > 0.2), count, rng)
    side, _ = _combed(root, hair["part_x"], rng)
    comb = np.stack([side * 0.7, 0.35 + 0 * side, -0.25 + 0 * side], 1) + rng.normal(0, 0.32, (count, 3))
    tangent = unit(comb - normal * (comb * normal).sum(1, keepdims=True))
    length = rng.uniform(0.04, 0.12, count)[:, None, None]
    t = np.linspace(0, 1, POINTS)[None, :, None]
    bend = rng.normal(0, 0.35, (count, 1, 3))
    strands = root[:, None] + length * (
        tangent[:, None] * t + normal[:, None] * 0.16 * np.sin(np.pi * t * 0.8)
    )
    strands = strands + length * bend * t**2 * 0.5 + normal[:, None] * 0.003
    return Strands(strands, radii(strands, 0.0006, 0.0003, np.ones(count), rng))


def _tendrils(surface: Surface, hair: Mapping[str, Any], rng: Any) -> Strands:
    """A few loose locks that fall beside the face."""
    edge = above_hairline(surface.points, "back")
    azimuth, _ = spherical(surface.points)
    skull, parts = Skull(surface), []
    for side, angle, length, size in hair.get("tendrils", ()):
        near = np.exp(-(((azimuth - angle) / 3.0) ** 2) - ((edge - 4) / 5.0) ** 2)
        weight = near * (np.sign(surface.points[:, 0]) == side)
        root, _ = scatter(surface, weight, int(size), rng)
        path = np.zeros((STEPS, len(root), 3))
        path[0] = p = root
        speed, own = length / STEPS, rng.uniform(0.75, 1.05, len(root))
        direction = unit(np.array([[side * 0.40, 0.0, 0.30]]) + rng.normal(0, 0.06, root.shape))
        for step in range(1, STEPS):
            s = step / STEPS
            swing = 0.55 * np.sin(2 * np.pi * (0.15 + 1.05 * s))
            wish = unit(np.array([[-side * (0.10 + 0.35 * swing), -1.0, -0.10 - 0.15 * swing]]))
            direction = unit(0.84 * direction + 0.16 * wish)
            p = path[step - 1] + direction * speed * own[:, None]
            above, away = skull.height(p)
            p = p + away * np.clip(0.035 - above, -0.03, 0.2)[:, None]
            path[step] = p
        strands = resample(path, np.full(len(root), STEPS - 1.0))
        spread = rng.normal(0, 0.012, (len(root), 1, 3)) * np.linspace(0.2, 1.4, POINTS)[None, :, None]
        strands = frizz(clump(strands + spread, 12, 0.5, rng), 0.010, rng)
        parts.append(Strands(strands, radii(strands, 0.0013, 0.0006, np.ones(len(root)), rng)))
    return join(*parts) if parts else Strands(np.zeros((0, POINTS, 3)), np.zeros((0, POINTS)))


def back(surface: Surface, hair: Mapping[str, Any], rng: Any) -> Strands:
    """Side parting, worn back, with loose locks and a soft hairline."""
    return join(_tucked(surface, hair, rng), _baby_hair(surface, hair, rng), _tendrils(surface, hair, rng))


def cropped(surface: Surface, hair: Mapping[str, Any], rng: Any) -> Strands:
    """Short tight curls."""
    count = hair["count"]
    root, normal = scatter(surface, scalp_weight(surface.points, surface.ears, "cropped"), count, rng)
    edge = above_hairline(root, "cropped")
    _, elevation = spherical(root)
    length = hair["length"] * rng.uniform(0.6, 1.1, count) * (0.35 + 0.65 * smooth(-8, 45, elevation))
    length *= 0.45 + 0.55 * smooth(-2, 12, edge)
    lean = unit(normal + rng.normal(0, 0.30, (count, 3)))
    across = unit(np.cross(lean, rng.normal(0, 1, (count, 3))))
    other = np.cross(lean, across)
    t = np.linspace(0, 1, POINTS)[None, :, None]
    turn = 2 * np.pi * (hair["turns"] * t + rng.random((count, 1, 1)))
    curl = hair["curl"] * np.minimum(1, 3 * t)
    spiral = across[:, None] * np.cos(turn) + other[:, None] * np.sin(turn)
    strands = (
        root[:, None] - normal[:, None] * 0.008 + lean[:, None] * length[:, None, None] * t + spiral * curl
    )
    thin = 0.5 + 0.5 * smooth(-3, 9, edge)
    return Strands(strands, radii(strands, 0.0015, 0.0012, thin, rng))


STYLES = {"back": back, "cropped": cropped}


def scalp_hair(surface: Surface, hair: Mapping[str, Any], seed: int) -> Strands:
    """All hair of the head in the person's style."""
    return STYLES[hair["style"]](surface, hair, np.random.default_rng(seed))
