"""Text for the ear, out of a model's text as it streams: no markdown, emoji, lists or role labels. Pure.

Everything that can be judged for good goes out at once; only what may still turn out to be a mark (a
star, the start of a line, an open link) waits for the next piece.
"""

import re

EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0000-\U000e007f\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\ufe00-\ufe0f\u200d\u20e3\u3030\u303d\u3297\u3299]"
)
USER_LABELS = ("user", "human")
AVATAR_LABELS = ("assistant", "avatar", "ai", "system")
PAUSES = ".!?\u2026\u3002\uff01\uff1f\u061f\u0964,;:\u2013\u2014\u3001\uff0c\u060c-"
BULLET = r"(?:[-*\u2022+>]|\#{1,6}|\d{1,2}[.)])"
# What begins at one of these and runs to the end of the buffer can't be judged yet.
UNDECIDED = re.compile(
    r"\n\s*(?:[-*\u2022+>\#]*|\d{1,2}[.)]?)[\s*`~_]*\Z"  # the start of a line
    r"|\n\s*\*(?![\s*])[^*\n]{0,60}[\s*`~_]*\Z"  # *waves
    r"|\[[^\]\n]{0,120}\Z|\[[^\]\n]{0,120}\](?:\([^)\s]{0,400}\)?)?\Z"  # [link](somewh
    r"|<[^>\n]{0,40}\Z"  # <tag
    r"|\b(?:h|ht|htt|http|https|https?:/?|https?://[^\s\[<>*`~]*)\Z"
)
REWRITES = [
    (re.compile(r"\[([^\]\n]{1,120})\]\([^)\s]{0,400}\)"), r"\1"),
    (re.compile(r"\bhttps?://[^\s\[<>*`~]*[^\s\[<>*`~.,;:!?)]"), "a link"),
    (re.compile(r"</?[A-Za-z!|][^>\n]{0,40}>"), ""),
    (re.compile(r"\n\s*\*(?![\s*])[^*\n]{1,60}\*(?!\*)"), "\n"),
    (re.compile(rf"\n\s*{BULLET}(?=\s)"), "\n"),
    (re.compile(r"(?<=\d)\s*\*\s*(?=\d)"), " times "),
    (re.compile(r"(?<=\w)_(?=\w)"), " "),
    (re.compile(r"[*`~_]+"), ""),
]
LONE_MARKS = re.compile(rf"\n\s*{BULLET}?\s*\Z")


class SpokenText:
    """Cleans a stream of text. The same text gives the same words however it is cut into pieces."""

    def __init__(self, name: str = "") -> None:
        own = [label for label in (name.strip().lower(), *AVATAR_LABELS) if label]
        self._labels = (*own, *USER_LABELS)
        labels = "|".join(re.escape(label) for label in self._labels)
        # A persona that begins with its own name and a comma mistakes the user for itself.
        own_name = re.escape(name.strip()) or "(?!)"
        self._label = re.compile(rf"\n\s*\**(?:({labels})\** *:|{own_name},(?=\s))", re.IGNORECASE)
        self._labels += (f"{name.strip().lower()},",)
        self._fenced = ""  # not yet known to be inside or outside of code
        self._in_code = False
        self._raw = "\n"  # not yet judged; the start of the text is the start of a line
        self._last = ""  # last character given out; empty at the start
        self._is_capital = False  # the next word has become the first one of its sentence
        self.ended = False  # the model began to speak for the user: nothing more is to come

    def feed(self, text: str) -> str:
        """What can be spoken, now that `text` came too."""
        if self.ended:
            return ""
        self._raw = self._without_labels(self._raw + EMOJI.sub(" ", self._outside_code(text)))
        cut = self._decided()
        ready, self._raw = self._raw[:cut], self._raw[cut:]
        return self._clean(ready)

    def finish(self) -> str:
        """What was held back, judged as the end of the text."""
        ready = LONE_MARKS.sub("", self._raw)
        self._raw = ""
        return self._clean(ready).rstrip()

    def _outside_code(self, text: str) -> str:
        """`text` without what stands between fences; the model's code is not for the ear."""
        self._fenced += text
        out = []
        while "```" in self._fenced:
            before, self._fenced = self._fenced.split("```", 1)
            out.append(" " if self._in_code else before)
            self._in_code = not self._in_code
        sure = self._fenced.rstrip("`")
        self._fenced = self._fenced[len(sure) :]
        return "".join(out) + ("" if self._in_code else sure)

    def _decided(self) -> int:
        """Index up to which the buffer can be judged."""
        found = UNDECIDED.search(self._raw)
        cut = found.start() if found else len(self._raw)
        line_start = self._raw.rfind("\n", 0, cut)
        begun = self._raw[line_start + 1 :].strip(" *").lower()
        may_be_label = line_start >= 0 and any(label.startswith(begun) for label in self._labels)
        # Spaces and marks at the cut belong to what follows.
        sure = self._raw[: line_start if may_be_label else cut].rstrip(" \t\r\n*`~_")
        return len(LONE_MARKS.sub("", sure))

    def _clean(self, text: str) -> str:
        if not text:
            return ""
        before = self._last  # "2" before "*3", "snake" before "_case"
        text = before + text
        for pattern, replacement in REWRITES:
            text = pattern.sub(replacement, text)
        return self._join(text.removeprefix(before))

    def _without_labels(self, text: str) -> str:
        """Own labels go; where the user is made to speak, the text ends."""
        while found := self._label.search(text):
            said = self._last or text[: found.start()].strip()
            if said and (found[1] or "").lower() in USER_LABELS:
                self.ended = True
                return text[: found.start()]
            self._is_capital = not found[1]
            text = text[: found.start()] + "\n" + text[found.end() :]
        return text

    def _join(self, text: str) -> str:
        """Line breaks become pauses, runs of spaces one space, none before a mark or at the start."""
        out = ""
        for part in re.split(r"(\s+)", text):
            if not part:
                continue
            if not part.isspace():
                out += part[0].upper() + part[1:] if self._is_capital else part
                self._is_capital = False
                self._last = part[-1]
            elif self._last and not self._last.isspace():
                out += ", " if "\n" in part and self._last not in PAUSES else " "
                self._last = " "
        return re.sub(r"\s+(?=[,.!?;:])", "", out)
