"""Reads the files of a drawn avatar: its character, built on another one or not, and its background."""

from pathlib import Path
from typing import Any

from visavis_render.avatar import MANIFEST, AvatarDirectory, checked, read_json, shipped
from visavis_render.backends.vector.rig.schema import Background, CharacterFile

FILE = "character.json"
BACKGROUNDS = "backgrounds"
MAX_BASES = 4


def load_character(directory: AvatarDirectory, named: str = FILE) -> CharacterFile:
    """The character of a file in the directory; AvatarError names the field that is wrong."""
    data = complete(directory, named)
    if directory.background:
        data["bg"] = _background(directory)
    return checked(CharacterFile, data, directory, named)


def _background(directory: AvatarDirectory) -> dict[str, Any]:
    """The background that the directory names: its own file, or one that ships."""
    named = f"{BACKGROUNDS}/{directory.background}.json"
    own, shipped_one = directory.path / named, Path(__file__).parents[1] / named
    if not own.is_file() and not shipped_one.is_file():
        directory.fail(MANIFEST, f"background: there is no {directory.background!r}")
    data = directory.read_json(named) if own.is_file() else read_json(directory, shipped_one, named)
    return checked(Background, data, directory, named).model_dump(exclude_none=True)


def complete(directory: AvatarDirectory, named: str = FILE) -> dict[str, Any]:
    """The file over the shipped character that it builds on; null takes a section away."""
    data = directory.read_json(named)
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
