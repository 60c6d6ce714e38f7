"""Display lists: what to fill with what, as the arrays that the rasteriser reads."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from visavis_render.backends.vector.coverage import Floats
from visavis_render.backends.vector.paths import Path
from visavis_render.backends.vector.raster import (
    CLIP,
    ERASE,
    FILL,
    MULTIPLY,
    NORMAL,
    OP_WIDTH,
    PAINT_LINEAR,
    PAINT_RADIAL,
    PAINT_SOLID,
    POP,
    SCREEN,
)

Rgba = tuple[float, float, float, float]
Colour = str | Rgba
Stops = list[tuple[float, Colour]]
Mode = Literal["normal", "multiply", "screen", "erase"]
MODES: dict[Mode, int] = {"normal": NORMAL, "multiply": MULTIPLY, "screen": SCREEN, "erase": ERASE}
PAINTS = {"solid": PAINT_SOLID, "linear": PAINT_LINEAR, "radial": PAINT_RADIAL}
MAX_STOPS = 5
MAX_CLIPS = 4


@dataclass(frozen=True, slots=True)
class Gradient:
    """`linear` from (x0, y0) to (x1, y1), or `radial` with centre (cx, cy) and radii (rx, ry)."""

    kind: Literal["linear", "radial"]
    place: tuple[float, float, float, float]
    stops: Stops


Paint = Colour | Gradient


@lru_cache(maxsize=1024)
def rgba(colour: Colour, alpha: float = 1.0) -> Rgba:
    """'#rrggbb', '#rrggbbaa' or (r, g, b, a) -> 0..255 colour with 0..1 alpha times `alpha`."""
    if not isinstance(colour, str):
        return (colour[0], colour[1], colour[2], colour[3] * alpha)
    digits = colour.removeprefix("#")
    values = [int(digits[i : i + 2], 16) for i in range(0, len(digits), 2)]
    own = values[3] / 255 if len(values) > 3 else 1.0
    return (values[0], values[1], values[2], own * alpha)


def mix(first: Colour, second: Colour, share: float) -> Rgba:
    """`share` of the second colour in the first."""
    a, b = rgba(first), rgba(second)
    red, green, blue, alpha = (a[i] + (b[i] - a[i]) * share for i in range(4))
    return (red, green, blue, alpha)


def linear(x0: float, y0: float, x1: float, y1: float, *stops: tuple[float, Colour]) -> Gradient:
    """A gradient along a line."""
    return Gradient("linear", (x0, y0, x1, y1), list(stops))


def radial(cx: float, cy: float, rx: float, ry: float, *stops: tuple[float, Colour]) -> Gradient:
    """A gradient out of an ellipse's centre; position 1 is its rim."""
    return Gradient("radial", (cx, cy, rx, ry), list(stops))


class DisplayList:
    """Fills and clips in painting order."""

    def __init__(self) -> None:
        self._segments: Path = []
        self._ops: list[list[float]] = []
        self._depth = 0

    def __len__(self) -> int:
        return len(self._ops)

    def _put(self, path: Path) -> tuple[int, int]:
        first = len(self._segments)
        self._segments.extend(path)
        return first, len(self._segments)

    def fill(
        self,
        path: Path,
        paint: Paint,
        alpha: float = 1.0,
        blur: float = 0.0,
        z: float = 0.0,
        mode: Mode = "normal",
    ) -> None:
        """Fill `path`; `blur` is a sigma in design pixels, `z` is added to the depth of the dome."""
        first, last = self._put(path)
        gradient = paint if isinstance(paint, Gradient) else Gradient("linear", (0, 0, 1, 1), [(0, paint)])
        kind = PAINTS[gradient.kind] if isinstance(paint, Gradient) else PAINT_SOLID
        if len(gradient.stops) > MAX_STOPS:
            raise ValueError(f"a gradient has at most {MAX_STOPS} stops")
        op = [FILL, first, last, blur, z, MODES[mode], alpha, kind, *gradient.place, len(gradient.stops)]
        for position, colour in gradient.stops:
            op.extend((position, *rgba(colour)))
        self._append(op)

    def clip(self, path: Path, blur: float = 0.0) -> None:
        """Keep what follows inside `path`, until `pop`."""
        self._depth += 1
        if self._depth > MAX_CLIPS:
            raise ValueError(f"clips nest at most {MAX_CLIPS} deep")
        first, last = self._put(path)
        self._append([CLIP, first, last, blur])

    def pop(self) -> None:
        """End the last clip."""
        self._depth -= 1
        self._append([POP])

    def _append(self, op: list[float]) -> None:
        self._ops.append(op + [0.0] * (OP_WIDTH - len(op)))

    def arrays(self) -> tuple[Floats, Floats]:
        """(segments [n, 9], ops [m, OP_WIDTH]) for `raster.draw`."""
        segments = np.array(self._segments, np.float64).reshape(-1, 9)
        return segments, np.array(self._ops, np.float64).reshape(-1, OP_WIDTH)
