"""The ears, and what hangs on them: baked into the head."""

import numpy as np

from visavis_render.backends.vector.display import DisplayList, linear
from visavis_render.backends.vector.paths import Path, curve, smooth, taper
from visavis_render.backends.vector.rig.character import MIDDLE, SIDES, Character, draw_shapes

OUTLINE = ((-8, -26), (8, -32), (20, -22), (20, -2), (12, 16), (4, 28), (-8, 24))
# Curve, its widths, palette colour, blur.
FOLDS = (
    (((2, -22), (14, -20), (14, -2), (6, 10)), (1, 5, 1), 0.5, 1.6),
    (((-2, -10), (7, -10), (6, 2), (0, 10)), (2, 6, 2), 0.55, 2.0),
)
EDGE = ((18, -24), (21, -8), (14, 14))


def draw_ears(character: Character, display: DisplayList, named: dict[str, Path]) -> None:
    """Both ears, behind the face."""
    if "ears" in character:
        for side in SIDES:
            _draw_ear(character, display, side)
    draw_shapes(character, display, character["ear_shapes"], named)


def _draw_ear(character: Character, display: DisplayList, side: int) -> None:
    spec, palette = character["ears"], character.palette
    x, y, size = spec["dx"], spec["y"], spec["s"]

    def placed(points: tuple[tuple[int, int], ...]) -> list[list[float]]:
        return [[MIDDLE + side * (x + u * size), y + v * size] for u, v in points]

    outline = smooth(placed(OUTLINE))
    near, far = MIDDLE + side * x, MIDDLE + side * (x + 10)
    skin = linear(near, y - 26, far, y + 26, (0, palette["skin"]), (1, palette["skin_sh"]))
    display.fill(outline, skin)
    display.clip(outline)
    for points, widths, alpha, blur in FOLDS:
        display.fill(taper(curve(placed(points)), *widths), palette["skin_deep"], alpha, blur)
    edge = taper(np.asarray(curve(placed(EDGE))), 0.5, 2.5, 0.5)
    display.fill(edge, palette["rim"], 0.5 if side > 0 else 0.25, 1.0)
    display.pop()
