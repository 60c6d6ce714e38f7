"""Spelling -> sounds by a table: at each place of a word the first rule that fits. Pure."""

import re
from collections.abc import Sequence

# ruff: noqa: RUF001 (phonetic letters)

VOWELS = frozenset("aeiouɑɐɔəɛɪʊyøœɨʌAIOWY")
_STRESS = "ˈ"


def listed(words: str) -> list[str]:
    """The words between spaces."""
    return words.split()


class Rules:
    """Lines of `pattern > phonemes`; a pattern is a regular expression and may look around itself."""

    def __init__(self, table: str) -> None:
        lines = [line.partition(">") for line in table.strip().splitlines() if line.strip()]
        self._phonemes = [after.strip() for _, _, after in lines]
        self._any = re.compile("|".join(f"({before.strip()})" for before, _, _ in lines))

    def __call__(self, word: str) -> list[str]:
        """The sounds, one string for each rule that fitted; a letter that no rule knows is silent."""
        found: list[str] = []
        at = 0
        while at < len(word):
            match = self._any.match(word, at)
            if match is None or match.end() == at:
                at += 1
                continue
            assert match.lastindex is not None
            found.append(self._phonemes[match.lastindex - 1])
            at = match.end()
        return [piece for piece in found if piece]


def nuclei(pieces: Sequence[str]) -> list[int]:
    """The places of the pieces with a vowel."""
    return [i for i, piece in enumerate(pieces) if VOWELS & set(piece)]


def stressed(pieces: list[str], from_end: int) -> str:
    """All sounds, stress before the vowel of a syllable, 1 being the last; one that is there stays."""
    places = nuclei(pieces)
    if places and not any(_STRESS in piece for piece in pieces):
        place = places[max(0, len(places) - from_end)]
        piece = pieces[place]
        vowel = next(i for i, char in enumerate(piece) if char in VOWELS)
        pieces[place] = piece[:vowel] + _STRESS + piece[vowel:]
    return "".join(pieces)
