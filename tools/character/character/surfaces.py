"""Materials of everything but skin: eyes, teeth, tongue, hair, knitwear, backdrop."""

import math
from collections.abc import Mapping
from typing import Any

from character.nodes import Material, Value, scaled


def _iris(m: Material, eyes: Mapping[str, Any], ux: Value, uy: Value, rho: Value) -> tuple[Value, Value]:
    """(colour of iris and pupil, fibres) in polar coordinates; the iris ends at rho = 1."""
    fibres = m.noise(m.join(ux * 9.0, uy * 9.0, rho * 1.3), 1.6, 5, 0.65)
    patches = m.noise(m.join(ux * 3.0, uy * 3.0, rho * 2.0), 1.5, 3)
    ring = rho + (fibres - 0.5) * 0.35
    colour = m.mix(m.ramp(ring, 0.42, 0.78, soft=True), eyes["inner"], eyes["outer"])
    bright = m.mix(1.0, colour, (2.3, 2.1, 1.8), "MULTIPLY")
    colour = m.mix(m.ramp(fibres, 0.42, 0.68, 0, 0.7), colour, bright)
    colour = m.mix(m.ramp(patches, 0.55, 0.75, 0, 0.5), colour, scaled(eyes["inner"], 0.75))
    colour = m.mix(m.ramp(fibres, 0.48, 0.30, 0, 0.6), colour, scaled(eyes["outer"], 0.25))
    colour = m.mix(m.ramp(rho, 0.80, 1.0, soft=True), colour, eyes["rim"])
    pupil = m.ramp(rho + (fibres - 0.5) * 0.03, 0.46, 0.42)
    return m.mix(pupil, colour, (0.002, 0.002, 0.002)), fibres


def _sclera(m: Material, at: Value, rho: Value) -> Value:
    wander = m.vector("MULTIPLY", m.noise(at, 1.7, 2, out="Color"), (1.2, 1.2, 1.2))
    course = m.noise(m.vector("ADD", m.vector("MULTIPLY", at, (1.1, 2.4, 1.0)), wander), 2.2, 4, 0.6)
    vein = m.ramp(abs(course - 0.5), 0.0, 0.022, 1, 0)
    far = m.ramp(rho, 1.15, 1.9)
    colour = m.mix(vein * far * 0.35, (0.66, 0.615, 0.57), (0.55, 0.20, 0.16))
    colour = m.mix(far * 0.34, colour, (0.70, 0.47, 0.41))
    return m.mix(m.ramp(m.noise(at, 1.2, 3), 0.3, 0.7, 0, 0.25), colour, (0.66, 0.655, 0.64))


def eye_material(eyes: Mapping[str, Any]) -> Any:
    """Needs `eye_at`: local coordinates with the iris' radius 1."""
    m = Material("eye")
    at = m.attribute("eye_at", "Vector")
    x, y, _ = m.parts(at)
    rho = (x * x + y * y).sqrt()
    safe = rho.at_least(0.001)
    iris, fibres = _iris(m, eyes, x / safe, y / safe, rho)
    colour = m.mix(m.ramp(rho, 0.97, 1.10, soft=True), iris, _sclera(m, at, rho))
    shader = m.principled(
        Base_Color=colour,
        Roughness=0.45,
        Specular_IOR_Level=0.25,
        Subsurface_Weight=0.25,
        Subsurface_Radius=(1.0, 0.4, 0.3),
        Subsurface_Scale=0.012,
        Normal=m.bump(fibres, 0.25, 0.006),
    )
    return m.finish(shader)


def wet_material(name: str, ior: float) -> Any:
    """Clear, with mirror highlights and no shadow: cornea and tear line."""
    m = Material(name)
    clear = m.node("BsdfTransparent")
    glossy = m.node("BsdfGlossy", ((1.0, 1.0, 1.0), 0.03))
    fresnel = m.node("Fresnel", (ior,))
    film = m.node("MixShader", (fresnel, clear, glossy))
    shadow = m.node("LightPath", output="Is Shadow Ray")
    return m.finish(m.node("MixShader", (shadow, film, clear)))


def soft_material(name: str, colour: Any, rough: float, soft: float, wet: float = 0.0) -> Any:
    """Flesh: gum, tongue, the corner of the eye."""
    m = Material(name)
    grain = m.noise(m.attribute("rest", "Vector"), 38, 4)
    shader = m.principled(
        Base_Color=m.mix(m.ramp(grain, 0.35, 0.65, 0, 0.35), colour, scaled(colour, 0.7)),
        Roughness=rough,
        Specular_IOR_Level=0.6,
        Subsurface_Weight=soft,
        Subsurface_Radius=(1.0, 0.5, 0.35),
        Subsurface_Scale=0.02,
        Coat_Weight=wet,
        Coat_Roughness=0.1,
        Normal=m.bump(grain, 0.3, 0.01),
    )
    return m.finish(shader)


