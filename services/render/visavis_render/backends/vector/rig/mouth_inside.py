"""What is between the lips: teeth, tongue, shadow; and the lip or tongue that comes over them."""

from visavis_render.backends.vector.display import DisplayList, linear, mix
from visavis_render.backends.vector.paths import ellipse, outline, polygon, stroke
from visavis_render.backends.vector.rig.character import Character
from visavis_render.backends.vector.rig.mouth import Mouth, MouthShape, draw_lips


def draw_mouth(character: Character, shape: MouthShape) -> DisplayList:
    """The whole mouth."""
    display = DisplayList()
    mouth = Mouth(character, shape)
    palette = mouth.palette
    draw_lips(display, mouth)
    inner = mouth.inner_path()
    if mouth.opened <= 0.0:
        display.fill(inner, palette["lip_line"], 0.9)
        return display
    x, top = mouth.x, mouth.y_up
    dark = palette["mouth_dk"]
    depth = linear(x, top, x, top + max(mouth.gap, 6), (0, dark), (0.45, dark), (1, palette["mouth_in"]))
    display.fill(inner, depth)
    display.clip(inner)
    teeth = _teeth_height(mouth)
    if shape.opening > 0.06:
        _draw_tongue(display, mouth)
    if shape.lower_teeth > 0.05:
        _draw_lower_teeth(display, mouth)
    if shape.teeth > 0.04:
        _draw_upper_teeth(display, mouth, top + teeth)
    _draw_lip_shadow(display, mouth)
    display.pop()
    if shape.tuck > 0.05:
        _draw_tucked_lip(display, mouth)
    if shape.tongue_out > 0.05:
        _draw_tongue_tip(display, mouth, top + teeth - 1.6)
    return display


def _teeth_height(mouth: Mouth) -> float:
    shape, gap = mouth.shape, float(mouth.gap)
    if shape.tuck >= 0.5:
        return min(8.2, gap * 1.05)
    return min(8.2 * shape.teeth, max(gap * (0.66 - 0.34 * shape.tongue_out), 3.5))


def _draw_tongue(display: DisplayList, mouth: Mouth) -> None:
    """Back of the tongue, with groove and gloss."""
    palette, x, low, gap = mouth.palette, mouth.x, mouth.y_low, mouth.gap
    w = mouth.w * (0.70 - 0.08 * mouth.shape.rounding)
    y = low - 2.5 - gap * 0.20 - gap * 0.58 * mouth.shape.tongue
    body = outline(
        x - w,
        low + 9,
        (x - w * 1.06, y + gap * 0.16, x - w * 0.62, y, x - w * 0.18, y),
        (x - w * 0.08, y, x - w * 0.06, y + 1.2, x, y + 1.2),
        (x + w * 0.06, y + 1.2, x + w * 0.08, y, x + w * 0.18, y),
        (x + w * 0.62, y, x + w * 1.06, y + gap * 0.16, x + w, low + 9),
    )
    stops = [(0, palette["tongue_lt"]), (0.55, palette["tongue"]), (1, palette["tongue_dk"])]
    display.fill(body, linear(x, y, x, low + 4, *stops))
    groove = stroke((x, y + 2), (x + 0.6, (y + low) / 2), (x, low + 3), 0.4, 2.2, 0.6)
    display.fill(groove, palette["tongue_dk"], 0.6, 0.7)
    display.fill(ellipse(x - w * 0.36, y + 3.4, w * 0.24, 1.9), palette["lip_hi"], 0.5, 0.8)


def _draw_lower_teeth(display: DisplayList, mouth: Mouth) -> None:
    palette, x, w, low = mouth.palette, mouth.x, mouth.w, mouth.y_low
    shown = mouth.shape.lower_teeth
    y = low - 2 - shown * max(4.0, min(mouth.gap * 0.55, 7.5))
    row = outline(
        x - w * 0.72,
        low + 8,
        (x - w * 0.74, y + 3, x - w * 0.66, y + 1.5, x - w * 0.5, y + 0.7),
        (x - w * 0.2, y, x + w * 0.2, y, x + w * 0.5, y + 0.7),
        (x + w * 0.66, y + 1.5, x + w * 0.74, y + 3, x + w * 0.72, low + 8),
    )
    shade = palette["teeth_sh"]
    bright = mix(palette["teeth"], shade, 0.35)
    paint = linear(x - w * 0.75, 0, x + w * 0.75, 0, (0, shade), (0.3, bright), (0.7, bright), (1, shade))
    display.fill(row, paint, min(1.0, shown * 1.5))


