"""What to decode next. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from visavis_asr.endpointing import Phase
from visavis_asr.engine import RATE_HZ, WINDOW_SAMPLES
from visavis_asr.turn import Part, Turn

# Partials of a long part come less often, so that they cost a bounded share of a core.
PARTIAL_SHARE = 8
# Words end, and consonants close, several times a second: not each is worth a decode.
REST_SAMPLES = RATE_HZ // 5
REST_SHARE = 16


class Kind(IntEnum):
    """Why something is decoded; the lower, the more urgent."""

    FINAL = 0
    PAUSE = 1
    FREEZE = 2
    REST = 3
    PARTIAL = 4


@dataclass(eq=False, slots=True)
class Job:
    """One decode. `is_stale` may turn true while it runs: nobody wants the text any more."""

    kind: Kind
    turn: Turn
    part: Part
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """A decode to come; without a part, the newest audio at the time it begins is meant."""

    kind: Kind
    turn: Turn
    part: Part | None


def most_urgent(closing: Iterable[Turn], turn: Turn, position: int, partial_samples: int) -> Wish | None:
    """Ended turns first, then the pause of the current one, then its partial; None when all is said."""
    for ended in closing:
        if ended.parts:
            return Wish(Kind.FINAL, ended, ended.parts[0])
    if turn.parts:
        return Wish(Kind.FREEZE if turn.pause is None else Kind.PAUSE, turn, turn.parts[0])
    if turn.pause is not None:
        part = turn.pause.part
        return Wish(Kind.PAUSE, turn, part) if part.text is None else None
    if turn.endpointer.phase is not Phase.SPEAKING:
        return None
    if is_rest_due(turn, position):
        return Wish(Kind.REST, turn, None)
    interval = max(partial_samples, (position - turn.open_start) // PARTIAL_SHARE)
    return Wish(Kind.PARTIAL, turn, None) if position - turn.partial_sample >= interval else None


def is_rest_due(turn: Turn, position: int) -> bool:
    """As soon as speech may be over, so that a pause finds its text ready."""
    endpointer = turn.endpointer
    said_to = max(endpointer.speech_end, endpointer.clear_end)
    if not endpointer.is_hushed or turn.in_hand_to >= said_to or turn.is_decoded_to(said_to):
        return False
    interval = max(REST_SAMPLES, (position - turn.open_start) // REST_SHARE)
    lasts = position - endpointer.clear_end > WINDOW_SAMPLES
    return lasts or position - turn.partial_sample >= interval
