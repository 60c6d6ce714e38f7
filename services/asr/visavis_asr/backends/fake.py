"""Deterministic backend for tests and demos: loud is speech, every quarter second of it is a word."""

from collections.abc import Callable

import numpy as np

from visavis_asr.config import Config
from visavis_asr.engine import WINDOW_SAMPLES, Samples

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

    def open_vad(self) -> FakeVad:
        return FakeVad()

    def transcribe(self, samples: Samples, should_stop: Callable[[], bool]) -> str | None:
        if should_stop():
            return None
        count = len(samples) // WINDOW_SAMPLES
        windows = samples[: count * WINDOW_SAMPLES].reshape(count, WINDOW_SAMPLES)
        loud = sum(loudness(window) > LOUD for window in windows)
        return " ".join(["word"] * (loud // WINDOWS_PER_WORD))

    def p_complete(self, samples: Samples) -> float:
        return P_COMPLETE

    def close(self) -> None:
        """Nothing is held."""


def build(config: Config) -> FakeEngine:
    """Needs no weights."""
    return FakeEngine()
