"""Phonemes with their durations -> mouth cues.

Shapes: the Oculus set, classes as in Meta's viseme reference
(https://developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference/).
Phonemes: misaki's alphabet (https://github.com/hexgrad/misaki/blob/main/EN_PHONES.md), in which a capital
is a diphthong, and the rest of the IPA that the model's vocabulary has.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from visavis_tts.engine import Cue, Viseme

# ruff: noqa: RUF001, RUF003 (phonetic letters)

STRESS = {"ˈ": 1.0, "ˌ": 0.5}
# Marks on the sound before them; the arrows are the tones of Mandarin.
MODIFIERS = frozenset("ːʰʲ̃ᵝ↓→↗↘")
SEPARATORS = frozenset(' ;:,.!?—…"()“”')

_SINGLE = {
    Viseme.PP: "pbm",
    Viseme.FF: "fvʋɸβ",
    Viseme.TH: "θð",
    Viseme.DD: "tdTɾɖʈɽ",
    Viseme.KK: "kɡqxɣχʔʁ",
    Viseme.CH: "ʧʤʃʒʂʨʥɕcɟꭧS",
    Viseme.SS: "szʦʣç",
    Viseme.NN: "nŋlɳɲɴʎ",
    Viseme.RR: "ɹrɻɚɜ",
    Viseme.AA: "aæɑɐʌ",
    Viseme.E: "eɛəᵊɘɤ",
    Viseme.I: "iɪjᵻɨʝ",
    Viseme.O: "oɔɒœø",
    Viseme.U: "uʊwɯɰɥy",
}
# Each half of the time is one shape: eɪ, aɪ, oʊ, aʊ, ɔɪ, and əʊ (British).
_DIPHTHONGS = {
    "A": (Viseme.E, Viseme.I),
    "I": (Viseme.AA, Viseme.I),
    "O": (Viseme.O, Viseme.U),
    "W": (Viseme.AA, Viseme.U),
    "Y": (Viseme.O, Viseme.I),
    "Q": (Viseme.E, Viseme.U),
}
# "h" is breath through the mouth that is already shaped for what follows.
_BREATH = "h"
Shapes = Mapping[str, tuple[Viseme, ...]]
SHAPES: Shapes = {
    **{phoneme: (shape,) for shape, phonemes in _SINGLE.items() for phoneme in phonemes},
    **_DIPHTHONGS,
    _BREATH: (Viseme.E,),
}
VOWEL_SHAPES = frozenset({Viseme.AA, Viseme.E, Viseme.I, Viseme.O, Viseme.U})


@dataclass(frozen=True, slots=True)
class Sound:
    """A phoneme, or a pause (phoneme ""), in samples [start_sample, end_sample).

    Stress is 0 to 1; `unit` is the place of the spoken word it belongs to, -1 for a pause.
    """

    phoneme: str
    start_sample: int
    end_sample: int
    stress: float = 0.0
    unit: int = -1

    def moved(self, shift: int) -> "Sound":
        """The same, later; nothing begins before sample 0."""
        start, end = self.start_sample + shift, self.end_sample + shift
        return replace(self, start_sample=max(0, start), end_sample=end)


def cues_of(
    sounds: Sequence[Sound], loudness: Callable[[int, int], float], shapes: Shapes = SHAPES
) -> list[Cue]:
    """One cue for each stretch of the same shape.

    `sounds` touch one another; `loudness` tells 0 to 1 for a stretch of samples.
    """
    merged: list[tuple[Viseme, int, int, float]] = []
    for shape, start, end, stress in _shapes(sounds, shapes):
        if merged and merged[-1][0] is shape:
            _, start, _, before = merged.pop()
            stress = max(stress, before)
        merged.append((shape, start, end, stress))
    return [
        Cue(shape, start, end, intensity_of(shape, loudness(start, end), stress))
        for shape, start, end, stress in merged
    ]


def _shapes(sounds: Sequence[Sound], table: Shapes) -> Iterable[tuple[Viseme, int, int, float]]:
    for sound, following in zip(sounds, [*sounds[1:], None], strict=True):
        seen = table[sound.phoneme] if sound.phoneme else (Viseme.SIL,)
        if sound.phoneme == _BREATH and following is not None and following.phoneme:
            seen = table[following.phoneme][:1]
        length = sound.end_sample - sound.start_sample
        edges = [sound.start_sample + length * i // len(seen) for i in range(len(seen) + 1)]
        for shape, (start, end) in zip(seen, pairwise(edges), strict=True):
            if end > start:
                yield shape, start, end, sound.stress


def intensity_of(shape: Viseme, loudness: float, stress: float) -> float:
    """Vowels .55 to .9, so that the jaw follows loudness and stress; consonants a little less; silence 0."""
    if shape is Viseme.SIL:
        return 0.0
    if shape in VOWEL_SHAPES:
        return 0.55 + 0.25 * loudness + 0.1 * stress
    return 0.45 + 0.3 * loudness
