"""Deterministic backend for tests and demos: loud is speech, every quarter second of it is a word."""

from collections.abc import Callable

import numpy as np

from visavis_asr.config import Config
from visavis_asr.engine import WINDOW_SAMPLES, Heard, Samples, Word

LOUD = 0.05
WINDOWS_PER_WORD = 8
RELEASE_WINDOWS = 2
P_COMPLETE = 0.9


def loudness(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.square(samples).mean()))


class FakeVad:
    """Lets go of speech two windows late, as real ones do."""

    def __init__(self) -> None:
        self._windows_since_loud = RELEASE_WINDOWS

    def step(self, window: Samples) -> float:
        if loudness(window) > LOUD:
            self._windows_since_loud = 0
            return 0.95
        self._windows_since_loud += 1
        return 0.4 if self._windows_since_loud <= RELEASE_WINDOWS else 0.02


class FakeEngine:
    """Hears "word word word", and takes every pause for the end."""

    languages = ("en",)
    partial_interval_ms = 500

    def open_vad(self) -> FakeVad:
        return FakeVad()

    def transcribe(
        self,
        samples: Samples,
        language: str,
        should_stop: Callable[[], bool],
        draft: tuple[int, ...] = (),
    ) -> Heard | None:
        if should_stop():
            return None
        count = len(samples) // WINDOW_SAMPLES
        windows = samples[: count * WINDOW_SAMPLES].reshape(count, WINDOW_SAMPLES)
        loud = [i * WINDOW_SAMPLES for i, window in enumerate(windows) if loudness(window) > LOUD]
        ends = loud[WINDOWS_PER_WORD - 1 :: WINDOWS_PER_WORD]
        starts = loud[::WINDOWS_PER_WORD][: len(ends)]
        words = [Word("word", a, b + WINDOW_SAMPLES) for a, b in zip(starts, ends, strict=True)]
        return Heard(" ".join(word.text for word in words), tuple(words))

    def p_complete(self, samples: Samples) -> float:
        return P_COMPLETE

    def close(self) -> None:
        """Nothing is held."""


def build(config: Config) -> FakeEngine:
    """Needs no weights."""
    return FakeEngine()
