"""Speech over the avatar: a real interruption, or the sound of a listener. Pure; times in microseconds."""

from dataclasses import dataclass

from visavis_gateway.endpointing import Endpointing, words_of
from visavis_gateway.engine import Hands, Turn
from visavis_gateway.policy import (
    Manners,
    Policy,
    asks_to_stop,
    is_backchannel,
    is_interruption,
    phrase_start,
)
from visavis_gateway.turn_taking import TurnTaking

RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Cut:
    """What was not said when a reply was cut for speech that had no words yet."""

    rest: str
    at_us: int


class Interruptions(TurnTaking):
    """Decides who goes on when both speak."""

    def __init__(
        self, hands: Hands, policy: Policy, endpointing: Endpointing | None, manners: Manners | None
    ) -> None:
        super().__init__(hands, policy, endpointing)
        self._manners = manners or Manners()
        self._cut: Cut | None = None

    def _remember_cut(self, turn: Turn, now_us: int) -> None:
        """A reply that was cut for the length of the speech alone may go on, once, if no words come."""
        reply = self._last_cut
        if reply is not None and not words_of(turn.transcript) and reply.turn.origin != RESUMED:
            self._cut = Cut(reply.text[phrase_start(reply.text, reply.heard_end) :].strip(), now_us)

    def _go_on(self, now_us: int) -> None:
        """The cut came to nothing: say the rest again from the start of its phrase."""
        cut, self._cut = self._cut, None
        assert cut is not None
        if self.turn is not None:
            turn, self.turn = self.turn, None
            self._forget(turn)
        if cut.rest and self.reply is None:
            self._recite(RESUMED, cut.rest, now_us)
        self._show(now_us)

    def _settle_barge_in(self, turn: Turn, now_us: int, speech_end_us: int) -> bool:
        """At a pause of speech over the avatar: take the floor, or forget it and say False."""
        if self._is_long_speech(turn, speech_end_us) or self._is_interruption(turn):
            self._take_floor(now_us)
            return True
        self.turn = None
        self._forget(turn)
        self._hands.duck(False)
        return False

    def _is_long_speech(self, turn: Turn, end_us: int) -> bool:
        """Speech over the avatar that wants the floor by its length alone."""
        length_us = end_us - turn.started_us
        if not words_of(turn.transcript):
            return length_us >= self._policy.barge_in_us
        if turn.is_unclear:
            return length_us >= self._policy.unclear_us
        return length_us >= self._policy.barge_in_us and not is_backchannel(turn.transcript)

    def _is_interruption(self, turn: Turn) -> bool:
        """Speech over the avatar that wants the floor by its words; unclear ones may be a laugh."""
        if turn.is_unclear:
            return asks_to_stop(turn.transcript, self._manners.name)
        return is_interruption(turn.transcript, self._manners.name)

    def _take_floor(self, now_us: int) -> None:
        if self.turn is not None:
            self.turn.took_floor = True
        self._end_reply(interrupted=True)
        self._show(now_us)
