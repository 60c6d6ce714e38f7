"""Deterministic backend for tests and machines without a model: each word hums for a fifth of a second."""

import numpy as np

from visavis_tts.config import Config
from visavis_tts.engine import Clause, Cue, Speech, Viseme, Word
from visavis_tts.languages import require_english
from visavis_tts.tokens import tokens_of

RATE_HZ = 24_000
WORD = RATE_HZ // 5
LEAD = RATE_HZ * 50 // 1000
FADE = RATE_HZ * 5 // 1000


class FakeSpeaker:
    """Says every word that has a letter or a digit, whatever the script."""

    def __init__(self, engine: "FakeEngine", speed: float) -> None:
        self._engine = engine
        self._length = round(WORD / speed)

    def speak(self, clause: Clause) -> Speech | None:
        self._engine.spoken.append(clause.text)
        tokens = [t for t in tokens_of(clause.text) if any(c.isalnum() for c in t.text)]
        if not tokens:
            return None
        end = LEAD + self._length * len(tokens)
        pcm = np.zeros(end + RATE_HZ * clause.pause.value // 1000, dtype=np.int16)
        pcm[LEAD:end] = hum(end - LEAD)
        words = [
            Word(clause.text_start + t.start, clause.text_start + t.end, at, at + self._length)
            for t, at in zip(tokens, range(LEAD, end, self._length), strict=True)
        ]
        cues = [
            Cue(Viseme.SIL, 0, LEAD, 0.0),
            Cue(Viseme.AA, LEAD, end, 0.8),
            Cue(Viseme.SIL, end, len(pcm), 0.0),
        ]
        return Speech(pcm, words, cues)

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def hum(count: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """A 200 Hz tone without a click at its ends."""
    t = np.arange(count)
    edge = np.minimum(1.0, np.minimum(t, t[::-1]) / FADE)
    return np.asarray(9000 * np.sin(2 * np.pi * 200 * t / RATE_HZ) * edge, dtype=np.int16)


class FakeEngine:
    """One voice; remembers what it was asked to say."""

    name = "fake"
    sample_rate_hz = RATE_HZ
    voices = ("fake",)

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.is_closed = False

    def open(self, *, voice: str, language_code: str, speed: float) -> FakeSpeaker:
        require_english(language_code)
        return FakeSpeaker(self, speed)

    def close(self) -> None:
        self.is_closed = True


def build(config: Config) -> FakeEngine:
    return FakeEngine()
