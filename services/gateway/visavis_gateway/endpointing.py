"""How long a pause must be before the turn is over. Pure; times in microseconds.

Three cues make one probability: the sound (smart-turn), the words so far, and how long this user's own
pauses inside a turn have been. The wait is short when it is sure and long when it is not.
"""

import re
from dataclasses import dataclass

SENTENCE_BORDER = re.compile(r"(?<=[.?!])\s+")
WORD = re.compile(r"[\w'-]+")


def word_set(text: str) -> frozenset[str]:
    """A list of words as a set."""
    return frozenset(text.split())


# Words that nobody ends on: conjunctions, articles, prepositions, fillers, auxiliaries.
OPEN_ENDS = word_set(
    "and or but so because if when while that than then as with without for from to of in on at by about "
    "the a an my your his her its our their this these some any um uh er hmm like well i'm i you're we're "
    "is are was were be can could would should will may might must do does did have has had not very"
)
QUESTION_OPENERS = word_set(
    "what who whom whose where when why which how is are was were do does did can could would should will "
    "have has may"
)
SHORT_ANSWERS = word_set("yes no yeah nope okay ok sure thanks please hello hi hey bye goodbye stop")


@dataclass(frozen=True, slots=True)
class EndpointingValues:
    """Tuned on recorded questions and on speech with pauses (bench/turns.py, docs/performance.md)."""

    shortest_us: int = 150_000
    longest_us: int = 2_500_000
    open_end_factor: float = 0.25  # "I would like to": whatever the sound says
    question_floor: float = 0.6  # "what time is it?": a complete question rarely goes on
    margin: float = 1.3  # beyond this user's usual pause
    learning_rate: float = 0.3  # weight of the newest pause
    sure: float = 0.85  # above it a user's habit of pausing is not waited for


def words_of(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return WORD.findall(text.lower())


class Endpointing:
    """One session's sense of when its user has finished."""

    def __init__(self, values: EndpointingValues | None = None) -> None:
        self._values = values or EndpointingValues()
        self._usual_pause_us: float | None = None

    def p_complete(self, p_sound: float, text: str) -> float:
        """Probability that the turn is over: the sound's verdict, corrected by the words."""
        words = words_of(text)
        if not words:
            return 0.0
        if words[-1] in OPEN_ENDS and not is_complete_question(text):
            return p_sound * self._values.open_end_factor
        if is_complete_question(text) or (len(words) <= 2 and words[-1] in SHORT_ANSWERS):
            return max(p_sound, self._values.question_floor)
        return p_sound

    def reads_complete(self, text: str) -> bool:
        """By the words alone: a whole question, or a sentence that was written to its end."""
        words = words_of(text)
        is_sentence = len(words) >= 3 and words[-1] not in OPEN_ENDS and text.rstrip()[-1:] in ".?!"
        return is_sentence or is_complete_question(text)

    def wait_us(self, p_complete: float) -> int:
        """How long the pause must be, from the last speech sample."""
        values = self._values
        unsure = (1 - p_complete) ** 2
        wait_us = values.shortest_us + unsure * (values.longest_us - values.shortest_us)
        if self._usual_pause_us is not None and p_complete < values.sure:
            wait_us = max(wait_us, min(self._usual_pause_us * values.margin, values.longest_us))
        return round(wait_us)

    def learn(self, pause_us: int) -> None:
        """A pause after which the same turn went on: this user pauses like that."""
        rate = self._values.learning_rate
        known = self._usual_pause_us
        self._usual_pause_us = pause_us if known is None else known + rate * (pause_us - known)


def is_complete_question(text: str) -> bool:
    """The last sentence opens like a question, was written as one, and does not stop in mid-phrase."""
    words = words_of(SENTENCE_BORDER.split(text.strip())[-1])
    asks = len(words) >= 3 and words[0] in QUESTION_OPENERS and text.rstrip().endswith("?")
    return asks and words[-1] not in {"the", "a", "an", "and", "or", "of", "to", "my", "your"}
