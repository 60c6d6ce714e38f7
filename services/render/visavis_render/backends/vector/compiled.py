"""The one door to numba: typed, cached on disk, without the GIL."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile at first call (seconds, then cached); the caller's threads run on while it works."""
    return cast(F, njit(cache=True, fastmath=True, nogil=True)(function))
