"""Written clauses -> units of phonemes, word by word. What the languages have in common. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from visavis_tts.reading import Reading
from visavis_tts.tokens import Token, tokens_of
from visavis_tts.units import Phoneme, Unit, units_of
from visavis_tts.visemes import SHAPES, Shapes

# ruff: noqa: RUF001 (typographic marks)

# Written marks -> those of the model; any other mark is silent.
MARKS = {
    **{mark: mark for mark in ';:,.!?—…"()“”'},
    "«": "“", "»": "”", "„": "“", "–": "—", "।": ".", "॥": ".",
    "。": ".", "．": ".", "、": ",", "，": ",", "！": "!", "？": "?", "：": ":", "；": ";",
    "（": "(", "）": ")",
    "「": "“", "」": "”", "『": "“", "』": "”", "《": "“", "》": "”", "【": "“", "】": "”",
}  # fmt: skip
# A number with its fraction, a run of letters, a sign; anything else is layout.
# The vowel signs of Devanagari are no letters to `re`.
_LETTER = r"(?:[^\W\d_]|[\u0900-\u0963\u0970-\u097f])"
_PART = re.compile(rf"\d+(?:[.,]\d+)*|{_LETTER}+(?:['’]{_LETTER}*)*|[%€$£&@+=°]")
MAX_PARTS = 48
MAX_WORD = 48
LONGEST_NUMBER = 12


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language: `pronounce` turns the words of a clause into phonemes, one string each.

    `cardinal` says an integer, `digits` the ten digits; `point` stands between whole and fraction.
    """

    pronounce: Callable[[Sequence[str]], Sequence[str]]
    cardinal: Callable[[int], str]
    digits: Sequence[str]
    point: str
    decimal_mark: str = ","
    signs: Mapping[str, str] = field(default_factory=dict)
    shapes: Shapes = field(default_factory=lambda: SHAPES)
    tokens: Callable[[str], list[Token]] = tokens_of

    def words(self, token: str) -> list[str]:
        """What is said for a written token."""
        said = []
        for part in _PART.findall(token)[:MAX_PARTS]:
            if part[0].isdecimal():
                said += self._number(part).split()
            else:
                said += self.signs.get(part, part if part[0].isalpha() else "").split()
        return [word[:MAX_WORD] for word in said]

    def _number(self, written: str) -> str:
        """ "1.250,5" with a decimal comma is said as 1250 comma 5."""
        thousands = "." if self.decimal_mark == "," else ","
        if re.fullmatch(rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})+", written):
            written = written.replace(thousands, "")
        whole, *rest = re.split("[.,]", written)
        fraction = "".join(rest)
        said = self._spell(whole) if len(whole) > LONGEST_NUMBER else self.cardinal(int(whole))
        if whole.startswith("0") and len(whole) > 1:
            said = self._spell(whole)
        return f"{said} {self.point} {self._spell(fraction)}" if fraction else said

    def _spell(self, digits: str) -> str:
        return " ".join(self.digits[int(digit)] for digit in digits[:MAX_PARTS])


class Pronouncer:
    """Kokoro's input for a language; the same text always gives the same phonemes."""

    def __init__(self, language: Spoken, vocabulary: Mapping[str, int]) -> None:
        self._language = language
        self._vocabulary = vocabulary
        self.shapes = language.shapes

    def __call__(self, text: str) -> list[Unit]:
        """Units that cover every token of `text`; none when nothing of it can be spoken."""
        tokens = self._language.tokens(text)
        said = [self._language.words(token.text) for token in tokens]
        phonemes = iter(self._language.pronounce([word for words in said for word in words]))
        spoken = [
            " ".join(p for _ in words if (p := self._known(next(phonemes))))
            + self._known(marks_after(token.text))
            for token, words in zip(tokens, said, strict=True)
        ]
        readings = [Reading(i, i + 1, tuple(words)) for i, words in enumerate(said)]
        return units_of(tokens, readings, spoken)

    def ids(self, phonemes: Iterable[Phoneme]) -> list[int]:
        """The network's input: one pad, the phonemes, one pad."""
        return [0, *(self._vocabulary[p.char] for p in phonemes), 0]

    def _known(self, phonemes: str) -> str:
        """What the model has a letter for; its nasal vowels are two letters."""
        letters = (c if c in self._vocabulary else normalize("NFD", c) for c in phonemes)
        return "".join(c for letter in letters for c in letter if c in self._vocabulary)


def marks_after(token: str) -> str:
    """The punctuation that a token ends in, as the model knows it."""
    end = len(token)
    while end and not token[end - 1].isalnum():
        end -= 1
    return "".join(MARKS.get(c, "") for c in token[end:])
