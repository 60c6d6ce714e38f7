"""From a portrait and its landmarks to an avatar's directory."""

from pathlib import Path
from typing import Any

import numpy as np
from rpckit.errors import InvalidInput

from visavis_render.backends.atlas.assets import Crop
from visavis_render.portrait.donor import Donor, load_donor
from visavis_render.portrait.eye_shape import BALL, EyeShape, eye_shape
from visavis_render.portrait.eyes import gaze_pictures, lid_pictures
from visavis_render.portrait.fit import plate_of, with_seam
from visavis_render.portrait.frame import SIZE, Framed, framed
from visavis_render.portrait.inside import (
    Placed,
    gain_of,
    inside_pictures,
    place_inside,
    skin_of,
    white_of,
)
from visavis_render.portrait.judge import the_face
from visavis_render.portrait.keys import Fitted, fitted, key_pictures, reach_of
from visavis_render.portrait.landmarks import SIDES, Found
from visavis_render.portrait.pack import Record, stacked, write_avatar
from visavis_render.portrait.picture import Portrait
from visavis_render.portrait.raster import Array
from visavis_render.portrait.relief import ball_of, camera_of, relief_of


def build_avatar(portrait: Portrait, found: Found, record: Record, folder: Path) -> None:
    """Fill an empty folder; InvalidInput says why a portrait can't be used. Takes some 10 s."""
    donor = load_donor()
    cut = framed(portrait.rgb, the_face(found, donor.landmarks), found.person, donor.landmarks)
    landmarks, seamed = with_seam(cut.rgb, cut.landmarks), with_seam(donor.base, donor.landmarks)
    placed = place_inside(landmarks, seamed, reach_of(donor, cut, landmarks))
    teeth = float(placed(np.asarray(donor.mesh["teeth"], float))[0, 1])
    mesh = fitted(donor, cut, landmarks, seamed, plate_of(donor, cut, landmarks), teeth)
    crops: dict[str, Crop] = {}
    pictures: dict[str, Array] = {"base.webp": cut.rgb}
    for part in ("mouth", "brows"):
        crops[part], keys = key_pictures(donor, cut, mesh, part)
        pictures[f"{part}.webp"] = stacked(keys)
    eyes = [eye_shape(landmarks * SIZE, side) for side in SIDES]
    crops["inside"], insides = _inside(donor, cut, eyes, placed)
    pictures["inside.webp"] = stacked(insides)
    crops["lids"] = crops["gaze"] = _eye_crop(donor, cut, eyes)
    pictures |= _eye_pictures(donor, cut, crops["lids"], eyes)
    arrays = {**_mesh(donor, mesh), **relief_of(donor, cut), **_places(donor, cut, eyes, placed)}
    write_avatar(folder, SIZE, donor.person, record, crops, pictures, arrays)


def _inside(donor: Donor, cut: Framed, eyes: list[EyeShape], placed: Placed) -> tuple[Crop, Array]:
    donor_points = donor.landmarks * donor.person.size
    donor_eyes = [eye_shape(donor_points, side) for side in SIDES]
    whites = white_of(cut.rgb, eyes), white_of(donor.base, donor_eyes)
    skins = skin_of(cut.rgb, cut.landmarks * SIZE), skin_of(donor.base, donor_points)
    return inside_pictures(donor, placed, *gain_of(*whites, *skins))


def _eye_crop(donor: Donor, cut: Framed, eyes: list[EyeShape]) -> Crop:
    """Wide enough for both eyes' lids, from the brows to the cheeks."""
    wide = max(eye.width for eye in eyes)
    (left, right), tops = (eyes[0].corner[0] - 0.15 * wide, eyes[1].corner[0] + 1.15 * wide), []
    bottoms = []
    for eye in eyes:
        tops.append(eye.corner[1] + min(0.0, eye.along[1]) - eye.brow - 4)
        bottoms.append(eye.corner[1] + max(0.0, eye.along[1]) + 0.6 * wide)
    edges = np.clip(np.array([min(tops), max(bottoms), left, right]), 0, SIZE)
    top, bottom, left, right = (2 * round(edge / 2) for edge in edges)
    if bottom - top < 16 or right - left < 32:
        raise InvalidInput("the eyes can't be made out in the picture")
    return Crop(top, bottom, left, right)


def _eye_pictures(donor: Donor, cut: Framed, crop: Crop, eyes: list[EyeShape]) -> dict[str, Array]:
    person = donor.person
    gazes = gaze_pictures(cut.rgb, crop, eyes, person.gaze_yaw, person.gaze_pitch)
    lids, alpha = lid_pictures(cut.rgb, crop, eyes, person.lid_closures)
    return {
        "gaze.webp": stacked(gazes),
        "lids.webp": stacked(lids * alpha[..., None]),
        "lids_alpha.png": stacked(alpha * 255),
    }


def _mesh(donor: Donor, mesh: Fitted) -> dict[str, Any]:
    moves = np.clip(np.round(mesh.moves / SIZE * 65536), -32767, 32767)
    return {
        "triangles": donor.mesh["triangles"],
        "hole_count": donor.mesh["hole_count"],
        "base": (mesh.base / SIZE).astype(np.float32),
        "moves": moves.astype(np.int16),
        "shares": donor.mesh["shares"],
    }


def _places(donor: Donor, cut: Framed, eyes: list[EyeShape], placed: Placed) -> dict[str, Any]:
    """The camera, the teeth's edges and the jaw's way, the eyeballs."""
    camera = camera_of(donor, cut)
    radius = BALL * float(np.mean([eye.iris_radius for eye in eyes]))
    return {
        **camera,
        "eye": eyes[1].iris / SIZE,
        "eye_radius": ball_of(radius, camera["field_deg"]),
        "teeth": placed(np.asarray(donor.mesh["teeth"], float)),
        "jaw": np.asarray(donor.mesh["jaw"], float) * placed.reach,
    }
