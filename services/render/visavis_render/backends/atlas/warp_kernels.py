"""The head's turn: every pixel from where a coarse flow points to."""

from typing import Any

import numpy as np
from numba import float32, int64, uint64

from visavis_render.backends.atlas.assets import Bytes, Floats
from visavis_render.backends.atlas.flow_kernels import cell_part
from visavis_render.backends.atlas.sampling import Rect
from visavis_render.backends.vector.compiled import kernel

STILL = 0.01  # pixels
ALL = 1.998  # of two weights: nothing else is seen between them


@kernel
def row_flow(flow: Floats, y: Any, out: Floats) -> None:
    """The flow of one row (in cells) at all columns of the grid (columns, 2)."""
    row, fy = cell_part(y, flow.shape[0] - 1)
    for c in range(flow.shape[1]):
        out[c, 0] = flow[row, c, 0] + (flow[row + 1, c, 0] - flow[row, c, 0]) * fy
        out[c, 1] = flow[row, c, 1] + (flow[row + 1, c, 1] - flow[row, c, 1]) * fy


@kernel
def is_still(nodes: Floats, c: int) -> Any:
    """Whether nothing moves between two columns."""
    moved = abs(nodes[c, 0]) + abs(nodes[c, 1]) + abs(nodes[c + 1, 0]) + abs(nodes[c + 1, 1])
    return moved < float32(STILL)


@kernel
def blended(flat: Bytes, sx: int, sy: int, step: int, stride: int, last: int) -> Any:
    """Bilinear at a place in 65536ths of a pixel, clamped to 0..last; step: bytes from pixel to pixel."""
    sx, sy = min(max(sx, 0), last), min(max(sy, 0), last)
    at = uint64((sy >> 16) * stride + (sx >> 16) * step)
    fx, fy = (sx >> 8) & 255, (sy >> 8) & 255
    below = at + uint64(stride)
    up = int64(flat[at]) * (256 - fx) + int64(flat[at + uint64(step)]) * fx
    down = int64(flat[below]) * (256 - fx) + int64(flat[below + uint64(step)]) * fx
    return (up * (256 - fy) + down * fy + 32768) >> 16


@kernel
def segment(nodes: Floats, c: int, begin: int, y: int, cell: Any, unit: Any) -> Any:
    """(x, y, step of x, step of y) in 65536ths of a pixel of a plane whose pixels are 1 / unit of luma's.

    Counted from the cell's first pixel: rounding must not depend on where a redraw begins.
    """
    inv = unit / float32(cell)
    dx, dy = (nodes[c + 1, 0] - nodes[c, 0]) * inv, (nodes[c + 1, 1] - nodes[c, 1]) * inv
    first = int(c * cell / unit + 0.5)
    along = float32(first) + float32(0.5) - float32(c) * float32(cell) / unit
    ax = (nodes[c, 0] + dx * along) / unit
    ay = (nodes[c, 1] + dy * along) / unit
    one = float32(65536)
    step_x, step_y, gone = 65536 + int(dx / unit * one), int(dy / unit * one), begin - first
    return (
        (first << 16) + int(ax * one) + gone * step_x,
        (y << 16) + int(ay * one) + gone * step_y,
        step_x,
        step_y,
    )


@kernel
def row_weights(weights: Floats, y: Any, out: Floats) -> Any:
    """The weights of one row (in cells) at all columns of the grid; returns the largest."""
    row, fy = cell_part(y, weights.shape[0] - 1)
    largest = float32(0)
    for c in range(weights.shape[1]):
        out[c] = weights[row, c] + (weights[row + 1, c] - weights[row, c]) * fy
        largest = max(largest, out[c])
    return largest


@kernel
def part_of(parts: Floats, c: int, begin: int, cell: Any, unit: Any) -> Any:
    """(weight at a pixel, its step) in 65536ths; exactly all and 0 where both ends are nearly all."""
    if parts[c] + parts[c + 1] > float32(ALL):
        return 65536, 0
    slope = (parts[c + 1] - parts[c]) * unit / float32(cell)
    first = int(c * cell / unit + 0.5)
    along = float32(first) + float32(0.5) - float32(c) * float32(cell) / unit
    one = float32(65536)
    step = int(slope * one)
    return int((parts[c] + slope * along) * one) + (begin - first) * step, step


@kernel
def show(
    picture: Bytes, to: int, count: int, flat: Bytes, seen: Any, step: int, stride: int, last: int
) -> None:
    """A run of pixels of a plane; seen: its `segment`."""
    sx, sy, dx, dy = seen
    for n in range(count):
        picture[uint64(to + n)] = blended(flat, sx, sy, step, stride, last)
        sx += dx
        sy += dy


