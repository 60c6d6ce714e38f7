"""The mouth's outside: where its curves run, lips, corners, and the shadow below."""

from dataclasses import dataclass, fields
from typing import Any

from visavis_render.backends.vector.display import DisplayList, linear, radial
from visavis_render.backends.vector.paths import Path, ellipse, outline, stroke
from visavis_render.backends.vector.rig.character import MIDDLE, SIDES, Character

Handle = tuple[float, float]


@dataclass(frozen=True, slots=True)
class MouthShape:
    """Controls, about -1..1.2 each; upper: lift of the upper lip, lower: drop of the lower one."""

    opening: float = 0.0
    width: float = 0.0
    rounding: float = 0.0
    upper: float = 0.0
    lower: float = 0.0
    smile: float = 0.0
    press: float = 0.0
    tuck: float = 0.0  # lower lip under the upper teeth
    tongue: float = 0.0  # lift of the tongue
    tongue_out: float = 0.0  # tongue between the teeth
    teeth: float = 0.0
    lower_teeth: float = 0.0


CONTROLS = tuple(field.name for field in fields(MouthShape))


class Mouth:
    """The geometry of one mouth shape. y_up and y_low: the lips' inner edges; w: half the inner width."""

    def __init__(self, character: Character, shape: MouthShape) -> None:
        spec: dict[str, Any] = character["mouth"]
        self.character, self.palette, self.spec, self.shape = character, character.palette, spec, shape
        opening, rounding, press = shape.opening, shape.rounding, shape.press
        stretch = max(0.0, shape.width)
        self.smile = smile = shape.smile + spec["rest"] * (1 - 0.6 * opening)
        self.x = MIDDLE
        y = spec["y"]
        self.w = spec["w"] * (1 + 0.30 * shape.width) * (1 - 0.47 * rounding) + smile * 5.0
        up = y - shape.upper * 3.4 - opening * 3.5 + smile * 0.6 + press
        low = y + opening * 27 + shape.lower * 4 + smile * 2.2 + press
        pull = min(1.0, max(0.0, rounding) * 0.85 + opening * 0.22)
        self.corner = (y - smile * 12.5 + opening * 9) * (1 - pull) + (up * 0.52 + low * 0.48) * pull
        if low - up < 1.7:
            middle = (low + up) / 2
            up, low = middle - 0.85, middle + 0.85
        self.y_up, self.y_low, self.gap = up, low, low - up
        self.opened = min(1.0, max(0.0, (self.gap - 2.0) / 4.0))
        self.thick_up = spec["tu"] * (1 - 0.55 * press) * (1 - 0.08 * opening) + rounding * 2.4 - stretch
        self.thick_low = spec["tl"] * (1 - 0.50 * press) * (1 - 0.42 * shape.tuck)
        self.thick_low += rounding * 2.0 - stretch - opening * 0.8
        self.lip_top = up - self.thick_up
        self.lip_bottom = low + self.thick_low
        self.round = min(1.0, 0.12 + 0.88 * rounding + 0.32 * opening)  # 0 lens .. 1 ellipse
        self.bow = 0.30 * self.w
        self.bow_y = self.lip_top + self.thick_up * spec["bow"]

    def quarter(self, side: int, y: float, w: float) -> tuple[Handle, Handle]:
        """Control points of the cubic from the corner at half width w to the middle at y."""
        k = 0.70 + 0.28 * self.round
        near = (self.x + side * w * k, self.corner + (y - self.corner) * (0.58 + 0.02 * self.round))
        return near, (self.x + side * w * (0.36 + 0.20 * self.round), y)

    def inner_path(self) -> Path:
        """The opening between the lips."""
        x, w, corner = self.x, self.w, self.corner
        a1, a2 = self.quarter(-1, self.y_up, w)
        b1, b2 = self.quarter(1, self.y_up, w)
        p1, p2 = self.quarter(1, self.y_low, w)
        q1, q2 = self.quarter(-1, self.y_low, w)
        dip = self.spec["dip"] * (1 - self.opened)
        return outline(
            x - w,
            corner,
            (*a1, *a2, x, self.y_up + dip),
            (*b2, *b1, x + w, corner),
            (*p1, *p2, x, self.y_low + dip * 0.7),
            (*q2, *q1, x - w, corner),
        )

    def outer_path(self) -> Path:
        """Both lips, with the bow of the upper one."""
        x, w, top, bow, mid = self.x, self.w + 2.2, self.lip_top, self.bow, self.bow_y
        c1, _ = self.quarter(-1, top - 1.2, w)
        d1, _ = self.quarter(1, top - 1.2, w)
        e1, e2 = self.quarter(1, self.lip_bottom, w)
        f1, f2 = self.quarter(-1, self.lip_bottom, w)
        return outline(
            x - w,
            self.corner,
            (*c1, x - bow * 1.9, top - 0.2, x - bow, top),
            (x - bow * 0.55, top + 0.2, x - bow * 0.3, mid, x, mid),
            (x + bow * 0.3, mid, x + bow * 0.55, top + 0.2, x + bow, top),
            (x + bow * 1.9, top - 0.2, *d1, x + w, self.corner),
            (*e1, e2[0] + 2, e2[1], x, self.lip_bottom),
            (f2[0] - 2, f2[1], *f1, x - w, self.corner),
        )


