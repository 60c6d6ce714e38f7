"""An avatar's directory -> arrays at the size that it was rendered at."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

import av
import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from visavis_render.avatar import MANIFEST, AvatarDirectory, Part
from visavis_render.backends.atlas.pictures import size_of

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

MESH = "mesh.npz"
MAX_SIZE = 2048
MAX_MESH_BYTES = 64 << 20
PARTS = ("mouth", "inside", "brows", "lids", "gaze")
# Name -> shape; a letter is a size that must be the same everywhere.
ARRAYS: dict[str, tuple[int | str, ...]] = {
    "triangles": ("t", 3),
    "hole_count": (),
    "base": ("v", 2),
    "moves": ("k", "v", 2),
    "shares": (2, "v"),
    "depth": ("g", "g"),
    "share": ("g", "g"),
    "breath": ("g",),
    "camera": (3,),
    "look_at": (3,),
    "field_deg": (),
    "pivot": (3,),
    "eye": (2,),
    "eye_radius": (),
    "teeth": (2, 2),
    "jaw": ("m", 2),
}
TURN_ARRAYS: dict[str, tuple[int | str, ...]] = {
    "turn_depth": ("n", "g", "g"),
    "turn_share": ("n", "g", "g"),
    "turn_shift": ("n", 2, "g", "g", 2),
}


@dataclass(frozen=True)
class Crop:
    """Rows and columns of the whole picture, even."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


@dataclass(frozen=True)
class Person:
    """A loaded avatar. pictures: part -> I420 of all its keys below each other."""

    size: int
    crops: Mapping[str, Crop]
    mouths: tuple[str, ...]
    brows: tuple[str, ...]
    lid_closures: tuple[float, ...]
    gaze_yaw: tuple[float, ...]
    gaze_pitch: tuple[float, ...]
    turn_deg: tuple[float, ...]
    pictures: Mapping[str, Bytes]
    lids_alpha: Bytes
    mesh: Mapping[str, Any]


def _rising(values: list[float]) -> list[float]:
    if any(b <= a for a, b in pairwise(values)):
        raise ValueError("must rise")
    return values


def _even(values: list[int]) -> list[int]:
    top, bottom, left, right = values
    if top >= bottom or left >= right or any(value % 2 for value in values):
        raise ValueError("must be top, bottom, left, right: even, top above bottom, left before right")
    return values


Rising = Annotated[list[float], Field(min_length=2, max_length=64), AfterValidator(_rising)]
Turns = Annotated[list[Annotated[float, Field(ge=-45, le=45)]], Field(max_length=8), AfterValidator(_rising)]
Names = Annotated[list[str], Field(min_length=1, max_length=64)]
Edges = Annotated[
    list[Annotated[int, Field(ge=0, le=MAX_SIZE)]],
    Field(min_length=4, max_length=4),
    AfterValidator(_even),
]


class _Crops(Part):
    """Which rows and columns of the whole picture each part covers."""

    mouth: Edges
    inside: Edges
    brows: Edges
    lids: Edges
    gaze: Edges

    @model_validator(mode="after")
    def _eyes_fit(self) -> "_Crops":
        if self.gaze != self.lids:
            raise ValueError("gaze must be the same as lids")
        return self


class _Keys(Part):
    """What the pictures of each part show, from above."""

    mouth: Names
    brows: Names
    lid_closures: Rising
    gaze_yaw_rad: Rising
    gaze_pitch_rad: Rising
    turn_deg: Turns = Field(default_factory=list)


class _Options(Part):
    """The table `atlas` of avatar.toml."""

    format: Literal[1]
    size_px: int = Field(ge=128, le=MAX_SIZE)
    crops: _Crops
    keys: _Keys

    def crop(self, part: str) -> Crop:
        return Crop(*getattr(self.crops, part))


def _decode(directory: AvatarDirectory, file: str, width: int, height: int, pixels: str) -> Bytes:
    """The picture of a file as planes of `pixels` (yuv420p or gray), exactly width x height."""
    path = directory.asset(file)
    said = size_of(path)
    if said is None:
        directory.fail(file, "is neither PNG nor WebP")
    if said != (width, height):  # told before it is decoded: what is too large takes no memory
        directory.fail(file, f"is {said[0]} x {said[1]}, must be {width} x {height}")
    try:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
            picture = np.asarray(frame.to_ndarray(format=pixels), np.uint8)
    except (av.FFmpegError, OSError, StopIteration, ValueError):
        directory.fail(file, "can't be read as a picture")
    if (frame.width, frame.height) != (width, height):
        directory.fail(file, f"is {frame.width} x {frame.height} inside, must be {width} x {height}")
    return picture


