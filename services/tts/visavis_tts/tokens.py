"""Which spoken words belong to which written ones. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# ruff: noqa: RUF001 (typographic quotes)

_TOKEN = re.compile(r"\S+")
# Layout, not speech: markdown marks, brackets that a phonemizer would read as markup, invisible characters.
_UNSPOKEN = re.compile(
    r"[*`|\[\]{}<>\\^~\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe0f\ufeff]|\b_+|_+\b"
)
_LONG_NUMBER = re.compile(r"\d{16,}")
# Longer than any word; what is left of a longer one is not spoken.
MAX_TOKEN = 48


@dataclass(frozen=True, slots=True)
class Token:
    """A written word: characters [start, end) of the clause."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Written tokens [first, last) are spoken as the words [spoken_first, spoken_last)."""

    first: int
    last: int
    spoken_first: int
    spoken_last: int


def tokens_of(text: str) -> list[Token]:
    """The runs of `text` between spaces."""
    return [Token(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text)]


def speakable(token: str) -> str:
    """What of a token is for the ear; numbers too long to be one are read digit by digit."""
    kept = _UNSPOKEN.sub("", token)[:MAX_TOKEN]
    return " ".join(_LONG_NUMBER.sub(lambda m: f" {' '.join(m.group())} ", kept).split())


def align(written: Sequence[str], spoken: Sequence[str]) -> list[Group]:
    """Groups that cover all of `spoken`, in order, as small as can be told.

    Equal words pair up; what stands between them belongs together. An item of `written` may be several
    words; an empty one has no sound and is in no group.
    """
    pieces = [(piece, i) for i, token in enumerate(written) for piece in token.split()]
    matcher = SequenceMatcher(None, [_key(p) for p, _ in pieces], [_key(s) for s in spoken], autojunk=False)
    groups: list[Group] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            for k in range(b - a):
                _append(groups, pieces[a + k][1], pieces[a + k][1] + 1, c + k, c + k + 1)
        elif b > a:
            _append(groups, pieces[a][1], pieces[b - 1][1] + 1, c, d)
        else:
            _extend(groups, d)
    return groups


def _append(groups: list[Group], first: int, last: int, spoken_first: int, spoken_last: int) -> None:
    """Add a group; one that shares a written token with the group before becomes part of it."""
    if groups and groups[-1].last > first:
        before = groups.pop()
        first, spoken_first = before.first, before.spoken_first
    elif groups:
        spoken_first = groups[-1].spoken_last
    else:
        spoken_first = 0
    groups.append(Group(first, last, spoken_first, spoken_last))


def _extend(groups: list[Group], spoken_last: int) -> None:
    """Words that the normaliser added belong to the token before; at the start, to the one after."""
    if groups:
        before = groups.pop()
        groups.append(Group(before.first, before.last, before.spoken_first, spoken_last))


def _key(word: str) -> str:
    return word.replace("’", "'").casefold()
