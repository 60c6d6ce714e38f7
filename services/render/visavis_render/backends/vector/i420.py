"""RGBA -> planar I420, only where the picture changed."""

import numpy as np
from numba import int64
from numpy.typing import NDArray

from visavis_render.backends.vector.compiled import kernel


@kernel
def to_i420(
    rgba: NDArray[np.uint32], out: NDArray[np.uint8], size: int, x0: int, y0: int, x1: int, y1: int
) -> None:
    """BT.601, limited range, into the flat planes `out`; the rectangle is widened to even pixels."""
    x0 &= ~1
    y0 &= ~1
    x1 = min(size, (x1 + 1) & ~1)
    y1 = min(size, (y1 + 1) & ~1)
    luma = size * size
    half = size >> 1
    for y in range(y0, y1, 2):
        for x in range(x0, x1, 2):
            red = 0
            green = 0
            blue = 0
            for j in range(2):
                for i in range(2):
                    p = int64(rgba[y + j, x + i])
                    r = p & 255
                    g = (p >> 8) & 255
                    b = (p >> 16) & 255
                    out[(y + j) * size + x + i] = (66 * r + 129 * g + 25 * b + 4224) >> 8
                    red += r
                    green += g
                    blue += b
            k = (y >> 1) * half + (x >> 1)
            out[luma + k] = (-38 * red - 74 * green + 112 * blue + 131584) >> 10
            out[luma + (luma >> 2) + k] = (112 * red - 94 * green - 18 * blue + 131584) >> 10
