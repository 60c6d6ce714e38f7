"""How long a pause must be before the turn is over. Pure; times in microseconds.

Three cues make one probability: the sound (smart-turn), the words so far, and how long this user's own
pauses inside a turn have been. The wait is short when it is sure and long when it is not.

What the words say is best told by the language model, which is asked how likely a sentence ends after them.
A model behind a plain chat protocol can't be asked; for it the lists below stand in.
"""

import math
import re
from dataclasses import dataclass

SENTENCE_BORDER = re.compile(r"(?<=[.?!])\s+")
WORD = re.compile(r"[\w'-]+")


def word_set(text: str) -> frozenset[str]:
    """A list of words as a set."""
    return frozenset(text.split())


# Words that nobody ends on, not even a question: conjunctions, determiners, fillers.
NEVER_LAST = word_set(
    "and or but so because if when while whether than although as the a an my your its our their these every "
    "um uh er erm hmm i'm you're we're he's she's they're between"
)
# Words that end a question ("where are you from?") but rarely anything else.
OPEN_ENDS = NEVER_LAST | word_set(
    "that then with without for from to of in into on at by about his her this some any i well like very not"
)
# Words that end a sentence now and then ("than he was"): the sound knows better.
HALF_OPEN_ENDS = word_set(
    "is are was were be can could should will would may might must do does did have has had"
)
QUESTION_OPENERS = word_set(
    "what who whom whose where when why which how is are was were do does did can could should will would "
    "have has may"
)
# "Can you tell me", "do you know": questions about a question that has still to come.
FRAMES = re.compile(
    r"(can|could|would|will) you( please)? (tell|explain|show|give|describe|help)( to)?( me| us)?"
    r"|(do|did) you (know|think|remember)|(is|are|was|were) (there|it|that|this)|tell me"
    r"|i (think|guess|believe|mean|wonder|was wondering|would like to know)|i'd like to know"
)
# "When it rains": its main clause has still to come.
SUBORDINATORS = word_set("when if while because although since unless whenever")
SHORT_ANSWERS = word_set("yes no yeah nope okay ok sure thanks please hello hi hey bye goodbye stop")


@dataclass(frozen=True, slots=True)
class EndpointingValues:
    """Tuned on recorded questions and on speech with pauses (bench/turns.py, docs/performance.md)."""

    shortest_us: int = 150_000
    longest_us: int = 2_500_000
    longest_complete_us: int = (
        1_400_000  # "it was a long day": what sounds unfinished may still be a sentence
    )
    open_end_factor: float = 0.25  # "I would like to": whatever the sound says
    half_open_end_factor: float = 0.7  # "than he was"
    question_floor: float = 0.94  # "what time is it?": a complete question rarely goes on
    margin: float = 1.3  # beyond this user's usual pause
    breath_us: int = 250_000  # a shorter gap is no habit
    learning_rate: float = 0.3  # weight of the newest pause
    sure: float = 0.9  # above it a user's habit of pausing is not waited for
    # With the model's verdict on the words: log-odds of the turn's end, fitted by bench/endpointing.py.
    bias: float = 1.5
    sound_weight: float = 0.4  # of the log-odds that smart-turn gives
    words_weight: float = 1.8  # of each power of ten by which the words' probability is over `words_middle`
    words_middle: float = 0.03
    comma: float = 0.5  # off, where the ear wrote a comma at the end
    guess_words: float = 0.06  # from here on words at rest are worth a reply made on a guess


P_LEAST = 1e-4  # below it a probability says no more
P_SURE = 0.99  # nor above it


def logit(p: float) -> float:
    """Log-odds, for probabilities that are not taken at their word near 0 and 1."""
    p = min(max(p, 1 - P_SURE), P_SURE)
    return math.log(p / (1 - p))


def words_of(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return WORD.findall(text.lower())


class Endpointing:
    """One session's sense of when its user has finished."""

    def __init__(self, values: EndpointingValues | None = None) -> None:
        self._values = values or EndpointingValues()
        self._usual_pause_us: float | None = None

    def p_complete(self, p_sound: float, text: str, p_words: float | None = None) -> float:
        """Probability that the turn is over: its sound, and its words (`p_words` is the model's verdict)."""
        words = words_of(text)
        if not words:
            return 0.0
        if p_words is not None:
            return self._p_judged(p_sound, text, p_words)
        if is_open(text):
            return p_sound * self._values.open_end_factor
        if words[-1] in HALF_OPEN_ENDS and not is_complete_question(text):
            return p_sound * self._values.half_open_end_factor
        if is_complete_question(text) or (len(words) <= 2 and words[-1] in SHORT_ANSWERS):
            return max(p_sound, self._values.question_floor)
        return p_sound

    def _p_judged(self, p_sound: float, text: str, p_words: float) -> float:
        values = self._values
        powers = math.log10(max(p_words, P_LEAST) / values.words_middle)
        comma = values.comma if text.rstrip().endswith(",") else 0.0
        log_odds = values.bias + values.sound_weight * logit(p_sound) + values.words_weight * powers - comma
        return 1 / (1 + math.exp(-log_odds))

    def is_worth_a_guess(self, text: str, p_words: float | None) -> bool:
        """Speech has just stopped after `text`: whether a reply should be begun before the pause is one."""
        return self.reads_complete(text) or (p_words is not None and p_words >= self._values.guess_words)

    def reads_complete(self, text: str) -> bool:
        """By the words alone: a whole question, or a sentence that was written to its end."""
        words = words_of(text)
        return len(words) >= 3 and not is_open(text) and text.rstrip()[-1:] in (".", "?", "!")

    def wait_us(self, p_complete: float, text: str = "") -> int:
        """How long the pause after `text` must be, from the last speech sample."""
        values = self._values
        wait_us = values.shortest_us + (1 - p_complete) * (values.longest_us - values.shortest_us)
        if self.reads_complete(text):
            wait_us = min(wait_us, max(values.longest_complete_us, values.shortest_us))
        if self._usual_pause_us is not None and p_complete < values.sure:
            wait_us = max(wait_us, min(self._usual_pause_us * values.margin, values.longest_us))
        return round(wait_us)

    def learn(self, pause_us: int) -> None:
        """A pause after which the same turn went on: this user pauses like that."""
        if pause_us < self._values.breath_us:
            return
        rate = self._values.learning_rate
        known = self._usual_pause_us
        self._usual_pause_us = pause_us if known is None else known + rate * (pause_us - known)


def is_complete_question(text: str) -> bool:
    """The last sentence opens like a question, was written as one, and does not stop in mid-phrase."""
    words = words_of(last_sentence(text))
    asks = len(words) >= 3 and words[0] in QUESTION_OPENERS and text.rstrip().endswith("?")
    return asks and words[-1] not in NEVER_LAST and not FRAMES.fullmatch(" ".join(words))


def is_open(text: str) -> bool:
    """By its words, the last sentence has to go on."""
    sentence = last_sentence(text)
    words = words_of(sentence)
    if not words or is_complete_question(text):
        return False
    is_clause = words[0] in SUBORDINATORS and "," not in sentence.rstrip(",") and len(words) <= 8
    return words[-1] in OPEN_ENDS or is_clause or FRAMES.fullmatch(" ".join(words)) is not None


def last_sentence(text: str) -> str:
    """What comes after the last full stop, question mark or exclamation mark inside the text."""
    return SENTENCE_BORDER.split(text.strip())[-1]
