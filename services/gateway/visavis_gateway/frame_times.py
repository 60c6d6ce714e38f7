"""Which frames of a session are asked for, and when. Pure: time is an argument."""

from collections.abc import Iterator


class FrameTimes:
    """A grid of instants that never shifts. At rest only every n-th of them is asked for."""

    def __init__(self, rate_hz: int, idle_rate_hz: int) -> None:
        self.frame_us = 1_000_000 // rate_hz
        self._every = max(1, round(rate_hz / idle_rate_hz))
        self._next_us = 0
        self._number = 0

    def start(self, first_us: int) -> None:
        """The first instant."""
        self._next_us, self._number = first_us, 0

    def due(self, now_us: int, *, resting: bool) -> Iterator[int]:
        """The instants up to one frame ahead that are to be asked for now.

        One that is left out at rest can still be had until its time has come: movement loses no frame.
        """
        while self._next_us <= now_us + self.frame_us:
            is_left_out = resting and self._number % self._every != 0
            if is_left_out and self._next_us > now_us:
                return
            if not is_left_out:
                yield self._next_us
            self._next_us += self.frame_us
            self._number += 1
