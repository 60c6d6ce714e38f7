"""Composites baked layers under a turning head.

A layer is baked larger than it is shown; a bilinear sample is four multiplications of lanes. Layers go
front to back and stop where nothing shines through. The head's warp is exact on a fixed grid of STEP pixels
and linear between, so that a partial redraw equals a full one.
"""

import numpy as np
from numba import int64, uint32, uint64
from numpy.typing import NDArray

from visavis_render.backends.vector.compiled import kernel
from visavis_render.backends.vector.coverage import Floats
from visavis_render.backends.vector.lanes import (
    ABOVE,
    ASIDE,
    EMPTY,
    LANES,
    MIXED,
    OPAQUE,
    TILE,
    TILE_SHIFT,
    Bytes,
    Lane,
    Lanes,
    Pixels,
    spread,
    squeeze,
)

Grid = NDArray[np.int64]
Rect = tuple[int, int, int, int]
# Picture -> head (six affine numbers), yaw, pitch, swing.
Pose = tuple[float, float, float, float, float, float, float, float, float]
Warp = tuple[float, float, float, float, float, float, float, float, float, float, float, float, float, float]

# Where in a layer a span begins, and what is added from pixel to pixel: 1 / (16 << FIXED) of a pixel.
Way = tuple[int, int, int, int]

FULL = uint64(256)
STEP, SHIFT = 8, 3  # 8 == 1 << 3
FIXED = 16
# Spans up to so long and steep are looked up in tiles: half of one, and a pixel, is in what a tile tells.
LONGEST = (2 * (ASIDE * TILE - 1) * 16) << FIXED
STEEPEST = (2 * (ABOVE * TILE - 1) * 16) << FIXED
UNTOUCHED, TOUCHED, CLOSED = 0, 1, 2  # nothing drawn yet, something, nothing shines through any more

# Columns of a layer's row in `places`.
X0, Y0, SCALE = 0, 1, 2  # design position of its first pixel, pixels per design unit
Z0, Z1, CX, CY, RX, RY = 3, 4, 5, 6, 7, 8  # depth dome
ON_HEAD, ON_JAW = 9, 10  # 1 when it turns with the head, when its lower part follows the jaw
SHIFT_X, SHIFT_Y = 11, 12  # how far a layer that does not turn has moved
LEFT, TOP, RIGHT, BOTTOM = 13, 14, 15, 16  # design bounds that may be touched
JAW_Y, JAW_HEIGHT = 17, 18
LOOSE, LOOSE_Y, LOOSE_HEIGHT = 19, 20, 21  # share of the swing that the tips follow, where it begins and ends
PLACE_WIDTH = 22
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
        place[LOOSE],
        place[LOOSE_Y],
        1.0 / place[LOOSE_HEIGHT],
    )


@kernel
def _origin(turns: bool, warp: Warp, pose: Pose, x: float, y: float) -> tuple[float, float]:
    """Where in the layer (design units) the picture's design point (x, y) comes from."""
    z0, z1, cx, cy, irx, iry, jaw_y, ijaw, drop, shift_x, shift_y, loose, loose_y, iloose = warp
    if not turns:
        return x - shift_x, y - shift_y
    hx = pose[0] * x + pose[1] * y + pose[2]
    hy = pose[3] * x + pose[4] * y + pose[5]
    u = (hx - cx) * irx
    v = (hy - cy) * iry
    d = z0 + z1 * max(0.0, 1.0 - u * u - v * v)
    sx = hx - pose[6] * d
    sy = hy - pose[7] * d * 0.8
    if loose > 0 and sy > loose_y:
        t = min(1.0, (sy - loose_y) * iloose)
        sx -= pose[8] * loose * t * t
    if drop > 0 and sy > jaw_y:
        t = min(1.0, (sy - jaw_y) * ijaw)
        sy -= drop * t * t * (3 - 2 * t)
    return sx, sy


@kernel
def _sample(store: Pixels, base: int, w: int, qx: int, qy: int) -> Lane:
    """Bilinear sample at (qx, qy) sixteenths of a pixel, which must be inside."""
    i = uint64(base + (qy >> 4) * w + (qx >> 4))  # unsigned: no test for an index from the end
    j = i + uint64(w)
    wx = uint64(qx & 15)
    wy = uint64(qy & 15)
    vx = uint64(16) - wx
    vy = uint64(16) - wy
    one = uint64(1)
    top = spread(store[i]) * (vx * vy) + spread(store[i + one]) * (wx * vy)
    below = spread(store[j]) * (vx * wy) + spread(store[j + one]) * (wx * wy)
    return ((top + below) >> uint64(8)) & LANES


