"""Depth of a portrait and how much of each place turns with the head."""

from typing import Any

import numpy as np

from visavis_render.portrait.donor import Donor
from visavis_render.portrait.frame import GRID, SIZE, Framed
from visavis_render.portrait.landmarks import CHIN
from visavis_render.portrait.raster import blurred, sampled, smooth

TURNS = 0.7  # of the donor's turn: a photograph shows no more of its sides
NECK = 0.20  # how far below the chin nothing turns any more
SOFT = 7.0  # cells over which the background goes along


def relief_of(donor: Donor, portrait: Framed) -> dict[str, Any]:
    """depth, share and breath as the renderer reads them."""
    mesh = donor.mesh
    place = (np.arange(GRID) + 0.5) / GRID
    grid = np.stack(np.meshgrid(place, place), -1)
    back = portrait.origin(grid) * mesh["depth"].shape[0]
    depth = sampled(mesh["depth"].astype(float), back[..., 0], back[..., 1])
    chin = float(portrait.landmarks[CHIN, 1])
    head = smooth(chin + NECK * portrait.zoom, chin - 0.02, grid[..., 1])
    person = smooth(0.15, 0.6, portrait.person)
    near = np.clip(2.2 * blurred(person, SOFT), 0, 1)
    share = TURNS * head * np.maximum(person, near)
    return {
        "depth": blurred(depth, 1.0).astype(np.float32),
        "share": blurred(share, 2.0).astype(np.float32),
        "breath": smooth(chin + 0.02, min(0.99, chin + 0.30), place).astype(np.float32),
    }


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
