"""Lids over eyeballs."""

from typing import Any

from numba import float32

from visavis_render.backends.atlas.assets import Bytes, Floats
from visavis_render.backends.atlas.layers import Ints
from visavis_render.backends.atlas.sampling import chroma_at, clamped, luma_at, to_byte
from visavis_render.backends.vector.compiled import kernel


@kernel
def open_share(cover: Any) -> Any:
    """How much of the eyeball is seen under lids of this alpha."""
    return float32(1) - clamped(cover / float32(255), 0, 1)


@kernel
def eyes_luma(
    out: Bytes,
    top: int,
    left: int,
    lids: Bytes,
    alpha: Bytes,
    lid_keys: Ints,
    lid_weights: Floats,
    balls: Bytes,
    ball_keys: Ints,
    ball_weights: Floats,
    shifts: Floats,
) -> None:
    """Blended lids (premultiplied) over blended, shifted eyeballs, into the picture at top, left."""
    _, height, width = lids.shape
    flat, area = balls.reshape(-1), height * width
    for y in range(height):
        for x in range(width):
            cover = float32(0)
            light = float32(16)
            for n in range(len(lid_keys)):
                cover += lid_weights[n] * alpha[lid_keys[n], y, x]
                light += lid_weights[n] * (lids[lid_keys[n], y, x] - float32(16))
            through = open_share(cover)
            if through > 0:
                for m in range(len(ball_keys)):
                    px = float32(x) + float32(0.5) - shifts[m, 0]
                    py = float32(y) + float32(0.5) - shifts[m, 1]
                    seen = luma_at(flat, ball_keys[m] * area, height, width, px, py)
                    light += through * ball_weights[m] * (seen - float32(16))
            out[top + y, left + x] = to_byte(light)


@kernel
def eyes_chroma(
    out: Bytes,
    top: int,
    left: int,
    lids: Bytes,
    alpha: Bytes,
    lid_keys: Ints,
    lid_weights: Floats,
    balls: Bytes,
    ball_keys: Ints,
    ball_weights: Floats,
    shifts: Floats,
) -> None:
    """The same for the planes of colour; top and left are luma pixels."""
    _, height, width, _ = lids.shape
    flat, area = balls.reshape(-1), height * width * 2
    for y in range(height):
        for x in range(width):
            cover = float32(0)
            u = float32(128)
            v = float32(128)
            for n in range(len(lid_keys)):
                key = lid_keys[n]
                four = float32(alpha[key, 2 * y, 2 * x]) + float32(alpha[key, 2 * y, 2 * x + 1])
                four += float32(alpha[key, 2 * y + 1, 2 * x]) + float32(alpha[key, 2 * y + 1, 2 * x + 1])
                cover += lid_weights[n] * four * float32(0.25)
                u += lid_weights[n] * (lids[key, y, x, 0] - float32(128))
                v += lid_weights[n] * (lids[key, y, x, 1] - float32(128))
            through = open_share(cover)
            if through > 0:
                for m in range(len(ball_keys)):
                    px = float32(2 * x) + float32(1) - shifts[m, 0]
                    py = float32(2 * y) + float32(1) - shifts[m, 1]
                    a, b = chroma_at(flat, ball_keys[m] * area, height, width, px, py)
                    u += through * ball_weights[m] * (a - float32(128))
                    v += through * ball_weights[m] * (b - float32(128))
            out[(top >> 1) + y, (left >> 1) + x, 0] = to_byte(u)
            out[(top >> 1) + y, (left >> 1) + x, 1] = to_byte(v)
