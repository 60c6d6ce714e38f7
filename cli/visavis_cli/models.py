"""The weights under models/: which are there, which are missing, and how to get them."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visavis_cli.fetch import (
    PullError,
    Source,
    fetch,
    is_full,
    on_disk,
    read_local,
    sha256_of,
    sources_of,
)
from visavis_cli.manifest import Model, WeightFile
from visavis_cli.progress import Progress, megabytes
from visavis_cli.registry import Registry
from visavis_cli.spoken import fit_for_speech
from visavis_cli.web import SourceError, Web

State = Literal["present", "missing", "damaged"]
STAMPS = ".verified.json"
DOWNLOADS = ".downloads"
LOCK = ".lock"
SPARE_BYTES = 50_000_000


class Stamps:
    """Which files were verified, by size and change time, so that a second look costs nothing."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / STAMPS
        self._known: dict[str, list[object]] = {}
        with suppress(OSError, ValueError):
            self._known = dict(json.loads(self._path.read_text(encoding="utf-8")))

    def has(self, file: WeightFile, path: Path) -> bool:
        """The file is as it was when its bytes were right."""
        return self._known.get(file.path) == self._stamp(file, path)

    def put(self, file: WeightFile, path: Path) -> None:
        """Remember that the file's bytes are right; best effort."""
        self._known[file.path] = self._stamp(file, path)
        with suppress(OSError):
            self._path.write_text(json.dumps(self._known, indent=1), encoding="utf-8")

    def _stamp(self, file: WeightFile, path: Path) -> list[object]:
        stat = path.stat()
        return [file.sha256, stat.st_size, stat.st_mtime_ns]


@dataclass(frozen=True)
class Store:
    """A directory of weights, normally models/."""

    directory: Path

    def state(self, file: WeightFile, *, rehash: bool = False) -> State:
        """Whether a file is there and right. Hashes it when `rehash` or when it was never looked at."""
        path = self.directory / file.path
        if not path.is_file():
            return "missing"
        stamps = Stamps(self.directory)
        if not rehash and stamps.has(file, path):
            return "present"
        try:
            is_right = path.stat().st_size == file.size and sha256_of(path) == file.sha256
        except OSError:  # it can't be read
            return "damaged"
        if is_right:
            stamps.put(file, path)
        return "present" if is_right else "damaged"

    def lacking(self, models: list[Model]) -> list[WeightFile]:
        """The files that are missing or damaged."""
        return [file for model in models for file in model.file if self.state(file) != "present"]

    def pull(self, models: list[Model], mirrors: list[Path], progress: Progress) -> list[WeightFile]:
        """Get every file that is lacking; the files that were fetched. Raises PullError."""
        if not self.lacking(models):
            return []
        with on_disk(str(self.directory), self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            (self.directory / LOCK).touch()
        with self._locked(progress), Web(progress) as web:
            lacking = self.lacking(models)  # another pull may have ended meanwhile
            self._require_room(lacking)
            registry = Registry(web, self.directory / DOWNLOADS)
            for number, file in enumerate(lacking):
                self._get(file, mirrors, web, registry, progress)
                still_needed = {archive for later in lacking[number + 1 :] for archive in later.archives}
                for archive in file.archives.keys() - still_needed:
                    registry.forget(archive)
            shutil.rmtree(self.directory / DOWNLOADS, ignore_errors=True)
        return lacking

    def _get(
        self, file: WeightFile, mirrors: list[Path], web: Web, registry: Registry, progress: Progress
    ) -> None:
        progress.say(f"{file.path}  {megabytes(file.size)}")
        target = self.directory / file.path
        sources = sources_of(file, mirrors, web, registry)
        if file.made_from is not None:
            # Whoever has the original in models/ need not get it again.
            originals = sources_of(file.made_from, [*mirrors, self.directory], web, registry)
            sources.append(self._workshop(file.made_from, originals, progress))
        source = fetch(file, target, sources, progress)
        Stamps(self.directory).put(file, target)
        progress.say(f"  verified, from {source}")

    def _workshop(self, original: WeightFile, sources: list[Source], progress: Progress) -> Source:
        """Gets the original, and makes of it what is asked for."""
        bench = self.directory / DOWNLOADS
        source, made = bench / original.path, bench / f"{original.path}.made"

        def read(offset: int) -> Iterator[bytes]:
            if not source.is_file():
                progress.say(f"  out of {original.path}  {megabytes(original.size)}")
                fetch(original, source, sources, progress)
            try:
                with progress.task("fitting it for speech", original.size) as advance:
                    fit_for_speech(source, made, advance)
            except (OSError, ValueError, KeyError) as error:
                if isinstance(error, OSError) and is_full(error, bench):
                    raise
                raise SourceError(f"it can't be made: {error}") from None
            return read_local(made, offset)

        return Source(f"{original.path}, fitted here", read)

    def _require_room(self, lacking: list[WeightFile]) -> None:
        """Raise PullError when the disk can't hold what is missing."""
        begun = [self.directory / f"{file.path}.part" for file in lacking]
        needed = sum(file.size for file in lacking) - sum(p.stat().st_size for p in begun if p.exists())
        room = max((size for file in lacking for size in file.archives.values()), default=0)
        room += max((file.scratch_size for file in lacking), default=0)
        free = shutil.disk_usage(self.directory).free
        if free < needed + room + SPARE_BYTES:
            needs = megabytes(needed + room + SPARE_BYTES)
            raise PullError(f"not enough room in {self.directory}: {needs} needed, {megabytes(free)} free")

    @contextmanager
    def _locked(self, progress: Progress) -> Iterator[None]:
        """One pull at a time in this directory."""
        with (self.directory / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress.say("another pull is running: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