def tooth_material(shade: float) -> Any:
    """`shade` darkens; needs `along`: 0 at the gum, 1 at the edge."""
    m = Material("teeth")
    along = m.attribute("along")
    colour = m.mix(m.ramp(along, 0, 0.45), (0.66, 0.54, 0.40), (0.80, 0.73, 0.62))
    colour = m.mix(m.ramp(along, 0.8, 1), colour, (0.74, 0.71, 0.66))
    colour = m.mix(1.0, colour, (shade, shade, shade), "MULTIPLY")
    shader = m.principled(
        Base_Color=colour,
        Roughness=0.24,
        Specular_IOR_Level=0.5,
        Subsurface_Weight=0.5,
        Subsurface_Radius=(1.0, 0.8, 0.6),
        Subsurface_Scale=0.012,
    )
    return m.finish(shader)


def cavity_material() -> Any:
    """The dark behind the tongue, for pictures of the mouth without skin."""
    m = Material("cavity")
    return m.finish(m.node("Emission", ((0.012, 0.003, 0.003), 1.0)))


def knit_material(colour: Any, rib: bool) -> Any:
    """Needs `knit`: coordinates in stitches."""
    m = Material(f"knit {rib}")
    at = m.attribute("knit", "Vector")
    u, v, _ = m.parts(at)
    column = (u + m.noise(at, 3, 3) * 0.12).fraction()
    loop = ((v + abs(column - 0.5) * 1.5).fraction() * math.pi).sine().at_least(0.0)
    strand = ((column * 2.0).fraction() * math.pi).sine().at_least(0.0)
    height = (column * math.pi).sine().at_least(0.0) ** 0.6 if rib else loop**0.5 * strand**0.5
    fibre = m.noise(at, 14, 4)
    shade = m.mix(m.ramp(height, 0, 0.8), scaled(colour, 0.35), colour)
    shade = m.mix(m.ramp(fibre, 0.35, 0.7, 0, 0.35), shade, scaled(colour, 1.7))
    shader = m.principled(
        Base_Color=shade,
        Roughness=0.9,
        Specular_IOR_Level=0.15,
        Sheen_Weight=0.35,
        Sheen_Roughness=0.5,
        Normal=m.bump(height + fibre * 0.35, 0.8, 0.02),
    )
    return m.finish(shader)


def hair_material(name: str, melanin: float, redness: float, grey: float) -> Any:
    """Strands; the share `grey` of them has lost nearly all its pigment."""
    m = Material(name)
    node = m.raw("BsdfHairPrincipled", parametrization="MELANIN")
    info = m.raw("HairInfo")
    along = Value(m, info.outputs["Intercept"])
    chance = Value(m, info.outputs["Random"])
    pigment = m.ramp(along, 0.15, 1, melanin + 0.03, melanin - 0.09)
    lost = m.ramp(chance, grey - 0.02, grey + 0.02, 1, 0) if grey else None
    pigment = pigment * (1.0 - lost * 0.93) if lost else pigment
    values = {"Melanin": pigment, "Melanin Redness": redness, "Roughness": 0.27, "Radial Roughness": 0.42}
    values |= {"Random Roughness": 0.15, "Random Color": 0.36, "Coat": 0.0, "IOR": 1.55, "Random": chance}
    for label, value in values.items():
        m.put(node.inputs[label], value)
    return m.finish(Value(m, node.outputs[0]))


def strand_material(name: str, colour: Any, grey: float = 0.0) -> Any:
    """Brows, lashes, beard: simpler and cheaper than hair."""
    m = Material(name)
    chance = Value(m, m.raw("HairInfo").outputs["Random"])
    shade = m.mix(m.ramp(chance, grey, 1.0), scaled(colour, 0.6), scaled(colour, 1.6))
    if grey:
        shade = m.mix(m.ramp(chance, grey - 0.02, grey + 0.02, 1, 0), shade, (0.34, 0.335, 0.33))
    return m.finish(m.principled(Base_Color=shade, Roughness=0.6, Specular_IOR_Level=0.2))


def backdrop_material(light: Any, dark: Any) -> Any:
    """A soft glow that falls off; lights nothing."""
    m = Material("backdrop")
    at = m.attribute("rest", "Vector")
    x, y, _ = m.parts(at)
    away = ((x - 2.0) * (x - 2.0) + (y - 8.2) * (y - 8.2)).sqrt()
    colour = m.mix(m.ramp(away, 0, 7.5, soft=True), light, dark)
    mean = tuple((a + b) / 2 for a, b in zip(light, dark, strict=True))
    colour = m.mix(m.ramp(m.noise(at, 0.28, 1), 0.35, 0.7, 0, 0.35), colour, mean)
    return m.finish(m.node("Emission", (colour, 1.0)))
