"""Eyeballs with a dished iris, cornea, tear line and the pink corner beside the nose."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from character.blender import add_mesh, move_mesh
from character.body import Body
from character.maths import Array, rotation, unit
from character.surfaces import eye_material, soft_material, wet_material

IRIS = 0.066 / 0.1377  # of the eyeball's radius
AROUND = 48
VERGENCE = 0.035


def _profile(cornea: bool) -> tuple[Array, Array]:
    """(radius, depth) from the pole to the back, for an eyeball of radius 1."""
    edge = math.asin(IRIS)
    angle = np.concatenate([np.linspace(0, edge, 14), np.linspace(edge, math.pi, 30)[1:]])
    radius, depth = np.sin(angle), np.cos(angle)
    if cornea:
        depth = depth + 0.115 * np.clip(1 - (radius / (IRIS * 1.12)) ** 2, 0, 1) * (depth > 0)
        return radius * 1.004, depth * 1.004
    dish = math.cos(edge) - 0.05 - 0.05 * (1 - (radius / IRIS) ** 2)
    return radius, np.where(angle <= edge + 1e-6, dish, depth)


def _ball(scale: float, cornea: bool) -> tuple[Array, list[tuple[int, ...]]]:
    radius, depth = (a * scale for a in _profile(cornea))
    turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    grid = [np.outer(radius, np.cos(turn)), np.outer(radius, np.sin(turn)), np.outer(depth, np.ones(AROUND))]
    faces = [
        (
            i * AROUND + j,
            (i + 1) * AROUND + j,
            (i + 1) * AROUND + (j + 1) % AROUND,
            i * AROUND + (j + 1) % AROUND,
        )
        for i in range(len(radius) - 1)
        for j in range(AROUND)
    ]
    return np.stack(grid, -1).reshape(-1, 3), faces


class Eyes:
    """Both eyes in the scene."""

    def __init__(self, body: Body, colours: Mapping[str, Any]) -> None:
        self._body, self._balls = body, []
        self._grids = body.lash_grids()
        materials = {False: eye_material(colours), True: wet_material("cornea", 1.42)}
        for side in "lr":
            centre, radius = body.eyeball(side)
            for cornea, size in ((False, 0.995), (True, 0.998)):
                points, faces = _ball(radius * size, cornea)
                local = {"eye_at": points / (IRIS * radius)}
                item = add_mesh(f"eye {side} {cornea}", points + centre, faces, materials[cornea], local)
                self._balls.append((item, points, centre, side))
        self._tears = {}
        wet, pink = (
            wet_material("tear", 1.5),
            soft_material("caruncle", (0.50, 0.20, 0.17), 0.25, 0.6, wet=0.6),
        )
        self._corners = {}
        for side in "lr":
            points, faces = self._tear(body.base, side)
            self._tears[side] = add_mesh(f"tear {side}", points, faces, wet)
            points, faces = self._corner(body.base, side)
            self._corners[side] = add_mesh(f"caruncle {side}", points, faces, pink, subdivide=1)

    @property
    def balls(self) -> list[Any]:
        return [item for item, *_ in self._balls]

    @property
    def lids(self) -> list[Any]:
        """What belongs to the lids: it is not part of the eyeballs."""
        return [*self._tears.values(), *self._corners.values()]

    def look(self, yaw: float, pitch: float) -> None:
        """Radians to the viewer's right and down."""
        for item, points, centre, side in self._balls:
            inward = VERGENCE if side == "r" else -VERGENCE
            move_mesh(item, points @ rotation(yaw + inward, pitch, 0.0).T + centre)

    def follow(self, points: Array) -> None:
        """Move tear lines and corners with the lids."""
        for side in "lr":
            move_mesh(self._tears[side], self._tear(points, side)[0])
            move_mesh(self._corners[side], self._corner(points, side)[0])

    def _margin(self, points: Array, side: str) -> Array:
        """The lower lid's edge (n, 3), where its lashes grow."""
        root = points[self._grids[side + "1"][:, 0]]
        fine = np.linspace(0, len(root) - 1, 40)
        return np.stack([np.interp(fine, np.arange(len(root)), root[:, i]) for i in range(3)], 1)

    def _tear(self, points: Array, side: str) -> tuple[Array, list[tuple[int, ...]]]:
        """A thin tube where the lower lid meets the eye."""
        centre, radius = self._body.eyeball(side)
        edge = self._margin(points, side)
        outward = unit(edge - centre)
        line = centre + outward * radius * 1.012 + np.array([0, 0.006, 0.0])
        along = unit(np.gradient(line, axis=0))
        up = unit(np.cross(along, outward))
        turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
        thick = 0.0065 * np.sin(np.linspace(0.15, np.pi - 0.15, len(line)))[:, None, None]
        ring = up[:, None] * np.cos(turn)[None, :, None] + outward[:, None] * np.sin(turn)[None, :, None]
        tube = (line[:, None] + ring * thick).reshape(-1, 3)
        faces = [
            (i * 8 + j, i * 8 + (j + 1) % 8, (i + 1) * 8 + (j + 1) % 8, (i + 1) * 8 + j)
            for i in range(len(line) - 1)
            for j in range(8)
        ]
        return tube, faces

    def _corner(self, points: Array, side: str) -> tuple[Array, list[tuple[int, ...]]]:
        """A small ellipsoid in the inner corner."""
        lids = np.where(self._body.mask("eyelids") > 0.5)[0]
        own = lids[self._body.base[lids, 0] * (1 if side == "l" else -1) > 0]
        inner = own[np.argsort(np.abs(self._body.base[own, 0]))[:14]]
        middle = points[inner].mean(0)
        outward = 1 if side == "l" else -1
        middle = middle + np.array([outward * 0.020, -0.004, -0.022])
        ball, faces = _ball(1.0, cornea=False)
        ball = ball[:, [2, 0, 1]] * np.array([outward * 0.022, 0.013, 0.018])
        return ball + middle, faces
