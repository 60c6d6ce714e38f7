"""Spoken words as a backend pronounces them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from visavis_tts.reading import Reading
from visavis_tts.tokens import Token
from visavis_tts.visemes import SEPARATORS


@dataclass(frozen=True, slots=True)
class Unit:
    """Written tokens that are spoken together, and their phonemes: a word, or "7:30 pm"."""

    tokens: tuple[Token, ...]
    phonemes: str


@dataclass(frozen=True, slots=True)
class Phoneme:
    """One character of the model's alphabet and the place of the unit it is in; -1 between units."""

    char: str
    unit: int


def phonemes_of(units: Sequence[Unit]) -> list[Phoneme]:
    """All phonemes in order, with a space between units."""
    found: list[Phoneme] = []
    for i, unit in enumerate(units):
        if i:
            found.append(Phoneme(" ", -1))
        found.extend(Phoneme(char, i) for char in unit.phonemes)
    return found


def runs_of(units: Sequence[Unit], max_phonemes: int) -> list[list[Unit]]:
    """Units in runs of at most `max_phonemes`; a unit longer than that is a run of its own, cut off."""
    runs: list[list[Unit]] = []
    length = max_phonemes
    for unit in units:
        if length + len(unit.phonemes) >= max_phonemes:
            runs.append([])
            length = 0
        runs[-1].append(Unit(unit.tokens, unit.phonemes[:max_phonemes]))
        length += len(unit.phonemes) + 1
    return runs


def units_of(tokens: Sequence[Token], readings: Sequence[Reading], phonemes: Sequence[str]) -> list[Unit]:
    """A unit for each reading that sounds.

    A silent token is written with the word before it (at the start, after it); its pause is kept.
    """
    found: list[tuple[Reading, str]] = []
    for reading, spoken in zip(readings, phonemes, strict=True):
        if any(c not in SEPARATORS for c in spoken):
            found.append((reading, spoken))
        elif found and spoken:
            found[-1] = (found[-1][0], f"{found[-1][1]} {spoken}")
    if not found:
        return []
    starts = [0, *(reading.first for reading, _ in found[1:]), len(tokens)]
    return [
        Unit(_with_neighbours(tokens, reading, first, last), spoken)
        for (reading, spoken), (first, last) in zip(found, pairwise(starts), strict=True)
    ]


def _with_neighbours(tokens: Sequence[Token], reading: Reading, first: int, last: int) -> tuple[Token, ...]:
    """The tokens of a reading, the outer ones grown over the silent tokens in [first, last)."""
    own = list(tokens[reading.first : reading.last])
    own[0] = Token(tokens[first].start, own[0].end, own[0].text)
    own[-1] = Token(own[-1].start, tokens[last - 1].end, own[-1].text)
    return tuple(own)
