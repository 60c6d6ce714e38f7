# ruff: noqa: RUF001 (typographic marks)
"""What is said for what is written, and that each spoken word knows where it stands."""

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visavis_tts.reading import MAX_WORD, MAX_WORDS, read, said
from visavis_tts.reading.traced import Traced

TABLE = Path(__file__).with_name("data") / "readings.txt"
CASES = [tuple(line.rsplit(" | ", 1)) for line in TABLE.read_text("utf-8").splitlines() if " | " in line]


@pytest.mark.parametrize(("written", "spoken"), CASES)
def test_the_table(written, spoken):
    heard = said(written)
    assert heard == spoken
    assert not any(c.isdigit() for c in heard)


def test_the_table_is_long_enough():
    assert len(CASES) >= 150


def where(text: str) -> list[tuple[str, str]]:
    """Written tokens and what is said for them."""
    tokens, readings = read(text)
    return [(text[tokens[r.first].start : tokens[r.last - 1].end], " ".join(r.words)) for r in readings]


def test_each_spoken_word_stands_for_its_own_token():
    assert where("Pay $9.99 (nine) by 7:30 pm!") == [
        ("Pay", "Pay"),
        ("$9.99", "nine dollars and ninety-nine cents"),
        ("(nine)", "(nine)"),
        ("by", "by"),
        ("7:30 pm!", "seven thirty P.M.!"),
    ]


def test_a_link_leaves_its_words_where_they_are():
    assert where("see [the docs](https://x.org) now") == [
        ("see", "see"),
        ("[the", "the"),
        ("docs](https://x.org)", "docs"),
        ("now", "now"),
    ]


def test_what_is_silent_is_in_no_reading():
    assert where("👋 Hi ***") == [("Hi", "Hi")]
    assert where("👋") == []


def test_a_rewritten_text_knows_its_origin():
    text = Traced("a 12 b")
    text.sub(re.compile(r"\d+"), "one two")
    text.sub(re.compile("two b"), "three")
    assert text.words() == [("a", (0, 1)), ("one", (2, 4)), ("three", (2, 6))]


MARKS = "aeIT019 .,;:!?'\"()-—–…$€£%&@#*/+=<>[]{}^_|~°\n½²é你🙂\u0301\u200b"


@given(
    st.lists(st.text(MARKS, max_size=30) | st.sampled_from([c[0] for c in CASES]), max_size=4).map(" ".join)
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_readings_are_in_order_and_never_overlap(text):
    tokens, readings = read(text)
    assert all(0 <= r.first < r.last <= len(tokens) for r in readings)
    assert all(a.last <= b.first for a, b in pairwise(readings))
    assert all(0 < len(r.words) <= MAX_WORDS for r in readings)
    assert all(
        0 < len(w) <= MAX_WORD and not any(c.isdecimal() for c in w) for r in readings for w in r.words
    )


@pytest.mark.parametrize(
    "text",
    [
        "9",
        "1,",
        "$",
        "a.",
        "-",
        "[",
        "*",
        "1/",
        "a@",
        "http://",
        "1-",
        "<",
        " ",
        "1:1",
        "#",
        "1.1",
        "+1 ",
        "[a](",
    ],
)
def test_no_text_takes_long(text):
    begun = time.process_time()
    read(text * (4000 // len(text)))
    assert time.process_time() - begun < 1
