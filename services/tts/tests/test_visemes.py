# ruff: noqa: RUF001 (phonetic and typographic letters)
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hibari import tts
from visavis.media.v1 import media_pb2
from visavis_tts.engine import Viseme
from visavis_tts.visemes import MODIFIERS, SEPARATORS, SHAPES, STRESS, Sound, cues_of

VOCABULARY = json.loads(Path(tts.ASSETS, "vocab.json").read_text("utf-8"))


def sounds(phonemes: str, length: int = 600) -> list[Sound]:
    """One sound of `length` for each character; "." is a pause."""
    return [Sound("" if p == "." else p, i * length, (i + 1) * length) for i, p in enumerate(phonemes)]


def shapes(phonemes: str) -> list[str]:
    return [cue.viseme.name for cue in cues_of(sounds(phonemes), lambda a, b: 0.5)]


def test_the_numbers_are_those_of_the_contract():
    for shape in Viseme:
        assert media_pb2.Viseme.Name(shape) == f"VISEME_{shape.name}"
    assert len(Viseme) == 15


@pytest.mark.parametrize("phoneme", VOCABULARY)
def test_every_phoneme_of_the_vocabulary_has_a_place(phoneme):
    places = [phoneme in SHAPES, phoneme in STRESS, phoneme in MODIFIERS, phoneme in SEPARATORS]
    assert places.count(True) == 1


@pytest.mark.parametrize(
    ("phonemes", "seen"),
    [
        ("pɑ", ["PP", "AA"]),
        ("fI", ["FF", "AA", "I"]),  # fie
        ("ʧ", ["CH"]),
        ("ʤY", ["CH", "O", "I"]),  # joy
        ("θɹW", ["TH", "RR", "AA", "U"]),
        ("sO", ["SS", "O", "U"]),
        ("ɡA", ["KK", "E", "I"]),
        ("hu", ["U"]),  # "h" takes the vowel's shape
        ("hI", ["AA", "I"]),
        ("h.", ["E", "SIL"]),
        (".pb.", ["SIL", "PP", "SIL"]),
        ("tdn", ["DD", "NN"]),
    ],
)
def test_phonemes_become_shapes(phonemes, seen):
    assert shapes(phonemes) == seen


def test_cues_touch_and_cover_the_time():
    cues = cues_of(sounds(".hɛlO.wɜɹld."), lambda a, b: 0.5)
    assert cues[0].start_sample == 0
    assert cues[-1].end_sample == 12 * 600
    assert all(a.end_sample == b.start_sample for a, b in pairwise(cues))
    assert all(a.viseme is not b.viseme for a, b in pairwise(cues))


def test_a_sound_without_length_has_no_cue():
    assert cues_of([Sound("p", 0, 0), Sound("ɑ", 0, 600)], lambda a, b: 1)[0].viseme is Viseme.AA


def test_intensity_follows_loudness_and_stress():
    def intensity(phoneme: str, loudness: float, stress: float) -> float:
        (cue,) = cues_of([Sound(phoneme, 0, 600, stress)], lambda a, b: loudness)
        return cue.intensity

    assert intensity("ɑ", 0, 0) == pytest.approx(0.55)
    assert intensity("ɑ", 1, 1) == pytest.approx(0.9)
    assert intensity("ɑ", 0.5, 0) < intensity("ɑ", 0.5, 1) < intensity("ɑ", 1, 1)
    assert 0 < intensity("s", 0, 0) < intensity("s", 1, 0) < 1
    assert intensity("", 1, 1) == 0
