"""Writes the directory of a portrait's avatar."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from visavis_render.backends.atlas.assets import MESH, Crop, Person
from visavis_render.portrait.raster import Array

QUALITY = 88
NOTE = """name = {name}
renderer = "atlas"
licence = {licence}
author = {author}
about = {about}

# A real person's face. Keep this record with it.
[portrait]
consent = {consent}
recorded_time = {time}
file = {file}
sha256 = {digest}

# Made by `visavis avatar create PICTURE`; the pictures of a part stand below each other in its WebP file.
[atlas]
format = 1
size_px = {size}

# Rows and columns of the picture that the parts cover: top, bottom, left, right.
[atlas.crops]
{crops}

[atlas.keys]
mouth = {mouth}
brows = {brows}
lid_closures = {lids}
gaze_yaw_rad = {yaw}
gaze_pitch_rad = {pitch}
"""


@dataclass(frozen=True)
class Record:
    """Who an avatar shows and who agreed to that."""

    name: str
    consent: str
    time: datetime
    author: str
    file: str
    digest: str


def write_picture(path: Path, picture: Array) -> None:
    """RGB to WebP, grey to PNG."""
    pixels = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    grey = pixels.ndim == 2
    codec, kind = ("png", "gray") if grey else ("libwebp", "yuv420p")
    options = {} if grey else {"quality": str(QUALITY), "compression_level": "4"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="gray" if grey else "rgb24")
    with av.open(str(path), "w", format="image2" if grey else "webp") as container:
        stream: Any = container.add_stream(codec, rate=1, options=options)
        stream.width, stream.height, stream.pix_fmt = pixels.shape[1], pixels.shape[0], kind
        frame.pts, frame.time_base = 0, Fraction(1)
        container.mux(stream.encode(frame.reformat(format=kind)))
        container.mux(stream.encode())


def stacked(pictures: Array) -> Array:
    """(n, height, width, …) below each other."""
    return pictures.reshape(-1, *pictures.shape[2:])


def write_avatar(
    folder: Path,
    size: int,
    donor: Person,
    record: Record,
    crops: Mapping[str, Crop],
    pictures: Mapping[str, Array],
    mesh: Mapping[str, Any],
) -> None:
    """avatar.toml, pictures and mesh.npz into an empty folder."""
    for name, picture in pictures.items():
        write_picture(folder / name, picture)
    np.savez_compressed(folder / MESH, **mesh)

    def text(value: str | Sequence[Any]) -> str:
        return json.dumps(value, ensure_ascii=False)

    edges = {part: [c.top, c.bottom, c.left, c.right] for part, c in crops.items()}
    note = NOTE.format(
        name=text(record.name),
        licence=text("not for others: a person's likeness, used with consent"),
        author=text(record.author),
        about=text("Made from a portrait, with consent."),
        consent=text(record.consent),
        time=record.time.isoformat(timespec="seconds"),
        file=text(record.file),
        digest=text(record.digest),
        size=size,
        crops="\n".join(f"{part} = {edge}" for part, edge in edges.items()),
        mouth=text(list(donor.mouths)),
        brows=text(list(donor.brows)),
        lids=list(donor.lid_closures),
        yaw=list(donor.gaze_yaw),
        pitch=list(donor.gaze_pitch),
    )
    (folder / "avatar.toml").write_text(note, "utf-8")
