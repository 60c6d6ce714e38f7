# ruff: noqa: RUF001 (phonetic letters)
"""How hibari sounds and how true its times are, measured on its samples."""

from itertools import pairwise

import numpy as np
import pytest
from visavis_tts.backends.hibari_text import Pronouncer
from visavis_tts.clauses import ClauseCutter
from visavis_tts.engine import Clause, Pause, Speech, Viseme

pytestmark = pytest.mark.models
RATE = 24_000
REPLY = (
    "Sure! I can help you with that. Paris is the capital of France, and it has about two million people,"
    " so it is a big place. Let me think — we could go there on foot, or take the bus."
    " It is the best thing that you can do in a town as big as this one when the sun is out"
    " on a nice warm day in the early spring."
)


@pytest.fixture(scope="module")
def reply(hibari):
    """Clauses and what was spoken of them."""
    return speak(hibari, REPLY)


def speak(hibari, text: str, speed: float = 1.0, voice: str = ""):
    cutter = ClauseCutter()
    clauses = cutter.push(text) + cutter.finish()
    speaker = hibari.open(voice=voice, language_code="", speed=speed)
    return [(c, speaker.speak(c)) for c in clauses]


def samples(spoken) -> np.ndarray:
    return np.concatenate([s.pcm for _, s in spoken]).astype(np.float64) / 32768


