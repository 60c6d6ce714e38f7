"""An avatar is a directory: avatar.toml says who it is and who draws it, its other files are what is drawn.

Everything is checked where it is read; an error names the file and the field.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from rpckit.errors import InvalidInput, NotFound, require

from visavis_render.animator.lips import LipTuning
from visavis_render.engine import MAX_SIZE_PX, MIN_SIZE_PX, Traits

MANIFEST = "avatar.toml"
MAX_MANIFEST_BYTES = 64 << 10
MAX_ASSET_BYTES = 8 << 20
MAX_FILES = 400
MAX_TOTAL_BYTES = 64 << 20

M = TypeVar("M", bound=BaseModel)


class AvatarError(InvalidInput):
    """An avatar directory that can't be used; the message names its file and field."""


class Part(BaseModel):
    """A table of an avatar's files: frozen, nothing unknown, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Sizes(Part):
    """The pictures that it is made for, in pixels (they are square)."""

    min_px: int = Field(default=MIN_SIZE_PX, ge=MIN_SIZE_PX, le=MAX_SIZE_PX)
    max_px: int = Field(default=MAX_SIZE_PX, ge=MIN_SIZE_PX, le=MAX_SIZE_PX)

    @model_validator(mode="after")
    def _ordered(self) -> "Sizes":
        if self.min_px > self.max_px:
            raise ValueError("min_px must not be above max_px")
        return self


class Consent(Part):
    """Whose portrait an avatar was made from: who agreed, when that was recorded, and which file it was."""

    consent: str = Field(min_length=1, max_length=300)
    recorded_time: datetime
    file: str = Field(min_length=1, max_length=255)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(Part):
    """What avatar.toml says; the table named like the renderer is the renderer's own."""

    name: str = Field(min_length=1, max_length=40)
    renderer: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    licence: str = Field(min_length=1, max_length=100)
    author: str = Field(min_length=1, max_length=100)
    about: str = Field(default="", max_length=300)
    size: Sizes = Sizes()
    # A shipped profile, or a .toml file of the directory.
    behaviour: str = Field(default="warm", min_length=1, max_length=100)
    # One of the renderer's backgrounds; empty = the avatar's own.
    background: str = Field(default="", max_length=40)
    lips: LipTuning = LipTuning()
    portrait: Consent | None = None


@dataclass(frozen=True)
class AvatarDirectory:
    """One avatar on disk. name: how it is asked for. options: the renderer's own table of avatar.toml.

    background: the one to draw, when it is not the avatar's own.
    """

    name: str
    path: Path
    manifest: Manifest
    options: Mapping[str, Any] = field(default_factory=dict)
    background: str = ""

    def fail(self, file: str, what: str) -> NoReturn:
        """Raise AvatarError about one of its files."""
        raise AvatarError(f"avatar {self.name}: {file}: {what}")

    def options_as(self, kind: type[M]) -> M:
        """The renderer's own table, checked."""
        return checked(kind, self.options, self, MANIFEST, self.manifest.renderer)

    def asset(self, named: str, max_bytes: int = MAX_ASSET_BYTES) -> Path:
        """A file inside the directory."""
        inside = PurePosixPath(named)
        if inside.is_absolute() or ".." in inside.parts or not inside.parts:
            self.fail(named, "must be a file inside the avatar's directory")
        path = self.path / inside
        if not path.is_file():
            self.fail(named, "is missing")
        if path.stat().st_size > max_bytes:
            self.fail(named, f"is too large: {path.stat().st_size} bytes, at most {max_bytes}")
        return path

    def read_json(self, named: str, max_bytes: int = 1 << 20) -> dict[str, Any]:
        """A JSON object of the directory."""
        return read_json(self, self.asset(named, max_bytes), named)


def read_json(directory: AvatarDirectory, path: Path, named: str) -> dict[str, Any]:
    """The JSON object in `path`; errors speak of `named` in the directory."""

    def refused(constant: str) -> NoReturn:
        directory.fail(named, f"{constant} is no number")

    try:
        data = json.loads(path.read_text("utf-8"), parse_constant=refused)
    except UnicodeDecodeError:
        directory.fail(named, "is not UTF-8 text")
    except RecursionError:
        directory.fail(named, "is nested too deep")
    except json.JSONDecodeError as error:
        directory.fail(named, f"line {error.lineno}: {error.msg}")
    if not isinstance(data, dict):
        directory.fail(named, "must be an object")
    return data


