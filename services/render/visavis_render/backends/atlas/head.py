"""Turning head and breathing chest: flows over the pictures, from depth."""

from dataclasses import dataclass

import numpy as np

from visavis_render.backends.atlas.assets import Floats, Person
from visavis_render.backends.atlas.flow_kernels import backward_flow, forward_flow, turned_weights
from visavis_render.backends.atlas.layers import Layers
from visavis_render.backends.atlas.mapping import Controls
from visavis_render.backends.atlas.relief import Camera, Relief, rotation
from visavis_render.backends.atlas.warp_kernels import first_moving

BREATH = 0.0035  # of the picture's height
# Share of a turned picture's own turn at which it begins to be seen, and is seen wholly.
BEGINS, WHOLE = 0.55, 0.82


@dataclass(frozen=True)
class Flow:
    """Pixels to add to a place to find what is seen there: in the face, and in a turned picture of the head.

    weights: how much of the turned picture is seen (g + 1, g + 1); turned: its number, None when it is not.
    top: the first row of pixels, even, that is not as in the face.
    """

    face: Floats
    turned: int | None
    other: Floats
    weights: Floats
    top: int


class View:
    """One picture of the head: the flow from it to any pose.

    from_pivot: the points of the relief from the neck (g + 1, g + 1, 3); axes, pivot: as in `forward_flow`.
    """

    def __init__(self, relief: Relief, person: Person, size: int) -> None:
        self._relief, self._size = relief, size
        camera = Camera(person)
        scale = camera.scale * size
        axes = [camera.right * scale, -camera.up * scale, camera.forward]
        self.axes = np.ascontiguousarray(np.stack(axes, 1), np.float32)
        pivot = np.asarray(person.mesh["pivot"], float)
        self.from_pivot = np.ascontiguousarray(relief.points - pivot, np.float32)
        self.pivot = np.asarray((pivot - camera.at) @ np.stack(axes, 1), np.float32)
        self._still = self._seen(rotation(relief.turn_deg, 0.0, 0.0))

    def _seen(self, turn: Floats) -> Floats:
        """Where the relief's points are seen: pixels from the middle, depth (g + 1, g + 1, 3)."""
        seen = np.empty((*self._relief.share.shape, 3), np.float32)
        change = turn - np.eye(3, dtype=np.float32)
        forward_flow(self.from_pivot, self._relief.share, change, self.axes, self.pivot, seen)
        return seen

    def flow(self, controls: Controls) -> Floats:
        """Pixels to add to a place to find in this picture what is seen there."""
        moved = self._seen(rotation(controls.yaw, controls.pitch, controls.roll))
        moved[:, :, :2] -= self._still[:, :, :2]
        moved[:, :, 1] -= self._relief.breath[:, None] * np.float32(controls.breath * BREATH * self._size)
        back = np.empty((*moved.shape[:2], 2), np.float32)
        backward_flow(moved, self._relief.cell, np.empty(moved.shape[:2], np.float32), back)
        return back


class Head:
    """Flows of one size."""

    def __init__(self, layers: Layers, person: Person) -> None:
        self._layers, self._turns = layers, person.turn_deg
        self._ahead, *self._turned = (View(relief, person, layers.size) for relief in layers.reliefs)
        self._none = np.zeros_like(layers.reliefs[0].lively)

    def flow(self, controls: Controls) -> Flow | None:
        """How this pose is seen; None when nothing moves."""
        if not (controls.yaw or controls.pitch or controls.roll or controls.breath):
            return None
        face = self._ahead.flow(controls)
        number, amount = self._beside(controls.yaw)
        if number is None:
            return Flow(face, None, face, self._none, self._top(face, self._none))
        ahead, turned = self._layers.reliefs[0], self._layers.reliefs[number + 1]
        other, weights = self._turned[number].flow(controls), np.empty_like(self._none)
        turned_weights(face, other, ahead.lively, turned.lively, ahead.cell, amount, weights)
        return Flow(face, number, other, weights, self._top(face, weights))

    def _top(self, face: Floats, weights: Floats) -> int:
        row = int(first_moving(face, weights) * self._layers.reliefs[0].cell)
        return max(0, row - 2) & ~1

    def _beside(self, yaw: float) -> tuple[int | None, float]:
        """The turned picture nearest to a yaw, and how much of it is seen."""
        shares = [yaw / degrees if degrees else 0.0 for degrees in self._turns]
        if not shares or max(shares) <= BEGINS:
            return None, 0.0
        number = min(range(len(shares)), key=lambda n: abs(self._turns[n] - yaw) if shares[n] > 0 else 1e9)
        part = min(1.0, max(0.0, (shares[number] - BEGINS) / (WHOLE - BEGINS)))
        return (number, part * part * (3 - 2 * part)) if part else (None, 0.0)
