"""Text -> phonemes with the written words they come from, by hibari's own normaliser and G2P."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from hibari import tts
from hibari.g2p import G2P

from visavis_tts.reading import Reading, read
from visavis_tts.units import Phoneme, Unit, units_of
from visavis_tts.visemes import SHAPES

# ruff: noqa: RUF001 (phonetic letters)

# What the G2P raises on text that it was not made for (numbers without end, lone marks).
G2P_ERRORS = (ValueError, IndexError, KeyError, TypeError, StopIteration)
# Names that the lexicon lacks and the guess gets wrong, in the model's alphabet.
NAMES = {"Mira": "mˈɪɹə", "visavis": "vˌizəvˈi", "Visavis": "vˌizəvˈi"}


def vocabulary() -> dict[str, int]:
    """The alphabet that hibari and Kokoro share: phoneme -> id."""
    ids: dict[str, int] = json.loads(Path(tts.ASSETS, "vocab.json").read_text("utf-8"))
    return ids


class Pronouncer:
    """Keeps the lexicon; the same text always gives the same phonemes."""

    shapes = SHAPES

    def __init__(self, *, british: bool = False) -> None:
        self._g2p = G2P(british=british)
        self._g2p.lexicon.golds.d.update(NAMES)
        self._vocab = vocabulary()

    def __call__(self, text: str) -> list[Unit]:
        """Units that cover every token of `text`; none when nothing of it can be spoken."""
        tokens, readings = read(text)
        return units_of(tokens, readings, self._spoken(readings))

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
