"""A person's pictures and mesh at the size of a video."""

from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from visavis_render.backends.atlas.assets import Bytes, Crop, Floats, Person

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Stack:
    """Pictures of one part: luma (n, height, width), chroma (n, height / 2, width / 2, 2), where they lie."""

    luma: Bytes
    chroma: Bytes
    top: int
    left: int


@dataclass(frozen=True)
class Relief:
    """Points in space behind a grid of pixels (g + 1, g + 1, 3), how far they turn and breathe."""

    points: Floats
    share: Floats
    breath: Floats
    cell: float


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
    relief: Relief
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


def _base(person: Person, size: int) -> Stack:
    y, u, v = _planes(_resized(person.pictures["base"], size), size, size)
    return Stack(y[None].copy(), np.stack([u, v], -1)[None], 0, 0)


def _relief(person: Person, size: int, cells: int = 64) -> Relief:
    """The stored grid at the corners of cells x cells; the outer corners lie on the picture's edge."""
    mesh = person.mesh
    stored = mesh["depth"].shape[0]
    at = np.clip(np.arange(cells + 1) / cells * stored - 0.5, 0, stored - 1.001)
    low = at.astype(int)
    part = (at - low)[:, None]

    def sampled(grid: Floats) -> Floats:
        rows = grid[low] * (1 - part) + grid[low + 1] * part
        return np.asarray(rows[:, low] * (1 - part.T) + rows[:, low + 1] * part.T, np.float32)

    camera = Camera(person)
    place = np.arange(cells + 1) / cells
    points = camera.points(*np.meshgrid(place, place), sampled(mesh["depth"]))
    breath = mesh["breath"]
    rising = np.asarray(breath[low] * (1 - part[:, 0]) + breath[low + 1] * part[:, 0], np.float32)
    return Relief(points.astype(np.float32), sampled(mesh["share"]), rising, size / cells)


class Camera:
    """The camera that a person was rendered with; pictures go from 0 to 1."""

    def __init__(self, person: Person) -> None:
        mesh = person.mesh
        self.at = np.asarray(mesh["camera"], float)
        forward = mesh["look_at"] - self.at
        self.forward = forward / np.linalg.norm(forward)
        right = np.cross(self.forward, [0.0, 1.0, 0.0])
        self.right = right / np.linalg.norm(right)
        self.up = np.cross(self.right, self.forward)
        self.scale = 0.5 / np.tan(np.radians(float(mesh["field_deg"])) / 2)

    def points(self, x: NDArray[np.float64], y: NDArray[np.float64], depth: Floats) -> NDArray[np.float64]:
        """Points (..., 3) seen at x, y with a depth."""
        aside, above = ((x - 0.5) / self.scale)[..., None], ((0.5 - y) / self.scale)[..., None]
        ray = self.forward + aside * self.right + above * self.up
        seen: NDArray[np.float64] = self.at + ray * depth[..., None]
        return seen


def make_layers(person: Person, size: int) -> Layers:
    """Everything at `size`; takes some 0.2 s at 512."""
    mesh = person.mesh
    lids = _stack(person, "lids", size)
    return Layers(
        size=size,
        base=_base(person, size),
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
        relief=_relief(person, size),
        person=person,
    )
