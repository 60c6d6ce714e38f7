"""Hair: locks between two guide curves, with strands, a broken highlight, split tips and flyaways."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from visavis_render.backends.vector.display import Colour, DisplayList, linear, mix, rgba
from visavis_render.backends.vector.paths import (
    Path,
    Polyline,
    curve,
    polygon,
    resample,
    taper,
    unit,
)
from visavis_render.backends.vector.rig.character import Character, draw_shapes

POINTS = 40
STOPS = ((0, "hair_dark"), (0.13, "hair_mid"), (0.55, "hair_mid"), (1, "hair_light"))


@dataclass(frozen=True)
class Lock:
    """One lock of hair: its two edges, its own randomness and tone."""

    spec: dict[str, Any]
    a: Polyline
    b: Polyline
    # The legacy generator, because its stream never changes: a character looks the same for good.
    chance: np.random.RandomState
    palette: dict[str, str]

    def tone(self, colour: Colour) -> Colour:
        """`colour` made lighter or darker, as this lock is."""
        tone = self.spec.get("tone", 0.0)
        return mix(colour, "#ffffff" if tone > 0 else self.palette["hair_dark"], abs(tone))

    def between(self, k: float) -> Polyline:
        """The line at share k from edge a to edge b."""
        return self.a * (1 - k) + self.b * k


def make_lock(character: Character, spec: dict[str, Any]) -> Lock:
    """Read one lock of a character file."""
    a = resample(curve(spec["a"], 16), POINTS)
    b = resample(curve(spec["b"], 16), POINTS)
    return Lock(spec, a, b, np.random.RandomState(spec["seed"]), character.palette)


def _outline(lock: Lock) -> Path:
    a, b, spec = lock.a, lock.b, lock.spec
    if "tips" not in spec:
        return polygon(np.concatenate([a, b[::-1]]).tolist())
    count, length = spec["tips"]
    curl = spec.get("curl", 0.0)
    along = a[-1] + b[-1] - a[-5] - b[-5]
    along = along / (np.hypot(*along) + 1e-6)
    across = np.array([-along[1], along[0]])
    bend = 0.10 * (1 if curl >= 0 else -1)
    tips = []
    for i in range(count):
        p0 = a[-1] * (1 - i / count) + b[-1] * (i / count)
        p1 = a[-1] * (1 - (i + 1) / count) + b[-1] * ((i + 1) / count)
        tip = (p0 + p1) / 2 + along * length * lock.chance.uniform(0.45, 1.15) + across * curl * length
        notch = p1 - along * length * lock.chance.uniform(0.1, 0.6)
        tips += [(p0 + tip) / 2 + across * length * bend, tip, (notch + tip) / 2 - across * length * 0.16]
        if i < count - 1:
            tips.append(notch)
    return polygon(np.concatenate([a, np.array(tips), b[::-1]]).tolist())


def _draw_body(display: DisplayList, lock: Lock, path: Path) -> None:
    root, tip = (lock.a[0] + lock.b[0]) / 2, (lock.a[-1] + lock.b[-1]) / 2
    stops = [(at, lock.tone(lock.palette[name])) for at, name in lock.spec.get("stops", STOPS)]
    display.fill(path, linear(root[0], root[1], tip[0], tip[1], *stops))


def _draw_strands(display: DisplayList, lock: Lock) -> None:
    dark, light = (rgba(lock.palette[name]) for name in ("hair_dark", "hair_light"))
    chance = lock.chance
    count = lock.spec["strands"]
    display.fill(taper(lock.a, 10, 14, 6), lock.tone(dark), 0.55, 4.5)
    display.fill(taper(lock.b, 6, 9, 5), lock.tone(dark), 0.55 * 0.7, 3.5)
    for i in range(count):
        k = (i + 0.5 + chance.uniform(-0.35, 0.35)) / count
        start = chance.uniform(0, 0.45)
        end = min(1.0, start + chance.uniform(0.35, 0.7))
        drift = (k + chance.uniform(-0.06, 0.06) * np.linspace(0, 1, POINTS))[:, None]
        line = (lock.a * (1 - drift) + lock.b * drift)[
            int(start * (POINTS - 1)) : int(end * (POINTS - 1)) + 2
        ]
        if len(line) < 4:
            continue
        colour = light if chance.rand() < 0.5 else dark
        width = chance.uniform(1.4, 3.6)
        display.fill(taper(line, 0.2, width, 0.2), lock.tone(colour), chance.uniform(0.28, 0.6), 0.5)


def _draw_highlight(display: DisplayList, lock: Lock) -> None:
    """A band of light across the lock, broken into strands."""
    first, last, alpha = lock.spec["hl"]
    count = lock.spec["strands"] * 1.1
    for i in range(int(count)):
        k = (i + 0.5 + lock.chance.uniform(-0.4, 0.4)) / count
        if not 0.04 <= k <= 0.97:
            continue
        middle = (first + last) / 2 + lock.chance.uniform(-0.5, 0.5) * (last - first) * 0.35
        length = (last - first) * lock.chance.uniform(0.55, 1.0) / 2 * (1 - abs(k - 0.5) * 0.9)
        start = max(0, int((middle - length) * (POINTS - 1)))
        end = min(POINTS - 1, int((middle + length) * (POINTS - 1)) + 1)
        line = lock.between(k)[start : end + 1]
        if len(line) < 3:
            continue
        width = lock.chance.uniform(2.0, 4.6)
        path = taper(resample(line, 16), 0.1, width, 0.1)
        display.fill(path, rgba(lock.palette["hair_hi"]), alpha * lock.chance.uniform(0.5, 1.0), 0.9)


def _draw_rims(display: DisplayList, lock: Lock) -> None:
    for name, k, width in (("rim", 0.998, 7.5), ("rim_a", 0.002, 7.0)):
        if alpha := lock.spec.get(name):
            display.fill(taper(lock.between(k)[2:-1], 1, width, 2.0), lock.palette["rim"], alpha, 1.3)


def _draw_flyaways(display: DisplayList, lock: Lock) -> None:
    colour = lock.tone(mix(lock.palette["hair_mid"], lock.palette["hair_light"], 0.4))
    for k, start, end, reach, width in lock.spec.get("fly", []):
        line = lock.between(k)[int(start * (POINTS - 1)) : int(end * (POINTS - 1)) + 2]
        if len(line) < 4:
            continue
        along = np.gradient(line, axis=0)
        across = unit(np.stack([-along[:, 1], along[:, 0]], axis=1), 1e-6)
        u = np.linspace(0, 1, len(line))[:, None]
        away = line + across * reach * (u**1.7) * np.cos(u * 2.2)
        display.fill(taper(away, width, width * 0.8, 0.15), colour, 0.9)


def _draw_lock(character: Character, display: DisplayList, spec: dict[str, Any]) -> None:
    lock = make_lock(character, spec)
    path = _outline(lock)
    _draw_body(display, lock, path)
    display.clip(path)
    _draw_strands(display, lock)
    if "hl" in spec:
        _draw_highlight(display, lock)
    _draw_rims(display, lock)
    display.pop()
    _draw_flyaways(display, lock)


def back_layer(character: Character) -> DisplayList:
    """The hair behind the neck."""
    display = DisplayList()
    draw_shapes(character, display, character["hair_back_shapes"], {})
    for spec in character["hair_back"]:
        _draw_lock(character, display, spec)
    return display


def front_layer(character: Character) -> DisplayList:
    """The hair that falls over the face."""
    display = DisplayList()
    draw_shapes(character, display, character["front_base"], {})
    for spec in character["hair_front"]:
        _draw_lock(character, display, spec)
    draw_shapes(character, display, character["front_shapes"], {})
    return display


def draw_shadow_on_face(character: Character, display: DisplayList) -> None:
    """What the front hair casts on the forehead."""
    for spec in character["hair_front"]:
        if spec["noshadow"]:
            continue
        a = resample(curve(spec["a"], 12), 24)
        b = resample(curve(spec["b"], 12), 24)
        moved = np.concatenate([a, b[::-1]]) + np.array(spec["sh_off"])
        display.fill(polygon(moved.tolist()), character.palette["skin_deep"], 0.40, 4.5)
