"""Draws a display list into a premultiplied RGBA buffer: numpy and numba, no system library."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavis_render.backends.vector.compiled import kernel
from visavis_render.backends.vector.coverage import Floats, Mask, blur, blur_size, bounds, trace

Boxes = NDArray[np.int64]

# One op is OP_WIDTH floats: code, first segment, last segment, blur, z, mode, alpha, paint, 4 x place,
# number of stops, then stops of (position, r, g, b, a).
OP_WIDTH = 40
STOPS = 13
FILL, CLIP, POP = 0, 1, 2
NORMAL, MULTIPLY, SCREEN, ERASE = 0, 1, 2, 3
PAINT_SOLID, PAINT_LINEAR, PAINT_RADIAL = 0, 1, 2
CLIP_LEVELS = 5


@kernel
def _stop(op: Floats, t: float) -> tuple[float, float, float, float]:
    """The gradient's colour at position t."""
    count = int(op[STOPS - 1])
    k = 0
    while k < count - 1 and t > op[STOPS + 5 * (k + 1)]:
        k += 1
    p = STOPS + 5 * k
    if t <= op[STOPS] or k == count - 1:
        return op[p + 1], op[p + 2], op[p + 3], op[p + 4]
    f = (t - op[p]) / (op[p + 5] - op[p] + 1e-9)
    return (
        op[p + 1] + f * (op[p + 6] - op[p + 1]),
        op[p + 2] + f * (op[p + 7] - op[p + 2]),
        op[p + 3] + f * (op[p + 8] - op[p + 3]),
        op[p + 4] + f * (op[p + 9] - op[p + 4]),
    )


@kernel
def _blend(pixel: Mask, mode: int, a: float, r: float, g: float, b: float, rounding: np.float32) -> None:
    """Put colour (r, g, b) with coverage `a` on a premultiplied pixel."""
    if mode == NORMAL:
        q = 1 - a
        pixel[0] = pixel[0] * q + r * a + rounding
        pixel[1] = pixel[1] * q + g * a + rounding
        pixel[2] = pixel[2] * q + b * a + rounding
        pixel[3] = pixel[3] * q + 255 * a + rounding
    elif mode == MULTIPLY:
        pixel[0] = pixel[0] * (1 - a + a * r / 255) + rounding
        pixel[1] = pixel[1] * (1 - a + a * g / 255) + rounding
        pixel[2] = pixel[2] * (1 - a + a * b / 255) + rounding
    elif mode == SCREEN:
        da = pixel[3]
        pixel[0] = pixel[0] + a * r / 255 * (da - pixel[0]) + rounding
        pixel[1] = pixel[1] + a * g / 255 * (da - pixel[1]) + rounding
        pixel[2] = pixel[2] + a * b / 255 * (da - pixel[2]) + rounding
    else:
        for k in range(4):
            pixel[k] = pixel[k] * (1 - a) + rounding


@kernel
def _paint(
    dst: Mask,
    op: Floats,
    acc: Mask,
    clip: Mask,
    clipped: bool,
    box: tuple[int, int, int, int],
    left: int,
    top: int,
    inverse: Floats,
    rounding: np.float32,
) -> None:
    """Blend one covered path into dst[box]; inverse = pixel -> design map with the gradient's shift."""
    mode = int(op[5])
    paint = int(op[7])
    g0 = op[8]
    g1 = op[9]
    g2 = op[10]
    g3 = op[11]
    length = (g2 - g0) * (g2 - g0) + (g3 - g1) * (g3 - g1) + 1e-9
    r, g, b, alpha = op[STOPS + 1], op[STOPS + 2], op[STOPS + 3], op[STOPS + 4]
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            cover = acc[y - top, x - left] * op[6]
            if clipped:
                cover *= clip[y, x]
            if cover < 0.002:
                continue
            if paint != PAINT_SOLID:
                dx = x + 0.5 - inverse[4]
                dy = y + 0.5 - inverse[5]
                ux = inverse[0] * dx + inverse[1] * dy - inverse[6]
                uy = inverse[2] * dx + inverse[3] * dy - inverse[7]
                if paint == PAINT_LINEAR:
                    t = ((ux - g0) * (g2 - g0) + (uy - g1) * (g3 - g1)) / length
                else:
                    qx = (ux - g0) / g2
                    qy = (uy - g1) / g3
                    t = math.sqrt(qx * qx + qy * qy)
                r, g, b, alpha = _stop(op, t)
            _blend(dst[y, x], mode, cover * alpha, r, g, b, rounding)


