"""The morph: triangles of the face, each pixel blended from the keys at their own mesh positions."""

from typing import Any

import numpy as np
from numba import float32, uint64
from numpy.typing import NDArray

from visavis_render.backends.atlas.assets import Bytes, Floats
from visavis_render.backends.atlas.layers import Ints
from visavis_render.backends.atlas.sampling import (
    Rect,
    chroma_at,
    lies_inside,
    luma_at,
    luma_between,
    to_byte,
)
from visavis_render.backends.vector.compiled import kernel

FAINT = 0.04
EDGE = 1e-4
SMALLEST = 0.02  # square pixels
HOLE, SKIN = 1, 2  # kinds of pixels; 0: not drawn
# Columns of the table of a picture's place.
FIRST, FIRST_CHROMA, HEIGHT, WIDTH, TOP, LEFT = range(6)


@kernel
def blend_weights(active: Floats, shares: Floats, out: Floats) -> None:
    """Per vertex: how much of the still picture (0) and of each active key (1...) is seen; sums to 1."""
    keys, vertices = shares.shape
    for v in range(vertices):
        total = float32(0)
        for k in range(keys):
            total += active[k] * shares[k, v]
        scale = float32(1) / max(total, float32(1))
        whole = sharpened(float32(1) - min(total, float32(1)))
        out[0, v] = whole
        for k in range(keys):
            part = sharpened(active[k] * shares[k, v] * scale)
            out[k + 1, v] = part
            whole += part
        for k in range(keys + 1):
            out[k, v] /= whole


@kernel
def sharpened(weight: Any) -> Any:
    """A little contrast, and nothing faint: the nearer key dominates, so less is blended."""
    return weight * weight ** float32(0.35) if weight > float32(FAINT) else float32(0)


@kernel
def corner_shares(a: Any, b: Any, c: Any, out: Floats) -> Any:
    """Barycentric weights of b and c as l0 + lx x + ly y into `out`; returns the area (0: too small)."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if abs(area) < float32(SMALLEST):
        return float32(0)
    inv = float32(1) / area
    out[1], out[2] = (c[1] - a[1]) * inv, -(c[0] - a[0]) * inv
    out[4], out[5] = -(b[1] - a[1]) * inv, (b[0] - a[0]) * inv
    out[0] = -(a[0] * out[1] + a[1] * out[2])
    out[3] = -(a[0] * out[4] + a[1] * out[5])
    return area


@kernel
def narrowed(low: Any, high: Any, at_zero: Any, slope: Any) -> Any:
    """The part of low..high where at_zero + slope * x is not below 0, but for rounding."""
    if abs(slope) < float32(1e-9):
        return (low, high) if at_zero >= -float32(EDGE) else (high, low)
    edge = (-float32(EDGE) - at_zero) / slope
    return (max(low, edge), high) if slope > 0 else (low, min(high, edge))


@kernel
def row_span(s: Floats, y: Any, unit: Any, first: int, last: int) -> Any:
    """Pixels (begin, end) of a row that lie in the triangle of these shares; unit: luma pixels in each."""
    low, high = float32(first) * unit, float32(last) * unit
    b, c = s[0] + s[2] * y, s[3] + s[5] * y
    low, high = narrowed(low, high, b, s[1])
    low, high = narrowed(low, high, c, s[4])
    low, high = narrowed(low, high, float32(1) - b - c, -s[1] - s[4])
    half = float32(0.5)
    return max(first, int(np.ceil(low / unit - half))), min(last, int(np.floor(high / unit - half)) + 1)


@kernel
def key_planes(
    a: int, b: int, c: int, s: Floats, places: Floats, weights: Floats, seen: Any, out: Floats
) -> Any:
    """For each key seen here: x and y of its picture and its weight as linear functions over the triangle.

    seen: (keys,) their numbers, out: (keys, 9); returns how many there are.
    """
    count = 0
    for k in range(len(places)):
        if weights[k, a] + weights[k, b] + weights[k, c] == 0:
            continue
        for n in range(3):
            if n < 2:
                va, vb, vc = places[k, a, n], places[k, b, n], places[k, c, n]
            else:
                va, vb, vc = weights[k, a], weights[k, b], weights[k, c]
            out[count, 3 * n] = va + (vb - va) * s[0] + (vc - va) * s[3]
            out[count, 3 * n + 1] = (vb - va) * s[1] + (vc - va) * s[4]
            out[count, 3 * n + 2] = (vb - va) * s[2] + (vc - va) * s[5]
        seen[count] = k
        count += 1
    return count


@kernel
def add_luma(
    row: Floats, begin: int, end: int, picture: Bytes, place: Any, x: Any, y: Any, weight: Any
) -> None:
    """One key's part of a run of pixels; x, y, weight: at its first one, and the step to the next."""
    (sx, dx), (sy, dy), (w, dw) = x, y, weight
    first, height, width = place[FIRST], place[HEIGHT], place[WIDTH]
    count = float32(end - begin)
    if lies_inside(sx, sx + count * dx, width) and lies_inside(sy, sy + count * dy, height):
        sx -= float32(0.5)
        sy -= float32(0.5)
        for n in range(uint64(begin), uint64(end)):
            row[n] += w * luma_between(picture, first, width, sx, sy)
            w += dw
            sx += dx
            sy += dy
        return
    for n in range(uint64(begin), uint64(end)):
        row[n] += w * luma_at(picture, first, height, width, sx, sy)
        w += dw
        sx += dx
        sy += dy


