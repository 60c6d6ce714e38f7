"""The eyes: ball, lids, lashes, crease, drawn live."""

from dataclasses import dataclass
from typing import Any

from visavis_render.backends.vector.display import DisplayList, linear, mix, radial
from visavis_render.backends.vector.paths import ellipse, outline, stroke
from visavis_render.backends.vector.rig.character import MIDDLE, Character


@dataclass(frozen=True, slots=True)
class Look:
    """What an eye does: lid weights 0..1, gaze -1..1 (right, down), smile 0..1."""

    blink: float = 0.0
    squint: float = 0.0
    wide: float = 0.0
    gaze_x: float = 0.0
    gaze_down: float = 0.0
    smile: float = 0.0


class Eye:
    """Where the curves of one eye run for one look.

    The lid edge is a cubic from the inner corner (-w, inner) over (upper1, upper2) to (w, outer).
    """

    def __init__(self, character: Character, side: int, look: Look) -> None:
        spec: dict[str, Any] = character["eyes"]
        self.side = side
        self.spec = spec
        self.palette = character.palette
        self.look = look
        self.x = MIDDLE + side * spec["dx"]
        self.y: float = spec["y"]
        self.w: float = spec["w"]
        lift = -max(0.0, look.gaze_down) * 4.5 + max(0.0, -look.gaze_down)
        self.up = (spec["up"] * (1 + 0.16 * look.wide) + lift) * (1 - 0.14 * look.squint)
        self.lo = spec["lo"] * (1 - 0.42 * look.squint - 0.2 * max(0.0, look.smile - 0.3))
        self.blink = b = min(1.0, max(0.0, look.blink))
        self.closed = b + (1 - b) * spec["rest"]
        squash = 4 * b * (1 - b)  # half way the corners sink, so that the lid keeps its arch
        self.inner = self.y + 4.5 + 2.0 * b + 3.0 * squash
        self.outer = self.y + 1.0 - spec["tilt"] + 4.0 * b + 5.0 * squash
        self.open1, self.open2 = self.y - self.up * 1.2, self.y - self.up * 1.36
        self.shut1, self.shut2 = self.y + self.lo * 0.78 + 4.0, self.y + self.lo * 0.84 + 3.5
        self.upper1 = self.open1 + (self.shut1 - self.open1) * self.closed
        self.upper2 = self.open2 + (self.shut2 - self.open2) * self.closed
        # Both lids close: one that falls alone over a resting lower one looks sleepy half way.
        self.rise = rise = b * (1.5 - 0.5 * b)
        self.lower1 = self.y + self.lo * 1.3 + (self.shut1 - self.y - self.lo * 1.3) * rise
        self.lower2 = self.y + self.lo * 1.36 + (self.shut2 - self.y - self.lo * 1.36) * rise

    def at(self, u: float) -> float:
        """x of a place counted outwards from the middle of the eye."""
        return float(self.x + self.side * u)

    def on_lid(self, u: float) -> tuple[float, float]:
        """The point of the upper lid's edge above place u."""
        w = self.w
        k = (u + w) / (2 * w)
        a, b, c, d = (1 - k) ** 3, 3 * (1 - k) ** 2 * k, 3 * (1 - k) * k * k, k**3
        x = a * self.at(-w) + b * self.at(-w * 0.62) + c * self.at(w * 0.5) + d * self.at(w)
        return x, a * self.inner + b * self.upper1 + c * self.upper2 + d * self.outer


def draw_eye(character: Character, side: int, look: Look) -> DisplayList:
    """One eye; side -1 is the viewer's left."""
    display = DisplayList()
    eye = Eye(character, side, look)
    _draw_lid(display, eye)
    if eye.blink < 0.97:
        _draw_ball(display, eye)
        _draw_lower_lid(display, eye)
    _draw_lash_line(display, eye)
    _draw_lashes(display, eye)
    _draw_crease(display, eye)
    _draw_lines(display, eye)
    return display


