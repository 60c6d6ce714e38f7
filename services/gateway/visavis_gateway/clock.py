"""The one clock of a session: t = 0 at its start, microseconds, monotonic."""

import time
from collections.abc import Callable


class SessionClock:
    """Media time. Everything that is heard or seen is placed on it."""

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic_ns = monotonic_ns
        self._start_ns = monotonic_ns()

    def now_us(self) -> int:
        """Microseconds since the session began."""
        return (self._monotonic_ns() - self._start_ns) // 1000
