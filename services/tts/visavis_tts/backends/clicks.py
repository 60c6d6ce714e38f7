"""The test voice: a click each second, the mouth open for 80 ms from its first sample.

Whoever receives the media can find the clicks and the mouth (or the `clapper` avatar's flash) and so measure
how far they are apart.
"""

from itertools import chain, pairwise

import numpy as np

from visavis_tts.engine import Clause, Cue, Pcm, Speech, Viseme, Word
from visavis_tts.tokens import tokens_of

RATE_HZ = 24_000
CLICK_AT = RATE_HZ // 2
CLICK_LENGTH = RATE_HZ * 5 // 1000
MOUTH_LENGTH = RATE_HZ * 80 // 1000


def click() -> Pcm:
    """A 2 kHz burst of 5 ms that begins at full level and decays."""
    t = np.arange(CLICK_LENGTH)
    wave = np.cos(2 * np.pi * 2000 * t / RATE_HZ) * np.exp(-t / (CLICK_LENGTH / 3))
    return np.asarray(np.round(wave * 26_000), dtype=np.int16)


class ClicksSpeaker:
    """Each word is one second with its click in the middle, so click k is at k + 0.5 s in the reply."""

    def speak(self, clause: Clause) -> Speech | None:
        tokens = [t for t in tokens_of(clause.text) if any(c.isalnum() for c in t.text)]
        if not tokens:
            return None
        pcm = np.zeros(len(tokens) * RATE_HZ, dtype=np.int16)
        starts = [k * RATE_HZ + CLICK_AT for k in range(len(tokens))]
        for start in starts:
            pcm[start : start + CLICK_LENGTH] = click()
        words = [
            Word(clause.text_start + t.start, clause.text_start + t.end, start, start + MOUTH_LENGTH)
            for t, start in zip(tokens, starts, strict=True)
        ]
        edges = [0, *chain.from_iterable((s, s + MOUTH_LENGTH) for s in starts), len(pcm)]
        cues = [
            Cue(Viseme.AA, a, b, 1.0) if i % 2 else Cue(Viseme.SIL, a, b, 0.0)
            for i, (a, b) in enumerate(pairwise(edges))
        ]
        return Speech(pcm, words, cues)

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


class ClicksEngine:
    """Speaks any language at one pace: a click has neither."""

    name = "clicks"
    sample_rate_hz = RATE_HZ
    voices = ("clicks",)

    def open(self, *, voice: str, language_code: str, speed: float) -> ClicksSpeaker:
        return ClicksSpeaker()

    def close(self) -> None:
        pass
