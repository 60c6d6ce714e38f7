"""Gets one file from the first source that has it; whatever the source, the sha256 decides.

All sources hold the same bytes, so what one has begun another one can finish.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from visavis_cli.manifest import WeightFile
from visavis_cli.progress import Progress, megabytes
from visavis_cli.registry import Registry
from visavis_cli.web import SourceBroke, SourceError, Web

READ_BYTES = 1 << 20
FULL = (errno.ENOSPC, errno.EDQUOT)
HARDLY_BYTES = 1 << 20  # so little room is none
AGAIN = "Make room and run the same command again: it goes on where it stopped"
ATTEMPTS = 3  # at one source, as long as its connection breaks


class PullError(Exception):
    """A file can't be had; the message says what was tried or what to do."""


@dataclass(frozen=True)
class Source:
    """`read(offset)` yields the file's bytes from there on, or raises SourceError."""

    label: str
    read: Callable[[int], Iterator[bytes]]


def sources_of(file: WeightFile, mirrors: list[Path], web: Web, registry: Registry) -> list[Source]:
    """Where a file can be had, in the order in which to try."""
    found = [Source(str(mirror), partial(read_local, mirror / file.path)) for mirror in mirrors]
    for url in file.urls:
        host = urlsplit(url).hostname or url
        found.append(Source(host, partial(web.read, url, file.path)))
    if file.parts:
        label = f"registry ({file.parts[0].archive}{', ...' if len(file.parts) > 1 else ''})"
        found.append(Source(label, partial(registry.read, file.parts)))
    return found


def read_local(path: Path, offset: int) -> Iterator[bytes]:
    """The bytes of a local file from `offset` on."""
    try:
        with path.open("rb") as source:
            source.seek(offset)
            yield from iter(lambda: source.read(READ_BYTES), b"")
    except OSError as error:
        raise SourceError(f"{error.strerror}") from None


@contextmanager
def on_disk(what: str, folder: Path, needs: str = "room") -> Iterator[None]:
    """Around everything that writes `what` into `folder`, closing included: its errors as PullError."""
    try:
        yield
    except OSError as error:
        if is_full(error, folder):
            raise PullError(f"the disk is full: {what} needs {needs}. {AGAIN}") from None
        raise PullError(f"can't write {what}: {error.strerror or error}") from None


def is_full(error: OSError, folder: Path) -> bool:
    """The disk has no room left. NumPy does not say so: its error has no number."""
    if error.errno is None:
        return shutil.disk_usage(folder).free < HARDLY_BYTES
    return error.errno in FULL


def sha256_of(path: Path) -> str:
    """Hexadecimal digest of a file."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def fetch(file: WeightFile, target: Path, sources: list[Source], progress: Progress) -> str:
    """Put the verified file at `target`; the label of the source that gave its last bytes.

    What has been received survives a broken connection or Ctrl-C in `target`.part.
    Raises PullError with every source that was tried, or when the disk is full.
    """
    part = target.with_name(target.name + ".part")
    problems = []
    for source in sources:
        for _ in range(ATTEMPTS):
            try:
                with on_disk(file.path, part.parent, megabytes(file.size)):
                    receive(file, part, source)
                    part.replace(target)
                return source.label
            except SourceError as error:
                problems.append(f"{error}" if source.label in str(error) else f"{source.label}: {error}")
                progress.say(f"  {problems[-1]}")
                if not isinstance(error, SourceBroke):
                    break
    raise PullError(f"{file.path} can't be had. Tried:\n  " + "\n  ".join(problems or ["no source at all"]))


def append(file: WeightFile, source: Source, out: BinaryIO, digest: "hashlib._Hash") -> None:
    """Write what is missing; stops at the first byte too many."""
    for chunk in source.read(out.tell()):
        out.write(chunk)
        digest.update(chunk)
        if out.tell() > file.size:
            return
    out.flush()


def receive(file: WeightFile, part: Path, source: Source) -> None:
    """Complete `part` from `source` and check it; a wrong one is deleted. Raises SourceError and OSError."""
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("a+b") as out:
        out.seek(0)
        digest = hashlib.file_digest(out, "sha256")
        begun_at = out.seek(0, os.SEEK_END)
        if begun_at < file.size:
            append(file, source, out, digest)
        size = out.tell()
    if size < file.size:
        raise SourceBroke(f"it ended after {size} of {file.size} bytes")
    if size > file.size or digest.hexdigest() != file.sha256:
        part.unlink()
        # What was there before may have been at fault: then the same source gets another chance.
        raise (SourceBroke if begun_at else SourceError)("its bytes are not the pinned ones (sha256)")
