# ruff: noqa: RUF001 (phonetic and typographic letters)
from itertools import pairwise

import numpy as np
import pytest
from visavis_tts.engine import Cue, Speech, Viseme, Word
from visavis_tts.timing import EARLY, FRAME, Loudness, joined, sounds_of, words_of
from visavis_tts.tokens import Token
from visavis_tts.units import Unit, phonemes_of, runs_of

SECOND = 24_000


def unit(text: str, phonemes: str, start: int = 0) -> Unit:
    return Unit((Token(start, start + len(text), text),), phonemes)


def timed(units: list[Unit], frames: list[int], quiet: tuple[int, int] = (0, 0)):
    """The sounds of a loud wave that is silent in the frames [quiet)."""
    durations = np.asarray(frames, np.int64) * FRAME
    length = int(durations.sum())
    wave = np.full(length, 0.1, np.float32)
    wave[quiet[0] * FRAME : quiet[1] * FRAME] = 0
    return sounds_of(phonemes_of(units), durations, wave, 0, length)


def test_sounds_fill_the_speech_and_stress_has_no_time_of_its_own():
    sounds = timed([unit("hey", "hˈA")], [4, 2, 3, 5, 4])
    assert [s.phoneme for s in sounds] == ["h", "A"]
    assert (sounds[0].start_sample, sounds[0].end_sample) == (0, 6 * FRAME - EARLY)
    assert sounds[1].end_sample == 18 * FRAME
    assert (sounds[0].stress, sounds[1].stress) == (0, 1)


def test_length_marks_belong_to_the_sound_before():
    sounds = timed([unit("car", "kɑː")], [4, 2, 3, 3, 4])
    assert [s.phoneme for s in sounds] == ["k", "ɑ"]


def test_a_pause_is_where_the_samples_are_silent():
    units = [unit("a", "ɑ,"), unit("b", "ɑ", 2)]
    frames = [4, 6, 2, 2, 6, 4]
    without = timed(units, frames)
    assert [s.phoneme for s in without] == ["ɑ", "ɑ"]
    with_pause = timed(units, frames, quiet=(7, 13))
    assert [s.phoneme for s in with_pause] == ["ɑ", "", "ɑ"]
    assert (with_pause[1].start_sample, with_pause[1].end_sample) == (7 * FRAME, 13 * FRAME)
    for sounds in (without, with_pause):
        assert all(a.end_sample == b.start_sample for a, b in pairwise(sounds))


def test_words_take_the_time_of_their_sounds_and_share_it_by_letters():
    units = [unit("a", "ɑ"), Unit((Token(2, 4, "bb"), Token(5, 11, "cccccc")), "ɑɑ")]
    words = words_of(units, timed(units, [4, 4, 2, 4, 4, 4]), text_start=10)
    assert [(w.text_start, w.text_end) for w in words] == [(10, 11), (12, 14), (15, 21)]
    assert all(a.end_sample <= b.start_sample for a, b in pairwise(words))
    second, third = (w.end_sample - w.start_sample for w in words[1:])
    assert third == pytest.approx(3 * second, abs=2)


def test_runs_are_bounded_and_lose_nothing():
    units = [unit("x", "ɑ" * n) for n in (5, 5, 9, 30, 2)]
    runs = runs_of(units, 12)
    assert [[len(u.phonemes) for u in run] for run in runs] == [[5, 5], [9], [12], [2]]
    assert runs_of([], 12) == []


def test_loudness_is_relative_to_a_stressed_vowel():
    loudness = Loudness(
        np.concatenate([np.full(10, 0.15), np.full(10, 0.015), np.zeros(10)]).astype(np.float32)
    )
    assert loudness(0, 10) == pytest.approx(1)
    assert 0.1 < loudness(10, 20) < 0.25
    assert loudness(20, 30) == 0


def test_joined_speech_counts_on():
    part = Speech(np.zeros(100, np.int16), [Word(0, 1, 10, 90)], [Cue(Viseme.SIL, 0, 100, 0.0)])
    whole = joined([part, part])
    assert whole is not None
    assert len(whole.pcm) == 200
    assert [w.start_sample for w in whole.words] == [10, 110]
    assert whole.visemes == [Cue(Viseme.SIL, 0, 200, 0.0)]
    assert joined([]) is None