def draw_lips(display: DisplayList, mouth: Mouth) -> None:
    """Everything but what is between the lips."""
    _draw_shadow(display, mouth)
    for side in SIDES:
        _draw_corner(display, mouth, side)
    _draw_lip_skin(display, mouth)


def _draw_shadow(display: DisplayList, mouth: Mouth) -> None:
    x, y, deep = mouth.x, mouth.lip_bottom + 4, mouth.palette["skin_deep"]
    paint = radial(x, y, mouth.w * 0.56, 5.5, (0, deep + "bb"), (1, deep + "00"))
    display.fill(ellipse(x, y + 0.5, mouth.w * 0.52, 5.0), paint, 0.55 * mouth.spec["under"])


def _draw_corner(display: DisplayList, mouth: Mouth, side: int) -> None:
    """The dent at a corner and, with a smile, the fold beside it."""
    x, y, w, smile = mouth.x, mouth.corner, mouth.w, mouth.smile
    deep = mouth.palette["skin_deep"]
    dent = stroke(
        (x + side * (w - 1), y + 0.8),
        (x + side * (w + 3), y - 0.2),
        (x + side * (w + 4.6), y - 4.2),
        0.8,
        2.2,
        0.3,
    )
    display.fill(dent, deep, 0.22 + 0.45 * max(0.0, min(1.0, smile)), 0.7)
    lasting = mouth.spec["fold"]
    if smile > 0.25 or lasting > 0:
        nose = mouth.character["nose"]
        strength = min(1.0, max(0.0, (smile - 0.25) / 0.6)) * mouth.spec["smile_fold"] + lasting
        fold = stroke(
            (x + side * (nose["w"] + 7), nose["y"] + 3),
            (x + side * (w + 11 + mouth.shape.rounding * 3), nose["y"] + 13),
            (x + side * (w + 10 + smile * 2), y - 3),
            0.3,
            3.4,
            0.4,
        )
        display.fill(fold, deep, strength * 0.5, 1.6)


def _draw_lip_skin(display: DisplayList, mouth: Mouth) -> None:
    palette, x, bow, top, mid = mouth.palette, mouth.x, mouth.bow, mouth.lip_top, mouth.bow_y
    height = mouth.lip_bottom - top
    border = max(0.05, min(0.9, (mouth.y_up - top) / height))
    colours = [(0, palette["lip_up"]), (border, palette["lip_mid"]), (1, palette["lip_lo"])]
    display.fill(mouth.outer_path(), linear(x, top, x, mouth.lip_bottom, *colours), 1.0, 0.35)
    side_y, low_y = top + mouth.thick_up * 0.25, mid + mouth.thick_up * 0.35
    light = outline(
        x - bow * 1.1,
        side_y,
        (x - bow * 0.7, top - 0.2, x - bow * 0.3, mid - 0.3, x, mid),
        (x + bow * 0.3, mid - 0.3, x + bow * 0.7, top - 0.2, x + bow * 1.1, side_y),
        (x + bow * 0.4, low_y, x - bow * 0.4, low_y, x - bow * 1.1, side_y),
    )
    gloss, highlight = mouth.spec["gloss"], palette["lip_hi"]
    display.fill(light, highlight, 0.30 * gloss, 0.8)
    w, thick = mouth.w, mouth.thick_low
    stops = [(0, highlight + "ee"), (0.5, highlight + "88"), (1, highlight + "00")]
    paint = radial(x - w * 0.08, mouth.y_low + thick * 0.5, w * 0.38, max(1.3, thick * 0.27), *stops)
    spot = ellipse(x - w * 0.08, mouth.y_low + thick * 0.52, w * 0.36, max(1.2, thick * 0.24))
    display.fill(spot, paint, 0.75 * gloss * (1 - 0.7 * mouth.shape.press))
