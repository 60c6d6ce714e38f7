"""Background, torso and head: what is baked."""

import numpy as np

from visavis_render.backends.vector.display import DisplayList, linear, mix, radial
from visavis_render.backends.vector.paths import Path, ellipse, polygon, resample, sample, taper
from visavis_render.backends.vector.rig.beard import draw_beard
from visavis_render.backends.vector.rig.character import (
    MIDDLE,
    SIDES,
    Character,
    draw_shapes,
    symmetric,
)
from visavis_render.backends.vector.rig.ears import draw_ears
from visavis_render.backends.vector.rig.hair import draw_shadow_on_face


def background_layer(character: Character) -> DisplayList:
    """What is behind the person."""
    display = DisplayList()
    spec = character["bg"]
    display.fill(polygon([(-9, -9), (521, -9), (521, 521), (-9, 521)]), character.paint(spec["fill"]))
    draw_shapes(character, display, spec["shapes"], {})
    return display


def torso_layer(character: Character) -> DisplayList:
    """Neck, the head's shadow on it, and the garment."""
    display = DisplayList()
    named: dict[str, Path] = {}
    draw_shapes(character, display, character["torso"]["skin"], named)
    shadow = character["neck_shadow"]
    deep = character.palette["skin_deep"]
    display.clip(named["neck"])
    display.fill(symmetric(shadow["pts"]), deep, shadow["a"], 5)
    display.fill(symmetric([[p[0] * 0.9, p[1] - 14] for p in shadow["pts"]]), deep, 0.35, 8)
    display.pop()
    draw_shapes(character, display, character["torso"]["garment"], named)
    return display


def _glow(
    display: DisplayList,
    character: Character,
    colour: str,
    place: tuple[float, float, float, float],
    strength: str,
    alpha: float,
) -> None:
    """A soft ellipse that fades to nothing at its rim."""
    paint = radial(*place, (0, character.faded(colour, strength)), (1, character.faded(colour, "00")))
    display.fill(ellipse(*place), paint, alpha)


def _draw_form(character: Character, display: DisplayList) -> None:
    """Soft light and shade that make the face round."""
    points = character["face"]["pts"]
    width, chin = max(p[0] for p in points), max(p[1] for p in points)
    clear, shade = character.faded("skin_sh", "00"), character.faded("skin_sh", "aa")
    edge = radial(
        240,
        212,
        width * 1.22,
        (chin - 90) * 0.66,
        (0, clear),
        (0.66, clear),
        (0.9, shade),
        (1.15, character.faded("skin_deep", "aa")),
    )
    display.fill(polygon([(100, 60), (420, 60), (420, 420), (100, 420)]), edge, 0.8)
    _glow(display, character, "skin_hi", (236, 150, 62, 34), "cc", character["face"]["forehead_hi"])


def _draw_sockets(character: Character, display: DisplayList) -> None:
    eyes = character["eyes"]
    for side in SIDES:
        place = (MIDDLE + side * eyes["dx"], eyes["y"] - 8, eyes["w"] * 1.45, 30)
        stops = [(0, "88"), (0.55, "55"), (1, "00")]
        paint = radial(*place, *((at, character.faded("socket", a)) for at, a in stops))
        display.fill(ellipse(*place), paint, character["face"]["socket"])


def _draw_cheeks(character: Character, display: DisplayList) -> None:
    face = character["face"]
    x, y, r = face["blush_dx"], face["blush_y"], face["blush_r"]
    for side in SIDES:
        place = (MIDDLE + side * x, y, r, r * 0.8)
        stops = [(0, "ff"), (0.5, "99"), (1, "00")]
        paint = radial(*place, *((at, character.faded("blush", a)) for at, a in stops))
        display.fill(ellipse(*place), paint, face["blush"])
    _glow(display, character, "skin_hi", (MIDDLE - x - 2, y - 20, 20, 9), "dd", 0.6)
    _glow(display, character, "skin_hi", (MIDDLE + x, y - 21, 16, 8), "aa", 0.4)


def _draw_rim(character: Character, display: DisplayList, face: Path) -> None:
    """Light along the viewer's right contour."""
    spec = character["face"]
    contour = resample(sample(face, 8), 160)
    lit = (contour[:, 0] > MIDDLE + 18) & (contour[:, 1] > spec["cy"] - 20)
    path = taper(contour[lit] - np.array([1.5, 0.0]), 0.5, 5, 0.5)
    display.fill(path, character.palette["rim"], spec["rim"], 1.6)


def head_layer(character: Character) -> DisplayList:
    """The face without its features."""
    display = DisplayList()
    palette = character.palette
    named: dict[str, Path] = {}
    draw_ears(character, display, named)
    face = symmetric(character["face"]["pts"])
    skin = linear(
        198,
        120,
        318,
        350,
        (0, mix(palette["skin"], palette["skin_hi"], 0.75)),
        (0.45, palette["skin"]),
        (1, mix(palette["skin"], palette["skin_sh"], 0.8)),
    )
    display.fill(face, skin)
    display.clip(face)
    _draw_form(character, display)
    _draw_sockets(character, display)
    _draw_cheeks(character, display)
    chin = max(p[1] for p in character["face"]["pts"])
    _glow(display, character, "skin_hi", (MIDDLE - 3, chin - 17, 20, 9), "cc", 0.5)
    draw_shapes(character, display, character["face_shapes"], named)
    draw_beard(character, display)
    draw_shadow_on_face(character, display)
    _draw_rim(character, display, face)
    display.pop()
    return display
