"""The live drawings of one session, rebuilt only when their controls change."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from visavis_render.backends.vector.controls import Controls
from visavis_render.backends.vector.coverage import Floats
from visavis_render.backends.vector.display import DisplayList
from visavis_render.backends.vector.rig.brows import draw_brow
from visavis_render.backends.vector.rig.character import SIDES, Character
from visavis_render.backends.vector.rig.cheeks import draw_cheeks
from visavis_render.backends.vector.rig.eyes import draw_eye
from visavis_render.backends.vector.rig.mouth_inside import draw_mouth
from visavis_render.backends.vector.rig.nose import draw_nose

Box = tuple[float, float, float, float]
BORDER = 6.0  # design units that blur can reach beyond the control points


@dataclass(frozen=True, slots=True)
class Feature:
    """One drawing and the controls that it shows; box in design units."""

    shows: object
    segments: Floats
    ops: Floats
    box: Box


def _feature(shows: object, display: DisplayList) -> Feature:
    segments, ops = display.arrays()
    if not len(segments):
        return Feature(shows, segments, ops, (0.0, 0.0, 0.0, 0.0))
    points = segments[:, :8].reshape(-1, 2)
    x0, y0 = points.min(axis=0) - BORDER
    x1, y1 = points.max(axis=0) + BORDER
    return Feature(shows, segments, ops, (x0, y0, x1, y1))


class Features:
    """Cheeks, nose, eyes, brows, mouth, in painting order."""

    def __init__(self, character: Character) -> None:
        self._character = character
        self._current: dict[str, Feature] = {}

    def update(self, controls: Controls) -> list[Box]:
        """Rebuild what changed; returns the boxes that must be redrawn."""
        character, dirty = self._character, list[Box]()
        self._keep("cheeks", controls.cheeks, partial(draw_cheeks, character, controls.cheeks), dirty)
        self._keep("nose", None, partial(draw_nose, character), dirty)
        looks, brows = (controls.left, controls.right), (controls.brow_left, controls.brow_right)
        for side, look, rise in zip(SIDES, looks, brows, strict=True):
            self._keep(f"eye {side}", look, partial(draw_eye, character, side, look), dirty)
            brow = (rise, controls.brow_inner)
            self._keep(f"brow {side}", brow, partial(draw_brow, character, side, *brow), dirty)
        self._keep("mouth", controls.mouth, partial(draw_mouth, character, controls.mouth), dirty)
        return dirty

    def _keep(self, name: str, shows: object, build: Callable[[], DisplayList], dirty: list[Box]) -> None:
        old = self._current.get(name)
        if old is not None and old.shows == shows:
            return
        new = _feature(shows, build())
        dirty.append(new.box)
        if old is not None:
            dirty.append(old.box)
        self._current[name] = new

    def arrays(self) -> tuple[Floats, Floats]:
        """One display list of all features."""
        segments, ops, count = [], [], 0
        for feature in self._current.values():
            moved = feature.ops.copy()
            moved[:, 1:3] += count
            segments.append(feature.segments)
            ops.append(moved)
            count += len(feature.segments)
        return np.concatenate(segments), np.concatenate(ops)