@kernel
def _intersect_clip(
    clips: Mask, boxes: Boxes, level: int, acc: Mask, box: tuple[int, int, int, int], left: int, top: int
) -> None:
    """clips[level] = this coverage times the clip below; boxes[level] = where."""
    for k in range(4):
        boxes[level, k] = box[k]
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            v = acc[y - top, x - left]
            if level > 1:
                v *= clips[level - 1, y, x]
            clips[level, y, x] = v


@kernel
def _inverse(m: Floats) -> Floats:
    """Pixel -> design: the four coefficients, the origin, and room for a gradient's shift."""
    det = m[0] * m[4] - m[1] * m[3]
    out = np.zeros(8)
    out[0] = m[4] / det
    out[1] = -m[1] / det
    out[2] = -m[3] / det
    out[3] = m[0] / det
    out[4] = m[2]
    out[5] = m[5]
    return out


@kernel
def _window(
    around: tuple[float, float, float, float, float], margin: int, inside: Boxes
) -> tuple[int, int, int, int]:
    """Left, top, width (with two spare columns) and height of the scratch area of one fill."""
    left = max(int(np.floor(around[0])), inside[0]) - margin
    top = max(int(np.floor(around[1])), inside[1]) - margin
    right = min(int(np.ceil(around[2])) + 1, inside[2]) + margin
    bottom = min(int(np.ceil(around[3])) + 1, inside[3]) + margin
    return left, top, right - left + 2, bottom - top


@kernel
def _is_drawable(box: tuple[int, int, int, int], w: int, h: int, acc: Mask) -> bool:
    """Whether anything is inside, and the scratch area fits its buffer."""
    return box[2] > box[0] and box[3] > box[1] and 2 < w <= acc.shape[1] and 0 < h <= acc.shape[0]


@kernel
def draw(
    dst: Any,
    segments: Floats,
    ops: Floats,
    m: Floats,
    dome: Floats,
    yaw: float,
    pitch: float,
    rect: tuple[int, int, int, int],
    acc: Mask,
    clips: Mask,
    rounding: np.float32,
) -> None:
    """Draw `ops` into dst (h, w, 4; uint8 with rounding .5, or float32 with 0), inside rect only.

    m maps design to pixels. acc and clips (CLIP_LEVELS, h, w) are scratch; acc bounds the size of one fill.
    """
    inverse = _inverse(m)
    scale = math.sqrt(abs(m[0] * m[4] - m[1] * m[3]))
    boxes = np.zeros((CLIP_LEVELS, 4), np.int64)
    boxes[0, 0] = max(0, rect[0])
    boxes[0, 1] = max(0, rect[1])
    boxes[0, 2] = min(dst.shape[1], rect[2])
    boxes[0, 3] = min(dst.shape[0], rect[3])
    level = 0
    for index in range(ops.shape[0]):
        op = ops[index]
        code = int(op[0])
        if code == POP:
            level -= 1
            continue
        first = int(op[1])
        last = int(op[2])
        r, passes = blur_size(op[3] * scale)
        around = bounds(segments, first, last, op[4], dome, yaw, pitch, m)
        inside = boxes[level]
        left, top, w, h = _window(around, passes * r + 2, inside)
        box = (
            max(left, inside[0]),
            max(top, inside[1]),
            min(left + w - 2, inside[2]),
            min(top + h, inside[3]),
        )
        visible = _is_drawable(box, w, h, acc)
        if visible:
            trace(acc, w, h, segments, first, last, op[4], dome, yaw, pitch, m, left, top)
            blur(acc, w - 2, h, r, passes)
        if code == CLIP:
            level += 1
            boxes[level] = 0
        if not visible:
            continue
        if code == CLIP:
            _intersect_clip(clips, boxes, level, acc, box, left, top)
        else:
            inverse[6] = yaw * around[4]
            inverse[7] = pitch * around[4] * 0.8
            _paint(dst, op, acc, clips[level], level > 0, box, left, top, inverse, rounding)
