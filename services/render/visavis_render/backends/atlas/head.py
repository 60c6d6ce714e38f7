"""Turning head and breathing chest: a flow over the picture, from depth."""

import math

import numpy as np

from visavis_render.backends.atlas.assets import Floats, Person
from visavis_render.backends.atlas.layers import Camera, Layers
from visavis_render.backends.atlas.mapping import Controls
from visavis_render.backends.atlas.sampling import Rect
from visavis_render.backends.atlas.warp_kernels import backward_flow, forward_flow

BREATH = 0.0035  # of the picture's height


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Floats:
    """To the viewer's right, down, clockwise as the viewer sees it."""
    cy, cp, cr = (math.cos(math.radians(a)) for a in (yaw_deg, pitch_deg, -roll_deg))
    sy, sp, sr = (math.sin(math.radians(a)) for a in (yaw_deg, pitch_deg, -roll_deg))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, np.float32)


class Head:
    """Flows of one size."""

    def __init__(self, layers: Layers, person: Person) -> None:
        relief = layers.relief
        self._relief, self._size = relief, layers.size
        camera = Camera(person)
        scale = camera.scale * layers.size
        axes = [camera.right * scale, -camera.up * scale, camera.forward]
        self._axes = np.ascontiguousarray(np.stack(axes, 1), np.float32)
        pivot = np.asarray(person.mesh["pivot"], float)
        self._from_pivot = np.ascontiguousarray(relief.points - pivot, np.float32)
        self._pivot = np.asarray((pivot - camera.at) @ np.stack(axes, 1), np.float32)
        self._still = self._seen(np.eye(3, dtype=np.float32))

    def _seen(self, turn: Floats) -> Floats:
        """Where the relief's points are seen: pixels from the middle, depth (g + 1, g + 1, 3)."""
        seen = np.empty((*self._relief.share.shape, 3), np.float32)
        change = turn - np.eye(3, dtype=np.float32)
        forward_flow(self._from_pivot, self._relief.share, change, self._axes, self._pivot, seen)
        return seen

    def flow(self, controls: Controls) -> Floats | None:
        """Pixels to add to a place in the picture to find what is seen there; None when nothing moves."""
        if not (controls.yaw or controls.pitch or controls.roll or controls.breath):
            return None
        moved = self._seen(rotation(controls.yaw, controls.pitch, controls.roll))
        moved[:, :, :2] -= self._still[:, :, :2]
        moved[:, :, 1] -= self._relief.breath[:, None] * np.float32(controls.breath * BREATH * self._size)
        back = np.empty((*moved.shape[:2], 2), np.float32)
        backward_flow(moved, self._relief.cell, np.empty(moved.shape[:2], np.float32), back)
        return back

    def moving_rect(self) -> Rect:
        """All that any pose can move: the chest breathes over the whole width."""
        rows = np.flatnonzero((self._relief.share > 0.002).any(1) | (self._relief.breath > 0))
        top = int((rows.min() - 3) * self._relief.cell)
        return 0, max(0, top) & ~1, self._size, self._size
