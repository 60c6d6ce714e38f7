"""Coverage: how much of each pixel a path fills, blurred when asked.

The accumulation is the signed-area method of font rasterisers; a blur is up to three box filters.
"""

import math

import numpy as np
from numpy.typing import NDArray

from visavis_render.backends.vector.compiled import kernel

Floats = NDArray[np.float64]
Mask = NDArray[np.float32]

MAX_STEPS = 32  # straight edges per cubic


@kernel
def _span(row: Mask, xa: float, xb: float, d: float) -> None:
    """Add the area `d` (signed, one scanline high) left of an edge that runs from xa to xb in this row."""
    i0 = int(xa)
    i1 = int(np.ceil(xb))
    if i1 <= i0 + 1:
        m = 0.5 * (xa + xb) - i0
        row[i0] += d - d * m
        row[i0 + 1] += d * m
        return
    s = 1.0 / (xb - xa)
    f0 = xa - i0
    a0 = 0.5 * s * (1 - f0) * (1 - f0)
    f1 = xb - i1 + 1.0
    am = 0.5 * s * f1 * f1
    row[i0] += d * a0
    if i1 == i0 + 2:
        row[i0 + 1] += d * (1 - a0 - am)
    else:
        a1 = s * (1.5 - f0)
        row[i0 + 1] += d * (a1 - a0)
        for xi in range(i0 + 2, i1 - 1):
            row[xi] += d * s
        a2 = a1 + (i1 - i0 - 3) * s
        row[i1 - 1] += d * (1 - a2 - am)
    row[i1] += d * am


@kernel
def _clipped(row: Mask, xa: float, xb: float, right: float, d: float) -> None:
    """The same of an edge that may reach beyond the row: what is left of it counts at its begin, and what is
    right of it not at all, each by its share, so that a narrow window shows what a wide one does."""
    if xa >= right:
        return
    if xa >= 0 and xb <= right:
        _span(row, xa, xb, d)
        return
    each = d / max(xb - xa, 1e-9)
    if xa < 0:
        row[0] += each * (min(xb, 0.0) - xa) if xb > xa else d
    if xb > 0:
        begin, end = max(xa, 0.0), min(xb, right)
        _span(row, begin, end, each * (end - begin))


@kernel
def _edge(acc: Mask, w: int, h: int, x0: float, y0: float, x1: float, y1: float) -> None:
    """Accumulate one straight edge."""
    if y0 == y1:
        return
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
        sign = -1.0
    if y1 <= 0 or y0 >= h:
        return
    k = (x1 - x0) / (y1 - y0)
    x = x0
    if y0 < 0:
        x -= y0 * k
        y0 = 0.0
    right = w - 2.0
    for y in range(int(y0), min(h, int(np.ceil(y1)))):
        dy = min(y + 1.0, y1) - max(float(y), y0)
        xn = x + k * dy
        _clipped(acc[y], min(x, xn), max(x, xn), right, sign * dy)
        x = xn


@kernel
def depth(x: float, y: float, dome: Floats) -> float:
    """Height of the face above its plane; dome = (z0, z1, cx, cy, rx, ry)."""
    u = (x - dome[2]) / dome[4]
    v = (y - dome[3]) / dome[5]
    q = 1.0 - u * u - v * v
    height: float = dome[0] + (dome[1] * q if q > 0 else 0.0)
    return height


@kernel
def _project(
    x: float, y: float, z: float, dome: Floats, yaw: float, pitch: float, m: Floats
) -> tuple[float, float]:
    """Design point -> pixel: turned by the depth warp, then moved by the affine map `m`."""
    d = depth(x, y, dome) + z
    x += yaw * d
    y += pitch * d * 0.8
    return m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]


@kernel
def bounds(
    segments: Floats, first: int, last: int, z: float, dome: Floats, yaw: float, pitch: float, m: Floats
) -> tuple[float, float, float, float, float]:
    """Pixel bounds of the control points and the depth at their middle."""
    x0 = 1e9
    y0 = 1e9
    x1 = -1e9
    y1 = -1e9
    gx = 0.0
    gy = 0.0
    for i in range(first, last):
        for j in range(4):
            x = segments[i, 2 * j]
            y = segments[i, 2 * j + 1]
            gx += x
            gy += y
            px, py = _project(x, y, z, dome, yaw, pitch, m)
            x0 = min(x0, px)
            y0 = min(y0, py)
            x1 = max(x1, px)
            y1 = max(y1, py)
    n = max(1, 4 * (last - first))
    return x0, y0, x1, y1, depth(gx / n, gy / n, dome) + z


