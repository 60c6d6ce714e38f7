"""Teeth and tongue behind the lips, and soft edges."""

from typing import Any

from numba import float32, int64, uint64

from visavis_render.backends.atlas.assets import Bytes, Floats
from visavis_render.backends.atlas.layers import Ints
from visavis_render.backends.atlas.mesh_kernels import HOLE
from visavis_render.backends.atlas.sampling import Rect, chroma_at, luma_at, to_byte
from visavis_render.backends.vector.compiled import kernel


@kernel
def source_row(y: Any, upper: Any, lower: Any, drop: Any) -> Any:
    """Where a key shows what is seen at row y: the same above the upper teeth's edge, moved with the jaw
    below the lower teeth's, between them in proportion."""
    turn = max(upper, lower)
    if y <= upper:
        return y
    if y >= turn:
        return y + drop
    return y + drop * (y - upper) / (turn - upper)


@kernel
def fill_luma(
    luma: Bytes,
    kind: Bytes,
    inside: Bytes,
    keys: Ints,
    weights: Floats,
    drops: Floats,
    place: Any,
    edges: Any,
    box: Rect,
) -> None:
    """Blend the keys' mouths into the hole.

    drops: how far the jaw of each key is below the jaw now; place: top and left of the mouths' pictures;
    edges: rows of the upper and the lower teeth's edges now.
    """
    _, height, width = inside.shape
    flat, area = inside.reshape(-1), height * width
    for y in range(box[1], box[3]):
        py = float32(y) + float32(0.5)
        for x in range(box[0], box[2]):
            if kind[y, x] != HOLE:
                continue
            light = float32(0)
            for n in range(len(keys)):
                row = source_row(py, edges[0], edges[1], drops[n]) - float32(place[0])
                px = float32(x) + float32(0.5) - float32(place[1])
                light += weights[n] * luma_at(flat, keys[n] * area, height, width, px, row)
            luma[y, x] = to_byte(light)


@kernel
def fill_chroma(
    chroma: Bytes,
    kind: Bytes,
    inside: Bytes,
    keys: Ints,
    weights: Floats,
    drops: Floats,
    place: Any,
    edges: Any,
    box: Rect,
) -> None:
    """The same for the planes of colour, where a pixel is open."""
    _, height, width, _ = inside.shape
    flat, area = inside.reshape(-1), 2 * height * width
    for y in range(box[1] >> 1, box[3] >> 1):
        py = float32(2 * y) + float32(1)
        for x in range(box[0] >> 1, box[2] >> 1):
            if not (kind[2 * y, 2 * x] == HOLE and kind[2 * y + 1, 2 * x + 1] == HOLE):
                continue
            u = float32(0)
            v = float32(0)
            for n in range(len(keys)):
                row = source_row(py, edges[0], edges[1], drops[n]) - float32(place[0])
                px = float32(2 * x) + float32(1) - float32(place[1])
                a, b = chroma_at(flat, keys[n] * area, height, width, px, row)
                u += weights[n] * a
                v += weights[n] * b
            chroma[y, x, 0] = to_byte(u)
            chroma[y, x, 1] = to_byte(v)


@kernel
def soften_row(luma: Bytes, y: int, begin: int, end: int, kind: Bytes, scratch: Bytes) -> None:
    """One row, where a pixel has a neighbour of another kind."""
    above, own, below = kind[y - 1], kind[y], kind[y + 1]
    upper, middle, lower, out = scratch[y - 1], scratch[y], scratch[y + 1], luma[y]
    one = uint64(1)
    for x in range(uint64(begin), uint64(end)):
        mine = own[x]
        beside = own[x - one] == mine and own[x + one] == mine
        if beside and above[x] == mine and below[x] == mine:
            continue
        cross = int64(middle[x - one]) + middle[x + one] + upper[x] + lower[x]
        corners = int64(upper[x - one]) + upper[x + one] + lower[x - one] + lower[x + one]
        out[x] = (4 * int64(middle[x]) + 2 * cross + corners + 8) >> 4


@kernel
def soften_edges(luma: Bytes, kind: Bytes, scratch: Bytes, box: Rect) -> None:
    """Blend what meets where the kind changes, one pixel to each side; forgets all kinds."""
    x0, y0, x1, y1 = box
    for y in range(y0, y1):
        copied, shown = scratch[y], luma[y]
        for x in range(uint64(x0), uint64(x1)):
            copied[x] = shown[x]
    for y in range(y0 + 1, y1 - 1):
        soften_row(luma, y, x0 + 1, x1 - 1, kind, scratch)
    for y in range(y0, y1):
        row = kind[y]
        for x in range(uint64(x0), uint64(x1)):
            row[x] = 0
