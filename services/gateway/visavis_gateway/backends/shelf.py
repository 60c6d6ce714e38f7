"""Sealed memories, in this process and in files that outlive it.

The key is made from the call's token, which is kept nowhere: once a call is over, only its viewer has it. So
the files tell whoever reads the disk how many calls there were and when, and no word of what was said.
"""

import hashlib
import logging
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

log = logging.getLogger(__name__)

MAX_KEPT = 128
SUFFIX, UNFINISHED = ".memory", ".new"
UNFINISHED_S = 60.0
NONCE_BYTES = 12
VERSION = "visavis memory 1"


def digest(*parts: str) -> bytes:
    """32 bytes that stand for these texts, whatever a stranger sent as one of them."""
    return hashlib.sha256("\0".join((VERSION, *parts)).encode(errors="surrogatepass")).digest()


def seal(session_id: str, token: str, plain: bytes) -> bytes:
    """AES-256-GCM with a key from the token, whose 192 random bits make a hash key enough."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(digest("key", session_id, token)).encrypt(nonce, plain, None)


def unseal(session_id: str, token: str, sealed: bytes) -> bytes | None:
    """What was sealed; None with another token, or when it is damaged."""
    try:
        key = AESGCM(digest("key", session_id, token))
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        return None


class SealedShelf:
    """At most 128 memories, each until its time is over. Without a folder none outlives the process.

    A folder that can't be written is a warning: the memories in this process go on. A file's time of change
    lies in the future: it is the end of its time, for every gateway that shares the folder.
    """

    def __init__(
        self,
        folder: Path | None = None,
        now_s: Callable[[], float] = time.time,  # noqa: TID251 - outlives the process, and so its clocks
    ) -> None:
        self._folder = folder
        self._now_s = now_s
        self._held: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._is_told = False
        self.tidy()

    def put(self, session_id: str, token: str, plain: bytes, keep_s: float) -> None:
        """Keep it for `keep_s` in place of what the session had; the oldest goes when there are too many."""
        name = digest("name", session_id).hex()
        sealed, until_s = seal(session_id, token, plain), self._now_s() + keep_s
        is_new = name not in self._held
        self._held[name] = sealed, until_s
        self._held.move_to_end(name)
        self._on_disk(lambda folder: write(folder, name, sealed, until_s))
        if is_new:
            self.tidy()

    def get(self, session_id: str, token: str) -> bytes | None:
        """What was put there with this token, if its time is not over."""
        name = digest("name", session_id).hex()
        sealed, until_s = self._held.get(name) or self._read(name)
        return unseal(session_id, token, sealed) if until_s > self._now_s() else None

    def drop(self, session_id: str) -> None:
        """Remove it, if it is there."""
        name = digest("name", session_id).hex()
        self._held.pop(name, None)
        self._on_disk(lambda folder: (folder / f"{name}{SUFFIX}").unlink(missing_ok=True))

    def tidy(self) -> None:
        """Remove those whose time is over, and the oldest where there are too many."""
        now_s = self._now_s()
        for name in [name for name, (_, until_s) in self._held.items() if until_s <= now_s]:
            del self._held[name]
        while len(self._held) > MAX_KEPT:
            self._held.popitem(last=False)
        self._on_disk(lambda folder: tidy_folder(folder, now_s))

    def _read(self, name: str) -> tuple[bytes, float]:
        try:
            path = (self._folder or Path()) / f"{name}{SUFFIX}"
            return (path.read_bytes(), path.stat().st_mtime) if self._folder else (b"", 0)
        except OSError:
            return b"", 0

    def _on_disk(self, work: Callable[[Path], None]) -> None:
        if self._folder is None:
            return
        try:
            work(self._folder)
        except OSError as error:
            if not self._is_told:
                log.warning("memories of calls will not outlive this process: %s", error)
            self._is_told = True


def write(folder: Path, name: str, sealed: bytes, until_s: float) -> None:
    """The whole file or none, for this user's eyes only. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f"{name}{UNFINISHED}"
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(sealed)
        os.utime(unfinished, (until_s, until_s))
        unfinished.replace(folder / f"{name}{SUFFIX}")
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def tidy_folder(folder: Path, now_s: float) -> None:
    """Remove files whose time is over, what a killed process left half written, and all above 128."""
    for path in folder.glob(f"*{UNFINISHED}"):
        if mtime_s(path) <= now_s - UNFINISHED_S:
            path.unlink(missing_ok=True)
    kept = sorted(folder.glob(f"*{SUFFIX}"), key=mtime_s, reverse=True)
    for place, path in enumerate(kept):
        if place >= MAX_KEPT or mtime_s(path) <= now_s:
            path.unlink(missing_ok=True)


def mtime_s(path: Path) -> float:
    """When it was changed last; 0 for a file that has just gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0
