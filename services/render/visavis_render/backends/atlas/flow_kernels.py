"""Flows over a coarse grid: where places of a turned head came from, and which picture shows them."""

from typing import Any

import numpy as np
from numba import float32

from visavis_render.backends.atlas.assets import Floats
from visavis_render.backends.vector.compiled import kernel

MIDDLE = 0.2  # of the picture's width, across which the left side becomes the right one
SAME = 0.1  # pixels: what two pictures show this near does not turn


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
def node_at(grid: Floats, x: Any, y: Any) -> Any:
    """Bilinear from a grid of nodes, clamped."""
    j, fy = cell_part(y, grid.shape[0] - 1)
    i, fx = cell_part(x, grid.shape[1] - 1)
    up = grid[j, i] + (grid[j, i + 1] - grid[j, i]) * fx
    down = grid[j + 1, i] + (grid[j + 1, i + 1] - grid[j + 1, i]) * fx
    return up + (down - up) * fy


@kernel
def turned_weights(
    flow: Floats,
    other: Floats,
    lively: Floats,
    other_lively: Floats,
    cell: float,
    left: float,
    right: float,
    out: Floats,
) -> None:
    """How much of the turned picture is seen at each node: nothing where both are alive, or the same.

    left, right: how much at most, on each side of the head.
    """
    inv = float32(1) / float32(cell)
    cells = float32(out.shape[1] - 1)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            apart = abs(flow[y, x, 0] - other[y, x, 0]) + abs(flow[y, x, 1] - other[y, x, 1])
            if apart < float32(SAME):
                out[y, x] = 0
                continue
            column = float32(x) + flow[y, x, 0] * inv
            face = node_at(lively, column, float32(y) + flow[y, x, 1] * inv)
            turned = node_at(
                other_lively, float32(x) + other[y, x, 0] * inv, float32(y) + other[y, x, 1] * inv
            )
            side = (column / cells - float32(0.5)) / float32(MIDDLE) + float32(0.5)
            side = min(max(side, float32(0)), float32(1))
            amount = float32(left) + (float32(right) - float32(left)) * side
            out[y, x] = (float32(1) - min(face, turned)) * amount
