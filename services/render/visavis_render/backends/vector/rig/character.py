"""A character: palette, shapes, hair, sizes, all in a 512 x 512 design space, and how they are drawn."""

from collections.abc import Iterator, Sequence
from typing import Any

from visavis_render.backends.vector.display import Colour, DisplayList, Gradient, Paint, rgba
from visavis_render.backends.vector.paths import (
    Path,
    Point,
    curve,
    ellipse,
    polygon,
    resample,
    smooth,
    taper,
)
from visavis_render.backends.vector.rig.schema import CharacterFile

MIDDLE = 256.0
SIDES = (-1, 1)  # viewer's left, viewer's right


class Character:
    """Read-only view of a checked character file; sections that it does not have are absent."""

    def __init__(self, file: CharacterFile) -> None:
        self._data: dict[str, Any] = file.model_dump(exclude_none=True)
        self.palette: dict[str, str] = file.palette

    def __getitem__(self, section: str) -> Any:
        return self._data[section]

    def __contains__(self, section: str) -> bool:
        return section in self._data

    def colour(self, name: str) -> Colour:
        """'@name' or '@name/alpha' of the palette, or a literal colour."""
        if not name.startswith("@"):
            return rgba(name)
        key, _, alpha = name[1:].partition("/")
        return rgba(self.palette[key], float(alpha) if alpha else 1.0)

    def faded(self, name: str, alpha: str) -> str:
        """A palette colour with two hex digits of alpha."""
        return self.palette[name] + alpha

    def paint(self, spec: str | dict[str, Any]) -> Paint:
        """A fill as character files write it."""
        if isinstance(spec, str):
            return self.colour(spec)
        stops = [(position, self.colour(colour)) for position, colour in spec["stops"]]
        if "lin" in spec:
            x0, y0, x1, y1 = spec["lin"]
            return Gradient("linear", (x0, y0, x1, y1), stops)
        cx, cy, rx, ry = spec["rad"]
        return Gradient("radial", (cx, cy, rx, ry), stops)


def symmetric(points: Sequence[Point]) -> Path:
    """A half contour, given as offsets from the middle line, and its mirror image."""
    right = [[MIDDLE + p[0], *p[1:]] for p in points]
    left = [[MIDDLE - p[0], *p[1:]] for p in points if p[0] != 0]
    return smooth(right + left[::-1])


def _shape_path(item: dict[str, Any], points: list[list[float]]) -> Path:
    if item.get("half"):
        return symmetric(item["p"])
    if "stroke" in item:
        return taper(resample(curve(points), 40), *item["stroke"])
    if "ell" in item:
        return ellipse(points[0][0], points[0][1], *item["ell"])
    return smooth(points) if item.get("smooth", 1) else polygon(points)


def _mirrored(paint: Paint) -> Paint:
    if not isinstance(paint, Gradient):
        return paint
    x0, y0, x1, y1 = paint.place
    other = 2 * MIDDLE - x1 if paint.kind == "linear" else x1
    return Gradient(paint.kind, (2 * MIDDLE - x0, y0, other, y1), paint.stops)


def _instances(item: dict[str, Any]) -> Iterator[tuple[list[list[float]], bool]]:
    yield item["p"], False
    if item.get("mirror"):
        yield [[2 * MIDDLE - p[0], *p[1:]] for p in item["p"]], True


def draw_shapes(
    character: Character, display: DisplayList, items: list[dict[str, Any]], named: dict[str, Path]
) -> None:
    """Draw generic shapes of a character file; named ones can clip later ones (`_r`: the mirror image)."""
    for item in items:
        for points, mirror in _instances(item):
            path = _shape_path(item, points)
            if "name" in item:
                named[item["name"] + ("_r" if mirror else "")] = path
            paint = character.paint(item["fill"])
            clip = item.get("clip", "")
            if mirror and f"{clip}_r" in named:
                clip += "_r"
            if clip:
                display.clip(named[clip])
            display.fill(
                path,
                _mirrored(paint) if mirror else paint,
                item.get("a", 1.0),
                item.get("blur", 0.0),
                mode=item.get("mode", "normal"),
            )
            if clip:
                display.pop()
