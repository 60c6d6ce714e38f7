"""A character file: palette, shapes, hair, sizes, all in a 512 x 512 design space."""

from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any

from visavis_render.avatar import MANIFEST, AvatarDirectory, checked, read_json, shipped
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
from visavis_render.backends.vector.rig.schema import Background, CharacterFile

FILE = "character.json"
BACKGROUNDS = "backgrounds"
MAX_BASES = 4
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


def load_character(directory: AvatarDirectory, named: str = FILE) -> Character:
    """The character of a file in the directory; AvatarError names the field that is wrong."""
    data = _with_base(directory, named, directory.read_json(named))
    if directory.background:
        data["bg"] = _background(directory)
    return Character(checked(CharacterFile, data, directory, named))


def _background(directory: AvatarDirectory) -> dict[str, Any]:
    """The background that the directory names: its own file, or one that ships."""
    named = f"{BACKGROUNDS}/{directory.background}.json"
    own, shipped_one = directory.path / named, FilePath(__file__).parents[1] / named
    if not own.is_file() and not shipped_one.is_file():
        directory.fail(MANIFEST, f"background: there is no {directory.background!r}")
    data = directory.read_json(named) if own.is_file() else read_json(directory, shipped_one, named)
    return checked(Background, data, directory, named).model_dump(exclude_none=True)


def _with_base(directory: AvatarDirectory, named: str, data: dict[str, Any]) -> dict[str, Any]:
    """The file over the shipped character that it builds on; null takes a section away."""
    for _ in range(MAX_BASES):
        if "base" not in data:
            return {name: value for name, value in data.items() if value is not None}
        base = data.pop("base")
        path = shipped() / str(base) / FILE
        if not isinstance(base, str) or not base.isidentifier() or not path.is_file():
            directory.fail(named, f"base: there is no shipped character {base!r}")
        data = _over(data, read_json(directory, path, f"{base}/{FILE}"))
    directory.fail(named, "base: goes in a circle")


def _over(data: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """Sections of `data` over those of `base`, table by table."""
    joined = dict(base)
    for name, value in data.items():
        old = base.get(name)
        both = isinstance(value, dict) and isinstance(old, dict)
        joined[name] = {**old, **value} if both and old is not None else value
    return joined


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
