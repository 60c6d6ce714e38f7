"""Glasses: lenses, frame, bridge and temples; they turn with the head, in front of eyes and hair."""

import numpy as np

from visavis_render.backends.vector.display import DisplayList, linear
from visavis_render.backends.vector.paths import Path, curve, polygon, sample, smooth, taper
from visavis_render.backends.vector.rig.character import MIDDLE, SIDES, Character

LENS = (
    *((-1, -0.25), (-0.75, -0.86), (0, -1.0), (0.8, -0.93), (1.06, -0.45)),
    *((0.97, 0.3), (0.62, 0.88), (0, 1.0), (-0.62, 0.9), (-0.95, 0.4)),
)
GLINTS = ((-0.35, 9, 0.20), (-0.02, 4, 0.15))  # place, half width, strength


def glasses_layer(character: Character) -> DisplayList:
    """The glasses of a character that wears some; empty otherwise."""
    display = DisplayList()
    if "glasses" in character:
        for side in SIDES:
            _draw_lens(character, display, side)
            _draw_frame(character, display, side)
        _draw_bridge(character, display)
    return display


def _lens(spec: dict[str, float], side: int, grown: float = 0.0) -> Path:
    rx, ry = spec["rx"] + grown, spec["ry"] + grown
    x = MIDDLE + side * spec["dx"]
    return smooth([(x + side * u * rx, spec["y"] + v * ry) for u, v in LENS])


def _draw_lens(character: Character, display: DisplayList, side: int) -> None:
    spec = character["glasses"]
    x, y, rx, ry = MIDDLE + side * spec["dx"], spec["y"], spec["rx"], spec["ry"]
    lens = _lens(spec, side)
    tint = [(0.0, "#ffffff3c"), (0.4, "#ffffff0c"), (1.0, "#9fc4ff20")]
    display.fill(lens, linear(x - rx, y - ry, x + rx, y + ry, *tint))
    display.clip(lens)
    for at, half, strength in GLINTS:
        low, high = x + rx * at, x + rx * (at + 0.7)
        glint = [(low - half, y + ry), (low + half, y + ry), (high + half, y - ry), (high - half, y - ry)]
        display.fill(polygon(glint), "#ffffff", strength, 1.2)
    display.pop()


def _reversed(path: Path) -> Path:
    """The same outline the other way round: a hole in what surrounds it."""
    return [(s[6], s[7], s[4], s[5], s[2], s[3], s[0], s[1], s[8]) for s in path[::-1]]


def _draw_frame(character: Character, display: DisplayList, side: int) -> None:
    spec, palette = character["glasses"], character.palette
    x, y, rx, ry, thick = MIDDLE + side * spec["dx"], spec["y"], spec["rx"], spec["ry"], spec["th"]
    ring = _lens(spec, side, thick)
    colours = [(0.0, palette["frame_hi"]), (0.35, palette["frame"]), (1.0, palette["frame_dk"])]
    display.fill(ring + _reversed(_lens(spec, side)), linear(x, y - ry, x, y + ry, *colours))
    contour = sample(ring, 8)
    top = contour[contour[:, 1] < y - ry * 0.55]
    top = top[np.argsort(top[:, 0])]
    display.fill(taper(top + np.array([0.0, 1.4]), 0.3, 1.5, 0.3), "#ffffff", 0.55, 0.4)
    temple = [
        [x + side * (rx * 1.04 + thick * 0.5), y - ry * 0.5],
        [x + side * (rx + 12), y - ry * 0.55],
        [x + side * spec["temple"], y - ry * 0.35],
    ]
    display.fill(taper(temple, thick + 1.2, thick, thick - 0.6), palette["frame_dk"])


def _draw_bridge(character: Character, display: DisplayList) -> None:
    spec = character["glasses"]
    y, thick, gap = spec["y"], spec["th"], spec["dx"] - spec["rx"]
    bridge = curve([[MIDDLE - gap - 0.5, y - 5], [MIDDLE, y - 11], [MIDDLE + gap + 0.5, y - 5]])
    display.fill(taper(bridge, thick + 0.8, thick + 0.2, thick + 0.8), character.palette["frame"])
    light = curve([[MIDDLE - gap + 2, y - 7], [MIDDLE, y - 12.4], [MIDDLE + gap - 2, y - 7]])
    display.fill(taper(light, 0.3, 1.1, 0.3), "#ffffff", 0.5)