def _draw_lid(display: DisplayList, eye: Eye) -> None:
    """Lid skin, which moves over the ball, shaded towards the lash."""
    w, at = eye.w, eye.at
    lid = outline(
        at(-w - 1),
        eye.inner - 1,
        (at(-w * 0.62), eye.open1 - 9, at(w * 0.5), eye.open2 - 9, at(w + 3), eye.outer - 1),
        (at(w * 0.5), eye.upper2, at(-w * 0.62), eye.upper1, at(-w - 1), eye.inner - 1),
    )
    skin = eye.palette["lid"]
    shaded = mix(skin, eye.palette["lid_dk"], 0.62 - 0.30 * eye.closed)
    top = eye.y - eye.up
    bottom = top + (eye.shut1 - top) * eye.closed * 0.8 + 3
    paint = linear(eye.x, top - 8, eye.x, bottom, (0, skin + "00"), (0.35, skin + "bb"), (1, shaded))
    display.fill(lid, paint, 0.9)


def _draw_ball(display: DisplayList, eye: Eye) -> None:
    """White, iris, and the lid's shadow on them."""
    w, at, palette = eye.w, eye.at, eye.palette
    opening = outline(
        at(-w),
        eye.inner,
        (at(-w * 0.62), eye.upper1, at(w * 0.5), eye.upper2, at(w), eye.outer),
        (at(w * 0.5), eye.lower2, at(-w * 0.55), eye.lower1, at(-w), eye.inner),
    )
    white, dark = palette["sclera"], palette["sclera_sh"]
    shading = linear(eye.x, eye.y - eye.up, eye.x, eye.y + eye.lo, (0, dark), (0.45, white), (1, white))
    display.fill(opening, shading)
    display.clip(opening)
    display.fill(ellipse(at(-w + 1.5), eye.inner, 3.6, 3.2), palette["caruncle"], 0.8, 0.8)
    r = eye.spec["iris"]
    x = eye.x + eye.look.gaze_x * 9.0 - eye.side * 0.6
    y = eye.y - 3.2 + eye.look.gaze_down * 6.5
    _draw_iris(display, palette, x, y, r * (1 - 0.06 * abs(eye.look.gaze_x)), r)
    shadow = outline(
        at(-w) - eye.side * 8,
        eye.inner - 30,
        (at(w + 8), eye.y - 40),
        (at(w + 8), eye.outer + 2),
        (at(w * 0.5), eye.upper2 + 8.5, at(-w * 0.62), eye.upper1 + 8.5, at(-w - 8), eye.inner + 2),
    )
    display.fill(shadow, palette["eye_shadow"], 0.42, 1.8)
    display.fill(ellipse(x - r * 0.36, y - r * 0.38, r * 0.30, r * 0.33), "#ffffff", 0.98)
    display.fill(ellipse(x + r * 0.42, y + r * 0.40, r * 0.13, r * 0.13), "#ffffff", 0.85)
    display.pop()


def _draw_iris(
    display: DisplayList, palette: dict[str, str], x: float, y: float, rx: float, r: float
) -> None:
    """Limbal ring, iris, its lower glow, pupil."""
    display.fill(ellipse(x, y, rx + 0.8, r + 0.8), palette["iris_rim"])
    body = linear(
        x, y - r, x, y + r, (0, palette["iris_dk"]), (0.45, palette["iris"]), (1, palette["iris_lt"])
    )
    display.fill(ellipse(x, y, rx - 1.0, r - 1.0), body)
    glow = palette["iris_glow"]
    light = radial(x, y + r * 0.55, rx * 0.78, r * 0.55, (0, glow + "ee"), (1, glow + "00"))
    display.fill(ellipse(x, y + r * 0.42, rx * 0.74, r * 0.5), light, 0.95)
    pupil = palette["pupil"]
    display.fill(ellipse(x, y, r * 0.47, r * 0.47), pupil)
    edge = radial(x, y, r * 0.62, r * 0.62, (0, pupil), (0.75, pupil + "cc"), (1, pupil + "00"))
    display.fill(ellipse(x, y, r * 0.62, r * 0.62), edge, 0.55)


