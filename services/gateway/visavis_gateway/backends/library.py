"""The folders of the personas as vectors in one SQLite file, by sqlite-vec (docs/adr/013)."""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import apsw
import sqlite_vec

from visavis_gateway.backends.minilm import SIZE, MiniLm
from visavis_gateway.knowledge import MAX_PASSAGES, KnowledgeError, Passage, documents_in, read_document

log = logging.getLogger(__name__)

MODEL_FOLDER = "all-minilm-l6-v2"
FILE = "knowledge-1.sqlite"  # the number is that of its layout
FOUND = 2
# Cosine under which a passage is about something else; small talk has nothing nearer than .2.
NEAR = 0.3

_LAYOUT = f"""
CREATE TABLE IF NOT EXISTS document (folder TEXT, name TEXT, hash TEXT, PRIMARY KEY (folder, name));
CREATE TABLE IF NOT EXISTS passage (id INTEGER PRIMARY KEY, folder TEXT, name TEXT, source TEXT, text TEXT);
CREATE INDEX IF NOT EXISTS passage_of ON passage (folder, name);
CREATE VIRTUAL TABLE IF NOT EXISTS vector USING vec0(
    id INTEGER PRIMARY KEY, folder TEXT PARTITION KEY, embedding FLOAT[{SIZE}] distance_metric=cosine
);
"""


class VectorLibrary:
    """Embeds a passage once and remembers it over restarts; calls may come from any thread, one at a time."""

    def __init__(self, models_dir: Path, store_dir: Path) -> None:
        self._models_dir = models_dir
        self._store_dir = store_dir
        self._lock = threading.RLock()

    @cached_property
    def _base(self) -> apsw.Connection:
        """Opened when the first persona has something to know."""
        return open_store(self._store_dir)

    @cached_property
    def _model(self) -> MiniLm:
        """Loaded likewise: 90 MB."""
        return MiniLm(self._models_dir / MODEL_FOLDER)

    def refresh(self, folder: Path, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Embed the documents that are new or changed, forget those that are gone. Raises KnowledgeError."""
        key = str(folder.resolve())
        paths = {str(path.relative_to(folder)): path for path in documents_in(folder)}
        with self._lock, told():
            known = dict(self._base.execute("SELECT name, hash FROM document WHERE folder = ?", (key,)))
        for name in known.keys() - paths.keys():
            self._write(key, name, "", [])
        for name, path in paths.items():
            if should_stop():
                return
            digest = digest_of(path, name)
            if known.get(name) != digest:
                passages = read_document(folder, path)
                self._write(key, name, digest, passages)
                log.info("knowledge: %s has %d passages", name, len(passages))

    def search(self, folder: Path, text: str) -> tuple[Passage, ...]:
        """At most FOUND passages, best first."""
        if not text.strip():
            return ()
        vector = self._model.embed(text).tobytes()
        with self._lock, told():
            rows = list(
                self._base.execute(
                    "SELECT passage.source, passage.text FROM vector JOIN passage USING (id)"
                    " WHERE vector.folder = ? AND embedding MATCH ? AND k = ? AND distance <= ?"
                    " ORDER BY distance",
                    (str(folder.resolve()), vector, FOUND, 1 - NEAR),
                )
            )
        return tuple(Passage(source, said) for source, said in rows)

    def _write(self, key: str, name: str, digest: str, passages: list[Passage]) -> None:
        """Take a document's place; an empty digest forgets it."""
        vectors = [self._model.embed(f"{p.source}: {p.text}").tobytes() for p in passages]
        with self._lock, told(), self._base:
            do: Callable[..., object] = self._base.execute
            do(
                "DELETE FROM vector WHERE id IN (SELECT id FROM passage WHERE folder = ? AND name = ?)",
                (key, name),
            )
            do("DELETE FROM passage WHERE folder = ? AND name = ?", (key, name))
            do("DELETE FROM document WHERE folder = ? AND name = ?", (key, name))
            if not digest:
                return
            (held,) = next(self._base.execute("SELECT count(*) FROM passage WHERE folder = ?", (key,)))
            if int(str(held)) + len(passages) > MAX_PASSAGES:
                raise KnowledgeError(f"{name}: more than {MAX_PASSAGES} passages in the folder")
            for passage, vector in zip(passages, vectors, strict=True):
                row = (key, name, passage.source, passage.text)
                do("INSERT INTO passage (folder, name, source, text) VALUES (?, ?, ?, ?)", row)
                number = self._base.last_insert_rowid()
                do("INSERT INTO vector (id, folder, embedding) VALUES (?, ?, ?)", (number, key, vector))
            do("INSERT INTO document VALUES (?, ?, ?)", (key, name, digest))


def digest_of(path: Path, name: str) -> str:
    """What tells one version of a document from another. Raises KnowledgeError."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise KnowledgeError(f"{name} can't be read: {error.strerror}") from None


@contextmanager
def told() -> Iterator[None]:
    """SQLite's errors (disk full, file damaged) as ours."""
    try:
        yield
    except apsw.Error as error:
        # A full disk makes SQLite roll back by itself, and the roll-back after it fails.
        if isinstance(error.__context__, apsw.FullError) or isinstance(error, apsw.FullError):
            why = "the disk is full: make room, or set GATEWAY_KNOWLEDGE_DIR to a folder on another disk"
        else:
            why = f"the store of vectors failed: {error}"
        raise KnowledgeError(why) from None


def open_store(folder: Path) -> apsw.Connection:
    """The file in `folder`, or a store in memory where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        base = _connected(str(folder / FILE))
    except (OSError, apsw.Error) as error:
        log.warning("knowledge: %s can't be kept (%s): it is read anew at every start", folder, error)
        base = _connected(":memory:")
    return base


def _connected(name: str) -> apsw.Connection:
    base = apsw.Connection(name)
    base.set_busy_timeout(5000)
    base.enable_load_extension(True)
    base.load_extension(sqlite_vec.loadable_path())
    base.enable_load_extension(False)
    for statement in _LAYOUT.split(";\n"):
        base.execute(statement)
    return base
