"""Which avatar is meant by a name, a directory, or `portrait`."""

from pathlib import Path

from visavis_render.avatar import AvatarDirectory, by_name, names, read_directory

from face.portrait import NAME as PORTRAIT
from face.portrait import portrait_in
from face.verdicts import DRAW_MS


def chosen(named: str) -> AvatarDirectory:
    """An avatar by name, or by the path of its directory."""
    return read_directory(Path(named)) if Path(named).is_dir() else by_name(named)


def people() -> list[str]:
    """All that ship and are people."""
    return [name for name in sorted(names(None)) if by_name(name).manifest.renderer in DRAW_MS]


def places_of(named: list[str], folder: Path) -> dict[str, str]:
    """What to ask `chosen` for, by name; a portrait is made in `folder`."""
    return {name: str(portrait_in(folder)) if name == PORTRAIT else name for name in named}
