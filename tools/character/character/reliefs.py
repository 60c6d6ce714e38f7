"""Depth behind a person's pictures, and what it lacks to carry one of them into another."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import (
    distance_transform_edt,
    gaussian_filter,
    map_coordinates,
    maximum_filter,
    median_filter,
    minimum_filter,
    zoom,
)

from character.body import NECK_PIVOT
from character.matching import features, shift_to_match
from character.maths import Array, rotation, smooth
from character.poses import BROWS, TURN_DEG, VISEMES

MATCHED = 256  # pixels of the pictures that are matched
MOVES = 0.002  # of the picture's width: what an expression moves as far is face
INSIDE = 3  # pixels of the matched pictures by which the face is taken smaller


def _smoothed(depth: Array, share: Array) -> tuple[Array, Array]:
    """Depth of a picture, filled up behind the person, and the share of the head's turn."""
    empty = depth == 0
    away, nearest = distance_transform_edt(empty, return_indices=True)
    cells = len(depth)
    # Single strands before an empty backdrop would tear the picture: the medians drop them.
    depth = median_filter(depth[tuple(nearest)], cells // 14)
    share = median_filter(share[tuple(nearest)], cells // 14) * smooth(cells / 7, 0, away)
    # What is in front keeps its shape: what lies behind its edge is stretched instead.
    depth = minimum_filter(depth, cells // 48)
    share = maximum_filter(share, cells // 32)
    return gaussian_filter(depth, cells / 50), gaussian_filter(share, cells / 36)


def _turned_place(depth: Array, share: Array, geometry: Any, turns: tuple[float, float]) -> Array:
    """Where (h, w, [x, y] from 0 to 1) a head is seen that is turned from one to another of two angles."""
    at, look_at = geometry["camera"], geometry["look_at"]
    forward = (look_at - at) / np.linalg.norm(look_at - at)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    axes = np.stack([right, -np.cross(right, forward), forward])
    scale = 0.5 / np.tan(np.radians(float(geometry["field_deg"])) / 2)
    x, y = np.meshgrid(*((np.arange(len(depth)) + 0.5) / len(depth) - 0.5,) * 2)
    points = np.stack([x / scale, y / scale, np.ones_like(x)], -1) * depth[..., None] @ axes + at - NECK_PIVOT
    own, to = (
        np.eye(3) + share[..., None, None] * (rotation(np.radians(turn), 0.0, 0.0) - np.eye(3))
        for turn in turns
    )
    moved = np.einsum("yxij,yxj->yxi", to, np.linalg.solve(own, points[..., None])[..., 0])
    seen = (moved + NECK_PIVOT - at) @ axes.T
    return 0.5 + scale * seen[..., :2] / seen[..., 2:]


def _face(geometry: Any) -> Array:
    """Pixels (MATCHED, MATCHED) that speak: 1, else 0. There the mesh is skin, and its depth is exact."""
    base = geometry["mesh_base"][..., :2]
    moves = [np.linalg.norm(geometry[f"mesh_{key}"][..., :2] - base, axis=1) for key in (*VISEMES, *BROWS)]
    moving = base[np.max(moves, axis=0) > MOVES] * MATCHED
    face = np.zeros((MATCHED, MATCHED))
    columns = np.arange(MATCHED)
    for row in range(int(moving[:, 1].min()), int(moving[:, 1].max()) + 1):
        own = moving[np.abs(moving[:, 1] - row) < 4, 0]
        if len(own):
            face[row] = (columns >= own.min() + INSIDE) & (columns <= own.max() - INSIDE)
    return gaussian_filter(face, 1.5)


def _shifts(source: Path, geometry: Any, views: Sequence[tuple[Array, Array]]) -> Array:
    """(turns, 2, g, g, [x, y]): what depth lacks, of the picture's width, for outlines and hair to go where
    the other picture shows them: from the picture of the head looking straight ahead, then back to it."""
    names = ["base", *(f"turn_{n}" for n in range(len(TURN_DEG)))]
    raw = [geometry["depth"], *geometry["turn_depth"]]
    cells = len(raw[0])
    size, more = (MATCHED, MATCHED), MATCHED / cells
    seen, face = [], _face(geometry)
    for name, depth in zip(names, raw, strict=True):
        luma = Image.open(source / f"{name}.png").convert("L").resize(size, Image.Resampling.BOX)
        person = zoom((depth > 0).astype(float), more, order=1, grid_mode=True, mode="nearest")
        seen.append(features(np.asarray(luma, float) / 255, person))

    def shift(own: int, other: int, turns: tuple[float, float]) -> Array:
        place = _turned_place(*views[own], geometry, turns)
        place = np.stack([zoom(place[..., n], more, order=1, grid_mode=True, mode="nearest") for n in (0, 1)])
        place = np.moveaxis(place, 0, -1) * MATCHED - 0.5
        known = map_coordinates(face, [place[..., 1], place[..., 0]], order=1) if own else face
        found = shift_to_match(seen[own], seen[other], place, known)
        step = int(more)
        small = found.reshape(cells, step, cells, step, 2).mean((1, 3)) / MATCHED
        return small * smooth(0.0, 0.25, views[own][1])[..., None]

    pairs = [(shift(0, n + 1, (0.0, t)), shift(n + 1, 0, (t, 0.0))) for n, t in enumerate(TURN_DEG)]
    return np.array(pairs)


def relief(source: Path, geometry: Any, turns: Sequence[float]) -> dict[str, Any]:
    """Depth and share of the whole picture, and of those of the turned head when there are any."""
    depth, share = _smoothed(geometry["depth"], geometry["share"])
    turned = [_smoothed(geometry["turn_depth"][n], geometry["turn_share"][n]) for n in range(len(turns))]
    more: dict[str, Any] = {}
    if turns:
        more["turn_depth"] = np.array([depth for depth, _ in turned], np.float32)
        more["turn_share"] = np.array([share for _, share in turned], np.float32)
        more["turn_shift"] = _shifts(source, geometry, [(depth, share), *turned]).astype(np.float16)
    cells = len(depth)
    return more | {
        "depth": depth.astype(np.float32),
        "share": share.astype(np.float32),
        "breath": smooth(0.60, 0.95, (np.arange(cells) + 0.5) / cells).astype(np.float32),
    }