def _draw_lower_lid(display: DisplayList, eye: Eye) -> None:
    """A thin waterline."""
    w, at, y, lo = eye.w, eye.at, eye.y, eye.lo
    inner = y + lo * 0.72 + 1.5 - 3.0 * eye.rise
    near, far = eye.lower1 - lo * 0.18 + 1, eye.lower2 - lo * 0.11 + 1
    path = outline(
        at(-w * 0.7),
        inner,
        (at(-w * 0.4), near, at(w * 0.5), far, at(w), eye.outer + 1),
        (at(w * 0.55), far + 1.3, at(-w * 0.4), near + 1.0, at(-w * 0.7), inner),
    )
    display.fill(path, eye.palette["lower_lash"], 0.55 * (1 - eye.blink))


def _draw_lash_line(display: DisplayList, eye: Eye) -> None:
    """One tapered shape with a wing at the outer corner."""
    w, at, b, outer = eye.w, eye.at, eye.blink, eye.outer
    t, wing = eye.spec["lash"], eye.spec["wing"]
    wing_y = outer - 3 - wing * 0.55 * (1 - b) + 2.5 * b
    path = outline(
        at(-w - 0.8),
        eye.inner + 0.6,
        (at(-w * 0.62), eye.upper1 - 0.2, at(w * 0.5), eye.upper2 - 0.2, at(w - 0.5), outer + 0.8),
        (
            at(w + wing * 0.5),
            outer + 0.2,
            at(w + wing * 0.8),
            (outer + wing_y) / 2 + 0.4,
            at(w + wing),
            wing_y,
        ),
        (
            at(w + wing * 0.45),
            outer - 3.4 + b * 1.5,
            at(w * 0.98),
            outer - 4,
            at(w * 0.9),
            outer - 5.2 + b * 2,
        ),
        (
            at(w * 0.42),
            eye.upper2 - t * 1.32 + b * t * 0.3,
            at(-w * 0.6),
            eye.upper1 - t * 1.05 + b * t * 0.3,
            at(-w - 0.8),
            eye.inner + 0.6,
        ),
    )
    lash = eye.palette["lash"]
    display.fill(path, linear(at(-w), eye.y, at(w), eye.y, (0, lash + "cc"), (0.3, lash), (1, lash)))


def _draw_lashes(display: DisplayList, eye: Eye) -> None:
    b, side = eye.blink, eye.side
    for u, dx, dy, length in eye.spec["lashes"]:
        x, y = eye.on_lid(u)
        drop = dy * (1 - b) - dy * 0.75 * b
        path = stroke(
            (x, y - (1 - b)),
            (x + side * dx * 0.55 * length, y + drop * 0.25 * length),
            (x + side * dx * length, y + drop * length),
            3.0,
            1.9,
            0.2,
        )
        display.fill(path, eye.palette["lash"])


def _draw_crease(display: DisplayList, eye: Eye) -> None:
    """The fold above the lid; it fades in a blink."""
    w, at, b = eye.w, eye.at, eye.blink
    crease = eye.spec["crease"]
    y1 = eye.open1 - crease + (eye.shut1 - eye.open1) * b * 0.3
    y2 = eye.open2 - crease - 1 + (eye.shut2 - eye.open2) * b * 0.3
    start = eye.inner - 8 + b * 2
    path = outline(
        at(-w * 0.92),
        start,
        (at(-w * 0.55), y1, at(w * 0.5), y2, at(w * 1.06), eye.outer - 5),
        (at(w * 0.5), y2 + 2.4, at(-w * 0.55), y1 + 1.8, at(-w * 0.92), start),
    )
    display.fill(path, eye.palette["skin_deep"], 0.75 - 0.5 * b, 0.4)


def _draw_lines(display: DisplayList, eye: Eye) -> None:
    """What age has drawn around the eye."""
    for u0, v0, u1, v1, u2, v2, width, strength in eye.spec["extra"]:
        start, bend, end = ((eye.at(u), eye.y + v) for u, v in ((u0, v0), (u1, v1), (u2, v2)))
        line = stroke(start, bend, end, 0.3, width, 0.3)
        display.fill(line, eye.palette["skin_deep"], strength, 0.6)
