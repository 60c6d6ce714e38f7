"""Spoken words as a backend pronounces them."""

from collections.abc import Sequence
from dataclasses import dataclass

from visavis_tts.tokens import Token


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
