"""Pictures of premultiplied pixels, and lanes: a pixel's channels as 16-bit parts of one uint64.

In a pixel red, green, blue and alpha are the bytes from the lowest up; in lanes they are red, blue, green and
alpha, which takes the fewest steps. Alpha is in the highest byte and the highest lane.
"""

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from visavis_render.backends.vector.compiled import kernel
from visavis_render.backends.vector.coverage import Mask

Lanes = NDArray[np.uint64]
Pixels = NDArray[np.uint32]
Lane = Any  # one uint64 inside a kernel
Bytes = NDArray[np.uint8]

LANES = uint64(0x00FF00FF00FF00FF)
TILE, TILE_SHIFT = 4, 2  # 4 == 1 << 2
ASIDE, ABOVE = 3, 1  # tiles to either side, and above and below, that a tile speaks for
EMPTY, MIXED, OPAQUE = 0, 1, 2


@kernel
def pack(image: Mask) -> Pixels:
    """Premultiplied (h, w, 4) of 0..255 -> pixels (h, w)."""
    h, w, _ = image.shape
    out = np.zeros((h, w), np.uint32)
    for y in range(h):
        for x in range(w):
            v = uint32(0)
            for k in range(4):
                c = min(255, max(0, int(image[y, x, k] + 0.5)))
                v |= uint32(c) << uint32(8 * k)
            out[y, x] = v
    return out


def tile_shape(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the tiles of a layer, those beyond its edges included that speak for some of it."""
    return height // TILE + 1 + ABOVE, width // TILE + 1 + ASIDE


@kernel
def occupancy(image: Pixels, shape: tuple[int, int]) -> Bytes:
    """EMPTY where a tile and those it speaks for hold nothing, OPAQUE where all are, MIXED elsewhere."""
    h, w = shape
    drawn = np.zeros((h, w), np.int64)
    solid = np.zeros((h, w), np.int64)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            alpha = image[y, x] >> uint32(24)
            drawn[y // TILE, x // TILE] += alpha > 0
            solid[y // TILE, x // TILE] += alpha == 255
    out = np.zeros((h, w), np.uint8)
    everything = TILE * TILE * (2 * ABOVE + 1) * (2 * ASIDE + 1)
    for y in range(h):
        for x in range(w):
            some = 0
            whole = 0
            for j in range(max(0, y - ABOVE), min(h, y + ABOVE + 1)):
                for i in range(max(0, x - ASIDE), min(w, x + ASIDE + 1)):
                    some += drawn[j, i]
                    whole += solid[j, i]
            if some > 0:
                out[y, x] = OPAQUE if whole == everything else MIXED
    return out


@kernel
def spread(pixel: Any) -> Lane:
    """A pixel -> lanes."""
    p = uint64(pixel)
    return (p | (p << uint64(24))) & LANES


@kernel
def squeeze(lanes: Lane) -> Any:
    """Lanes -> an opaque pixel."""
    return uint32(
        (lanes & uint64(0x00FF00FF)) | ((lanes >> uint64(24)) & uint64(0x0000FF00)) | uint64(0xFF000000)
    )
