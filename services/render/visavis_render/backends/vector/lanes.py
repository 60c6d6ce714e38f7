"""Pictures as lanes: four premultiplied channels of a pixel as 16-bit parts of one uint64."""

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from visavis_render.backends.vector.compiled import kernel
from visavis_render.backends.vector.coverage import Mask

Lanes = NDArray[np.uint64]
Lane = Any  # one uint64 inside a kernel
Bytes = NDArray[np.uint8]

LANES = uint64(0x00FF00FF00FF00FF)
TILE = 16
EMPTY, MIXED, OPAQUE = 0, 1, 2


@kernel
def pack(image: Mask) -> Lanes:
    """Premultiplied (h, w, 4) of 0..255 -> lanes (h, w)."""
    h, w, _ = image.shape
    out = np.zeros((h, w), np.uint64)
    for y in range(h):
        for x in range(w):
            v = uint64(0)
            for k in range(4):
                c = min(255, max(0, int(image[y, x, k] + 0.5)))
                v |= uint64(c) << uint64(16 * k)
            out[y, x] = v
    return out


@kernel
def occupancy(image: Lanes) -> Bytes:
    """EMPTY where a tile and those around it hold nothing, OPAQUE where all of them are, MIXED elsewhere."""
    h = image.shape[0] // TILE + 1
    w = image.shape[1] // TILE + 1
    drawn = np.zeros((h, w), np.int64)
    solid = np.zeros((h, w), np.int64)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            alpha = image[y, x] >> uint64(48)
            drawn[y // TILE, x // TILE] += alpha > uint64(0)
            solid[y // TILE, x // TILE] += alpha == uint64(255)
    out = np.zeros((h, w), np.uint8)
    for y in range(h):
        for x in range(w):
            around = (slice(max(0, y - 1), y + 2), slice(max(0, x - 1), x + 2))
            if solid[around].sum() == 9 * TILE * TILE:
                out[y, x] = OPAQUE
            elif drawn[around].sum() > 0:
                out[y, x] = MIXED
    return out


@kernel
def spread(pixel: Lane) -> Lane:
    """RGBA bytes -> lanes, alpha left out."""
    return (
        (pixel & uint64(0xFF))
        | ((pixel & uint64(0xFF00)) << uint64(8))
        | ((pixel & uint64(0xFF0000)) << uint64(16))
    )


@kernel
def squeeze(lanes: Lane) -> Any:
    """Lanes -> opaque RGBA bytes."""
    return uint32(
        (lanes & uint64(0xFF))
        | ((lanes >> uint64(8)) & uint64(0xFF00))
        | ((lanes >> uint64(16)) & uint64(0xFF0000))
        | uint64(0xFF000000)
    )