@kernel
def _put(out: Lanes, left: Pixels, x: int, c: Lane, t: Lane) -> None:
    """Put a layer's colour under what a pixel holds; t of it is still to be seen."""
    if t == FULL:
        out[x] = c
    else:
        out[x] += ((c * t) >> uint64(8)) & LANES


@kernel
def _cover(
    store: Pixels, grid: Grid, x: int, way: Way, out: Lanes, left: Pixels, need: Pixels, spans: Bytes
) -> None:
    """A whole span of a layer that is opaque there: no test in the loop."""
    base, w = grid[0], grid[1]
    fx, fy, dx, dy = way
    if spans[x >> SHIFT] == UNTOUCHED:
        for i in range(uint64(x), uint64(x + STEP)):
            out[i] = _sample(store, base, w, fx >> FIXED, fy >> FIXED)
            left[i] = 0
            fx += dx
            fy += dy
    else:
        for i in range(uint64(x), uint64(x + STEP)):
            t = uint64(left[i])
            if t >= uint64(2) and need[i] >= 2:
                _put(out, left, i, _sample(store, base, w, fx >> FIXED, fy >> FIXED), t)
                left[i] = 0
            fx += dx
            fy += dy
    spans[x >> SHIFT] = CLOSED


@kernel
def _mingle(
    store: Pixels,
    grid: Grid,
    x0: int,
    x1: int,
    way: Way,
    out: Lanes,
    left: Pixels,
    need: Pixels,
    spans: Bytes,
) -> None:
    """Part of a span, or one where the layer lets something through."""
    base, w = grid[0], grid[1]
    fx, fy, dx, dy = way
    limit_x, limit_y = (w - 1) * 16, (grid[2] - 1) * 16
    _begin(x0 >> SHIFT, out, left, spans)
    shut = 0
    for x in range(uint64(x0), uint64(x1)):  # unsigned: no test for an index from the end
        qx = fx >> FIXED
        qy = fy >> FIXED
        fx += dx
        fy += dy
        t = uint64(left[x])
        if t < uint64(2) or need[x] < 2:
            shut += 1
            continue
        if qx < 0 or qy < 0 or qx >= limit_x or qy >= limit_y:
            continue
        c = _sample(store, base, w, qx, qy)
        a = c >> uint64(48)
        if a == uint64(0):
            continue
        _put(out, left, x, c, t)
        left[x] = uint32((t * (FULL - a - (a >> uint64(7)))) >> uint64(8))
        shut += left[x] < 2
    if shut == STEP:
        spans[x0 >> SHIFT] = CLOSED


@kernel
def _begin(span: int, out: Lanes, left: Pixels, spans: Bytes) -> None:
    """Empty the pixels of a span that nothing has touched."""
    if spans[span] == UNTOUCHED:
        for x in range(span << SHIFT, min((span + 1) << SHIFT, out.shape[0])):
            out[x] = uint64(0)
            left[x] = 256
        spans[span] = TOUCHED


@kernel
def _row(
    store: Pixels,
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
    spans: Bytes,
) -> None:
    """One row of one layer under what `out` holds.

    unit: design units per pixel. left: what still shines through (0..256). need: what will be seen.
    spans: UNTOUCHED, TOUCHED or CLOSED for each STEP pixels.
    """
    v = (y + 0.5) * unit
    if v < place[TOP] or v > place[BOTTOM]:
        return
    turns = place[ON_HEAD] > 0
    warp = _warp_of(place, jaw)
    scale = place[SCALE] * 16.0 * (1 << FIXED)
    ox, oy = place[X0] + 0.5 / place[SCALE], place[Y0] + 0.5 / place[SCALE]
    xa = max(x0, int(place[LEFT] / unit))
    xb = min(x1, int(place[RIGHT] / unit) + 1)
    known = False
    bx = by = 0
    for xs in range((xa >> SHIFT) << SHIFT, xb, STEP):
        if spans[xs >> SHIFT] == CLOSED:
            known = False
            continue
        if not known:
            hx, hy = _origin(turns, warp, pose, (xs + 0.5) * unit, v)
            bx, by = int64((hx - ox) * scale), int64((hy - oy) * scale)
            known = True
        ax, ay = bx, by
        hx, hy = _origin(turns, warp, pose, (xs + STEP + 0.5) * unit, v)
        bx, by = int64((hx - ox) * scale), int64((hy - oy) * scale)
        tile = _tile_of(tiles, grid, ax + bx, ay + by) if _is_short(bx - ax, by - ay) else MIXED
        if tile == EMPTY:
            continue
        dx = (bx - ax) >> SHIFT
        dy = (by - ay) >> SHIFT
        start = max(xs, xa)
        end = min(xb, xs + STEP)
        if tile == OPAQUE and end - start == STEP:
            _cover(store, grid, xs, (ax, ay, dx, dy), out, left, need, spans)
        else:
            way = (ax + dx * (start - xs), ay + dy * (start - xs), dx, dy)
            _mingle(store, grid, start, end, way, out, left, need, spans)


