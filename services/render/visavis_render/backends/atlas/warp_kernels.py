"""The head's turn: every pixel from where a coarse flow points to.

A cell's pixels are counted from its first one, wherever a redraw begins, so that a partial redraw equals a
full one bit for bit.
"""

from typing import Any

import numpy as np
from numba import float32, uint64

from visavis_render.backends.atlas.assets import Bytes, Floats
from visavis_render.backends.atlas.corners import Corners
from visavis_render.backends.atlas.flow_kernels import cell_part
from visavis_render.backends.atlas.run_kernels import mix_chroma, mix_luma, show_chroma, show_luma
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
def moves_by(nodes: Floats, c: int) -> Any:
    """How far what lies between two columns moves, in pixels at both of them and both ways together."""
    return abs(nodes[c, 0]) + abs(nodes[c, 1]) + abs(nodes[c + 1, 0]) + abs(nodes[c + 1, 1])


@kernel
def first_moving(flow: Floats, weights: Floats) -> int:
    """The first row of cells in which a warp shows anything but the still face; their number if none does."""
    cells: int = flow.shape[0] - 1
    for row in range(cells):
        for c in range(cells):
            moved = max(moves_by(flow[row], c), moves_by(flow[row + 1], c)) >= float32(0.9 * STILL)
            if moved or weights[row, c] > 0 or weights[row, c + 1] > 0:
                return row
            if weights[row + 1, c] > 0 or weights[row + 1, c + 1] > 0:
                return row
    return cells


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
def segment(nodes: Floats, c: int, first: int, begin: int, y: int, cell: Any, unit: Any) -> Any:
    """(x, y, step of x, step of y) in 65536ths of a pixel of a plane whose pixels are 1 / unit of luma's.

    first: the cell's first pixel; begin: where it is redrawn from.
    """
    inv = unit / float32(cell)
    dx, dy = (nodes[c + 1, 0] - nodes[c, 0]) * inv, (nodes[c + 1, 1] - nodes[c, 1]) * inv
    along = float32(first) + float32(0.5) - float32(c) * float32(cell) / unit
    ax = (nodes[c, 0] + dx * along) / unit
    ay = (nodes[c, 1] + dy * along) / unit
    one = float32(65536)
    right, down = 65536 + int(dx / unit * one), int(dy / unit * one)
    return (
        (first << 16) + int(ax * one) + (begin - first) * right,
        (y << 16) + int(ay * one) + (begin - first) * down,
        right,
        down,
    )


@kernel
def part_of(parts: Floats, c: int, first: int, begin: int, cell: Any, unit: Any) -> Any:
    """(weight at a pixel, its step) in 65536ths; exactly all and 0 where both ends are nearly all."""
    if parts[c] + parts[c + 1] > float32(ALL):
        return 65536, 0
    slope = (parts[c + 1] - parts[c]) * unit / float32(cell)
    along = float32(first) + float32(0.5) - float32(c) * float32(cell) / unit
    one = float32(65536)
    step = int(slope * one)
    return int((parts[c] + slope * along) * one) + (begin - first) * step, step


@kernel
def still_until(nodes: Floats, parts: Floats, some: bool, c: int, end: int) -> int:
    """The first column from c on behind which something moves, or the other picture is seen."""
    while c < end and moves_by(nodes, c) < float32(STILL) and not (some and parts[c] + parts[c + 1] > 0):
        c += 1
    return c


@kernel
def copy_luma(row: Bytes, picture: Bytes, at: int, begin: int, end: int) -> None:
    """Part of a row into the flat picture, where the row begins at `at`."""
    for x in range(uint64(begin), uint64(end)):
        picture[uint64(at) + x] = row[x]


@kernel
def copy_chroma(row: Bytes, picture: Bytes, at: int, begin: int, end: int) -> None:
    """The same of (half, 2) into both planes of colour."""
    half = len(row)
    for x in range(uint64(begin), uint64(end)):
        picture[uint64(at) + x] = row[x, 0]
        picture[uint64(at + half * half) + x] = row[x, 1]


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
    own, others = luma.reshape(-1), other.reshape(-1)
    nodes, other_nodes = np.empty((cells + 1, 2), np.float32), np.empty((cells + 1, 2), np.float32)
    parts = np.empty(cells + 1, np.float32)
    last = ((size - 1) << 16) - 1
    x0, y0, x1, y1 = rect
    beyond = min(cells, int((x1 - 1) / cell) + 1)
    for y in range(y0, y1):
        place = (float32(y) + float32(0.5)) / float32(cell)
        row_flow(flow, place, nodes)
        some = row_weights(weights, place, parts) > 0
        if some:
            row_flow(other_flow, place, other_nodes)
        c = int(x0 / cell)
        while c < beyond:
            first = int(c * cell + 0.5)
            begin = max(x0, first)
            to = y * size + begin
            moving = still_until(nodes, parts, some, c, beyond)
            if moving > c:
                copy_luma(luma[y], picture, y * size, begin, min(x1, int(moving * cell + 0.5)))
                c = moving
                continue
            count = min(x1, int((c + 1) * cell + 0.5)) - begin
            both = some and parts[c] + parts[c + 1] > 0
            part = part_of(parts, c, first, begin, cell, float32(1)) if both else (0, 0)
            if part != (65536, 0):
                seen = segment(nodes, c, first, begin, y, cell, float32(1))
                show_luma(picture, to, count, own, seen, size, last)
            if both:
                seen = segment(other_nodes, c, first, begin, y, cell, float32(1))
                mix_luma(picture, to, count, others, seen, size, last, part)
            c += 1


@kernel
def warp_chroma(
    chroma: Bytes,
    corners: Corners,
    other: Corners,
    flow: Floats,
    other_flow: Floats,
    weights: Floats,
    cell: float,
    picture: Bytes,
    rect: Rect,
) -> None:
    """The same for the planes of colour."""
    half, cells = chroma.shape[0], flow.shape[0] - 1
    own, others = corners.reshape(-1), other.reshape(-1)
    nodes, other_nodes = np.empty((cells + 1, 2), np.float32), np.empty((cells + 1, 2), np.float32)
    parts = np.empty(cells + 1, np.float32)
    area = 4 * half * half
    last = ((half - 1) << 16) - 1
    x0, y0, x1, y1 = rect[0] >> 1, rect[1] >> 1, rect[2] >> 1, rect[3] >> 1
    beyond = min(cells, int((2 * x1 - 1) / cell) + 1)
    for y in range(y0, y1):
        place = (float32(2 * y) + float32(1)) / float32(cell)
        row_flow(flow, place, nodes)
        some = row_weights(weights, place, parts) > 0
        if some:
            row_flow(other_flow, place, other_nodes)
        c = int(2 * x0 / cell)
        while c < beyond:
            first = int(c * cell / 2 + 0.5)
            begin = max(x0, first)
            to = area + y * half + begin
            moving = still_until(nodes, parts, some, c, beyond)
            if moving > c:
                copy_chroma(chroma[y], picture, area + y * half, begin, min(x1, int(moving * cell / 2 + 0.5)))
                c = moving
                continue
            count = min(x1, int((c + 1) * cell / 2 + 0.5)) - begin
            both = some and parts[c] + parts[c + 1] > 0
            part = part_of(parts, c, first, begin, cell, float32(2)) if both else (0, 0)
            if part != (65536, 0):
                seen = segment(nodes, c, first, begin, y, cell, float32(2))
                show_chroma(picture, to, count, own, seen, half, last)
            if both:
                seen = segment(other_nodes, c, first, begin, y, cell, float32(2))
                mix_chroma(picture, to, count, others, seen, half, last, part)
            c += 1
