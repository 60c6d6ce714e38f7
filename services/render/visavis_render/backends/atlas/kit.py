"""A rendered person for viewers that draw: the pictures as they are stored, everything else as numbers."""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavis_render.avatar import AvatarDirectory
from visavis_render.backends.atlas.assets import PARTS, Person
from visavis_render.backends.atlas.head import View
from visavis_render.backends.atlas.relief import make_reliefs
from visavis_render.engine import Asset, Kit

NUMBERS = "numbers.deflate"
LIDS_ALPHA = "lids_alpha.png"
UNITS = {"moves": 65536}  # so many are the picture's width
STEPS = 65535


def kit_of(person: Person, directory: AvatarDirectory) -> Kit:
    """Everything of a person; places are parts of the picture, x to the right and y down."""
    files = {part: f"{part}.webp" for part in ("base", *PARTS, *(["turns"] if person.turn_deg else []))}
    files["lids_alpha"] = LIDS_ALPHA
    reliefs = make_reliefs(person, 1)
    views = [View(relief, person, 1) for relief in reliefs]
    table, numbers = _packed(
        {
            **{name: person.mesh[name] for name in ("triangles", "base", "shares")},
            "moves": person.mesh["moves"],
            "points": np.stack([view.from_pivot for view in views]),
            "share": np.stack([relief.share for relief in reliefs]),
            "lively": np.stack([relief.lively for relief in reliefs]),
            "breath": reliefs[0].breath,
        }
    )
    description = {
        "renderer": "atlas",
        "size": person.size,
        "pictures": files,
        "crops": {part: [c.top, c.bottom, c.left, c.right] for part, c in person.crops.items()},
        "keys": _keys(person),
        "numbers": {"file": NUMBERS, "arrays": table},
        **_measures(person, views[0]),
    }
    pictures = (
        Asset(file, f"image/{file.rpartition('.')[2]}", directory.asset(file).read_bytes())
        for file in files.values()
    )
    return Kit(description, (*pictures, Asset(NUMBERS, "application/octet-stream", numbers)))


def _keys(person: Person) -> dict[str, Any]:
    """What the pictures of each part show, from above."""
    return {
        "mouth": person.mouths,
        "brows": person.brows,
        "lid_closures": person.lid_closures,
        "gaze_yaw_rad": person.gaze_yaw,
        "gaze_pitch_rad": person.gaze_pitch,
        "turn_deg": person.turn_deg,
    }


def _measures(person: Person, view: View) -> dict[str, Any]:
    """Of teeth, jaw, eyeballs and camera."""
    mesh = person.mesh
    scale = 0.5 / np.tan(np.radians(float(mesh["field_deg"])) / 2)
    return {
        "hole_count": int(mesh["hole_count"]),
        "teeth": mesh["teeth"][:, 1].tolist(),
        "jaw": mesh["jaw"][:, 1].tolist(),
        "eye_radius": float(mesh["eye_radius"] * scale),
        "camera": {"axes": view.axes.tolist(), "pivot": view.pivot.tolist()},
    }


def _packed(arrays: Mapping[str, NDArray[Any]]) -> tuple[dict[str, dict[str, float]], bytes]:
    """Where each array lies and how it is read, and all of them in 16 bits a number, in zlib's format."""
    table, parts, at = {}, [], 0
    for name, array in arrays.items():
        low, step, unit = float(array.min()), _step(array), UNITS.get(name, 1)
        parts.append(np.rint((array.astype(float) - low) / step).astype("<u2").ravel())
        table[name] = {"at": at, "count": array.size, "low": low / unit, "step": step / unit}
        at += array.size
    return table, zlib.compress(np.concatenate(parts).tobytes(), 9)


def _step(array: NDArray[Any]) -> float:
    """Between two numbers of a packed array: 1 where all are whole, so that they stay exact."""
    if array.dtype.kind in "iu":
        return 1.0
    return float(array.max() - array.min()) / STEPS or 1.0
