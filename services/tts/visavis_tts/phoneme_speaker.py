"""A clause spoken by a network that tells how long each phoneme lasts: sound, words, mouth from one run."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visavis_tts.engine import Clause, Speech
from visavis_tts.sound import Wave, cut_out, limited, speech_bounds
from visavis_tts.timing import Loudness, joined, sounds_of, words_of
from visavis_tts.units import Phoneme, Unit, phonemes_of, runs_of
from visavis_tts.visemes import Shapes, Sound, cues_of

RATE_HZ = 24_000
CEILING = 0.8
LEAD_FIRST = RATE_HZ * 20 // 1000
LEAD = RATE_HZ * 30 // 1000
TAIL_LAST = RATE_HZ * 250 // 1000
FADE = RATE_HZ * 5 // 1000


class Network(Protocol):
    """Phoneme ids, a pad at each end, and a speed -> samples (float32, 24 kHz) and samples per id."""

    def __call__(self, ids: list[int], speed: float, /) -> tuple[Wave, NDArray[np.int64]]: ...

    def stop(self) -> None:
        """From any thread: the step in flight may end early, with no samples."""
        ...


class Pronounce(Protocol):
    """Text -> phonemes with the written words they come from; the same text always gives the same.

    `shapes`: the mouth for each phoneme of the language.
    """

    @property
    def shapes(self) -> Shapes: ...

    def __call__(self, text: str, /) -> list[Unit]:
        """Units that cover every token of `text`; none when nothing of it can be spoken."""
        ...

    def ids(self, phonemes: Iterable[Phoneme], /) -> list[int]:
        """The network's input: one pad, the phonemes, one pad."""
        ...


class PhonemeSpeaker:
    """One reply; the first clause begins 20 ms before its first sound, the others 30 ms."""

    def __init__(
        self, network: Network, pronounce: Pronounce, speed: float, *, gain: float, max_phonemes: int
    ) -> None:
        self._network = network
        self._pronounce = pronounce
        self._speed = speed
        self._gain = gain
        self._max_phonemes = max_phonemes
        self._has_spoken = False

    def speak(self, clause: Clause) -> Speech | None:
        runs = runs_of(self._pronounce(clause.text), self._max_phonemes)
        spoken = (self._speak_run(run, clause, is_end=run is runs[-1]) for run in runs)
        return joined([speech for speech in spoken if speech is not None])

    def _speak_run(self, units: list[Unit], clause: Clause, *, is_end: bool) -> Speech | None:
        phonemes = phonemes_of(units)
        wave, durations = self._network(self._pronounce.ids(phonemes), self._speed)
        start, end = speech_bounds(wave)
        if start == end:
            return None
        sounds = sounds_of(phonemes, durations, wave, start, end)
        lead = LEAD if self._has_spoken else LEAD_FIRST
        self._has_spoken = True
        tail = self._tail(clause) if is_end else LEAD
        wave, shift = cut_out(wave, start, end, lead=lead, tail=tail, fade=FADE)
        wave = limited(wave, self._gain, CEILING)
        timed = [sound.moved(shift) for sound in sounds]
        return Speech(
            np.asarray(np.round(wave * 32767), dtype=np.int16),
            words_of(units, timed, clause.text_start),
            cues_of(
                [Sound("", 0, timed[0].start_sample), *timed, Sound("", len(wave) - tail, len(wave))],
                Loudness(wave),
                self._pronounce.shapes,
            ),
        )

    def _tail(self, clause: Clause) -> int:
        """Samples after the last sound: with the next clause's lead they make its pause."""
        tail = round(clause.pause.value * RATE_HZ / 1000 / self._speed) - LEAD
        return max(tail, TAIL_LAST if clause.is_last else FADE)

    def stop(self) -> None:
        self._network.stop()

    def close(self) -> None:
        pass
