"""Depth of a portrait and how much of each place turns with the head."""

from typing import Any

import numpy as np

from visavis_render.portrait.donor import Donor
from visavis_render.portrait.frame import GRID, SIZE, Framed
from visavis_render.portrait.landmarks import CHIN, SKIN
from visavis_render.portrait.raster import Array, blurred, filled, sampled, smooth

TURNS = 0.7  # of the donor's turn: a photograph shows no more of its sides
BEHIND = 0.45  # how far hair lies behind the edge of the face, in the donor's units (a head is 2 wide)
NECK = 0.20  # how far below the chin nothing turns any more
SOFT = 7.0  # cells over which the background goes along


def relief_of(donor: Donor, portrait: Framed) -> dict[str, Any]:
    """depth, share and breath as the renderer reads them."""
    place = (np.arange(GRID) + 0.5) / GRID
    grid = np.stack(np.meshgrid(place, place), -1)
    chin = float(portrait.landmarks[CHIN, 1])
    head = smooth(chin + NECK * portrait.zoom, chin - 0.02, grid[..., 1])
    person = smooth(0.15, 0.6, portrait.person)
    near = np.clip(2.2 * blurred(person, SOFT), 0, 1)
    share = TURNS * head * np.maximum(person, near)
    return {
        "depth": _depth(donor, portrait).astype(np.float32),
        "share": blurred(share, 2.0).astype(np.float32),
        "breath": smooth(chin + 0.02, min(0.99, chin + 0.30), place).astype(np.float32),
    }


def _depth(donor: Donor, portrait: Framed) -> Array:
    """Of the portrait's landmarks, as far away as the donor's face; around them what is beside goes on.

    So hair and background move with the edge of the face beside them, and the edge stays whole.
    """
    mesh, points = donor.mesh, portrait.landmarks[:SKIN]
    wide = 2 * np.tan(np.radians(float(mesh["field_deg"])) / 2) / portrait.zoom
    cells = mesh["depth"].shape[0]
    away = sampled(mesh["depth"].astype(float), *(donor.landmarks[:SKIN, :2].T * cells))
    column, row = np.clip((points[:, :2] * GRID).astype(int), 0, GRID - 1).T
    total, count = np.zeros((GRID, GRID)), np.zeros((GRID, GRID))
    np.add.at(total, (row, column), points[:, 2] * wide * away.mean())
    np.add.at(count, (row, column), 1)
    known = np.minimum(count, 1)
    surface = filled((total / np.maximum(count, 1))[..., None], known)[..., 0]
    beside = smooth(0.4, 0.0, blurred(smooth(0.0, 0.02, blurred(known, 3.0)), 6.0))
    return blurred(surface - surface[row, column].mean() + away.mean() + BEHIND * beside, 1.5)


def camera_of(donor: Donor, portrait: Framed) -> dict[str, Any]:
    """The donor's camera, zoomed and aimed as the portrait was cut."""
    mesh = donor.mesh
    half = np.tan(np.radians(float(mesh["field_deg"])) / 2)
    at, to = np.asarray(mesh["camera"], float), np.asarray(mesh["look_at"], float)
    away = float(np.linalg.norm(to - at))
    middle = portrait.origin(np.array([0.5, 0.5]))
    aim = to + np.array([0.0, (0.5 - middle[1]) * 2 * half * away, 0.0])
    field = 2 * np.degrees(np.arctan(half / portrait.zoom))
    return {"camera": at, "look_at": aim, "field_deg": field, "pivot": mesh["pivot"]}


def ball_of(radius_px: float, field_deg: float) -> float:
    """An eyeball's radius over its depth, from its radius in the picture."""
    return radius_px / SIZE * 2 * float(np.tan(np.radians(field_deg) / 2))