@kernel
def _is_short(dx: int, dy: int) -> bool:
    """Whether a tile at a span's middle speaks for all of it, and the pixel beside it that is mixed in."""
    return abs(dx) <= LONGEST and abs(dy) <= STEEPEST


@kernel
def _tile_of(tiles: Bytes, grid: Grid, x: int, y: int) -> int:
    """The tile at half of (x, y)."""
    tx = max(0, x >> (FIXED + 5 + TILE_SHIFT))
    ty = max(0, y >> (FIXED + 5 + TILE_SHIFT))
    if tx >= grid[4] or ty >= grid[5]:
        return EMPTY
    return int(tiles[grid[3] + ty * grid[4] + tx])


@kernel
def _uncover(left: Pixels, x0: int, x1: int, spans: Bytes) -> None:
    """Forget what covered a row."""
    for span in range(x0 >> SHIFT, (x1 + STEP - 1) >> SHIFT):
        if spans[span] != UNTOUCHED:
            for x in range(span << SHIFT, min((span + 1) << SHIFT, left.shape[0])):
                left[x] = 256
            spans[span] = UNTOUCHED


@kernel
def compose_over(
    store: Pixels,
    tiles: Bytes,
    grids: Grid,
    places: Floats,
    pose: Pose,
    rect: Rect,
    unit: float,
    over: Lanes,
    left: Pixels,
    ones: Pixels,
    covered: Bytes,
) -> None:
    """Layers in front of the live features -> `over`, with what shines through in `left`.

    covered: the spans of every row, as the last call left them; UNTOUCHED ones have 256 in `left`.
    """
    for y in range(rect[1], rect[3]):
        spans = covered[y]
        _uncover(left[y], rect[0], rect[2], spans)
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
                spans,
            )


@kernel
def compose_under(
    dst: Pixels,
    background: Pixels,
    store: Pixels,
    tiles: Bytes,
    grids: Grid,
    places: Floats,
    pose: Pose,
    jaw: float,
    rect: Rect,
    unit: float,
    need: Pixels,
    covered: Bytes,
    out: Lanes,
    left: Pixels,
    spans: Bytes,
) -> None:
    """Layers behind the live features over the background -> dst, where `need` says they can be seen."""
    for y in range(rect[1], rect[3]):
        for span in range(rect[0] >> SHIFT, (rect[2] + STEP - 1) >> SHIFT):
            spans[span] = CLOSED if covered[y, span] == CLOSED else UNTOUCHED
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
                spans,
            )
        _settle(dst[y], background[y], out, left, rect[0], rect[2], covered[y], spans)


@kernel
def _settle(
    dst: Pixels,
    background: Pixels,
    out: Lanes,
    left: Pixels,
    x0: int,
    x1: int,
    covered: Bytes,
    spans: Bytes,
) -> None:
    """Put what was drawn in a row over the background -> dst."""
    end = (x1 + STEP - 1) >> SHIFT
    span = x0 >> SHIFT
    while span < end:
        start = span
        span += 1
        if covered[start] == CLOSED:
            continue
        if spans[start] == UNTOUCHED:
            while span < end and spans[span] == UNTOUCHED:
                span += 1
            for x in range(uint64(max(x0, start << SHIFT)), uint64(min(x1, span << SHIFT))):
                dst[x] = background[x]
        else:
            _blend(dst, background, out, left, max(x0, start << SHIFT), min(x1, span << SHIFT))


@kernel
def _blend(dst: Pixels, background: Pixels, out: Lanes, left: Pixels, x0: int, x1: int) -> None:
    for x in range(uint64(x0), uint64(x1)):
        t = uint64(left[x])
        o = out[x]
        if t >= uint64(2):
            c = spread(background[x])
            o += ((c * t) >> uint64(8)) & LANES
        dst[x] = squeeze(o)


@kernel
def compose_finish(dst: Pixels, over: Lanes, left: Pixels, covered: Bytes, rect: Rect) -> None:
    """Put the layers in front over the live features."""
    for y in range(rect[1], rect[3]):
        for span in range(rect[0] >> SHIFT, (rect[2] + STEP - 1) >> SHIFT):
            if covered[y, span] != UNTOUCHED:
                x0, x1 = max(rect[0], span << SHIFT), min(rect[2], (span + 1) << SHIFT)
                _blend(dst[y], dst[y], over[y], left[y], x0, x1)
