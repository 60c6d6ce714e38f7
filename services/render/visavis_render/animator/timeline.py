"""Settings over time: each change has an instant, and the face moves from one to the next."""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from visavis_render.animator.curves import ease

T = TypeVar("T")
MAX_CHANGES = 64
MEMORY_US = 20_000_000


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """A new value from an instant on."""

    at_us: int
    value: T


class Track(Generic[T]):
    """Changes in order of time; forgets what can't be seen any more."""

    def __init__(self, first: T | None = None) -> None:
        self._changes: list[Change[T]] = [] if first is None else [Change(-MEMORY_US, first)]

    def set(self, value: T, pts_us: int, now_us: int) -> None:
        """Change at pts, or now when that is past."""
        insort(self._changes, Change(max(pts_us, now_us), value), key=lambda change: change.at_us)
        while len(self._changes) > MAX_CHANGES or (
            len(self._changes) > 1 and self._changes[1].at_us < now_us - MEMORY_US
        ):
            self._changes.pop(0)

    def until(self, t_us: int) -> list[Change[T]]:
        """Changes that have happened at t, newest last."""
        return [change for change in self._changes if change.at_us <= t_us]

    def mixed(self, t_us: int, fade_s: float) -> Iterator[tuple[float, Change[T]]]:
        """(weight, change) of all values that still show at t, newest first; the weights sum to 1."""
        left = 1.0
        happened = self.until(t_us)
        for index in range(len(happened) - 1, -1, -1):
            change = happened[index]
            share = 1.0 if index == 0 else ease((t_us - change.at_us) / 1e6 / fade_s)
            if left * share > 0:
                yield left * share, change
            left *= 1 - share
            if left <= 0:
                return
