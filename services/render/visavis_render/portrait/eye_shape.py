"""One eye of a portrait: the curves of its lids, and its iris. Pixels of the avatar's picture."""

from dataclasses import dataclass

import numpy as np

from visavis_render.portrait.landmarks import BROW, IRIS, LOWER_LID, UPPER_LID
from visavis_render.portrait.raster import Array, smooth

BALL = 12.0 / 5.9  # radius of an eyeball, in radii of its iris
MEET = 0.14  # how far up the lower lid comes to meet the upper one


@dataclass(frozen=True)
class EyeShape:
    """corner: the left one of the picture; along: to the right one; lids as polynomials over it.

    brow: how far the brow's lower edge lies above the line of the corners.
    """

    corner: Array
    along: Array
    upper: Array
    lower: Array
    brow: float
    iris: Array
    iris_radius: float

    @property
    def width(self) -> float:
        return float(np.linalg.norm(self.along))

    def local(self, x: Array, y: Array) -> tuple[Array, Array]:
        """(part of the way from corner to corner, pixels above it)."""
        unit = self.along / self.width
        dx, dy = x - self.corner[0], y - self.corner[1]
        return (dx * unit[0] + dy * unit[1]) / self.width, dx * unit[1] - dy * unit[0]

    def picture(self, t: Array, high: Array) -> tuple[Array, Array]:
        """The inverse of `local`."""
        unit = self.along / self.width
        x = self.corner[0] + t * self.along[0] + high * unit[1]
        return x, self.corner[1] + t * self.along[1] - high * unit[0]

    def lids(self, t: Array) -> tuple[Array, Array]:
        """Pixels that the upper and the lower lid's edges are above the corners, 0 outside them."""
        inside = np.clip(t, 0, 1)
        upper, lower = (
            np.polyval(curve, inside) * inside * (1 - inside) for curve in (self.upper, self.lower)
        )
        return np.asarray(np.maximum(upper, lower)), np.asarray(lower)

    def opening(self, x: Array, y: Array, inset: float, soft: float = 1.2) -> Array:
        """1 between the lids, `inset` pixels inside their edges, 0 outside."""
        t, high = self.local(x, y)
        upper, lower = self.lids(t)
        between = np.minimum(upper - inset - high, high - lower - inset)
        inside = smooth(-soft, soft, between)
        return np.asarray(inside * smooth(0.0, 0.03, t) * smooth(1.0, 0.97, t) * (upper - lower > 2 * inset))


def eye_shape(points: Array, side: str) -> EyeShape:
    """From landmarks (478, 2+) in pixels; side: of the picture."""
    flat = points[:, :2]
    upper, lower, brow = (flat[list(group[side])] for group in (UPPER_LID, LOWER_LID, BROW))
    corner, along = upper[0], upper[-1] - upper[0]
    blank = EyeShape(corner, along, np.zeros(1), np.zeros(1), 0.0, corner, 1.0)

    def curve(line: Array) -> Array:
        t, high = blank.local(line[1:-1, 0], line[1:-1, 1])
        shape = t * (1 - t)
        return np.asarray(np.polyfit(t, high / shape, 2, w=shape))

    iris = flat[list(IRIS[side])]
    centre = iris[1:].mean(0)
    radius = float(np.linalg.norm(iris[1:] - centre, axis=1).mean())
    above = float(np.median(blank.local(brow[:, 0], brow[:, 1])[1]))
    return EyeShape(corner, along, curve(upper), curve(lower), above, centre, radius)