def heard(pcm: np.ndarray, level: float = 0.003) -> np.ndarray:
    """Numbers of the 5 ms windows in which something can be heard."""
    return np.flatnonzero(
        np.sqrt(np.mean(pcm[: len(pcm) // 120 * 120].reshape(-1, 120) ** 2, axis=1)) > level
    )


@pytest.mark.parametrize(
    "text", ["Hello there.", "This is it.", "Five, please.", "Papa came.", "Who is it?", "Shh, now."]
)
def test_a_reply_begins_with_20_ms_of_silence(hibari, text):
    first = heard(samples(speak(hibari, text)))[0] * 5
    assert 5 <= first <= 50


def test_a_reply_ends_with_a_natural_tail(hibari):
    for text in ("Hello there.", "Hello there"):
        pcm = samples(speak(hibari, text))
        assert 200 <= len(pcm) / RATE * 1000 - heard(pcm)[-1] * 5 <= 400


def test_pauses_fit_the_punctuation(reply):
    windows, at = heard(samples(reply)), 0
    allowed = {Pause.NONE: (30, 90), Pause.COMMA: (90, 170), Pause.SENTENCE: (250, 330)}
    seen = set()
    for clause, speech in reply[:-1]:
        at += len(speech.pcm)
        gap = (windows[windows >= at // 120].min() - windows[windows < at // 120].max() - 1) * 5
        shortest, longest = allowed[clause.pause]
        assert shortest <= gap <= longest, clause
        seen.add(clause.pause)
    assert seen == set(Pause)


def test_there_is_no_click_at_the_joints(reply):
    pcm, at = samples(reply), 0
    steps = np.abs(np.diff(pcm))
    for _, speech in reply[:-1]:
        at += len(speech.pcm)
        assert steps[at - 480 : at + 480].max() < 0.02
    assert steps.max() > 0.1


def test_it_is_as_loud_as_a_voice_in_a_call(reply):
    pcm = samples(reply)
    windows = pcm[: len(pcm) // 120 * 120].reshape(-1, 120)
    active = windows[heard(pcm, 0.01)]
    level_db = 10 * np.log10(np.mean(active**2))
    assert -23 < level_db < -16
    assert np.mean(np.abs(pcm) > 0.95) < 1e-4


def test_no_hiss_is_harsh(hibari):
    """Unlimited, the z of this "has" jumps by more than full scale from one sample to the next."""
    pcm = samples(speak(hibari, "Well, and it has about two million people."))
    assert np.abs(np.diff(pcm)).max() < 0.8


def sharpness(pcm: np.ndarray) -> float:
    """Mean step over mean level: high for hiss, low for vowels."""
    return float(np.mean(np.abs(np.diff(pcm))) / (np.mean(np.abs(pcm)) + 1e-6))


def cues_of(spoken: list[tuple[object, Speech]], shapes: set[Viseme], shift: int) -> list[np.ndarray]:
    return [
        s.pcm[max(0, c.start_sample + shift) : c.end_sample + shift].astype(np.float64) / 32768
        for _, s in spoken
        for c in s.visemes
        if c.viseme in shapes and c.end_sample + shift - c.start_sample > 300
    ]


def test_hiss_sounds_where_its_cue_says(hibari):
    """The cue for s and z is sharpest where it stands, not 25 ms before or after."""
    spoken = speak(
        hibari, "Six sticky steps stop short of success. She sells sea shells. It costs less than this."
    )

    def contrast(shift: int) -> float:
        hiss = [sharpness(x) for x in cues_of(spoken, {Viseme.SS}, shift)]
        rest = [sharpness(x) for x in cues_of(spoken, {Viseme.AA, Viseme.E, Viseme.O}, shift)]
        return float(np.mean(hiss) - np.mean(rest))

    at = {ms: contrast(RATE * ms // 1000) for ms in (-50, -25, 0, 25, 50)}
    assert max(at, key=at.__getitem__) == 0


def test_vowels_are_louder_than_closed_lips(reply):
    def level(shapes: set[Viseme]) -> float:
        return float(np.mean([np.sqrt(np.mean(x**2)) for x in cues_of(reply, shapes, 0)]))

    assert level({Viseme.AA, Viseme.O}) > 1.5 * level({Viseme.PP})


def test_the_mouth_rests_in_pauses(hibari):
    speaker = hibari.open(voice="", language_code="", speed=1)
    speech = speaker.speak(Clause("I am sure of it, my friend, so let us go; it is late.", 0, Pause.SENTENCE))
    pauses = [c for c in speech.visemes[1:-1] if c.viseme is Viseme.SIL]
    assert len(pauses) >= 2
    for cue in pauses:
        assert np.abs(speech.pcm[cue.start_sample : cue.end_sample]).mean() < 100


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_changes_the_length_and_not_the_order(hibari, speed):
    own = len(samples(speak(hibari, REPLY)))
    changed = len(samples(speak(hibari, REPLY, speed)))
    assert changed / own == pytest.approx(1 / speed, rel=0.25)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It is 7:30 pm now.", ["It", "is", "7:30", "pm", "now."]),
        ("Pay $9.99 (nine) today!", ["Pay", "$9.99", "(nine)", "today!"]),
        ("Jan. 5 was 3.5 km off", ["Jan.", "5", "was", "3.5", "km", "off"]),
        ("you & me — ok", ["you", "&", "me —", "ok"]),
        ("— 你好 yes 🙂", ["— 你好 yes 🙂"]),
        ("9" * 50 + " x", ["9" * 50, "x"]),
    ],
)
def test_spoken_words_map_back_to_what_was_written(text, tokens):
    units = Pronouncer()(text)
    written = [t for unit in units for t in unit.tokens]
    assert [text[t.start : t.end] for t in written] == tokens
    assert all(unit.phonemes for unit in units)


def test_the_names_of_the_house_are_pronounced_right():
    units = Pronouncer()("Mira's visavis, Mira.")
    assert [u.phonemes for u in units] == ["mˈɪɹəz", "vˌizəvˈi,", "mˈɪɹə."]


def test_a_number_sounds_longer_than_it_is_written(hibari):
    ((_, speech),) = speak(hibari, "At 7:45 we go")
    lengths = {(w.text_start, w.text_end): w.end_sample - w.start_sample for w in speech.words}
    assert lengths[3, 7] > 2 * lengths[8, 10]
    assert all(a.end_sample <= b.start_sample for a, b in pairwise(speech.words))
