"""The head's turn: every pixel from where a coarse flow points to."""

from typing import Any

import numpy as np
from numba import float32, int64, uint64

from visavis_render.backends.atlas.assets import Bytes, Floats
from visavis_render.backends.atlas.sampling import Rect
from visavis_render.backends.vector.compiled import kernel

STILL = 0.01  # pixels


@kernel
def forward_flow(
    points: Floats, share: Floats, turn: Floats, axes: Floats, pivot: Floats, out: Floats
) -> None:
    """Where turned points (rows, columns, 3; from the pivot) are seen: pixels from the middle, and depth.

    axes: right, down and forward of the camera as columns, the first two times its scale; pivot: seen by it.
    """
    rows, columns, _ = points.shape
    for y in range(rows):
        for x in range(columns):
            seen_x, seen_y, depth = pivot[0], pivot[1], pivot[2]
            for i in range(3):
                moved = points[y, x, i]
                for j in range(3):
                    moved += share[y, x] * turn[i, j] * points[y, x, j]
                seen_x += moved * axes[i, 0]
                seen_y += moved * axes[i, 1]
                depth += moved * axes[i, 2]
            out[y, x, 0] = seen_x / depth
            out[y, x, 1] = seen_y / depth
            out[y, x, 2] = depth


@kernel
def cell_part(value: Any, last: int) -> Any:
    """(cell, share of it) of a place on the grid, clamped."""
    value = min(max(value, float32(0)), float32(last) - float32(0.001))
    cell = int(value)
    return cell, value - float32(cell)


@kernel
def backward_flow(forward: Floats, cell: Any, nearest: Floats, out: Floats) -> None:
    """Pixels to add to find what moved here; where the picture folds over, what is nearest is seen.

    forward: (rows, columns, [x, y: pixels moved; depth]); nearest: room for depths (rows, columns).
    """
    rows, columns, _ = forward.shape
    for y in range(rows):
        for x in range(columns):
            nearest[y, x] = float32(1e9)
            out[y, x, 0] = -forward[y, x, 0]
            out[y, x, 1] = -forward[y, x, 1]
    for y in range(rows - 1):
        for x in range(columns - 1):
            spread(forward, y, x, y, x + 1, y + 1, x, cell, nearest, out)
            spread(forward, y + 1, x + 1, y + 1, x, y, x + 1, cell, nearest, out)


@kernel
def spread(
    f: Floats, ya: int, xa: int, yb: int, xb: int, yc: int, xc: int, cell: Any, nearest: Floats, out: Floats
) -> None:
    """One moved triangle of the grid, onto the nodes that it covers now."""
    inv = float32(1) / float32(cell)
    ax, ay = float32(xa) + f[ya, xa, 0] * inv, float32(ya) + f[ya, xa, 1] * inv
    bx, by = float32(xb) + f[yb, xb, 0] * inv - ax, float32(yb) + f[yb, xb, 1] * inv - ay
    cx, cy = float32(xc) + f[yc, xc, 0] * inv - ax, float32(yc) + f[yc, xc, 1] * inv - ay
    area = bx * cy - by * cx
    if abs(area) < float32(1e-3):
        return
    x0, x1 = int(np.ceil(ax + min(float32(0), bx, cx))), int(np.floor(ax + max(float32(0), bx, cx)))
    y0, y1 = int(np.ceil(ay + min(float32(0), by, cy))), int(np.floor(ay + max(float32(0), by, cy)))
    for y in range(max(0, y0), min(len(f) - 1, y1) + 1):
        for x in range(max(0, x0), min(f.shape[1] - 1, x1) + 1):
            px, py = float32(x) - ax, float32(y) - ay
            b, c = (px * cy - py * cx) / area, (bx * py - by * px) / area
            if b < 0 or c < 0 or b + c > 1:
                continue
            a = float32(1) - b - c
            depth = a * f[ya, xa, 2] + b * f[yb, xb, 2] + c * f[yc, xc, 2]
            if depth < nearest[y, x]:
                nearest[y, x] = depth
                out[y, x, 0] = -(a * f[ya, xa, 0] + b * f[yb, xb, 0] + c * f[yc, xc, 0])
                out[y, x, 1] = -(a * f[ya, xa, 1] + b * f[yb, xb, 1] + c * f[yc, xc, 1])


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
    """(x, y, step of x, step of y) in 65536ths of a pixel of a plane whose pixels are 1 / unit of luma's."""
    inv = unit / float32(cell)
    dx, dy = (nodes[c + 1, 0] - nodes[c, 0]) * inv, (nodes[c + 1, 1] - nodes[c, 1]) * inv
    along = float32(begin) + float32(0.5) - float32(c) * float32(cell) / unit
    ax = (nodes[c, 0] + dx * along) / unit
    ay = (nodes[c, 1] + dy * along) / unit
    one = float32(65536)
    return (
        (begin << 16) + int(ax * one),
        (y << 16) + int(ay * one),
        65536 + int(dx / unit * one),
        int(dy / unit * one),
    )


@kernel
def warp_luma(luma: Bytes, flow: Floats, cell: float, picture: Bytes, rect: Rect) -> None:
    """Into the flat I420 `picture`; flow: (cells + 1, cells + 1, 2), pixels to add."""
    size, cells = luma.shape[0], flow.shape[0] - 1
    flat, nodes = luma.reshape(-1), np.empty((cells + 1, 2), np.float32)
    last = ((size - 1) << 16) - 1
    x0, y0, x1, y1 = rect
    for y in range(y0, y1):
        row_flow(flow, (float32(y) + float32(0.5)) / float32(cell), nodes)
        for c in range(int(x0 / cell), min(cells, int((x1 - 1) / cell) + 1)):
            begin, end = max(x0, int(c * cell + 0.5)), min(x1, int((c + 1) * cell + 0.5))
            if is_still(nodes, c):
                for x in range(begin, end):
                    picture[uint64(y * size + x)] = flat[uint64(y * size + x)]
                continue
            sx, sy, dx, dy = segment(nodes, c, begin, y, cell, float32(1))
            for x in range(begin, end):
                picture[uint64(y * size + x)] = blended(flat, sx, sy, 1, size, last)
                sx += dx
                sy += dy


@kernel
def warp_chroma(chroma: Bytes, flow: Floats, cell: float, picture: Bytes, rect: Rect) -> None:
    """The same for the planes of colour."""
    half, cells = chroma.shape[0], flow.shape[0] - 1
    flat, nodes = chroma.reshape(-1), np.empty((cells + 1, 2), np.float32)
    u, v = flat, flat[1:]
    area, quarter = 4 * half * half, half * half
    last = ((half - 1) << 16) - 1
    x0, y0, x1, y1 = rect[0] >> 1, rect[1] >> 1, rect[2] >> 1, rect[3] >> 1
    for y in range(y0, y1):
        row_flow(flow, (float32(2 * y) + float32(1)) / float32(cell), nodes)
        for c in range(int(2 * x0 / cell), min(cells, int((2 * x1 - 1) / cell) + 1)):
            begin, end = max(x0, int(c * cell / 2 + 0.5)), min(x1, int((c + 1) * cell / 2 + 0.5))
            sx, sy, dx, dy = segment(nodes, c, begin, y, cell, float32(2))
            for x in range(begin, end):
                to = area + y * half + x
                picture[uint64(to)] = blended(u, sx, sy, 2, 2 * half, last)
                picture[uint64(to + quarter)] = blended(v, sx, sy, 2, 2 * half, last)
                sx += dx
                sy += dy
