"""Text as it arrives -> clauses to speak. Pure; the borders of the deltas never change the clauses.

The first clause is short so that speech starts early, the second is bounded so that it is there in time,
later ones are long because prosody is better so.
"""

from dataclasses import dataclass

from visavis_tts.engine import Clause, Pause

# ruff: noqa: RUF001 (typographic quotes and dashes are what this is about)

# A run without a space is cut here: nothing longer is a word, or an address.
MAX_WORD = 400
# A clause of long words ends here, whatever it says; a digit is heard as long as several letters.
MAX_CLAUSE = 200
DIGIT_LENGTH = 4
# So many symbols on their own ("* * *") may precede a clause; more are forgotten.
MAX_SYMBOLS = 8

# Between words of Chinese and Japanese there is no space: these end one, and so does Hindi's full stop.
CJK_STOPS = "。！？．"
CJK_COMMAS = "，、；："
STOPS = (".", "!", "?", "।", "॥", *CJK_STOPS)
# Characters of those that weigh as much as a word.
CJK_PER_WORD = 2

OPENING = "\"'“‘«([{*_"
CLOSING = "\"'”’»)]}*_」』》】）"


def words_in(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A dot after these ends no sentence.
ABBREVIATIONS = words_in(
    "mr mrs ms dr prof st mt ft gen gov sen rep capt lt col sgt cmdr rev hon pres fr messrs vs cf approx fig"
    " vol ca al e.g i.e a.k.a ph.d"
)
# A dot after these ends a sentence only when a capital follows.
MAYBE_ABBREVIATIONS = words_in(
    "no nos etc inc ltd co corp jr sr ave blvd rd dept est jan feb mar apr jun jul aug sep sept oct nov dec"
    " mon tue tues wed thu thurs fri sat sun a.m p.m"
)
CONJUNCTIONS = words_in(
    "and but or nor so because that which who whose when where while whether if although though since until"
    " unless before after"
)
PREPOSITIONS = words_in(
    "in on at with from for by about into onto over under between through during without within across"
    " against among around behind beside near toward towards upon"
)
# Before these a clause may end where it must end somewhere: the subject is over.
VERBS = words_in(
    "is are was were do does did have has had will would can could should may might must seems needs makes"
    " means gives takes comes goes helps works includes"
)
# A clause never ends in these if it can be helped: they lean on the next word.
LEANING = (
    CONJUNCTIONS
    | PREPOSITIONS
    | VERBS
    | words_in(
        "a an the of to as than my your his her its our their this these those some any no every each not"
        " be been am"
        " january february april june july august september october november december"
        " i you he she it we they i'm you're it's that's don't very more most"
    )
)
PHRASE_STARTS = CONJUNCTIONS | PREPOSITIONS | VERBS


@dataclass(frozen=True, slots=True)
class Limits:
    """Words a clause has at least before a comma, a conjunction, a preposition; and at most."""

    comma: int
    conjunction: int
    preposition: int
    longest: int


# By the words that were cut before: what they take to say is the time that the next clause has to arrive.
LIMITS = (
    (0, Limits(1, 4, 5, 5)),
    (1, Limits(2, 4, 4, 6)),
    (3, Limits(4, 9, 11, 14)),
    (12, Limits(8, 14, 16, 22)),
)


@dataclass(slots=True)
class _Word:
    start: int
    end: int
    text: str

    @property
    def is_spoken(self) -> bool:
        return any(c.isalnum() for c in self.text)

    @property
    def weight(self) -> int:
        """How many words of English it is as long as."""
        cjk = sum("\u3040" <= c <= "\u9fff" for c in self.text)
        return max(1, cjk // CJK_PER_WORD) if self.is_spoken else 0

    @property
    def length(self) -> int:
        return len(self.text) + 1 + (DIGIT_LENGTH - 1) * sum(map(str.isdigit, self.text))

    @property
    def pause(self) -> Pause | None:
        """The pause that its punctuation asks for."""
        ending = ending_of(self.text, is_first=False)
        return ending if isinstance(ending, Pause) else None

    @property
    def key(self) -> str:
        return self.text.strip(OPENING + CLOSING).lower()

    @property
    def is_leaning(self) -> bool:
        """It leans on the next word: "the" of "the end", "5" of "5 million"."""
        return self.key in LEANING or self.key[-1:].isdigit()


class ClauseCutter:
    """Push text, get clauses; a word still being written is never in one, unless flushed."""

    def __init__(self) -> None:
        self._text = ""  # everything not yet in a clause
        self._offset = 0  # where that starts in the reply's text
        self._words: list[_Word] = []
        self._open: int | None = None  # start of the word being written, within _text
        self._wants_capital = False
        self._words_cut = 0
        self._cuts: list[Clause] = []

    def push(self, delta: str) -> list[Clause]:
        """Clauses that `delta` completes."""
        for char in delta:
            self._step(char)
        return self._take()

    def flush(self) -> list[Clause]:
        """What is there, the last word included even if it is cut in two by this."""
        self._close_word()
        self._cut(len(self._words), _final_pause(self._words))
        self._offset += len(self._text)
        self._text = ""
        self._words.clear()
        return self._take()

    def finish(self) -> list[Clause]:
        """What is left; the last one is marked as the reply's last."""
        clauses = self.flush()
        if clauses:
            last = clauses[-1]
            clauses[-1] = Clause(last.text, last.text_start, last.pause, is_last=True)
        return clauses

    def _step(self, char: str) -> None:
        if char.isspace():
            self._close_word()
            if char == "\n":
                self._cut(len(self._words), Pause.SENTENCE)
        elif self._open is None:
            self._begin_word(char)
        elif self._ends_at_mark(char) or len(self._text) - self._open >= MAX_WORD:
            self._close_word()
            self._begin_word(char)
        self._text += char

    def _begin_word(self, char: str) -> None:
        if self._wants_capital and (char.isupper() or char in OPENING):
            self._cut(len(self._words), Pause.SENTENCE)
        self._wants_capital = False
        self._open = len(self._text)

    def _ends_at_mark(self, char: str) -> bool:
        last = self._text[-1]
        is_cjk_mark = last in CJK_STOPS or last in CJK_COMMAS
        return (last == "—" and char.isalnum()) or (is_cjk_mark and char not in CLOSING)

    def _close_word(self) -> None:
        if self._open is None:
            return
        self._words.append(_Word(self._open, len(self._text), self._text[self._open :]))
        self._open = None
        self._cut_after_word()

    def _cut_after_word(self) -> None:
        """Decide on the words so far, of which the last has just ended."""
        limits = next(limits for words, limits in reversed(LIMITS) if words <= self._words_cut)
        if not self._words[-1].is_spoken and len(self._words) > MAX_SYMBOLS:
            self._forget_symbols()
        word, count = self._words[-1], sum(w.weight for w in self._words)
        ending = ending_of(word.text, is_first=len(self._words) == 1)
        self._wants_capital = ending == "maybe"
        if isinstance(ending, Pause) and (ending is Pause.SENTENCE or count >= limits.comma):
            self._cut(len(self._words), ending)
        elif self._starts_phrase(word, count - word.weight, limits):
            self._cut_at(len(self._words) - 1)
        elif count >= limits.longest or sum(w.length for w in self._words) >= MAX_CLAUSE:
            self._cut_at(self._best_cut())

    def _forget_symbols(self) -> None:
        """Keep a long run of bare symbols from growing the clause it would precede."""
        if not any(w.is_spoken for w in self._words):
            del self._words[0]

    def _starts_phrase(self, word: _Word, count: int, limits: Limits) -> bool:
        if len(self._words) < 2 or self._words[-2].is_leaning:
            return False
        return (word.key in CONJUNCTIONS and count >= limits.conjunction) or (
            word.key in PREPOSITIONS and count >= limits.preposition
        )

    def _best_cut(self) -> int:
        """How many words to take at the upper limit: up to the last phrase, or leaving no word leaning."""
        words, total = self._words, len(self._words)
        places = [n for n in range(total, max(total // 3, 2), -1) if not words[n - 1].is_leaning]
        phrases = (n for n in places if (n < total and words[n].key in PHRASE_STARTS) or words[n - 1].pause)
        return next(phrases, places[0] if places else total)

    def _cut_at(self, count: int) -> None:
        self._cut(count, self._words[count - 1].pause or Pause.NONE)

    def _cut(self, count: int, pause: Pause) -> None:
        taken, left = self._words[:count], self._words[count:]
        if not any(w.is_spoken for w in taken):
            return
        start, end = taken[0].start, taken[-1].end
        self._cuts.append(Clause(self._text[start:end], self._offset + start, pause))
        self._words_cut += sum(w.weight for w in taken)
        self._text = self._text[end:]
        self._offset += end
        self._words = [_Word(w.start - end, w.end - end, w.text) for w in left]
        self._wants_capital = False

    def _take(self) -> list[Clause]:
        cuts, self._cuts = self._cuts, []
        return cuts


def ending_of(word: str, *, is_first: bool) -> Pause | str:
    """The pause after `word`; "maybe" when a capital must decide, "" when it is no border."""
    bare = word.rstrip(CLOSING)
    if bare.endswith(("...", "…", "..")):
        return ""
    if bare.endswith(("!", "?", ".")) and bare != word:
        return "maybe"  # "Stop!" she said.
    if bare.endswith(("!", "?", "।", "॥", *CJK_STOPS)):
        return Pause.SENTENCE
    if bare.endswith("."):
        return _after_dot(bare[:-1].lstrip(OPENING), is_first=is_first)
    if bare.endswith((",", ";", ":", "—", "–", *CJK_COMMAS)) or word in ("-", "--"):
        return Pause.COMMA
    return ""


def _after_dot(stem: str, *, is_first: bool) -> Pause | str:
    lower = stem.lower()
    is_initial = len(stem) == 1 and stem.isupper() and stem != "I"
    is_list_number = is_first and stem.isdecimal() and len(stem) < 3
    if lower in MAYBE_ABBREVIATIONS:
        return "maybe"
    if lower in ABBREVIATIONS or is_initial or is_list_number:
        return ""
    if "." in stem and stem.replace(".", "").isalpha() and max(map(len, stem.split("."))) == 1:
        return ""  # U.S.
    return Pause.SENTENCE


def _final_pause(words: list[_Word]) -> Pause:
    """The pause after text that is spoken as it stands: there, every dot is the end."""
    spoken = [w for w in words if w.is_spoken]
    if not spoken:
        return Pause.NONE
    ending = ending_of(words[-1].text, is_first=False)
    if isinstance(ending, Pause):
        return ending
    return Pause.SENTENCE if words[-1].text.rstrip(CLOSING).endswith(("…", *STOPS)) else Pause.NONE