@kernel
def _cubic(acc: Mask, w: int, h: int, px: Floats, py: Floats) -> None:
    """Accumulate a cubic as short edges."""
    length = 0.0
    for j in range(3):
        length += abs(px[j + 1] - px[j]) + abs(py[j + 1] - py[j])
    n = min(int(math.sqrt(length) * 1.1) + 2, MAX_STEPS)
    lx = px[0]
    ly = py[0]
    for k in range(1, n + 1):
        t = k / n
        u = 1 - t
        b0 = u * u * u
        b1 = 3 * u * u * t
        b2 = 3 * u * t * t
        b3 = t * t * t
        x = b0 * px[0] + b1 * px[1] + b2 * px[2] + b3 * px[3]
        y = b0 * py[0] + b1 * py[1] + b2 * py[2] + b3 * py[3]
        _edge(acc, w, h, lx, ly, x, y)
        lx = x
        ly = y


@kernel
def trace(
    acc: Mask,
    w: int,
    h: int,
    segments: Floats,
    first: int,
    last: int,
    z: float,
    dome: Floats,
    yaw: float,
    pitch: float,
    m: Floats,
    left: int,
    top: int,
) -> None:
    """Write the coverage (0..1) of a path into acc[:h, :w - 2]."""
    for y in range(h):
        for x in range(w):
            acc[y, x] = 0.0
    px = np.empty(4)
    py = np.empty(4)
    for i in range(first, last):
        for j in range(4):
            qx, qy = _project(segments[i, 2 * j], segments[i, 2 * j + 1], z, dome, yaw, pitch, m)
            px[j] = qx - left
            py[j] = qy - top
        if segments[i, 8] == 0:
            _edge(acc, w, h, px[0], py[0], px[3], py[3])
        else:
            _cubic(acc, w, h, px, py)
    for y in range(h):
        total = 0.0
        for x in range(w - 2):
            total += acc[y, x]
            v = abs(total)
            acc[y, x] = v if v < 1 else 1.0


@kernel
def _box_rows(acc: Mask, w: int, h: int, r: int, row: Mask) -> None:
    inv = 1.0 / (2 * r + 1)
    for y in range(h):
        total = 0.0
        for x in range(min(r, w)):
            total += acc[y, x]
        for x in range(w):
            if x + r < w:
                total += acc[y, x + r]
            if x - r - 1 >= 0:
                total -= acc[y, x - r - 1]
            row[x] = total * inv
        for x in range(w):
            acc[y, x] = row[x]


@kernel
def _add(column: Mask, row: Mask, w: int, sign: np.float32) -> None:
    for x in range(w):
        column[x] += sign * row[x]


@kernel
def _box_columns(acc: Mask, w: int, h: int, r: int, ring: Mask, column: Mask) -> None:
    inv = 1.0 / (2 * r + 1)
    column[:w] = 0.0
    for y in range(min(r, h)):
        _add(column, acc[y], w, np.float32(1))
    for y in range(h):
        if y + r < h:
            _add(column, acc[y + r], w, np.float32(1))
        past = ring[y % (r + 1)]  # what stood r + 1 rows above, until it is replaced
        if y > r:
            _add(column, past, w, np.float32(-1))
        for x in range(w):
            past[x] = acc[y, x]
            acc[y, x] = column[x] * inv


@kernel
def blur_size(sigma: float) -> tuple[int, int]:
    """(radius, passes) of the box filters that stand for a gaussian of `sigma` pixels."""
    if sigma >= 1.25:
        return int((math.sqrt(4 * sigma * sigma + 1) - 1) / 2 + 0.5), 3
    if sigma > 0.45:
        return 1, 2 if sigma > 0.98 else 1
    return 0, 3


@kernel
def blur(acc: Mask, w: int, h: int, r: int, passes: int) -> None:
    """Blur acc[:h, :w] in place; a radius of 0 leaves it."""
    if r == 0:
        return
    line = np.empty(w, np.float32)
    ring = np.empty((r + 1, w), np.float32)
    for _ in range(passes):
        _box_rows(acc, w, h, r, line)
        _box_columns(acc, w, h, r, ring, line)
