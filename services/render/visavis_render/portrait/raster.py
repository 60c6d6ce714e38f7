"""Pictures as float arrays (height, width, 3), 0 to 255: reading between pixels, blurring, tracing a mesh."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavis_render.backends.atlas.layers import Ints
from visavis_render.backends.atlas.mesh_kernels import corner_shares, row_span
from visavis_render.backends.vector.compiled import kernel

Array = NDArray[Any]


def smooth(low: Any, high: Any, value: Array) -> Array:
    """0 at `low`, 1 at `high`, without corners between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def luma(rgb: Array) -> Array:
    """How light each pixel is."""
    return np.asarray(rgb @ np.array([0.299, 0.587, 0.114], np.float32))


def sampled(picture: Array, x: Array, y: Array) -> Array:
    """Bilinear at places in pixels (a pixel's middle is at .5), clamped at the edges."""
    height, width = picture.shape[:2]
    x, y = np.clip(x - 0.5, 0, width - 1.001), np.clip(y - 0.5, 0, height - 1.001)
    i, j = x.astype(np.intp), y.astype(np.intp)
    fx, fy = x - i, y - j
    if picture.ndim == 3:
        fx, fy = fx[..., None], fy[..., None]
    top = picture[j, i] * (1 - fx) + picture[j, i + 1] * fx
    bottom = picture[j + 1, i] * (1 - fx) + picture[j + 1, i + 1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy)


def blurred(picture: Array, sigma: float) -> Array:
    """A Gaussian blur; edges are continued."""
    reach = max(1, int(3 * sigma + 0.5))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        around = [(reach, reach) if n == axis else (0, 0) for n in range(picture.ndim)]
        padded = np.pad(picture.astype(np.float32), around, mode="edge")
        length = picture.shape[axis]
        picture = np.zeros(picture.shape, np.float32)
        for n, weight in enumerate(weights):
            part = padded[n : n + length] if axis == 0 else padded[:, n : n + length]
            picture += np.float32(weight) * part
    return picture


def filled(picture: Array, known: Array, sigmas: tuple[float, ...] = (2, 5, 12, 30)) -> Array:
    """What is not `known` (0 to 1) is made up from what lies around it, from near to far."""
    result, sure = picture * known[..., None], known.astype(float)
    for sigma in sigmas:
        weight = blurred(known, sigma)
        around = blurred(picture * known[..., None], sigma) / np.maximum(weight, 1e-6)[..., None]
        part = (1 - sure) * smooth(0.02, 0.15, weight)
        result = result + around * part[..., None]
        sure = sure + part
    mean = (picture * known[..., None]).sum((0, 1)) / max(1e-6, float(known.sum()))
    return np.asarray(result + mean * (1 - sure)[..., None])


@kernel
def _trace(triangles: Ints, points: Array, numbers: Ints, shares: Array) -> None:
    height, width = numbers.shape
    s = np.empty(6, np.float32)
    for t in range(len(triangles)):
        a, b, c = points[triangles[t, 0]], points[triangles[t, 1]], points[triangles[t, 2]]
        if corner_shares(a, b, c, s) == 0:
            continue
        x0, x1 = max(0, int(min(a[0], b[0], c[0]))), min(width, int(max(a[0], b[0], c[0])) + 1)
        y0, y1 = max(0, int(min(a[1], b[1], c[1]))), min(height, int(max(a[1], b[1], c[1])) + 1)
        for y in range(y0, y1):
            py = np.float32(y) + np.float32(0.5)
            begin, end = row_span(s, py, np.float32(1), x0, x1)
            for x in range(begin, end):
                px = np.float32(x) + np.float32(0.5)
                numbers[y, x] = t
                shares[y, x, 0] = s[0] + s[1] * px + s[2] * py
                shares[y, x, 1] = s[3] + s[4] * px + s[5] * py


def traced(triangles: Ints, points: Array, height: int, width: int) -> tuple[Ints, Array]:
    """Which triangle each pixel shows (-1: none; later ones lie in front), and its corners' weights."""
    numbers = np.full((height, width), -1, np.int32)
    shares = np.zeros((height, width, 2), np.float32)
    _trace(np.ascontiguousarray(triangles, np.int32), points.astype(np.float32), numbers, shares)
    b, c = shares[..., 0], shares[..., 1]
    return numbers, np.stack([1 - b - c, b, c], -1)
