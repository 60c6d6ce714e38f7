"""The one door to numba: typed, cached on disk, without the GIL."""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)
PACKAGE = Path(__file__).parents[2]


@cache
def kernels_digest() -> str:
    """Of every file of this package that has kernels."""
    texts = (path.read_bytes() for path in sorted(PACKAGE.rglob("*.py")))
    return hashlib.sha256(b"".join(text for text in texts if b"@kernel" in text)).hexdigest()


class KeptCode(FunctionCache):
    """numba's own cache, save that what it can't read or write costs the time to compile, not the start.

    And save that code is out of date once any kernel has changed: numba looks at a kernel's own file alone,
    and would go on with what it has compiled into it of another one.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        stamp = self._impl.locator.get_source_stamp(), kernels_digest()
        self._cache_file = IndexDataCacheFile(self._cache_path, self._impl.filename_base, stamp)  # type: ignore[no-untyped-call]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is kept for a signature; None where that is nothing, or damaged: then it is made anew."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - pickle raises whatever the bytes say
            log.warning("%s is damaged (%s): compiling it again", self.cache_path, error)
            with suppress(OSError):
                self.flush()  # type: ignore[no-untyped-call]
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it, if there is room."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except OSError as error:
            _tell_once(f"compiled code can't be kept in {self.cache_path} ({error.strerror})")


@cache
def _tell_once(what: str) -> None:
    log.warning(
        "%s: every start takes longer until there is room, or RENDER_CACHE_DIR names another place", what
    )


def _cache_of(function: Callable[..., Any]) -> Any:
    try:
        return KeptCode(function)
    except RuntimeError:  # numba's word for: nowhere can anything be written
        _tell_once("compiled code can't be kept")
        return NullCache()


def kernel(function: F) -> F:
    """Compile at first call (seconds, then cached); the caller's threads run on while it works."""
    dispatcher: Any = njit(fastmath=True, nogil=True)(function)
    dispatcher._cache = _cache_of(function)  # what `cache=True` does, with a cache of ours
    return cast(F, dispatcher)
