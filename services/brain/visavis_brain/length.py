"""Keeps a spoken reply short by ending it at a sentence. Pure."""

import re

from visavis_brain.spoken import SpokenText

SENTENCE_MARKS = ".!?\u2026\u3002\uff01\uff1f\u061f\u0964"
CLAUSE_MARKS = ",;:\u2013\u2014\u3001\uff0c\u060c-"
CLOSERS = "\"'\u201d\u2019)\u300d\u00bb"
# A full stop after one of these ends no sentence.
ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "dr", "prof", "vs", "e.g", "i.e"})
SENTENCE_END = re.compile(f"[{SENTENCE_MARKS}]+[{CLOSERS}]*(?=\\s)|[\u3002\uff01\uff1f]+[{CLOSERS}]*")
LAST_WORD = re.compile(rf"[\s{CLAUSE_MARKS}]*[^\s{CLAUSE_MARKS}]*[\s{CLAUSE_MARKS}]*\Z")
# From NEAR of the limit on, the next sentence end is the last; a sentence may run on to OVERRUN of it.
NEAR = 0.5
OVERRUN = 1.5
CHARS_PER_TOKEN = 8


def sentence_end(text: str) -> int:
    """Index after the first sentence in `text` that is followed by a space, or -1."""
    for found in SENTENCE_END.finditer(text):
        word = re.search(r"[\w.]*\Z", text[: found.start()])
        before = word[0].lower() if word else ""
        is_initial = len(before) == 1 and before.isalpha() and before != "i"
        if found[0] != "." or not (is_initial or before in ABBREVIATIONS):
            return found.end()
    return -1


def is_ended(text: str) -> bool:
    """The text ends where a sentence does."""
    return text.rstrip().rstrip(CLOSERS)[-1:] in tuple(SENTENCE_MARKS)


class SpokenReply:
    """One reply: cleaned, and kept to about `token_limit` tokens."""

    def __init__(self, name: str, token_limit: int) -> None:
        self._text = SpokenText(name)
        self._limit = token_limit
        self.token_count = 0
        self._sentence = ""  # spoken, but not known to belong to a sentence that has ended
        self._held = ""  # past the limit: the last word, which may have to be dropped
        self.was_cut = False

    @property
    def ended(self) -> bool:
        """Nothing more will be spoken: the model may stop."""
        return self.was_cut or self._text.ended

    def feed(self, piece: str) -> str:
        """What to speak now. A piece counts as one token, a long one as several."""
        if self.ended:
            return ""
        self.token_count += max(1, len(piece) // CHARS_PER_TOKEN)
        text, self._held = self._held + self._text.feed(piece), ""
        text = self._until_sentence_end(text) if self.token_count >= self._limit * NEAR else text
        self._remember(text)
        return text

    def finish(self, is_complete: bool = True) -> str:
        """The rest, closed with a full stop where one is missing, unless the model failed in mid-reply."""
        if self.was_cut:
            return ""
        rest, self._held = self._held + self._text.finish(), ""
        whole = self._sentence + rest
        if not is_complete or not whole.strip() or is_ended(whole):
            return rest
        stem = rest.rstrip(CLAUSE_MARKS + " ")
        is_after_a_pause = not stem and self._sentence[-1:] in tuple(CLAUSE_MARKS)
        return "" if is_after_a_pause else stem + "."  # a comma that was spoken can't be taken back

    def _until_sentence_end(self, text: str) -> str:
        """`text`, or the part of it that belongs to the last sentence."""
        before = len(self._sentence)
        end = sentence_end(self._sentence + text)
        if end > 0:
            self.was_cut = True
            return (self._sentence + text)[before : max(before, end)]
        if self.token_count < self._limit:
            return text
        last_word = LAST_WORD.search(text)
        cut = last_word.start() if last_word else len(text)
        if self.token_count >= self._limit * OVERRUN:
            self.was_cut = True
            return text[:cut] + "." if (self._sentence + text[:cut]).strip() else ""
        text, self._held = text[:cut], text[cut:]
        return text

    def _remember(self, text: str) -> None:
        self._sentence += text
        while (end := sentence_end(self._sentence)) > 0:
            self._sentence = self._sentence[end:]
