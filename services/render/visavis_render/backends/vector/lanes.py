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
    """Which tiles hold anything, widened by one tile."""
    h = image.shape[0] // TILE + 1
    w = image.shape[1] // TILE + 1
    out = np.zeros((h, w), np.uint8)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            if image[y, x] >> uint64(48) > uint64(0):
                ty = y // TILE
                tx = x // TILE
                out[max(0, ty - 1) : ty + 2, max(0, tx - 1) : tx + 2] = 1
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
