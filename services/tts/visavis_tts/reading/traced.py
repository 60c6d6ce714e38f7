"""Text that knows where it was written. Pure."""

import re
from collections.abc import Callable

Span = tuple[int, int]
Said = Callable[[re.Match[str]], str | None] | str
Rule = tuple[re.Pattern[str], Said]


class Traced:
    """A text that is rewritten step by step; each character keeps the written span that it stands for."""

    def __init__(self, written: str) -> None:
        self.text = written
        self._spans: list[Span] = [(i, i + 1) for i in range(len(written))]

    def sub(self, pattern: re.Pattern[str], said: Said) -> None:
        """Replace what matches: the new characters stand for all of the match; None leaves it as it is."""
        text: list[str] = []
        spans: list[Span] = []
        at = 0
        for match in pattern.finditer(self.text):
            new = said if isinstance(said, str) else said(match)
            start, end = match.span()
            if new is None or start == end:
                continue
            text += [self.text[at:start], new]
            spans += self._spans[at:start]
            spans += [(self._spans[start][0], self._spans[end - 1][1])] * len(new)
            at = end
        self.text = "".join([*text, self.text[at:]])
        self._spans = spans + self._spans[at:]

    def keep(self, pattern: re.Pattern[str]) -> None:
        """Of what matches, keep only the first group, each character of it in its own place."""
        for match in reversed(list(pattern.finditer(self.text))):
            (start, end), (first, last) = match.span(), match.span(1)
            self.text = self.text[:start] + self.text[first:last] + self.text[end:]
            self._spans[start:end] = self._spans[first:last]

    def apply(self, rules: list[Rule]) -> None:
        """One rule after the other, each on what those before it have left."""
        for pattern, said in rules:
            self.sub(pattern, said)

    def words(self) -> list[tuple[str, Span]]:
        """The runs between spaces, each with the written characters that it stands for."""
        found = []
        for match in re.finditer(r"\S+", self.text):
            spans = self._spans[match.start() : match.end()]
            found.append((match.group(), (min(a for a, _ in spans), max(b for _, b in spans))))
        return found
