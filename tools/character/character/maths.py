"""Small vector functions. 1 unit = 10 cm; x to the viewer's right, y up, z to the camera."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def smooth(low: float, high: float, x: Array | float) -> Array:
    """0 below `low`, 1 above `high`, an S between; `low` may be the larger one."""
    t = np.clip((np.asarray(x, float) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def unit(v: Array) -> Array:
    """The directions of vectors."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def turn_x(points: Array, centre: Array, angle: float) -> Array:
    """Points turned about the x axis through `centre`: positive opens a jaw."""
    return centre + (points - centre) @ rotation(0.0, angle, 0.0).T


def rotation(yaw: float, pitch: float, roll: float) -> Array:
    """Radians: to the viewer's right, down, clockwise as the viewer sees it."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, -roll) for f in (np.cos, np.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z