def checked(
    kind: type[M], data: Mapping[str, Any], directory: AvatarDirectory, file: str, above: str = ""
) -> M:
    """`data` as a model; AvatarError names the first field that is wrong."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        directory.fail(file, _first_problem(error, above))


def _first_problem(error: ValidationError, above: str) -> str:
    """`field: what is wrong` of the first problem, and how many more there are."""
    problems = error.errors(include_url=False)
    where = ".".join(str(part) for part in (above, *problems[0]["loc"]) if part != "")
    what = problems[0]["msg"].removeprefix("Value error, ")
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{where}: {what}{more}" if where else f"{what}{more}"


def shipped() -> Path:
    """The avatars of this package."""
    return Path(str(files("visavis_render"))) / "avatars"


def names(own: Path | None) -> dict[str, Path]:
    """Every avatar by name: those of `own` directory win over those that ship."""
    found: dict[str, Path] = {}
    for folder in (shipped(), *([own] if own else [])):
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if (path / MANIFEST).is_file():
                found[path.name] = path
    return found


def find(name: str, own: Path | None) -> Path:
    """The directory of a name; NotFound with the names that exist."""
    found = names(own)
    if name not in found:
        raise NotFound(f"no avatar {name!r}; there are {', '.join(sorted(found))}")
    return found[name]


def read_directory(path: Path) -> AvatarDirectory:
    """Read and check avatar.toml, and that the directory is of a sane size."""
    name = path.resolve().name
    blank = AvatarDirectory(
        name, path, Manifest(name=name[:40] or "?", renderer="x", licence="x", author="x")
    )
    if not path.is_dir():
        raise AvatarError(f"avatar {name}: there is no such directory")
    data = _read_toml(blank)
    renderer = data.get("renderer", "")
    options = (
        data.pop(renderer, {}) if isinstance(renderer, str) and renderer not in Manifest.model_fields else {}
    )
    if not isinstance(options, dict):
        blank.fail(MANIFEST, f"{renderer}: must be a table")
    manifest = checked(Manifest, data, blank, MANIFEST)
    _require_sane(blank)
    return AvatarDirectory(name, path, manifest, options, manifest.background)


def by_name(name: str, own: Path | None = None) -> AvatarDirectory:
    """`find` and `read_directory`."""
    return read_directory(find(name, own))


def _read_toml(directory: AvatarDirectory) -> dict[str, Any]:
    try:
        return tomllib.loads(directory.asset(MANIFEST, MAX_MANIFEST_BYTES).read_text("utf-8"))
    except UnicodeDecodeError:
        directory.fail(MANIFEST, "is not UTF-8 text")
    except tomllib.TOMLDecodeError as error:
        directory.fail(MANIFEST, str(error))


def _require_sane(directory: AvatarDirectory) -> None:
    total = 0
    for count, path in enumerate(directory.path.rglob("*"), start=1):
        total += path.stat().st_size if path.is_file() else 0
        if count > MAX_FILES:
            directory.fail(".", f"more than {MAX_FILES} files")
        if total > MAX_TOTAL_BYTES:
            directory.fail(".", f"more than {MAX_TOTAL_BYTES >> 20} MB")


def size_range(directory: AvatarDirectory, traits: Traits) -> tuple[int, int]:
    """The least and the greatest picture that the avatar and its renderer can draw, in pixels."""
    size = directory.manifest.size
    low, high = max(traits.min_size_px, size.min_px), min(traits.max_size_px, size.max_px)
    if low > high:
        limits = f"{traits.min_size_px} to {traits.max_size_px}"
        directory.fail(MANIFEST, f"size: the renderer {directory.manifest.renderer} draws {limits} px")
    return low, high


def require_size(sizes_px: tuple[int, int], size_px: int) -> None:
    """Raise InvalidInput unless the avatar can be drawn at this size."""
    low, high = sizes_px
    require(low <= size_px <= high, f"format.width_px must be {low} to {high} for this avatar")
