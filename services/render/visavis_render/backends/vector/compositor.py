"""Composites baked layers under a turning head.

A layer is baked larger than it is shown, as lanes: a bilinear sample is four multiplications. Layers go
front to back and stop where nothing shines through. The head's warp is exact on a fixed grid of STEP pixels
and linear between, so that a partial redraw equals a full one.
"""

import numpy as np
from numba import int64, uint32, uint64
from numpy.typing import NDArray

from visavis_render.backends.vector.compiled import kernel
from visavis_render.backends.vector.coverage import Floats
from visavis_render.backends.vector.lanes import LANES, Bytes, Lane, Lanes, spread, squeeze

Pixels = NDArray[np.uint32]
Grid = NDArray[np.int64]
Rect = tuple[int, int, int, int]
# Picture -> head (six affine numbers), yaw, pitch.
Pose = tuple[float, float, float, float, float, float, float, float]
Warp = tuple[float, float, float, float, float, float, float, float, float, float, float]

FULL = uint64(256)
STEP = 8

# Columns of a layer's row in `places`.
X0, Y0, SCALE = 0, 1, 2  # design position of its first pixel, pixels per design unit
Z0, Z1, CX, CY, RX, RY = 3, 4, 5, 6, 7, 8  # depth dome
ON_HEAD, ON_JAW = 9, 10  # 1 when it turns with the head, when its lower part follows the jaw
SHIFT_X, SHIFT_Y = 11, 12  # how far a layer that does not turn has moved
LEFT, TOP, RIGHT, BOTTOM = 13, 14, 15, 16  # design bounds that may be touched
JAW_Y, JAW_HEIGHT = 17, 18
PLACE_WIDTH = 19
# Columns of `grids`: offset, width, height in the pixel store; the same in the tile store.
GRID_WIDTH = 6


@kernel
def _warp_of(place: Floats, jaw: float) -> Warp:
    """A layer's warp as numbers that stay in registers."""
    return (
        place[Z0],
        place[Z1],
        place[CX],
        place[CY],
        1.0 / place[RX],
        1.0 / place[RY],
        place[JAW_Y],
        1.0 / place[JAW_HEIGHT],
        place[ON_JAW] * jaw,
        place[SHIFT_X],
        place[SHIFT_Y],
    )


@kernel
def _origin(turns: bool, warp: Warp, pose: Pose, x: float, y: float) -> tuple[float, float]:
    """Where in the layer (design units) the picture's design point (x, y) comes from."""
    z0, z1, cx, cy, irx, iry, jaw_y, ijaw, drop, shift_x, shift_y = warp
    if not turns:
        return x - shift_x, y - shift_y
    hx = pose[0] * x + pose[1] * y + pose[2]
    hy = pose[3] * x + pose[4] * y + pose[5]
    u = (hx - cx) * irx
    v = (hy - cy) * iry
    d = z0 + z1 * max(0.0, 1.0 - u * u - v * v)
    sx = hx - pose[6] * d
    sy = hy - pose[7] * d * 0.8
    if drop > 0 and sy > jaw_y:
        t = min(1.0, (sy - jaw_y) * ijaw)
        sy -= drop * t * t * (3 - 2 * t)
    return sx, sy


@kernel
def _sample(store: Lanes, base: int, w: int, qx: int, qy: int) -> Lane:
    """Bilinear sample at (qx, qy) sixteenths of a pixel."""
    i = base + (qy >> 4) * w + (qx >> 4)
    wx = uint64(qx & 15)
    wy = uint64(qy & 15)
    vx = uint64(16) - wx
    vy = uint64(16) - wy
    top = store[i] * (vx * vy) + store[i + 1] * (wx * vy)
    below = store[i + w] * (vx * wy) + store[i + w + 1] * (wx * wy)
    return ((top + below) >> uint64(8)) & LANES


