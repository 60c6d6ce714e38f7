"""Sound that says whose it is: every millisecond carries its speech and its place in it, at any volume.

A millisecond is 24 samples, a code of 23 bits in their signs: 8 bits of speech, 15 of the place. The last
sample is always negative, so that a fade to zero loses nothing.
"""

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]

MS_SAMPLES = 24
CODE_BITS = 23
PLACE_BITS = 15
LOUD = 8000
BITS = np.arange(CODE_BITS - 1, -1, -1)


def sound(speech: int, first_ms: int, count_ms: int) -> Pcm:
    """`count_ms` milliseconds of the speech, from `first_ms` on."""
    codes = (speech << PLACE_BITS) | np.arange(first_ms, first_ms + count_ms)
    ones = (codes[:, None] >> BITS) & 1
    pcm = np.full((count_ms, MS_SAMPLES), -LOUD, np.int16)
    pcm[:, :CODE_BITS][ones == 1] = LOUD
    return pcm.reshape(-1)


class Heard:
    """What a recording says: for each millisecond the speech (0 = silence), its place, how loud it was."""

    def __init__(self, pcm: Pcm) -> None:
        blocks = pcm.reshape(-1, MS_SAMPLES).astype(np.int32)
        self.loudness = np.abs(blocks).max(axis=1)
        codes = ((blocks[:, :CODE_BITS] > 0) << BITS).sum(axis=1)
        self.speech = np.where(self.loudness > 0, codes >> PLACE_BITS, 0)
        self.place = codes & ((1 << PLACE_BITS) - 1)

    def of(self, speech: int) -> NDArray[np.int64]:
        """Milliseconds of the recording in which this speech sounds."""
        return np.flatnonzero(self.speech == speech)
