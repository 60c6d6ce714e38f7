"""The mouth shapes of a session on its clock: what was, what is to come, and where it was cut."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from visavis_render.animator.curves import ease
from visavis_render.engine import Viseme

MAX_CUES = 2000
MAX_DURATION_US = 10_000_000
OVERLAP_US = 2_000  # rounding between clocks is no overlap
MEMORY_US = 1_000_000  # how long a cue that is over may still be seen
ARRIVAL_S = 0.08  # a cue that comes late grows in over this time instead of jumping
CLOSING_S = 0.12  # how fast the mouth closes at a cut
FORESEEN_US = 700_000  # how early the mouth may lean towards a cue
START = attrgetter("start_us")


@dataclass(frozen=True, slots=True)
class Cue:
    """One mouth shape. known_us: when it came; cut_us: when the reply was stopped."""

    viseme: Viseme
    start_us: int
    duration_us: int
    intensity: float
    known_us: int | None = None
    cut_us: int | None = None

    @property
    def end_us(self) -> int:
        return self.start_us + self.duration_us

    def gain(self, t_us: int) -> float:
        """How much of it may be seen at t: late cues grow in, cut ones fade out."""
        gain = 1.0
        if self.known_us is not None:
            gain = ease((t_us - self.known_us) / 1e6 / ARRIVAL_S)
        if self.cut_us is not None:
            gain *= 1.0 - ease((t_us - self.cut_us) / 1e6 / CLOSING_S)
        return gain


class Schedule:
    """Cues in order of start. Live cues never overlap; cut ones may lie under them until they have faded."""

    def __init__(self) -> None:
        self._live: list[Cue] = []
        self._cut: list[Cue] = []

    def __len__(self) -> int:
        return len(self._live)

    def add(self, cues: Sequence[Cue], now_us: int) -> int:
        """Append cues that begin after all others and are not over at `now_us`; returns how many were not.

        A cue that begins soon is marked with its arrival, so that it grows in.
        """
        dropped = 0
        for cue in cues:
            if cue.end_us <= now_us or self._overlaps(cue):
                dropped += 1
            else:
                self._live.append(replace(cue, known_us=now_us))
        self._forget(now_us)
        return dropped

    def _overlaps(self, cue: Cue) -> bool:
        return bool(self._live) and cue.start_us < self._live[-1].end_us - OVERLAP_US

    def restore(self, cues: Sequence[Cue]) -> int:
        """Like `add` at the beginning of a reopened session: nothing is late or over."""
        dropped = 0
        for cue in cues:
            if self._overlaps(cue):
                dropped += 1
            else:
                self._live.append(cue)
        return dropped

    def cut(self, pts_us: int, now_us: int) -> None:
        """Stop at pts (or now, when that is past): what begins later never sounds, the mouth closes."""
        at_us = max(pts_us, now_us)
        self._forget(now_us)
        begun = [cue for cue in self._live if cue.start_us < at_us + FORESEEN_US]
        self._cut += [replace(cue, cut_us=at_us) for cue in begun]
        self._cut.sort(key=START)
        self._live = []

    def _forget(self, now_us: int) -> None:
        horizon = now_us - MEMORY_US
        if self._live and self._live[0].end_us < horizon:
            self._live = [cue for cue in self._live if cue.end_us >= horizon]
        if self._cut:
            self._cut = [cue for cue in self._cut if (cue.cut_us or 0) >= horizon]

    def near(self, t_us: int, reach_us: int) -> list[Cue]:
        """Cues within reach of t, live and fading."""
        first = bisect_left(self._live, t_us - reach_us - MAX_DURATION_US, key=START)
        last = bisect_right(self._live, t_us + reach_us, key=START)
        cues = [cue for cue in self._live[first:last] if cue.end_us >= t_us - reach_us]
        fading = [
            cue for cue in self._cut if cue.start_us <= t_us + reach_us and cue.end_us >= t_us - reach_us
        ]
        return fading + cues

    def sounding(self, t_us: int) -> Viseme | None:
        """The cue at this very instant."""
        for cue in self.near(t_us, 0):
            if cue.start_us <= t_us < cue.end_us and (cue.cut_us is None or t_us < cue.cut_us):
                return cue.viseme
        return None
