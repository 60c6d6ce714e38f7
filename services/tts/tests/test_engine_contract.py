"""What every voice must do, the real ones included."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from visavis_tts.backends.clicks import ClicksEngine
from visavis_tts.backends.fake import FakeEngine
from visavis_tts.clauses import ClauseCutter
from visavis_tts.engine import Engine, Speech, Viseme

RATE = 24_000
TEXTS = [
    "Hello there, how can I help you today?",
    "Sure! I can help you with that. Paris is the capital of France, and it has two million people.",
    "I paid $9.99 at 7:30 pm for 3.5 kg of tea — really! That's it… Dr. Smith said “no.” Bye",
    "On Jan. 5, 2024 (a Friday) about 1,250 people came, e.g. 50% of the U.S. team & me; it's well-known.",
    "👋 Hi 你好 there! The naïve café 🙂 is open 10-20.",
    "No",
]


@pytest.fixture(
    params=[
        "fake",
        "clicks",
        pytest.param("hibari", marks=pytest.mark.models),
        pytest.param("humming_kokoro", marks=pytest.mark.models),  # with its network: test_kokoro.py
    ],
)
def engine(request) -> Engine:
    if request.param in ("hibari", "humming_kokoro"):
        return request.getfixturevalue(request.param)
    return FakeEngine() if request.param == "fake" else ClicksEngine()


def speak(engine: Engine, text: str, speed: float = 1.0) -> list[Speech]:
    """Each clause of `text` that sounds."""
    cutter = ClauseCutter()
    clauses = cutter.push(text) + cutter.finish()
    speaker = engine.open(voice="", language_code="en-US", speed=speed)
    spoken = [speech for clause in clauses if (speech := speaker.speak(clause)) is not None]
    speaker.close()
    return spoken


def check(text: str, spoken: list[Speech]) -> None:
    """What callers rely on, clause by clause and over the reply."""
    for speech in spoken:
        length = len(speech.pcm)
        assert speech.pcm.dtype == np.int16
        assert length > 0
        assert speech.visemes[0].start_sample == 0
        assert speech.visemes[-1].end_sample == length
        assert all(a.end_sample == b.start_sample for a, b in pairwise(speech.visemes))
        assert all(a.viseme is not b.viseme for a, b in pairwise(speech.visemes))
        assert all(c.end_sample > c.start_sample and 0 <= c.intensity <= 1 for c in speech.visemes)
        assert speech.visemes[-1].viseme is Viseme.SIL
        assert all(0 <= w.start_sample <= w.end_sample <= length for w in speech.words)
        assert all(a.end_sample <= b.start_sample for a, b in pairwise(speech.words))
    words = [w for speech in spoken for w in speech.words]
    assert all(a.text_end <= b.text_start for a, b in pairwise(words))
    assert all(0 <= w.text_start < w.text_end <= len(text) for w in words)
    assert all(not text[w.text_start].isspace() and not text[w.text_end - 1].isspace() for w in words)


@pytest.mark.parametrize("text", TEXTS)
def test_words_cover_the_text_and_mouth_and_sound_fit(engine, text):
    spoken = speak(engine, text)
    check(text, spoken)
    covered = {i for speech in spoken for w in speech.words for i in range(w.text_start, w.text_end)}
    assert {i for i, c in enumerate(text) if c.isalnum()} <= covered


@pytest.mark.parametrize("text", TEXTS)
def test_the_same_text_sounds_the_same(engine, text):
    first, second = speak(engine, text), speak(engine, text)
    assert [s.pcm.tobytes() for s in first] == [s.pcm.tobytes() for s in second]


@pytest.mark.parametrize("text", ["", "🙂", "—", "...", "\u200b"])
def test_what_has_no_word_has_no_sound(engine, text):
    assert speak(engine, text) == []


def test_it_is_loud_and_not_clipped(engine):
    pcm = np.concatenate([s.pcm for s in speak(engine, TEXTS[1])]).astype(np.float64) / 32768
    assert 0.2 < np.abs(pcm).max() < 0.999
    assert pcm.max() - pcm.min() > 0.4


ODD = st.text(
    st.sampled_from("aeInTz019 .,;:!?'\"()-—…$€%&@#*/+=<>[]{}\n½²é你🙂\u0301\u200b")
    | st.characters(codec="utf-8")
)


@given(st.lists(ODD | st.sampled_from(TEXTS), max_size=3).map(" ".join))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_no_text_breaks_it(engine, text):
    check(text, speak(engine, text))


@pytest.mark.parametrize(
    "text",
    [
        "1" * 1000,
        "x" * 4000,
        "1,234,567.89 " * 20,
        "$" * 500 + "a",
        "https://" + "a.b/" * 300,
        "." + "9" * 60,
    ],
)
def test_long_strings_are_spoken_within_bounds(engine, text):
    check(text, speak(engine, text))