def _draw_upper_teeth(display: DisplayList, mouth: Mouth, y: float) -> None:
    """The row down to y."""
    palette, x, top = mouth.palette, mouth.x, mouth.y_up
    k = 0.86 + 0.06 * (1 - mouth.round)
    w = mouth.w
    a, b, c = w * k, w * (k - 0.04), w * (k - 0.16)
    row = outline(
        x - a,
        top - 9,
        (x + a, top - 9),
        (x + a, y - 5, x + b, y - 2.2, x + c, y - 1.5),
        (x + w * 0.34, y, x + w * 0.16, y + 0.5, x, y + 0.5),
        (x - w * 0.16, y + 0.5, x - w * 0.34, y, x - c, y - 1.5),
        (x - b, y - 2.2, x - a, y - 5, x - a, top - 9),
    )
    white, shade = palette["teeth"], palette["teeth_sh"]
    paint = linear(x - w * 0.9, 0, x + w * 0.9, 0, (0, shade), (0.24, white), (0.76, white), (1, shade))
    display.fill(row, paint, mouth.opened)
    slit = polygon([(x - 0.45, top - 2), (x + 0.45, top - 2), (x + 0.3, y - 0.6), (x - 0.3, y - 0.6)])
    display.fill(slit, shade, 0.34)


def _draw_lip_shadow(display: DisplayList, mouth: Mouth) -> None:
    """What the upper lip casts on teeth and tongue."""
    x, w, top, corner = mouth.x, mouth.w, mouth.y_up, mouth.corner
    a1, a2 = mouth.quarter(-1, top, w)
    b1, b2 = mouth.quarter(1, top, w)
    path = outline(
        x - w - 6,
        top - 14,
        (x + w + 6, top - 14),
        (x + w + 6, corner + 3),
        (b1[0], b1[1] + 3.0, b2[0], b2[1] + 3.0, x, top + 3),
        (a2[0], a2[1] + 3.0, a1[0], a1[1] + 3.0, x - w - 6, corner + 3),
    )
    display.fill(path, mouth.palette["mouth_dk"], 0.42, 1.4)


def _draw_tucked_lip(display: DisplayList, mouth: Mouth) -> None:
    """The lower lip rolled under the upper teeth: its soft edge lies over them."""
    x, w, low, tuck = mouth.x, mouth.w, mouth.y_low, mouth.shape.tuck
    edge = outline(
        x - w * 0.66,
        low - 1.4,
        (x - w * 0.3, low - 3.6, x + w * 0.3, low - 3.6, x + w * 0.66, low - 1.4),
        (x + w * 0.3, low + 3.5, x - w * 0.3, low + 3.5, x - w * 0.66, low - 1.4),
    )
    display.fill(edge, mouth.palette["lip_lo"], min(1.0, tuck * 1.2) * 0.9, 0.5)


def _draw_tongue_tip(display: DisplayList, mouth: Mouth, top: float) -> None:
    """The tip between the teeth, resting on the lower lip."""
    palette, x, out = mouth.palette, mouth.x, mouth.shape.tongue_out
    w, low = mouth.w * 0.50, mouth.y_low + 2.5 + 5.0 * out
    tip = outline(
        x - w,
        top + 1,
        (x - w * 0.4, top + 0.2, x + w * 0.4, top + 0.2, x + w, top + 1),
        (x + w * 1.08, low - 3, x + w * 0.6, low, x, low),
        (x - w * 0.6, low, x - w * 1.08, low - 3, x - w, top + 1),
    )
    stops = [(0, palette["tongue_dk"]), (0.35, palette["tongue"]), (1, palette["tongue_lt"])]
    display.fill(tip, linear(x, top, x, low, *stops), min(1.0, out * 1.6), 0.3)
    groove = stroke((x, top + 1.5), (x + 0.4, (top + low) / 2), (x, low - 2.5), 0.4, 1.6, 0.3)
    display.fill(groove, palette["tongue_dk"], 0.5 * min(1.0, out * 1.5), 0.5)
    display.fill(ellipse(x - w * 0.38, low - 4, w * 0.2, 1.4), "#ffffff", 0.45 * out, 0.6)
