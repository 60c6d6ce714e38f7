"""What a persona refuses to talk about. Pure."""

import re
from dataclasses import dataclass

from visavis_brain.length import is_ended

MAX_REFUSALS = 16
MAX_TOPIC_CHARS = 200
MAX_WORDS = 32
MAX_WORD_CHARS = 64
MAX_REPLY_CHARS = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """A topic for the model to stay away from; words that give it away; what is said instead."""

    topic: str
    words: tuple[str, ...]
    reply: str


def rule(refusals: tuple[Refusal, ...]) -> str:
    """What the model is told; empty when nothing is refused."""
    topics = "; ".join(refusal.topic for refusal in refusals if refusal.topic)
    return f"Never talk about these topics, say kindly that you can't: {topics}." if topics else ""


class Guard:
    """Finds a refused topic in a text by its words. The same for what is heard and what is written."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        self._rules = [(_pattern(refusal.words), refusal) for refusal in refusals if refusal.words]

    def refused(self, text: str) -> Refusal | None:
        """The first refusal whose words occur in `text`."""
        return next((refusal for pattern, refusal in self._rules if pattern.search(text)), None)

    def first(self, text: str) -> tuple[re.Match[str], Refusal] | None:
        """Where the earliest of the words occurs in `text`."""
        found = [(match, refusal) for pattern, refusal in self._rules if (match := pattern.search(text))]
        return min(found, key=lambda each: each[0].start(), default=None)


class GuardedText:
    """A reply as it is written: passed on up to where a refused topic begins."""

    def __init__(self, guard: Guard, refusal: Refusal | None = None) -> None:
        self._guard = guard
        self._held = ""  # the last word, which may still grow into a harmless one
        self.said = ""
        self.refusal = refusal

    def feed(self, text: str, *, is_last: bool = False) -> str:
        """What may be said now; nothing any more once there is a refusal."""
        if self.refusal is not None:
            return ""
        text, self._held = self._held + text, ""
        whole = self.said + text
        ready = len(whole)
        if (found := self._guard.first(whole)) is not None:
            match, refusal = found
            ready = max(len(self.said), match.start())
            if match.end() < len(whole) or is_last:
                self.refusal = refusal
            else:
                self._held = whole[ready:]
        ready_text = whole[len(self.said) : ready]
        self.said += ready_text
        return ready_text

    def refuse(self) -> str:
        """The refusal, as it follows what was said: a sentence that was begun breaks off."""
        if self.refusal is None:
            return ""
        said = self.said.rstrip()
        between = "" if not said else " " if is_ended(said) else " \N{EM DASH} "
        return between.removeprefix(" " if said != self.said else "") + self.refusal.reply


def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_word(word) for word in words), re.IGNORECASE)


def _word(word: str) -> str:
    """A phrase with any spaces between its words, as a whole or with any ending."""
    stem = word.removesuffix("*").strip()
    middle = r"\s+".join(re.escape(part) for part in stem.split())
    return rf"\b{middle}" + ("" if word.endswith("*") else r"\b")
