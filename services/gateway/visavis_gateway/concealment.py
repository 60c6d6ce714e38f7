"""Sound in place of sound that was lost: the last pitch period goes on, fades, and meets what comes. Pure."""

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
Floats = NDArray[np.float64]

RATE_HZ = 48_000
SHORTEST_LAG, LONGEST_LAG = RATE_HZ // 400, RATE_HZ // 66  # the pitch of voices
REMEMBERED = 3 * LONGEST_LAG
STEP = 4  # periods are looked for in every fourth sample: speech has little above 6 kHz
FADED_BY = RATE_HZ * 60 // 1000  # after 60 ms there is silence: longer would be a buzz
OVERLAP = RATE_HZ * 4 // 1000


class Concealer:
    """One microphone's sound at 48 kHz, with its holes filled."""

    def __init__(self) -> None:
        self._past: Floats = np.zeros(REMEMBERED)
        self._period: Floats = np.zeros(0)
        self._made = 0  # samples made up since the last that came

    def take(self, pcm: Pcm) -> Pcm:
        """Sound that came; its first 4 ms are blended with what was made up just before."""
        sound = pcm.astype(np.float64)
        if self._made:
            count = min(OVERLAP, len(sound))
            rise = np.linspace(0.0, 1.0, count)
            sound[:count] = rise * sound[:count] + (1 - rise) * self._go_on(count)
        self._made = 0
        self._past = np.concatenate([self._past, sound])[-REMEMBERED:]
        return _as_pcm(sound)

    def make(self, count: int) -> Pcm:
        """Sound that never came."""
        if not self._made:
            self._period = self._past[-_lag_of(self._past) :]
        return _as_pcm(self._go_on(count))

    def _go_on(self, count: int) -> Floats:
        at = self._made + np.arange(count)
        self._made += count
        fade = np.clip(1 - at / FADED_BY, 0.0, 1.0)
        return np.asarray(self._period[at % len(self._period)] * fade)


def _lag_of(past: Floats) -> int:
    """The period of the sound's end, in samples: where it is most like itself a little earlier."""
    now = past[-LONGEST_LAG::STEP]
    lags = np.arange(SHORTEST_LAG, LONGEST_LAG, STEP)
    earlier = np.stack([past[-LONGEST_LAG - lag : len(past) - lag : STEP] for lag in lags])
    likeness = earlier @ now / np.sqrt(1.0 + np.einsum("ij,ij->i", earlier, earlier))
    return int(lags[int(np.argmax(likeness))])


def _as_pcm(sound: Floats) -> Pcm:
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16)