def _arrays(
    directory: AvatarDirectory, shapes: Mapping[str, tuple[int | str, ...]], sizes: Mapping[str, int]
) -> dict[str, Any]:
    """The checked arrays of mesh.npz; `sizes` are the letters known from avatar.toml."""
    known: dict[str, int] = dict(sizes)
    path = directory.asset(MESH)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if (unpacked := sum(each.file_size for each in stored.zip.infolist())) > MAX_MESH_BYTES:
                directory.fail(MESH, f"holds {unpacked} bytes, at most {MAX_MESH_BYTES}")
            arrays = {name: stored[name] for name in shapes if name in stored.files}
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        directory.fail(MESH, f"can't be read ({error})")
    for name, shape in shapes.items():
        if name not in arrays:
            directory.fail(MESH, f"{name} is missing")
        _check_array(directory, name, arrays[name], shape, known)
    triangles = arrays["triangles"]
    if triangles.min() < 0 or triangles.max() >= known["v"]:
        directory.fail(MESH, f"triangles must name vertices 0 to {known['v'] - 1}")
    if not 0 <= int(arrays["hole_count"]) <= len(triangles):
        directory.fail(MESH, f"hole_count must be 0 to {len(triangles)}")
    return arrays


def _check_array(
    directory: AvatarDirectory,
    name: str,
    array: NDArray[Any],
    shape: tuple[int | str, ...],
    known: dict[str, int],
) -> None:
    fits = array.ndim == len(shape) and all(
        actual == (known.setdefault(wanted, actual) if isinstance(wanted, str) else wanted)
        for actual, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits or array.size == 0:
        wanted = [known.get(s, s) if isinstance(s, str) else s for s in shape]
        directory.fail(MESH, f"{name} has shape {list(array.shape)}, must be {wanted}")
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        directory.fail(MESH, f"{name} must hold finite numbers")


def load(directory: AvatarDirectory) -> Person:
    """Read and check a directory; AvatarError names the file and field that is wrong."""
    options = directory.options_as(_Options)
    size, keys = options.size_px, options.keys
    crops = {part: options.crop(part) for part in PARTS}
    for part, crop in crops.items():
        if crop.bottom > size or crop.right > size:
            directory.fail(MANIFEST, f"atlas.crops.{part}: must be within size_px, {size}")
    lids = len(keys.lid_closures) + 2
    counts = {"mouth": len(keys.mouth), "inside": len(keys.mouth), "brows": len(keys.brows), "lids": lids}
    counts["gaze"] = len(keys.gaze_yaw_rad) * len(keys.gaze_pitch_rad)
    pictures = {"base": _decode(directory, "base.webp", size, size, "yuv420p")}
    for part, count in counts.items():
        crop = crops[part]
        pictures[part] = _decode(directory, f"{part}.webp", crop.width, crop.height * count, "yuv420p")
    turns = len(keys.turn_deg)
    if turns:
        pictures["turns"] = _decode(directory, "turns.webp", size, size * turns, "yuv420p")
    eyes = crops["lids"]
    shapes = {**ARRAYS, **TURN_ARRAYS} if turns else ARRAYS
    sizes = {"k": len(keys.mouth) + len(keys.brows), "m": len(keys.mouth), "n": turns}
    return Person(
        size=size,
        crops=crops,
        mouths=tuple(keys.mouth),
        brows=tuple(keys.brows),
        lid_closures=tuple(keys.lid_closures),
        gaze_yaw=tuple(keys.gaze_yaw_rad),
        gaze_pitch=tuple(keys.gaze_pitch_rad),
        turn_deg=tuple(keys.turn_deg),
        pictures=pictures,
        lids_alpha=_decode(directory, "lids_alpha.png", eyes.width, eyes.height * lids, "gray"),
        mesh=_arrays(directory, shapes, sizes),
    )
