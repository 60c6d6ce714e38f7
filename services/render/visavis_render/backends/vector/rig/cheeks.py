"""The cheeks: a smile lifts them, rounds them and folds the skin beside the mouth."""

from visavis_render.backends.vector.display import DisplayList, radial
from visavis_render.backends.vector.paths import ellipse, stroke
from visavis_render.backends.vector.rig.character import MIDDLE, SIDES, Character

LIFT = 9.0  # how far a full smile lifts them


def draw_cheeks(character: Character, lift: float) -> DisplayList:
    """What a smile (lift, 0 to 1) adds to the cheeks as they are baked."""
    display = DisplayList()
    if lift > 0:
        for side in SIDES:
            _draw_apple(character, display, side, lift)
            _draw_folds(character, display, side, lift)
    return display


def _draw_apple(character: Character, display: DisplayList, side: int, lift: float) -> None:
    """Rounder and redder, lit from above, in shade below."""
    face = character["face"]
    x, y, r = MIDDLE + side * (face["blush_dx"] - 4), face["blush_y"] - LIFT * lift, face["blush_r"] * 0.8
    below = (x + side * 2, y + r * 0.62, r * 0.9, r * 0.5)
    shade = [(at, character.faded("skin_sh", alpha)) for at, alpha in ((0, "cc"), (0.5, "77"), (1, "00"))]
    display.fill(ellipse(*below), radial(*below, *shade), 0.62 * lift)
    red = [(at, character.faded("blush", alpha)) for at, alpha in ((0, "dd"), (0.55, "88"), (1, "00"))]
    display.fill(ellipse(x, y, r, r * 0.78), radial(x, y, r, r * 0.78, *red), face["blush"] * 0.75 * lift)
    top = (x - 3, y - r * 0.42, r * 0.66, r * 0.3)
    light = [(0, character.faded("skin_hi", "ee")), (1, character.faded("skin_hi", "00"))]
    display.fill(ellipse(*top), radial(*top, *light), 0.8 * lift)


def _draw_folds(character: Character, display: DisplayList, side: int, lift: float) -> None:
    """Skin pushed up under the eye."""
    eyes, deep = character["eyes"], character.palette["skin_deep"]
    x, y, w = MIDDLE + side * eyes["dx"], eyes["y"] + eyes["lo"] + 5.5 - 2.0 * lift, eyes["w"]
    pouch = stroke(
        (x - side * w * 0.7, y - 1), (x + side * w * 0.1, y + 5), (x + side * w * 0.95, y - 5), 0.3, 2.6, 0.3
    )
    display.fill(pouch, deep, 0.22 * lift, 1.3)
