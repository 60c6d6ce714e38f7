"""When the floor changes hands. Pure values and predicates; times in microseconds."""

import re
from dataclasses import dataclass

from visavis_gateway.endpointing import word_set, words_of

# Sounds of a listener, not of a speaker who wants the floor. English; after Yngve's "back channel" (1970)
# and the Switchboard DAMSL tag `b`.
BACKCHANNELS = word_set(
    "mhm mm mmm hm hmm uh um huh ah oh yeah yep yes yup right okay ok sure wow haha ha uh-huh mm-hmm"
)
# One of these words is enough to stop the avatar.
STOP_WORDS = word_set("stop wait hold no sorry excuse quiet pause enough")
# What else is said around them when they are all that is meant: "wait a minute please", "stop talking".
STOPPING = (
    STOP_WORDS | BACKCHANNELS | word_set("please a one just moment minute second on it that talking there")
)
PHRASE_BORDER = re.compile(r"[.!?;:,]\s+")


@dataclass(frozen=True, slots=True)
class Policy:
    """Waits and deadlines of a conversation."""

    speculate_probability: float = 0.5  # smart-turn's own threshold: the turn sounds complete
    guess_anyway_us: int = 700_000  # a pause this long: have the answer ready, though the turn may go on
    opener_us: int = 700_000  # an answer without a word so long after the turn may begin with an opener
    opener_rest: int = 3  # turns from one to the next
    resume_us: int = 2_000_000  # a cut for speech without words: the avatar goes on after this
    max_speculations: int = 3  # generations that one turn may cost
    barge_in_us: int = 500_000  # speech this long over the avatar takes the floor, whatever it says
    clear_confidence: float = 0.67  # what Moonshine takes a laugh or an "uh-huh" for is at most 0.65 sure
    unclear_us: int = (
        1_500_000  # a laugh is rarely longer; unclear speech over the avatar that is takes the floor
    )
    notice_us: int = 350_000  # until the ear says that speech has paused: before, its length is not certain
    starve_us: int = 4_000_000  # a reply that sounds and gets no more sound for so long has ended
    reopen_us: int = 300_000  # speech this soon after the release: the reply came too early
    # A mind that judges words is waited for so long. It costs nothing: its answer comes after its verdict.
    verdict_us: int = 800_000
    went_on_us: int = (
        1_200_000  # speech this soon after the last word goes on with it, whoever spoke meanwhile
    )
    empty_wait_us: int = 800_000  # a noise without words is forgotten after this pause
    final_timeout_us: int = 3_000_000
    first_text_timeout_us: int = 10_000_000
    first_audio_timeout_us: int = 8_000_000
    silent_timeout_us: int = 8_000_000  # no news of a turn that is being heard: the ear speaks twice a second


@dataclass(frozen=True, slots=True)
class Manners:
    """What the avatar is called, and what it says of itself when nobody speaks; 0 = never."""

    still_there_us: int = 0
    still_there: str = ""
    goodbye_us: int = 0
    goodbye: str = ""
    name: str = ""  # calling it stops it
    openers: tuple[str, ...] = ()
    stopped: str = ""  # said to a user who only wanted it to stop


@dataclass(slots=True)
class Budget:
    """Words written in vain may be as many as words that were heard, and a few more to start with."""

    heard: int = 0
    wasted: int = 0
    credit: int = 40

    def allows(self) -> bool:
        """Whether one more guess may be made."""
        return self.wasted <= self.heard + self.credit


def phrase_start(text: str, heard_end: int) -> int:
    """Where the phrase begins that was being said at `heard_end`."""
    borders = [m.end() for m in PHRASE_BORDER.finditer(text) if m.end() <= heard_end]
    return borders[-1] if borders else 0


def asks_to_stop(text: str, name: str = "") -> bool:
    """One of its words is enough: a stop word, or the avatar's name."""
    return any(word in STOP_WORDS or word == name.lower() for word in words_of(text))


def is_interruption(text: str, name: str = "") -> bool:
    """Two words that are no backchannel, or one that asks to stop: a stop word, or the avatar's name."""
    spoken = [word for word in words_of(text) if word not in BACKCHANNELS]
    return len(spoken) >= 2 or asks_to_stop(text, name)


def is_mere_stop(text: str, name: str = "") -> bool:
    """A request to stop, and nothing else."""
    words = words_of(text)
    return any(word in STOP_WORDS for word in words) and all(
        w in STOPPING or w == name.lower() for w in words
    )


def is_backchannel(text: str) -> bool:
    """Nothing but the sounds of a listener."""
    return all(word in BACKCHANNELS for word in words_of(text))


def same_meaning(one: str, other: str) -> bool:
    """The same words, whatever their case and punctuation."""
    return words_of(one) == words_of(other)
