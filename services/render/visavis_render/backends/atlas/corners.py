"""Pictures whose every pixel carries its neighbours: a place between pixels is one read, not four."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from visavis_render.backends.atlas.assets import Bytes
from visavis_render.backends.atlas.sampling import Rect
from visavis_render.backends.vector.compiled import kernel

Fours = NDArray[np.uint32]
Eights = NDArray[np.uint64]
BYTES, WORDS, HALVES = 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0x0000800000008000


@dataclass(frozen=True)
class Corners:
    """luma: bytes of a pixel, the one below, the one to its right, the one below that; the last row and
    column hold nothing. chroma: the same of u, then of v."""

    luma: Fours
    chroma: Eights


def corners_of(luma: Bytes, chroma: Bytes) -> Corners:
    """Of luma (size, size) and chroma (size / 2, size / 2, 2)."""
    size = luma.shape[0]
    made = Corners(np.zeros((size, size), np.uint32), np.zeros((size // 2, size // 2), np.uint64))
    take_corners(luma, chroma, made.luma, made.chroma, (0, 0, size, size))
    return made


@kernel
def take_corners(luma: Bytes, chroma: Bytes, fours: Fours, eights: Eights, rect: Rect) -> None:
    """Bring the corners to what an even rectangle of the picture shows now."""
    last = luma.shape[0] - 1
    x0, y0, x1, y1 = rect
    for y in range(max(0, y0 - 1), min(last, y1)):
        row, below, out = luma[y], luma[y + 1], fours[y]
        for x in range(uint64(max(0, x0 - 1)), uint64(min(last, x1))):
            beside = x + uint64(1)
            four = uint32(row[x]) | uint32(below[x]) << uint32(8)
            out[x] = four | uint32(row[beside]) << uint32(16) | uint32(below[beside]) << uint32(24)
    last = chroma.shape[0] - 1
    for y in range(max(0, (y0 >> 1) - 1), min(last, y1 >> 1)):
        for x in range(max(0, (x0 >> 1) - 1), min(last, x1 >> 1)):
            eight = uint64(0)
            for plane in range(2):
                left = uint64(chroma[y, x, plane]) | uint64(chroma[y + 1, x, plane]) << uint64(8)
                right = uint64(chroma[y, x + 1, plane]) | uint64(chroma[y + 1, x + 1, plane]) << uint64(8)
                eight |= (left | right << uint64(16)) << uint64(32 * plane)
            eights[y, x] = eight


@kernel
def between(corners: Any, across: Any, down: Any) -> Any:
    """Bilinear in a pixel's corners; across and down: 256ths of the way. Byte 2 is luma or u, byte 6 is v."""
    sides = (corners & uint64(BYTES)) * (uint64(256) - down)
    sides += ((corners >> uint64(8)) & uint64(BYTES)) * down
    left, right = sides & uint64(WORDS), (sides >> uint64(16)) & uint64(WORDS)
    return left * (uint64(256) - across) + right * across + uint64(HALVES)
