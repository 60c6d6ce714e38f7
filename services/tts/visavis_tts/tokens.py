"""Written words and their places. Pure."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Token:
    """A written word: characters [start, end) of the clause."""

    start: int
    end: int
    text: str


def tokens_of(text: str) -> list[Token]:
    """The runs of `text` between spaces."""
    return [Token(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text)]
