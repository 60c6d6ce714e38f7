"""Durations of phonemes -> when each word and each sound is heard. Positions are samples."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visavis_tts.engine import Cue, Speech, Word
from visavis_tts.sound import Wave, silent_run
from visavis_tts.units import Phoneme, Unit
from visavis_tts.visemes import MODIFIERS, SEPARATORS, STRESS, Sound

# 25 ms at 24 kHz: the unit of the model's durations.
FRAME = 600
# The model's sound comes two frames before its durations say so. Measured: sibilants are where the
# durations put them when these are moved by -50 ms (Kokoro, its teacher, is late in the same way).
EARLY = 2 * FRAME
# Between words, a silence this long is a pause of the mouth too.
SHORTEST_PAUSE = FRAME * 5 // 2
# What a sound keeps of its time where a pause begins or ends; lips must be seen to close.
KEPT = FRAME
KEPT_LIPS = FRAME * 5 // 2
# RMS of a stressed vowel.
FULL_LOUDNESS = 0.15
LOUDNESS_RANGE_DB = 24


class Loudness:
    """0 to 1 for a stretch of samples: 1 is a stressed vowel, 0 is 24 dB under it."""

    def __init__(self, wave: Wave) -> None:
        self._energy = np.concatenate([[0.0], np.cumsum(np.square(wave, dtype=np.float64))])

    def __call__(self, start: int, end: int) -> float:
        energy = float(self._energy[end] - self._energy[start]) / max(1, end - start)
        level_db = 10 * np.log10(energy / FULL_LOUDNESS**2 + 1e-9)
        return float(np.clip(1 + level_db / LOUDNESS_RANGE_DB, 0, 1))


def sounds_of(
    phonemes: Sequence[Phoneme], durations: NDArray[np.int64], wave: Wave, start: int, end: int
) -> list[Sound]:
    """Sounds and pauses that fill [start, end), the part of `wave` that is heard.

    The first may begin a little earlier: the mouth is in place before it is heard.
    `durations`: samples of each phoneme, with one pad before and one after.
    """
    edges = np.clip(np.cumsum(durations) - EARLY, start, end)
    sounds = [
        Sound(phoneme, int(a), int(b), stress, unit)
        for phoneme, unit, stress, a, b in _timed(phonemes, edges)
    ]
    speech = _without_outer_pauses(sounds)
    if not speech:
        return [Sound("", start, end)]
    speech[0] = replace(speech[0], start_sample=min(start, speech[0].end_sample - _kept_length(speech[0])))
    speech[-1] = replace(speech[-1], end_sample=end)
    return _with_true_pauses(speech, wave)


def _timed(
    phonemes: Sequence[Phoneme], edges: NDArray[np.int64]
) -> Iterable[tuple[str, int, float, int, int]]:
    """Phonemes with their edges; stress marks give their time to the next one, length marks to the last."""
    held: list[tuple[str, int, float, int, int]] = []
    stress, begin = 0.0, None
    for phoneme, (a, b) in zip(phonemes, pairwise(edges.tolist()), strict=False):
        begin = a if begin is None else begin
        if phoneme.char in STRESS:
            stress = STRESS[phoneme.char]
            continue
        is_pause = phoneme.char in SEPARATORS or phoneme.char in MODIFIERS
        if held and (phoneme.char in MODIFIERS or (is_pause and not held[-1][0])):
            held[-1] = (*held[-1][:4], b)
        else:
            held.append(
                ("" if is_pause else phoneme.char, -1 if is_pause else phoneme.unit, stress, begin, b)
            )
        stress, begin = 0.0, None
    return held


def _without_outer_pauses(sounds: list[Sound]) -> list[Sound]:
    spoken = [i for i, sound in enumerate(sounds) if sound.phoneme]
    return sounds[spoken[0] : spoken[-1] + 1] if spoken else []


def _with_true_pauses(sounds: list[Sound], wave: Wave) -> list[Sound]:
    """Pauses where the samples are silent; elsewhere the two neighbours share their time."""
    result = [sounds[0]]
    pending: Sound | None = None
    for sound in sounds[1:]:
        if not sound.phoneme:
            pending = sound
            continue
        before = result.pop()
        if pending is not None:
            before, pauses, sound = _settle(before, pending, sound, wave)
            result += [before, *pauses, sound]
            pending = None
        else:
            result += [before, sound]
    return result


def _settle(before: Sound, pause: Sound, after: Sound, wave: Wave) -> tuple[Sound, list[Sound], Sound]:
    run = silent_run(wave, pause.start_sample, pause.end_sample, SHORTEST_PAUSE)
    if run is None:
        middle = (pause.start_sample + pause.end_sample) // 2
        return replace(before, end_sample=middle), [], replace(after, start_sample=middle)
    start = max(run[0], before.start_sample + _kept(before))
    end = max(start, min(run[1], after.end_sample - _kept(after)))
    return (
        replace(before, end_sample=start),
        [Sound("", start, end)],
        replace(after, start_sample=end, end_sample=max(end, after.end_sample)),
    )


def _kept(sound: Sound) -> int:
    return min(_kept_length(sound), sound.end_sample - sound.start_sample)


def _kept_length(sound: Sound) -> int:
    return KEPT_LIPS if sound.phoneme in "pbm" else KEPT


def words_of(units: Sequence[Unit], sounds: Sequence[Sound], text_start: int) -> list[Word]:
    """When each written token is heard; tokens spoken together share their time by their letters."""
    words: list[Word] = []
    at = 0
    for i, unit in enumerate(units):
        own = [s for s in sounds if s.unit == i]
        start, end = (own[0].start_sample, own[-1].end_sample) if own else (at, at)
        at = end
        edges = np.cumsum([0, *(len(t.text) for t in unit.tokens)])
        times = [start + (end - start) * int(e) // int(edges[-1]) for e in edges]
        words += [
            Word(text_start + t.start, text_start + t.end, a, b)
            for t, (a, b) in zip(unit.tokens, pairwise(times), strict=True)
        ]
    return words


def joined(parts: Sequence[Speech]) -> Speech | None:
    """One after the other; None when there is nothing."""
    if len(parts) < 2:
        return parts[0] if parts else None
    words: list[Word] = []
    cues: list[Cue] = []
    at = 0
    for part in parts:
        words += [
            replace(w, start_sample=w.start_sample + at, end_sample=w.end_sample + at) for w in part.words
        ]
        moved = [
            replace(c, start_sample=c.start_sample + at, end_sample=c.end_sample + at) for c in part.visemes
        ]
        if cues and cues[-1].viseme is moved[0].viseme:
            moved[0] = replace(moved[0], start_sample=cues.pop().start_sample)
        cues += moved
        at += len(part.pcm)
    return Speech(np.concatenate([part.pcm for part in parts]), words, cues)
