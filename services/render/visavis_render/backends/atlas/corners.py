"""Planes of colour whose pixels carry their neighbours: a place between pixels is one read, not eight."""

from typing import Any

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from visavis_render.backends.atlas.assets import Bytes
from visavis_render.backends.atlas.sampling import Rect
from visavis_render.backends.vector.compiled import kernel

# Of each pixel, for u in the low half and v in the high one: its byte, that of the pixel below, of the one to
# its right, and of the one below that. The last row and column hold nothing.
Corners = NDArray[np.uint64]
BYTES, WORDS, HALVES = 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0x0000800000008000


def corners_of(chroma: Bytes) -> Corners:
    """Of chroma (half, half, 2)."""
    half = chroma.shape[0]
    made: Corners = np.zeros((half, half), np.uint64)
    take_corners(chroma, made, (0, 0, 2 * half, 2 * half))
    return made


@kernel
def take_corners(chroma: Bytes, corners: Corners, rect: Rect) -> None:
    """Bring the corners to what an even rectangle of the picture shows now."""
    last = chroma.shape[0] - 1
    x0, y0, x1, y1 = rect
    for y in range(max(0, (y0 >> 1) - 1), min(last, y1 >> 1)):
        row, below = chroma[y], chroma[y + 1]
        for x in range(uint64(max(0, (x0 >> 1) - 1)), uint64(min(last, x1 >> 1))):
            beside = x + uint64(1)
            u = uint64(row[x, 0]) | uint64(below[x, 0]) << uint64(8)
            u |= uint64(row[beside, 0]) << uint64(16) | uint64(below[beside, 0]) << uint64(24)
            v = uint64(row[x, 1]) | uint64(below[x, 1]) << uint64(8)
            v |= uint64(row[beside, 1]) << uint64(16) | uint64(below[beside, 1]) << uint64(24)
            corners[y, x] = u | v << uint64(32)


@kernel
def between(corners: Any, across: Any, down: Any) -> Any:
    """Bilinear in a pixel's corners; across and down: 256ths of the way. Byte 2 is u, byte 6 is v."""
    sides = (corners & uint64(BYTES)) * (uint64(256) - down)
    sides += ((corners >> uint64(8)) & uint64(BYTES)) * down
    left, right = sides & uint64(WORDS), (sides >> uint64(16)) & uint64(WORDS)
    return left * (uint64(256) - across) + right * across + uint64(HALVES)
