"""The nose: drawn live so that it stands out of the face as the head turns."""

from visavis_render.backends.vector.display import DisplayList, linear, radial
from visavis_render.backends.vector.paths import ellipse, outline, stroke
from visavis_render.backends.vector.rig.character import MIDDLE, SIDES, Character

HEIGHT = 4.0  # above the face


def draw_nose(character: Character) -> DisplayList:
    """Side plane, bridge, ball, underside, nostrils, tip light."""
    display = DisplayList()
    spec = character["nose"]
    x, y, w = MIDDLE, spec["y"], spec["w"]
    _draw_bridge(character, display)
    stops = [(0, "48"), (0.6, "28"), (1, "00")]
    ball = radial(x, y - 2, w * 1.12, w * 0.72, *((at, character.faded("blush", a)) for at, a in stops))
    display.fill(ellipse(x, y - 4, w * 1.12, w * 0.72), ball, spec["red"], 0, HEIGHT)
    underside = outline(
        x - w,
        y - 1,
        (x - w * 0.75, y + 5, x - w * 0.3, y + 6, x, y + 6.5),
        (x + w * 0.3, y + 6, x + w * 0.75, y + 5, x + w, y - 1),
        (x + w * 0.6, y + 2.4, x + w * 0.35, y + 1.6, x, y + 2.4),
        (x - w * 0.35, y + 1.6, x - w * 0.6, y + 2.4, x - w, y - 1),
    )
    display.fill(underside, character.palette["skin_deep"], 0.62, 0.9, HEIGHT)
    for side in SIDES:
        _draw_nostril(character, display, side)
    tip = radial(x - 2.5, y - 7, 5.5, 4, (0, "#ffffffee"), (0.35, "#ffffff88"), (1, "#ffffff00"))
    display.fill(ellipse(x - 2.5, y - 7, 5.5, 4), tip, spec["tip"], 0, HEIGHT)
    below = radial(
        x, y + 11, 5, 7, (0, character.faded("skin_deep", "55")), (1, character.faded("skin_deep", "00"))
    )
    display.fill(ellipse(x, y + 10, 5, 6), below, 0.6, 0, 1)
    return display


def _draw_bridge(character: Character, display: DisplayList) -> None:
    spec = character["nose"]
    x, y, w, length = MIDDLE, spec["y"], spec["w"], spec["len"]
    plane = outline(
        x + 3,
        y - length,
        (x + 10, y - 30, x + w * 0.9, y - 18, x + w * 1.02, y - 4),
        (x + w * 0.8, y + 3, x + w * 0.3, y + 1, x + 4, y - 6),
        (x + 2, y - 20, x + 2, y - 40, x + 3, y - length),
    )
    stops = [(0, "00"), (0.5, "55"), (1, "99")]
    shade = linear(x, y - length, x + 2, y, *((at, character.faded("skin_deep", a)) for at, a in stops))
    display.fill(plane, shade, spec["side"], 2.4, HEIGHT / 2)
    place = (x - 2.5, y - length * 0.55, 4.5, length * 0.4)
    light = radial(*place, (0, character.faded("skin_hi", "cc")), (1, character.faded("skin_hi", "00")))
    display.fill(ellipse(*place), light, spec["bridge"], 0, HEIGHT / 2)


def _draw_nostril(character: Character, display: DisplayList, side: int) -> None:
    spec = character["nose"]
    x, y, w = MIDDLE, spec["y"], side * spec["w"]
    hole = outline(
        x + w * 0.62,
        y + 1.2,
        (x + w * 0.5, y - 1.6, x + w * 0.24, y - 0.6, x + w * 0.18, y + 2.6),
        (x + w * 0.34, y + 3.6, x + w * 0.52, y + 3.2, x + w * 0.62, y + 1.2),
    )
    display.fill(hole, character.palette["nostril"], 0.62, 0.35, HEIGHT)
    wing = stroke((x + w * 0.84, y - 9), (x + w * 1.18, y - 3), (x + w * 0.8, y + 1.5), 0.4, 1.5, 0.5)
    display.fill(wing, character.palette["skin_deep"], 0.55, 0.5, HEIGHT)
