"""A beard: a soft area, hairs in it, and loose ones around it."""

import math

import numpy as np

from visavis_render.backends.vector.display import DisplayList, radial
from visavis_render.backends.vector.paths import Path, ellipse, sample, taper
from visavis_render.backends.vector.rig.character import MIDDLE, Character, symmetric

SEED = 5
SOFT = 2.0
FAN = 70.0  # hairs lean outwards, a radian at this many units from the middle


def draw_beard(character: Character, display: DisplayList) -> None:
    """The beard of a character that has one."""
    if "beard" not in character:
        return
    spec, palette = character["beard"], character.palette
    chance = np.random.RandomState(SEED)
    area = symmetric(spec["pts"])
    display.fill(area, palette["beard"], spec["a"] * 0.55, 6)
    display.fill(area, palette["beard"], spec["a"], 2.2)
    display.clip(area, SOFT)
    shine = radial(216, 300, 80, 70, (0, palette["beard_hi"] + "aa"), (1, palette["beard_hi"] + "00"))
    display.fill(ellipse(226, 290, 70, 60), shine, 0.7)
    contour = sample(area, 6)
    low, high = contour.min(axis=0), contour.max(axis=0)
    for _ in range(spec["n"]):
        x, y = chance.uniform(low[0], high[0]), chance.uniform(low[1], high[1])
        hair = _hair(x, y, chance.uniform(-0.35, 0.35), chance.uniform(5, 10), 0.6, (0.4, 1.7, 0.2))
        colour = palette["beard_hi" if chance.rand() < 0.5 else "beard_dk"]
        display.fill(hair, colour, chance.uniform(0.25, 0.6))
    display.pop()
    for _ in range(spec["stub"]):
        x, y = contour[chance.randint(len(contour))] + chance.normal(0, 3.2, 2)
        if y >= spec["stub_y"]:
            hair = _hair(x, y, chance.uniform(-0.4, 0.4), chance.uniform(3, 6), 0.0, (0.3, 1.3, 0.2))
            display.fill(hair, palette["beard"], 0.55)


def _hair(
    x: float, y: float, turn: float, length: float, bow: float, widths: tuple[float, float, float]
) -> Path:
    """One hair, growing down and outwards."""
    angle = math.atan2(1.0, (x - MIDDLE) / FAN) + turn
    dx, dy = math.cos(angle) * length, math.sin(angle) * length
    return taper([[x, y], [x + dx / 2 + bow, y + dy / 2], [x + dx, y + dy]], *widths)
