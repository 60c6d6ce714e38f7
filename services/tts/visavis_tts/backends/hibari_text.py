"""Text -> phonemes with the written words they come from, by hibari's own normaliser and G2P."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from pathlib import Path

from hibari import tts
from hibari.g2p import G2P

from visavis_tts.reading import Reading, read
from visavis_tts.tokens import Token
from visavis_tts.units import Phoneme, Unit
from visavis_tts.visemes import SEPARATORS

# ruff: noqa: RUF001 (phonetic letters)

# What the G2P raises on text that it was not made for (numbers without end, lone marks).
G2P_ERRORS = (ValueError, IndexError, KeyError, TypeError, StopIteration)
# Names that the lexicon lacks and the guess gets wrong, in the model's alphabet.
NAMES = {"Mira": "mˈɪɹə", "visavis": "vˌizəvˈi", "Visavis": "vˌizəvˈi"}


class Pronouncer:
    """Keeps the lexicon; the same text always gives the same phonemes."""

    def __init__(self) -> None:
        self._g2p = G2P()
        self._g2p.lexicon.golds.d.update(NAMES)
        self._vocab: dict[str, int] = json.loads(Path(tts.ASSETS, "vocab.json").read_text("utf-8"))

    def __call__(self, text: str) -> list[Unit]:
        """Units that cover every token of `text`; none when nothing of it can be spoken."""
        tokens, readings = read(text)
        return _units(tokens, readings, self._spoken(readings))

    def ids(self, phonemes: Iterable[Phoneme]) -> list[int]:
        """The model's input: one pad, the phonemes, one pad."""
        return [0, *(self._vocab[p.char] for p in phonemes), 0]

    def _spoken(self, readings: Sequence[Reading]) -> list[str]:
        """The phonemes of each reading; they depend on the words around it."""
        lines = [" ".join(reading.words) for reading in readings]
        try:
            phonemes = iter(self._phonemes(" ".join(lines)))
            return [" ".join(p for p in islice(phonemes, len(r.words)) if p) for r in readings]
        except G2P_ERRORS:
            return [self._phonemes_alone(line) for line in lines]

    def _phonemes(self, line: str) -> list[str]:
        """Phonemes of each word between spaces of a normalised line."""
        words = [""]
        for token in self._g2p.phonemize_tokens(self._g2p.tokenize(line)):
            words[-1] += "".join(c for c in token.phonemes or "" if c in self._vocab)
            if token.whitespace:
                words.append("")
        return words

    def _phonemes_alone(self, line: str) -> str:
        try:
            return " ".join(p for p in self._phonemes(line) if p)
        except G2P_ERRORS:
            return ""


def _units(tokens: Sequence[Token], readings: Sequence[Reading], phonemes: Sequence[str]) -> list[Unit]:
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