@kernel
def mix(
    picture: Bytes,
    to: int,
    count: int,
    flat: Bytes,
    seen: Any,
    step: int,
    stride: int,
    last: int,
    part: Any,
) -> None:
    """A run over what is there; part: (share, its step) in 65536ths."""
    sx, sy, dx, dy = seen
    share, slope = part
    for n in range(count):
        at = uint64(to + n)
        own = min(max(share, 0), 65536)
        above = int64(blended(flat, sx, sy, step, stride, last))
        picture[at] = (int64(picture[at]) * (65536 - own) + above * own + 32768) >> 16
        sx += dx
        sy += dy
        share += slope


@kernel
def warp_luma(
    luma: Bytes,
    other: Bytes,
    flow: Floats,
    other_flow: Floats,
    weights: Floats,
    cell: float,
    picture: Bytes,
    rect: Rect,
) -> None:
    """Into the flat I420 `picture`: the face, and `weights` of the other picture.

    Flows (cells + 1, cells + 1, 2) are pixels to add.
    """
    size, cells = luma.shape[0], flow.shape[0] - 1
    flat, flat_other = luma.reshape(-1), other.reshape(-1)
    nodes, other_nodes = np.empty((cells + 1, 2), np.float32), np.empty((cells + 1, 2), np.float32)
    parts = np.empty(cells + 1, np.float32)
    last = ((size - 1) << 16) - 1
    x0, y0, x1, y1 = rect
    for y in range(y0, y1):
        place = (float32(y) + float32(0.5)) / float32(cell)
        row_flow(flow, place, nodes)
        mixed = row_weights(weights, place, parts) > 0
        if mixed:
            row_flow(other_flow, place, other_nodes)
        for c in range(int(x0 / cell), min(cells, int((x1 - 1) / cell) + 1)):
            begin, end = max(x0, int(c * cell + 0.5)), min(x1, int((c + 1) * cell + 0.5))
            to, count = y * size + begin, end - begin
            part = part_of(parts, c, begin, cell, float32(1))
            both = mixed and parts[c] + parts[c + 1] > 0
            if not both and is_still(nodes, c):
                for n in range(count):
                    picture[uint64(to + n)] = flat[uint64(to + n)]
                continue
            if not (both and part == (65536, 0)):
                show(picture, to, count, flat, segment(nodes, c, begin, y, cell, float32(1)), 1, size, last)
            if both:
                seen = segment(other_nodes, c, begin, y, cell, float32(1))
                mix(picture, to, count, flat_other, seen, 1, size, last, part)


@kernel
def warp_chroma(
    chroma: Bytes,
    other: Bytes,
    flow: Floats,
    other_flow: Floats,
    weights: Floats,
    cell: float,
    picture: Bytes,
    rect: Rect,
) -> None:
    """The same for the planes of colour."""
    half, cells = chroma.shape[0], flow.shape[0] - 1
    u, u_other = chroma.reshape(-1), other.reshape(-1)
    v, v_other = u[1:], u_other[1:]
    nodes, other_nodes = np.empty((cells + 1, 2), np.float32), np.empty((cells + 1, 2), np.float32)
    parts = np.empty(cells + 1, np.float32)
    area, quarter = 4 * half * half, half * half
    last = ((half - 1) << 16) - 1
    x0, y0, x1, y1 = rect[0] >> 1, rect[1] >> 1, rect[2] >> 1, rect[3] >> 1
    for y in range(y0, y1):
        place = (float32(2 * y) + float32(1)) / float32(cell)
        row_flow(flow, place, nodes)
        mixed = row_weights(weights, place, parts) > 0
        if mixed:
            row_flow(other_flow, place, other_nodes)
        for c in range(int(2 * x0 / cell), min(cells, int((2 * x1 - 1) / cell) + 1)):
            begin, end = max(x0, int(c * cell / 2 + 0.5)), min(x1, int((c + 1) * cell / 2 + 0.5))
            to, count = area + y * half + begin, end - begin
            part = part_of(parts, c, begin, cell, float32(2))
            both = mixed and parts[c] + parts[c + 1] > 0
            if not (both and part == (65536, 0)):
                seen = segment(nodes, c, begin, y, cell, float32(2))
                show(picture, to, count, u, seen, 2, 2 * half, last)
                show(picture, to + quarter, count, v, seen, 2, 2 * half, last)
            if both:
                seen = segment(other_nodes, c, begin, y, cell, float32(2))
                mix(picture, to, count, u_other, seen, 2, 2 * half, last, part)
                mix(picture, to + quarter, count, v_other, seen, 2, 2 * half, last, part)
