"""A person's pictures and mesh at the size of a video."""

from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from visavis_render.backends.atlas.assets import Bytes, Crop, Floats, Person
from visavis_render.backends.atlas.corners import Corners, corners_of
from visavis_render.backends.atlas.relief import Relief, make_reliefs

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Stack:
    """Pictures of one part: luma (n, height, width), chroma (n, height / 2, width / 2, 2), where they lie."""

    luma: Bytes
    chroma: Bytes
    top: int
    left: int


@dataclass(frozen=True)
class Layers:
    """Everything that sessions of one size share. Places are pixels from the left and top edge."""

    size: int
    base: Stack
    keys: tuple[Stack, ...]
    inside: Stack
    lids: Stack
    lids_alpha: Bytes
    gaze: Stack
    triangles: Ints
    hole_count: int
    mesh: Floats
    moves: Floats
    shares: Floats
    jaw: Floats
    teeth: Floats
    turns: Stack
    turned_corners: tuple[Corners, ...]
    reliefs: tuple[Relief, ...]
    person: Person


def _planes(picture: Bytes, height: int, width: int) -> tuple[Bytes, Bytes, Bytes]:
    flat = picture.reshape(-1)
    area = height * width
    u, v = flat[area : area * 5 // 4], flat[area * 5 // 4 :]
    return flat[:area].reshape(height, width), u.reshape(height // 2, -1), v.reshape(height // 2, -1)


def _resized(picture: Bytes, size: int) -> Bytes:
    """A whole I420 picture in another size."""
    if picture.shape[1] == size:
        return picture
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    smaller = size < picture.shape[1]
    small = frame.reformat(width=size, height=size, interpolation="AREA" if smaller else "BICUBIC")
    return np.asarray(small.to_ndarray(), np.uint8)


def _window(crop: Crop, size: int, whole: int, margin: int) -> tuple[int, int, int, int]:
    """Even (top, bottom, left, right) at `size`, `margin` pixels inside the crop."""
    scale = size / whole
    top, left = (2 * int(np.ceil((v * scale + margin) / 2)) for v in (crop.top, crop.left))
    bottom, right = (2 * int((v * scale - margin) / 2) for v in (crop.bottom, crop.right))
    return top, bottom, left, right


def _stack(person: Person, part: str, size: int, dark: bool = False) -> Stack:
    """All pictures of a part, each resized in its place on the whole picture."""
    crop, whole = person.crops[part], person.size
    count = person.pictures[part].shape[0] * 2 // 3 // crop.height
    parts = _planes(person.pictures[part], crop.height * count, crop.width)
    top, bottom, left, right = _window(crop, size, whole, 1)
    canvas = person.pictures["base"].copy()
    if dark:
        canvas[:whole], canvas[whole:] = 16, 128
    luma, chroma = [], []
    for n in range(count):
        for plane, source, half in zip(_planes(canvas, whole, whole), parts, (1, 2, 2), strict=True):
            height = crop.height // half
            rows = slice(crop.top // half, crop.bottom // half)
            columns = slice(crop.left // half, crop.right // half)
            plane[rows, columns] = source[n * height : (n + 1) * height]
        y, u, v = _planes(_resized(canvas, size), size, size)
        luma.append(y[top:bottom, left:right].copy())
        window = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
        chroma.append(np.stack([u[window], v[window]], -1))
    return Stack(np.stack(luma), np.stack(chroma), top, left)


def _alpha(person: Person, size: int, stack: Stack) -> Bytes:
    crop, whole = person.crops["lids"], person.size
    keys = []
    for n in range(len(stack.luma)):
        canvas = np.full((whole, whole), 255, np.uint8)
        canvas[crop.top : crop.bottom, crop.left : crop.right] = person.lids_alpha[
            n * crop.height : (n + 1) * crop.height
        ]
        frame = av.VideoFrame.from_ndarray(canvas, format="gray")
        small = frame.reformat(width=size, height=size, interpolation="AREA" if size < whole else "BICUBIC")
        height, width = stack.luma.shape[1:]
        keys.append(small.to_ndarray()[stack.top : stack.top + height, stack.left : stack.left + width])
    return np.stack(keys)


def _whole(person: Person, part: str, size: int) -> Stack:
    """Pictures of the whole person; none of a part that it lacks."""
    whole = person.size
    if part not in person.pictures:
        return Stack(np.zeros((0, size, size), np.uint8), np.zeros((0, size, size, 2), np.uint8), 0, 0)
    stored, luma, chroma = person.pictures[part], [], []
    count = stored.shape[0] * 2 // 3 // whole
    parts = _planes(stored, whole * count, whole)
    for n in range(count):
        rows = [
            p[n * whole // half : (n + 1) * whole // half] for p, half in zip(parts, (1, 2, 2), strict=True)
        ]
        picture = np.concatenate([plane.ravel() for plane in rows]).reshape(-1, whole)
        y, u, v = _planes(_resized(picture, size), size, size)
        luma.append(y.copy())
        chroma.append(np.stack([u, v], -1))
    return Stack(np.stack(luma), np.stack(chroma), 0, 0)


def make_layers(person: Person, size: int) -> Layers:
    """Everything at `size`; takes some 0.2 s at 512."""
    mesh = person.mesh
    lids, turns = _stack(person, "lids", size), _whole(person, "turns", size)
    return Layers(
        size=size,
        base=_whole(person, "base", size),
        keys=(_stack(person, "mouth", size), _stack(person, "brows", size)),
        inside=_stack(person, "inside", size, dark=True),
        lids=lids,
        lids_alpha=_alpha(person, size, lids),
        gaze=_stack(person, "gaze", size),
        triangles=np.ascontiguousarray(mesh["triangles"], np.int32),
        hole_count=int(mesh["hole_count"]),
        mesh=np.ascontiguousarray(mesh["base"] * size, np.float32),
        moves=np.ascontiguousarray(mesh["moves"].astype(np.float32) * (size / 65536)),
        shares=np.ascontiguousarray(mesh["shares"], np.float32),
        jaw=np.ascontiguousarray(mesh["jaw"][:, 1] * size, np.float32),
        teeth=np.ascontiguousarray(mesh["teeth"][:, 1] * size, np.float32),
        turns=turns,
        turned_corners=tuple(corners_of(chroma) for chroma in turns.chroma),
        reliefs=make_reliefs(person, size),
        person=person,
    )
