"""Text -> phonemes with the written words they come from, by hibari's own normaliser and G2P."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from hibari import tts
from hibari.g2p import G2P, normalize

from visavis_tts.tokens import Group, Token, align, speakable, tokens_of
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
        tokens = tokens_of(text)
        written = [speakable(token.text) for token in tokens]
        groups, phonemes = self._spoken(written)
        return _units(tokens, groups, phonemes)

    def ids(self, phonemes: Iterable[Phoneme]) -> list[int]:
        """The model's input: one pad, the phonemes, one pad."""
        return [0, *(self._vocab[p.char] for p in phonemes), 0]

    def _spoken(self, written: list[str]) -> tuple[list[Group], list[str]]:
        """How the written words group, and the phonemes of each spoken one."""
        try:
            line = normalize(" ".join(w for w in written if w))
            return align(written, line.split()), self._phonemes(line)
        except G2P_ERRORS:
            groups = [Group(i, i + 1, i, i + 1) for i in range(len(written))]
            return groups, [self._phonemes_alone(word) for word in written]

    def _phonemes(self, line: str) -> list[str]:
        """Phonemes of each word between spaces of a normalised line."""
        words = [""]
        for token in self._g2p.phonemize_tokens(self._g2p.tokenize(line)):
            words[-1] += "".join(c for c in token.phonemes or "" if c in self._vocab)
            if token.whitespace:
                words.append("")
        return words

    def _phonemes_alone(self, word: str) -> str:
        try:
            return " ".join(self._phonemes(normalize(word)))
        except G2P_ERRORS:
            return ""


def _units(tokens: Sequence[Token], groups: Sequence[Group], phonemes: Sequence[str]) -> list[Unit]:
    """A unit for each group that sounds.

    A silent token is written with the word before it (at the start, after it); its pause is kept.
    """
    found: list[tuple[Group, str]] = []
    for group in groups:
        said = " ".join(p for p in phonemes[group.spoken_first : group.spoken_last] if p)
        if any(c not in SEPARATORS for c in said):
            found.append((group, said))
        elif found and said:
            found[-1] = (found[-1][0], f"{found[-1][1]} {said}")
    if not found:
        return []
    starts = [0, *(group.first for group, _ in found[1:]), len(tokens)]
    return [
        Unit(_with_neighbours(tokens, group, first, last), said)
        for (group, said), (first, last) in zip(found, pairwise(starts), strict=True)
    ]


def _with_neighbours(tokens: Sequence[Token], group: Group, first: int, last: int) -> tuple[Token, ...]:
    """The tokens of a group, the outer ones grown over the silent tokens in [first, last)."""
    own = list(tokens[group.first : group.last])
    own[0] = Token(tokens[first].start, own[0].end, own[0].text)
    own[-1] = Token(own[-1].start, tokens[last - 1].end, own[-1].text)
    return tuple(own)
