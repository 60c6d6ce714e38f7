"""Bakes a character's still layers once per size; what comes out is read-only and shared by all sessions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from visavis_render.backends.vector import compositor as c
from visavis_render.backends.vector.coverage import Floats, Mask
from visavis_render.backends.vector.display import DisplayList
from visavis_render.backends.vector.lanes import Bytes, Pixels, occupancy, pack, tile_shape
from visavis_render.backends.vector.raster import CLIP_LEVELS, draw
from visavis_render.backends.vector.rig.body import background_layer, head_layer, torso_layer
from visavis_render.backends.vector.rig.character import Character
from visavis_render.backends.vector.rig.glasses import glasses_layer
from visavis_render.backends.vector.rig.hair import back_layer, front_layer

DESIGN = 512
OVERSAMPLE = 2.0  # pixels baked per pixel shown
MARGIN = 24  # design units around the picture that a turn can bring in
FLAT = np.array([0.0, 0.0, 256.0, 256.0, 1e6, 1e6])
DOME = np.array([2.0, 10.0, 256.0, 235.0, 118.0, 150.0])  # the face's depth: z0, z1, cx, cy, rx, ry


@dataclass(frozen=True)
class Layer:
    """One baked picture: pixels and its row of `compositor` numbers."""

    pixels: Pixels
    place: Floats


@dataclass(frozen=True)
class Stack:
    """Layers, front to back, as the compositor reads them."""

    grids: c.Grid
    places: Floats


@dataclass(frozen=True)
class Baked:
    """A character at one size."""

    character: Character
    size: int
    background: Pixels
    store: Pixels
    tiles: Bytes
    over: Stack
    under: Stack
    bounds: tuple[float, float]  # left and right design x that a moving head can touch
    top: float
    torso_top: float


def _render(display: DisplayList, scale: float, origin: float, pixels: int) -> Mask:
    image = np.zeros((pixels, pixels, 4), np.float32)
    scratch = np.zeros((pixels + 700, pixels + 700), np.float32)
    clips = np.zeros((CLIP_LEVELS, pixels, pixels), np.float32)
    segments, ops = display.arrays()
    m = np.array([scale, 0, -origin * scale, 0, scale, -origin * scale])
    rect = (0, 0, pixels, pixels)
    draw(image, segments, ops, m, FLAT, 0.0, 0.0, rect, scratch, clips, np.float32(0))
    return image


def _soften(image: Mask, sigma: float) -> Mask:
    """A small prefilter, so that bilinear sampling of a layer baked too large does not alias."""
    weights = np.exp(-(np.arange(-2, 3) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    for axis in (0, 1):
        n = image.shape[axis]
        widths = [(2, 2) if k == axis else (0, 0) for k in range(3)]
        padded = np.pad(image, widths)
        shifted = (padded[i : i + n] if axis == 0 else padded[:, i : i + n] for i in range(5))
        image = np.sum([np.float32(w) * s for w, s in zip(weights, shifted, strict=True)], axis=0)
    return image


def draw_background(character: Character, size: int) -> Mask:
    """What is behind the person: (size, size, 4) of 0..255."""
    return _render(background_layer(character), size / DESIGN, 0, size)


def _background(character: Character, size: int) -> Pixels:
    image = draw_background(character, size)
    noise = np.random.RandomState(0).uniform(-0.6, 0.6, image.shape[:2])
    image[:, :, :3] += noise[:, :, None].astype(np.float32)  # no banding after the encoder
    image[:, :, 3] = 255
    packed = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    pixels: Pixels = packed.view(np.uint32)[:, :, 0].copy()
    return pixels


def _crop(image: Mask) -> tuple[Mask, int, int]:
    """The part that holds anything, with an empty border where there is room, and its origin."""
    filled = image[:, :, 3] > 0.4
    if not filled.any():
        return np.zeros((4, 4, 4), np.float32), 0, 0
    ys, xs = np.where(filled.any(1))[0], np.where(filled.any(0))[0]
    x0, x1 = max(0, int(xs[0]) - 2), min(image.shape[1], int(xs[-1]) + 3)
    y0, y1 = max(0, int(ys[0]) - 2), min(image.shape[0], int(ys[-1]) + 3)
    part = np.ascontiguousarray(image[y0:y1, x0:x1])
    part[0] = 0
    part[:, 0] = 0
    part[:, -1] = 0
    if y1 < image.shape[0]:
        part[-1] = 0
    return part, x0, y0


def _layer(
    display: DisplayList,
    scale: float,
    face: dict[str, Any],
    dome: tuple[float, ...] | None,
    jaw: bool = False,
    loose: tuple[float, float, float] = (0.0, 0.0, 1.0),
) -> Layer:
    """Bake one layer; without a dome it does not turn with the head."""
    image = _render(display, scale, -MARGIN, int((DESIGN + 2 * MARGIN) * scale))
    image, x0, y0 = _crop(_soften(image, 0.3))
    place = np.zeros(c.PLACE_WIDTH)
    place[[c.RX, c.RY, c.LOOSE_HEIGHT]] = 1.0
    place[[c.X0, c.Y0, c.SCALE]] = x0 / scale - MARGIN, y0 / scale - MARGIN, scale
    if dome:
        place[c.Z0 : c.RY + 1] = dome
        place[c.ON_HEAD] = 1.0
    place[c.ON_JAW] = float(jaw)
    place[c.LOOSE : c.LOOSE_HEIGHT + 1] = loose
    place[c.JAW_Y] = face["jaw_y"]
    place[c.JAW_HEIGHT] = face["pts"][-1][1] - face["jaw_y"] - 4
    h, w = image.shape[:2]
    left, top = place[c.X0], place[c.Y0]
    place[c.LEFT : c.BOTTOM + 1] = left, top, left + w / scale, top + h / scale
    return Layer(pack(image), place)


def _stack(layers: list[Layer], pixel_offset: int, tile_offset: int) -> Stack:
    rows = []
    for layer in layers:
        h, w = layer.pixels.shape
        th, tw = tile_shape(h, w)
        rows.append((pixel_offset, w, h, tile_offset, tw, th))
        pixel_offset += h * w
        tile_offset += th * tw
    return Stack(np.array(rows, np.int64), np.stack([layer.place for layer in layers]))


def bake(character: Character, size: int) -> Baked:
    """Draw every still layer of a character for pictures of `size` pixels."""
    scale = OVERSAMPLE * size / DESIGN
    face, deep = character["face"], character["hair_depth"]
    swing = character["hair_swing"]
    loose = (swing["amount"], swing["top"], swing["tips"] - swing["top"])
    dome = (*deep["front"], 256.0, 200.0, 150.0, 190.0)
    front = _layer(front_layer(character), scale, face, dome, loose=loose)
    head = _layer(head_layer(character), scale, face, tuple(DOME), jaw=True)
    torso = _layer(torso_layer(character), scale, face, None)
    dome = (deep["back"], 0.0, *DOME[2:])
    back = _layer(back_layer(character), scale, face, dome, loose=loose)
    spectacles = glasses_layer(character)
    over = [front, _layer(spectacles, scale, face, (3.0, 12.0, *DOME[2:]))] if spectacles else [front]
    under = [head, torso, back]
    tiles = [occupancy(layer.pixels, tile_shape(*layer.pixels.shape)).ravel() for layer in over + under]
    places = np.stack([layer.place for layer in over + under])
    return Baked(
        character=character,
        size=size,
        background=_background(character, size),
        store=np.concatenate([layer.pixels.ravel() for layer in over + under]),
        tiles=np.concatenate(tiles),
        over=_stack(over, 0, 0),
        under=_stack(under, sum(each.pixels.size for each in over), sum(t.size for t in tiles[: len(over)])),
        bounds=(float(places[:, c.LEFT].min()), float(places[:, c.RIGHT].max())),
        top=float(places[:, c.TOP].min()),
        torso_top=float(torso.place[c.TOP]),
    )


def face_bottom(character: Character) -> float:
    """Design y of the chin."""
    return float(character["face"]["pts"][-1][1])
