"""Documents -> passages, and what a look-up among them is. Pure but for reading a folder."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SUFFIXES = (".md", ".txt")
MAX_FILES = 2000
MAX_FILE_BYTES = 2_000_000
# A passage is read to the model before it answers: two of these cost it a tenth of a second or two.
PASSAGE_WORDS = 60
MAX_PASSAGES = 20_000

_HEADING = re.compile(r"#{1,6}\s+(.*)")
_SENTENCE = re.compile(r"(?<=[.!?。！？।])\s+")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document; `source` names file and heading: "menu.md, Opening hours"."""

    source: str
    text: str


class Library(Protocol):
    """The folders of all personas. Both calls block."""

    def refresh(self, folder: Path, should_stop: Callable[[], bool]) -> None:
        """Read what has changed in a folder, until told to stop. Raises KnowledgeError."""
        ...

    def search(self, folder: Path, text: str) -> tuple[Passage, ...]:
        """The passages that are nearest to `text`, best first; none where nothing is near."""
        ...


class KnowledgeError(Exception):
    """A folder that can't be used; the text says why and what to do."""


def documents_in(folder: Path) -> list[Path]:
    """The documents of a folder and the folders in it. Raises KnowledgeError."""
    if not folder.is_dir():
        raise KnowledgeError(f"there is no folder {folder}")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise KnowledgeError(f"{folder} holds no {' or '.join(SUFFIXES)} file")
    if len(found) > MAX_FILES:
        raise KnowledgeError(f"{folder} holds {len(found)} documents; at most {MAX_FILES} are read")
    return found


def read_document(folder: Path, path: Path) -> list[Passage]:
    """The passages of a document, which must be UTF-8. Raises KnowledgeError."""
    name = str(path.relative_to(folder))
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise KnowledgeError(f"{name} is larger than {MAX_FILE_BYTES // 10**6} MB")
        return list(passages_of(name, path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{name} can't be read as text: {error}") from None


def passages_of(name: str, text: str) -> Iterator[Passage]:
    """Whole sentences under one heading, PASSAGE_WORDS at most where a sentence is no longer than that."""
    for heading, block in _blocks(text):
        source = f"{name}, {heading}" if heading else name
        taken: list[str] = []
        for sentence in _sentences(block):
            words = sentence.split()
            if taken and len(taken) + len(words) > PASSAGE_WORDS:
                yield Passage(source, " ".join(taken))
                taken = []
            taken += words
        if taken:
            yield Passage(source, " ".join(taken))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(heading, what stands under it up to the next one or an empty line)."""
    heading, lines = "", list[str]()
    for line in [*text.splitlines(), ""]:
        match = _HEADING.match(line)
        if match or not line.strip():
            if lines:
                yield heading, " ".join(lines)
            lines = []
            heading = match[1].strip() if match else heading
        else:
            lines.append(line.strip())


def _sentences(block: str) -> Iterator[str]:
    """Sentences, cut where they are longer than a passage."""
    for sentence in _SENTENCE.split(block):
        words = sentence.split()
        for at in range(0, len(words), PASSAGE_WORDS):
            yield " ".join(words[at : at + PASSAGE_WORDS])
