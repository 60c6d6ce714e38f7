"""The brows."""

from visavis_render.backends.vector.display import DisplayList, linear
from visavis_render.backends.vector.paths import Path, smooth, stroke
from visavis_render.backends.vector.rig.character import MIDDLE, Character

INNER_LIFT = 8.0


def _brow_path(spec: dict[str, float], side: int, rise: float, inner: float) -> tuple[Path, float, float]:
    """The outline, and the x of its inner and outer end."""
    t, w = spec["t"], spec["w"]
    arch = spec["arch"] + rise * 1.5
    y = spec["y"] - rise * 9
    lift = -inner * INNER_LIFT

    def at(u: float) -> float:
        return MIDDLE + side * spec["dx"] + side * u

    y0, y1, y2 = y + 3 + lift, y - arch * 0.72 + lift * 0.4, y - arch
    path = smooth(
        [
            (at(-w), y0 - t * 0.62),
            (at(-w * 0.2), y1 - t * 0.52),
            (at(w * 0.38), y2 - t * 0.34),
            (at(w), y + spec["drop"], 1),
            (at(w * 0.38) - side, y2 + t * 0.42),
            (at(-w * 0.2), y1 + t * 0.55),
            (at(-w) + side * 0.5, y0 + t * 0.5),
        ]
    )
    return path, at(-w), at(w)


def draw_brow(character: Character, side: int, rise: float, inner: float) -> DisplayList:
    """One brow: `rise` lifts all of it, `inner` its inner end (both -1..1.2)."""
    display = DisplayList()
    spec = character["brows"]
    path, start, end = _brow_path(spec, side, rise, inner)
    stops = [(0, "77"), (0.25, "ee"), (1, "ff")]
    paint = linear(start, 0, end, 0, *((at, character.faded("brow", a)) for at, a in stops))
    display.fill(path, paint, spec["a"], 0.35)
    t, w = spec["t"], spec["w"]
    x = MIDDLE + side * spec["dx"]
    y = spec["y"] - rise * 9
    inner_y, arch_y = y + 3 - inner * INNER_LIFT, y - (spec["arch"] + rise * 1.5) * 0.72
    for i in range(5):
        u = -w + 1.0 + i * w * 0.17
        f = (u + w) / (0.8 * w)
        hair_y = inner_y * (1 - f) + arch_y * f
        hair = stroke(
            (x + side * u, hair_y + t * 0.36),
            (x + side * (u + 0.8), hair_y - t * 0.1),
            (x + side * (u + 3.6), hair_y - t * 0.62),
            0.6,
            1.4,
            0.2,
        )
        display.fill(hair, character.palette["brow"], 0.5)
    return display
