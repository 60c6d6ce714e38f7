"""The skin: colour and relief from noise at several scales, lips, lines of age."""

from collections.abc import Mapping
from typing import Any

from character.nodes import Material, Value, scaled


def _tone(m: Material, skin: Mapping[str, Any], at: Value, middle: Value, fine: Value) -> Value:
    """Base colour with blotches, redness, shadows around the eyes and freckles."""
    base, strong = skin["colour"], skin["blotches"]
    large = m.noise(at, 2.4, 4)
    patch = m.noise(at, 6.5, 3)
    colour = m.mix(m.ramp(large, 0.35, 0.65, 0, 0.5 * strong), base, scaled(base, 0.95, 0.84, 0.80))
    colour = m.mix(m.ramp(patch, 0.48, 0.70, 0, 0.5 * strong), colour, scaled(base, 1.0, 0.74, 0.70))
    colour = m.mix(m.ramp(patch, 0.50, 0.30, 0, 0.35 * strong), colour, scaled(base, 1.0, 1.04, 0.92))
    colour = m.mix(m.ramp(middle, 0.42, 0.62, 0, 0.34 * strong), colour, scaled(base, 1.04, 1.06, 1.03))
    colour = m.mix(m.ramp(middle, 0.55, 0.75, 0, 0.40 * strong), colour, scaled(base, 0.94, 0.70, 0.66))
    colour = m.mix(m.ramp(fine, 0.45, 0.75, 0, 0.34 * strong), colour, scaled(base, 0.84, 0.72, 0.68))
    red = m.attribute("red") * m.ramp(middle, 0.3, 0.7, 0.65, 1.2)
    colour = m.mix(red, colour, scaled(base, 1.0, 0.60, 0.58))
    return m.mix(m.attribute("dark"), colour, scaled(base, 0.66, 0.54, 0.56))


def _freckles(m: Material, skin: Mapping[str, Any], colour: Value, at: Value) -> Value:
    red = m.attribute("red")
    for cells, size, strength in ((34, 0.30, 1.0), (13, 0.11, 1.6)):
        spot = m.ramp(m.cells(at, cells), size / 3, size, 1, 0)
        spot = spot * m.ramp(m.noise(at, cells / 4, 1), 0.50, 0.62)
        spot = spot * m.ramp(red, 0.08, 0.4, 0.14, 0.42) * (skin["freckles"] * strength)
        colour = m.mix(spot, colour, scaled(skin["colour"], 0.66, 0.48, 0.40))
    return colour


def _lip_lines(m: Material, at: Value) -> Value:
    x, y, z = m.parts(at)
    return m.noise(m.join(x * 70.0, y * 12.0, z * 9.0), 1.0, 3)


def _age_lines(m: Material, at: Value) -> Value:
    """Height of forehead lines and crow's feet, where the masks are."""
    x, y, _ = m.parts(at)
    drift = m.noise(at, 2.2, 2) * 0.16
    waves = ((y + drift + abs(x) * 0.12) * 62.0).sine()
    forehead = m.ramp(waves, 0.45, 1.0, 0, -1.0, soft=True) * m.attribute("forehead")
    fan = ((y - abs(x) * 0.5 + m.noise(at, 5, 2) * 0.05) * 170.0).sine()
    feet = m.ramp(fan, 0.35, 1.0, 0, -0.55, soft=True) * m.attribute("crow")
    return forehead + feet


def skin_material(skin: Mapping[str, Any], hair_colour: Any) -> Any:
    """Needs the attributes rest, lips, lip_line, inside, red, dark, scalp, shine, forehead, crow."""
    m = Material("skin")
    rest = m.attribute("rest", "Vector")
    warp = m.noise(rest, 6, 2, out="Color")
    at = m.vector("ADD", rest, m.vector("MULTIPLY", warp, (0.05, 0.05, 0.05)))
    middle, fine = m.noise(rest, 13, 4), m.noise(rest, 62, 3)
    colour = _freckles(m, skin, _tone(m, skin, rest, middle, fine), at)
    colour = m.mix(m.attribute("scalp") * 0.85, colour, hair_colour)
    lines = _lip_lines(m, rest)
    lips = m.ramp(m.attribute("lips") + (middle - 0.5) * 0.35, 0.22, 0.80, 0, 0.88, soft=True)
    lip = m.mix(m.ramp(lines, 0.35, 0.7), skin["lips"], scaled(skin["lips"], 0.78, 0.62, 0.64))
    lip = m.mix(m.ramp(m.attribute("lip_line"), 0.2, 1, 0, 0.45), lip, scaled(skin["lips"], 0.55, 0.42, 0.42))
    colour = m.mix(lips, colour, lip)
    inside = m.attribute("inside")
    colour = m.mix(inside, colour, (0.20, 0.045, 0.045))
    aged = _age_lines(m, rest)
    relief = m.cells(at, 105) * 0.55 + fine * 0.8 + m.noise(rest, 140, 2) * 0.35
    relief = relief * (1.0 - lips) + lines * 1.5 * lips
    normal = m.bump(middle, 0.09, 0.02, m.bump(relief, 0.36, 0.010))
    normal = m.bump(aged, min(1.0, skin["wrinkles"]), 0.022, normal)
    gloss = skin.get("lip_gloss", 1.0)
    rough = m.ramp(fine, 0.3, 0.7, 0.36, 0.54) - m.attribute("shine") * (0.12 * skin["shine"])
    rough = rough + m.ramp(middle, 0.3, 0.7, -0.05, 0.05) - lips * (0.14 * gloss) - inside * 0.2
    rough = rough + m.attribute("scalp") * 0.4
    shader = m.principled(
        Base_Color=colour,
        Roughness=rough,
        Normal=normal,
        Subsurface_Weight=1.0,
        Subsurface_Radius=(1.0, 0.36, 0.20),
        Subsurface_Scale=0.024,
        Specular_IOR_Level=0.42,
        Coat_Weight=lips * (0.18 * gloss),
        Coat_Roughness=0.28,
        # Down reflects as much on any skin, so it whitens dark skin: less of it there.
        Sheen_Weight=0.2 * sum(skin["colour"]) / 3,
        Sheen_Roughness=0.4,
    )
    return m.finish(shader)