@kernel
def _row(
    store: Lanes,
    tiles: Bytes,
    grid: Grid,
    place: Floats,
    pose: Pose,
    jaw: float,
    y: int,
    x0: int,
    x1: int,
    unit: float,
    out: Lanes,
    left: Pixels,
    need: Pixels,
) -> None:
    """One row of one layer under what `out` holds.

    unit: design units per pixel. left: what still shines through (0..256). need: what will be seen.
    """
    v = (y + 0.5) * unit
    if v < place[TOP] or v > place[BOTTOM]:
        return
    turns = place[ON_HEAD] > 0
    warp = _warp_of(place, jaw)
    ox, oy, s = place[X0], place[Y0], place[SCALE] * 16.0
    base, w, h, tile_base, tile_w, tile_h = grid[0], grid[1], grid[2], grid[3], grid[4], grid[5]
    limit_x, limit_y = (w - 1) * 16, (h - 1) * 16
    xa = max(x0, int(place[LEFT] / unit))
    xb = min(x1, int(place[RIGHT] / unit) + 1)
    first = (xa // STEP) * STEP
    bx, by = _origin(turns, warp, pose, (first + 0.5) * unit, v)
    bx, by = (bx - ox) * s - 8.0, (by - oy) * s - 8.0
    for xs in range(first, xb, STEP):
        ax, ay = bx, by
        bx, by = _origin(turns, warp, pose, (xs + STEP + 0.5) * unit, v)
        bx, by = (bx - ox) * s - 8.0, (by - oy) * s - 8.0
        tx = max(0, int64((ax + bx) * 0.5) >> 8)
        ty = max(0, int64((ay + by) * 0.5) >> 8)
        if tx >= tile_w or ty >= tile_h or tiles[tile_base + ty * tile_w + tx] == 0:
            continue
        dx = (bx - ax) * (1.0 / STEP)
        dy = (by - ay) * (1.0 / STEP)
        start = max(xs, xa)
        fx = ax + dx * (start - xs)
        fy = ay + dy * (start - xs)
        for x in range(start, min(xb, xs + STEP)):
            qx = int64(fx)
            qy = int64(fy)
            fx += dx
            fy += dy
            t = uint64(left[x])
            hidden = t < uint64(2) or need[x] < 2
            if hidden or qx < 0 or qy < 0 or qx >= limit_x or qy >= limit_y:
                continue
            c = _sample(store, base, w, qx, qy)
            a = c >> uint64(48)
            if a == uint64(0):
                continue
            if t == FULL:
                out[x] = c
            else:
                out[x] += ((c * t) >> uint64(8)) & LANES
            left[x] = uint32((t * (FULL - a - (a >> uint64(7)))) >> uint64(8))


@kernel
def compose_over(
    store: Lanes,
    tiles: Bytes,
    grids: Grid,
    places: Floats,
    pose: Pose,
    rect: Rect,
    unit: float,
    over: Lanes,
    left: Pixels,
    ones: Pixels,
) -> None:
    """Layers in front of the live features -> `over`, with what shines through in `left`."""
    for y in range(rect[1], rect[3]):
        for x in range(rect[0], rect[2]):
            over[y, x] = uint64(0)
            left[y, x] = 256
        for k in range(places.shape[0]):
            _row(
                store,
                tiles,
                grids[k],
                places[k],
                pose,
                0.0,
                y,
                rect[0],
                rect[2],
                unit,
                over[y],
                left[y],
                ones,
            )


@kernel
def compose_under(
    dst: Pixels,
    background: Pixels,
    store: Lanes,
    tiles: Bytes,
    grids: Grid,
    places: Floats,
    pose: Pose,
    jaw: float,
    rect: Rect,
    unit: float,
    need: Pixels,
    out: Lanes,
    left: Pixels,
) -> None:
    """Layers behind the live features over the background -> dst, where `need` says they can be seen."""
    for y in range(rect[1], rect[3]):
        for x in range(rect[0], rect[2]):
            out[x] = uint64(0)
            left[x] = 256
        for k in range(places.shape[0]):
            _row(
                store,
                tiles,
                grids[k],
                places[k],
                pose,
                jaw,
                y,
                rect[0],
                rect[2],
                unit,
                out,
                left,
                need[y],
            )
        for x in range(rect[0], rect[2]):
            t = uint64(left[x])
            if t == FULL:
                dst[y, x] = background[y, x]
                continue
            o = out[x]
            if t >= uint64(2):
                c = spread(uint64(background[y, x])) | (uint64(255) << uint64(48))
                o += ((c * t) >> uint64(8)) & LANES
            dst[y, x] = squeeze(o)


@kernel
def compose_finish(dst: Pixels, over: Lanes, left: Pixels, rect: Rect) -> None:
    """Put the layers in front over the live features."""
    for y in range(rect[1], rect[3]):
        for x in range(rect[0], rect[2]):
            t = uint64(left[y, x])
            if t == FULL:
                continue
            o = over[y, x]
            if t >= uint64(2):
                o += ((spread(uint64(dst[y, x])) * t) >> uint64(8)) & LANES
            dst[y, x] = squeeze(o)
