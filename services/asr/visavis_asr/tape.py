"""The newest audio of a session, addressed by sample index."""

import numpy as np

from visavis_asr.engine import RATE_HZ, Pcm, Samples

# More than the longest stretch that is decoded at once, with its pre-roll and the pause after it.
KEEP_SAMPLES = 40 * RATE_HZ


class Tape:
    """Keeps at least the last 40 s (less at the start); the memory for it is taken once."""

    def __init__(self, start_sample: int) -> None:
        self._store = np.zeros(2 * KEEP_SAMPLES, np.int16)
        self._filled = 0
        self._first = start_sample

    @property
    def end(self) -> int:
        """Index of the sample that comes next."""
        return self._first + self._filled

    def append(self, pcm: Pcm) -> None:
        """Add the samples that follow."""
        if self._filled + len(pcm) > len(self._store):
            self._store[:KEEP_SAMPLES] = self._store[self._filled - KEEP_SAMPLES : self._filled].copy()
            self._first += self._filled - KEEP_SAMPLES
            self._filled = KEEP_SAMPLES
        self._store[self._filled : self._filled + len(pcm)] = pcm
        self._filled += len(pcm)

    def read(self, start: int, end: int) -> Samples:
        """A copy of samples [start, end), as far as they are still kept."""
        kept = self._store[max(start - self._first, 0) : max(end - self._first, 0)]
        return kept * np.float32(1 / 32768)
