"""The shipped person whose mouth, mesh and movements a portrait borrows."""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import numpy as np

from visavis_render.avatar import by_name
from visavis_render.backends.atlas.assets import Bytes, Crop, Person, load
from visavis_render.portrait.raster import Array

NAME = "nora"
LANDMARKS = "nora.npz"  # made by tools/portrait/donor.py


def rgb_of(picture: Bytes) -> Bytes:
    """I420 -> RGB."""
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


@dataclass(frozen=True)
class Donor:
    """person: as the renderer reads it. landmarks: (478, 3) parts of its picture, right, down, away."""

    person: Person
    landmarks: Array

    @cached_property
    def base(self) -> Array:
        """The whole picture, RGB."""
        return rgb_of(self.person.pictures["base"]).astype(np.float32)

    def keys(self, part: str) -> Array:
        """All pictures of a part (n, height, width, 3)."""
        crop = self.person.crops[part]
        return rgb_of(self.person.pictures[part]).reshape(-1, crop.height, crop.width, 3).astype(np.float32)

    def crop(self, part: str) -> Crop:
        return self.person.crops[part]

    @property
    def mesh(self) -> Any:
        return self.person.mesh


def load_donor() -> Donor:
    """The donor that ships, at the size that it was rendered at."""
    path = Path(str(files("visavis_render"))) / "portrait" / LANDMARKS
    with np.load(path) as stored:
        return Donor(load(by_name(NAME)), np.asarray(stored["landmarks"], float))
