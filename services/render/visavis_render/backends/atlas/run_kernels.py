"""Runs of pixels of a warped picture: where each looks to is a straight line."""

from typing import Any

from numba import int64, uint64

from visavis_render.backends.atlas.assets import Bytes
from visavis_render.backends.atlas.corners import Corners, between
from visavis_render.backends.vector.compiled import kernel


@kernel
def stays(seen: Any, count: int, last: int) -> Any:
    """Whether a run of pixels looks nowhere but within 0..last."""
    sx, sy, dx, dy = seen
    ex, ey = sx + (count - 1) * dx, sy + (count - 1) * dy
    return min(min(sx, ex), min(sy, ey)) >= 0 and max(max(sx, ex), max(sy, ey)) <= last


@kernel
def look(corners: Any, sx: int, sy: int, stride: int) -> Any:
    """What `between` finds at a place in 65536ths of a pixel."""
    at = uint64((sy >> 16) * stride + (sx >> 16))
    return between(uint64(corners[at]), uint64(sx >> 8) & uint64(255), uint64(sy >> 8) & uint64(255))


@kernel
def light_at(flat: Bytes, sx: int, sy: int, stride: int) -> Any:
    """Bilinear in a plane of luma, at a place in 65536ths of a pixel."""
    at = uint64((sy >> 16) * stride + (sx >> 16))
    below = at + uint64(stride)
    fx, fy = (sx >> 8) & 255, (sy >> 8) & 255
    up = int64(flat[at]) * (256 - fx) + int64(flat[at + uint64(1)]) * fx
    down = int64(flat[below]) * (256 - fx) + int64(flat[below + uint64(1)]) * fx
    return (up * (256 - fy) + down * fy + 32768) >> 16


@kernel
def held(value: int, last: int) -> Any:
    """Within 0..last."""
    return min(max(value, 0), last)


@kernel
def mixed(below: Any, above: Any, part: int) -> Any:
    """`above` over `below`; part: of 65536."""
    own = held(part, 65536)
    return (int64(below) * (65536 - own) + int64(above) * own + 32768) >> 16


@kernel
def show_luma(picture: Bytes, to: int, count: int, flat: Bytes, seen: Any, stride: int, last: int) -> None:
    """A run of pixels; seen: its `segment`."""
    sx, sy, dx, dy = seen
    safe = stays(seen, count, last)
    for n in range(count):
        px, py = (sx, sy) if safe else (held(sx, last), held(sy, last))
        picture[uint64(to + n)] = light_at(flat, px, py, stride)
        sx += dx
        sy += dy


@kernel
def mix_luma(
    picture: Bytes, to: int, count: int, flat: Bytes, seen: Any, stride: int, last: int, part: Any
) -> None:
    """A run over what is there; part: (share, its step) in 65536ths."""
    sx, sy, dx, dy = seen
    share, slope = part
    safe = stays(seen, count, last)
    for n in range(count):
        px, py = (sx, sy) if safe else (held(sx, last), held(sy, last))
        at = uint64(to + n)
        picture[at] = mixed(picture[at], light_at(flat, px, py, stride), share)
        sx += dx
        sy += dy
        share += slope


@kernel
def show_chroma(
    picture: Bytes, to: int, count: int, corners: Corners, seen: Any, stride: int, last: int
) -> None:
    """A run of pixels of both planes of colour."""
    sx, sy, dx, dy = seen
    quarter = corners.shape[0]
    safe = stays(seen, count, last)
    for n in range(count):
        px, py = (sx, sy) if safe else (held(sx, last), held(sy, last))
        both = look(corners, px, py, stride)
        picture[uint64(to + n)] = (both >> uint64(16)) & uint64(255)
        picture[uint64(to + n + quarter)] = (both >> uint64(48)) & uint64(255)
        sx += dx
        sy += dy


@kernel
def mix_chroma(
    picture: Bytes, to: int, count: int, corners: Corners, seen: Any, stride: int, last: int, part: Any
) -> None:
    """The same over what is there."""
    sx, sy, dx, dy = seen
    share, slope = part
    quarter = corners.shape[0]
    safe = stays(seen, count, last)
    for n in range(count):
        px, py = (sx, sy) if safe else (held(sx, last), held(sy, last))
        both = look(corners, px, py, stride)
        at = uint64(to + n)
        picture[at] = mixed(picture[at], (both >> uint64(16)) & uint64(255), share)
        at = uint64(to + n + quarter)
        picture[at] = mixed(picture[at], (both >> uint64(48)) & uint64(255), share)
        sx += dx
        sy += dy
        share += slope
