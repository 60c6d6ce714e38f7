"""What to decode next. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from visavis_asr.endpointing import Phase
from visavis_asr.turn import Part, Turn

# Partials of a long part come less often, so that they cost a bounded share of a core.
PARTIAL_SHARE = 8


class Kind(IntEnum):
    """Why something is decoded; the lower, the more urgent."""

    FINAL = 0
    PAUSE = 1
    FREEZE = 2
    PARTIAL = 3


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
    return Wish(Kind.PARTIAL, turn, None) if is_partial_due(turn, position, partial_samples) else None


def is_partial_due(turn: Turn, position: int, partial_samples: int) -> bool:
    """In speech, after enough of it; and as soon as it may be over, so that a pause finds its text ready."""
    endpointer = turn.endpointer
    if endpointer.phase is not Phase.SPEAKING or turn.is_decoded_to(endpointer.speech_end):
        return False
    interval = max(partial_samples, (position - turn.open_start) // PARTIAL_SHARE)
    return endpointer.is_quiet or position - turn.partial_sample >= interval