@kernel
def shade_luma(
    box: Any,
    s: Floats,
    planes: Floats,
    seen: Any,
    where: NDArray[np.int64],
    still: Bytes,
    flat: Bytes,
    out: Bytes,
    kind: Bytes,
    row: Floats,
) -> None:
    """One triangle's pixels; row: room for a row."""
    for y in range(box[1], box[3]):
        py = float32(y) + float32(0.5)
        begin, end = row_span(s, py, float32(1), box[0], box[2])
        px = float32(begin) + float32(0.5)
        if begin >= end:
            continue
        for x in range(uint64(begin), uint64(end)):
            row[x] = 0
        for n in range(len(seen)):
            p, r = planes[n], where[seen[n]]
            picture = still if seen[n] == 0 else flat
            w = p[6] + p[7] * px + p[8] * py
            sx = p[0] + p[1] * px + p[2] * py - float32(r[LEFT])
            sy = p[3] + p[4] * px + p[5] * py - float32(r[TOP])
            add_luma(row, begin, end, picture, r, (sx, p[1]), (sy, p[4]), (w, p[7]))
        shown, what = out[y], kind[y]
        for x in range(uint64(begin), uint64(end)):
            shown[x] = to_byte(row[x])
            what[x] = SKIN


@kernel
def shade_chroma(
    box: Any,
    s: Floats,
    planes: Floats,
    seen: Any,
    where: NDArray[np.int64],
    still: Bytes,
    flat: Bytes,
    out: Bytes,
    row: Floats,
) -> None:
    """The same for the planes of colour; row: room for two rows."""
    half = out.shape[0]
    us, vs = row[:half], row[half:]
    for y in range(box[1] >> 1, (box[3] + 1) >> 1):
        py = float32(2 * y) + float32(1)
        begin, end = row_span(s, py, float32(2), box[0] >> 1, min(half, (box[2] + 1) >> 1))
        px = float32(2 * begin) + float32(1)
        if begin >= end:
            continue
        for x in range(uint64(begin), uint64(end)):
            us[x] = 0
            vs[x] = 0
        for n in range(len(seen)):
            p, r = planes[n], where[seen[n]]
            picture = still if seen[n] == 0 else flat
            w = p[6] + p[7] * px + p[8] * py
            sx = p[0] + p[1] * px + p[2] * py - float32(r[LEFT])
            sy = p[3] + p[4] * px + p[5] * py - float32(r[TOP])
            for x in range(uint64(begin), uint64(end)):
                u, v = chroma_at(picture, r[FIRST_CHROMA], r[HEIGHT] >> 1, r[WIDTH] >> 1, sx, sy)
                us[x] += w * u
                vs[x] += w * v
                w += float32(2) * p[7]
                sx += float32(2) * p[1]
                sy += float32(2) * p[4]
        shown = out[y]
        for x in range(uint64(begin), uint64(end)):
            shown[x, 0] = to_byte(us[x])
            shown[x, 1] = to_byte(vs[x])


@kernel
def mark_hole(box: Any, s: Floats, kind: Bytes) -> None:
    """One triangle of the mouth's hole."""
    for y in range(box[1], box[3]):
        begin, end = row_span(s, float32(y) + float32(0.5), float32(1), box[0], box[2])
        what = kind[y]
        for x in range(uint64(begin), uint64(max(begin, end))):
            what[x] = HOLE


@kernel
def draw_mesh(
    triangles: Ints,
    hole_count: int,
    now: Floats,
    places: Floats,
    weights: Floats,
    moved: NDArray[np.bool_],
    where: NDArray[np.int64],
    still: Bytes,
    still_chroma: Bytes,
    flat: Bytes,
    flat_chroma: Bytes,
    luma: Bytes,
    chroma: Bytes,
    kind: Bytes,
    rect: Rect,
) -> None:
    """Every triangle with a moved corner, far ones first, within rect; `kind` says what each pixel is now.

    now: (vertices, 2); places: (1 + keys, vertices, 2), the still picture's first; weights: (1 + keys,
    vertices); where: (1 + keys, 6), each picture's place in the flat arrays and on the whole picture.
    """
    left, top, right, bottom = rect
    s = np.empty(6, np.float32)
    planes = np.empty((len(places), 9), np.float32)
    seen = np.empty(len(places), np.int64)
    row = np.empty(luma.shape[0], np.float32)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        if not (moved[a] or moved[b] or moved[c]) or corner_shares(now[a], now[b], now[c], s) == 0:
            continue
        x0, x1 = min(now[a, 0], now[b, 0], now[c, 0]), max(now[a, 0], now[b, 0], now[c, 0])
        y0, y1 = min(now[a, 1], now[b, 1], now[c, 1]), max(now[a, 1], now[b, 1], now[c, 1])
        box = (max(left, int(x0)), max(top, int(y0)), min(right, int(x1) + 1), min(bottom, int(y1) + 1))
        if t < hole_count:
            mark_hole(box, s, kind)
            continue
        count = key_planes(a, b, c, s, places, weights, seen, planes)
        shade_luma(box, s, planes, seen[:count], where, still, flat, luma, kind, row)
        shade_chroma(box, s, planes, seen[:count], where, still_chroma, flat_chroma, chroma, row)
