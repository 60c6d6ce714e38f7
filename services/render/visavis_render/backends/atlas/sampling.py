"""Reading between pixels, and copying. Pixel i covers i to i + 1; places are in pixels of luma."""

from typing import Any

import numpy as np
from numba import float32, uint64

from visavis_render.backends.atlas.assets import Bytes
from visavis_render.backends.vector.compiled import kernel

Rect = tuple[int, int, int, int]  # x0, y0, x1, y1; even


@kernel
def clamped(value: Any, low: Any, high: Any) -> Any:
    """Numba's min and max of mixed types are slow: these are float32."""
    return float32(min(max(value, float32(low)), float32(high)))


@kernel
def to_byte(value: Any) -> Any:
    """Rounded, 0 to 255."""
    return np.uint8(clamped(value + float32(0.5), 0, 255))


@kernel
def luma_between(flat: Bytes, first: int, width: int, x: Any, y: Any) -> Any:
    """Bilinear from a plane that begins at `first`; x and y from the middle of its first pixel, inside it."""
    i, j = int(x), int(y)
    fx, fy = x - float32(i), y - float32(j)
    at = uint64(first + j * width + i)
    below = at + uint64(width)
    a, b = float32(flat[at]), float32(flat[at + uint64(1)])
    c, d = float32(flat[below]), float32(flat[below + uint64(1)])
    top, bottom = a + (b - a) * fx, c + (d - c) * fx
    return top + (bottom - top) * fy


@kernel
def luma_at(flat: Bytes, first: int, height: int, width: int, x: Any, y: Any) -> Any:
    """Bilinear from a plane that begins at `first`, clamped at the edges."""
    x = min(max(x - float32(0.5), float32(0)), float32(width) - float32(1.001))
    y = min(max(y - float32(0.5), float32(0)), float32(height) - float32(1.001))
    return luma_between(flat, first, width, x, y)


@kernel
def lies_inside(first: Any, last: Any, pixels: int) -> Any:
    """Whether `luma_at` would clamp nothing from one place to the other along an axis."""
    return min(first, last) > float32(0.51) and max(first, last) < float32(pixels) - float32(0.52)


@kernel
def chroma_at(flat: Bytes, first: int, height: int, width: int, x: Any, y: Any) -> Any:
    """Bilinear (u, v) from interleaved planes of half size, height x width pairs, clamped at the edges."""
    x = min(max(x * float32(0.5) - float32(0.5), float32(0)), float32(width) - float32(1.001))
    y = min(max(y * float32(0.5) - float32(0.5), float32(0)), float32(height) - float32(1.001))
    i, j = int(x), int(y)
    fx, fy = x - float32(i), y - float32(j)
    at = uint64(first + 2 * (j * width + i))
    below = at + uint64(2 * width)
    a, b = (float32(1) - fx) * (float32(1) - fy), fx * (float32(1) - fy)
    c, d = (float32(1) - fx) * fy, fx * fy
    one, two, three = uint64(1), uint64(2), uint64(3)
    u = a * float32(flat[at]) + b * float32(flat[at + two])
    u += c * float32(flat[below]) + d * float32(flat[below + two])
    v = a * float32(flat[at + one]) + b * float32(flat[at + three])
    v += c * float32(flat[below + one]) + d * float32(flat[below + three])
    return u, v


@kernel
def copy_rect(source: Bytes, source_chroma: Bytes, luma: Bytes, chroma: Bytes, rect: Rect) -> None:
    """One working picture's rectangle into another of the same size."""
    x0, y0, x1, y1 = rect
    for y in range(y0, y1):
        shown, out = source[y], luma[y]
        for x in range(uint64(x0), uint64(x1)):
            out[x] = shown[x]
    for y in range(y0 >> 1, y1 >> 1):
        row, into = source_chroma[y], chroma[y]
        for x in range(uint64(x0 >> 1), uint64(x1 >> 1)):
            into[x, 0] = row[x, 0]
            into[x, 1] = row[x, 1]


@kernel
def copy_out(luma: Bytes, chroma: Bytes, picture: Bytes, rect: Rect) -> None:
    """A working picture's rectangle into the flat I420 `picture`."""
    size = luma.shape[0]
    half = size >> 1
    x0, y0, x1, y1 = rect
    for y in range(y0, y1):
        for x in range(x0, x1):
            picture[y * size + x] = luma[y, x]
    area = size * size
    for y in range(y0 >> 1, y1 >> 1):
        for x in range(x0 >> 1, x1 >> 1):
            picture[area + y * half + x] = chroma[y, x, 0]
            picture[area + (area >> 2) + y * half + x] = chroma[y, x, 1]
