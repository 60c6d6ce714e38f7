"""RGBA -> planar I420, only where the picture changed."""

import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from visavis_render.backends.vector.compiled import kernel

Row = NDArray[np.uint32]
Plane = NDArray[np.uint8]


@kernel
def to_i420(
    rgba: NDArray[np.uint32], out: NDArray[np.uint8], size: int, x0: int, y0: int, x1: int, y1: int
) -> None:
    """BT.601, limited range, into the flat planes `out`; the rectangle is widened to even pixels."""
    x0 &= ~1
    y0 &= ~1
    x1 = min(size, (x1 + 1) & ~1)
    y1 = min(size, (y1 + 1) & ~1)
    half = size >> 1
    blue = out[size * size : size * size + half * half]
    red = out[size * size + half * half :]
    for y in range(y0, y1, 2):
        _two_rows(
            rgba[y],
            rgba[y + 1],
            out[y * size : (y + 1) * size],
            out[(y + 1) * size : (y + 2) * size],
            blue[(y >> 1) * half : (y >> 1) * half + half],
            red[(y >> 1) * half : (y >> 1) * half + half],
            x0 >> 1,
            x1 >> 1,
        )


@kernel
def _luma(p: int) -> int:
    return (66 * (p & 255) + 129 * ((p >> 8) & 255) + 25 * ((p >> 16) & 255) + 4224) >> 8


@kernel
def _two_rows(
    top: Row, low: Row, luma_top: Plane, luma_low: Plane, blue: Plane, red: Plane, first: int, last: int
) -> None:
    """Two rows of pixels: their luma, and one chroma of every four pixels."""
    for k in range(uint64(first), uint64(last)):  # unsigned: no test for an index from the end
        x = k * uint64(2)
        x1 = x + uint64(1)
        a, b, c, d = int64(top[x]), int64(top[x1]), int64(low[x]), int64(low[x1])
        luma_top[x] = _luma(a)
        luma_top[x1] = _luma(b)
        luma_low[x] = _luma(c)
        luma_low[x1] = _luma(d)
        # Red and blue of four pixels side by side in one sum.
        rb = (a & 0xFF00FF) + (b & 0xFF00FF) + (c & 0xFF00FF) + (d & 0xFF00FF)
        g = ((a & 0xFF00) + (b & 0xFF00) + (c & 0xFF00) + (d & 0xFF00)) >> 8
        r = rb & 0xFFFF
        u = rb >> 16
        blue[k] = (-38 * r - 74 * g + 112 * u + 131584) >> 10
        red[k] = (112 * r - 94 * g - 18 * u + 131584) >> 10
