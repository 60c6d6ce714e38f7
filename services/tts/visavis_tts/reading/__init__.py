"""Written text -> what is said for it, and which written words each spoken one stands for. Pure.

Numbers, dates, money, units, abbreviations, addresses and signs become words of English; layout and pictures
become nothing. The captions keep what was written: a reading always knows its tokens.
"""

from dataclasses import dataclass

from visavis_tts.reading import abbreviations, dates, marks, money, numbers, units
from visavis_tts.reading.traced import Traced
from visavis_tts.tokens import Token, tokens_of

# Longer than any word; what is left of a longer one is not spoken.
MAX_WORD = 48
# Words for one token; a longer number is cut off there.
MAX_WORDS = 48
RULES = [
    *numbers.CODES,
    *dates.RULES,
    *money.RULES,
    *units.RULES,
    *abbreviations.RULES,
    *numbers.RULES,
    *numbers.LAST,
    *abbreviations.LAST,
]


@dataclass(frozen=True, slots=True)
class Reading:
    """Written tokens [first, last) and the words that are said for them."""

    first: int
    last: int
    words: tuple[str, ...]


def read(text: str) -> tuple[list[Token], list[Reading]]:
    """The tokens of `text` and, in order, their readings; no token is in two, and what is silent in none."""
    traced = Traced(text)
    marks.apply(traced)
    traced.apply(RULES)
    tokens = tokens_of(text)
    readings: list[Reading] = []
    at = 0
    for word, (start, end) in traced.words():
        while tokens[at].end <= start:
            at += 1
        last = next(i for i in range(at, len(tokens)) if tokens[i].end >= end) + 1
        _append(readings, at, last, word[:MAX_WORD])
    return tokens, readings


def _append(readings: list[Reading], first: int, last: int, word: str) -> None:
    """Add a word; one that shares a token with the word before joins its reading."""
    words: tuple[str, ...] = (word,)
    if readings and readings[-1].last > first:
        before = readings.pop()
        first, words = before.first, (*before.words, word)[:MAX_WORDS]
    readings.append(Reading(first, max(first + 1, last), words))


def said(text: str) -> str:
    """All that is said for `text`."""
    return " ".join(word for reading in read(text)[1] for word in reading.words)
