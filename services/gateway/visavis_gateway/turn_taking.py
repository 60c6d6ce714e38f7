"""When a pause is the end of the turn, and when a reply to it is begun before. Pure mechanics and policy.

The floor's moves are `floor.py`'s, what becomes of a reply is `delivery.py`'s; times in microseconds.
"""

from visavis_gateway.delivery import Delivery
from visavis_gateway.endpointing import Endpointing
from visavis_gateway.engine import Hands, Reply, Turn
from visavis_gateway.policy import Policy, same_meaning


def p_words(turn: Turn) -> float | None:
    """The mind's verdict on the turn's words as they stand; None while it has none."""
    if turn.judged is None or not same_meaning(turn.judged[0], turn.transcript):
        return None
    return turn.judged[1]


class TurnTaking(Delivery):
    """Weighs what is known of a turn that may be over."""

    def __init__(self, hands: Hands, policy: Policy, endpointing: Endpointing | None) -> None:
        super().__init__(hands, policy)
        self._endpointing = endpointing or Endpointing()
        self._mind_judges = False

    def _weigh(self, turn: Turn, speech_end_us: int, now_us: int) -> None:
        """How long the pause must be, by all that is known of it; a reply, if it is likely the last one."""
        p_complete = self._endpointing.p_complete(turn.p_sound, turn.transcript, p_words(turn))
        wait_us = self._endpointing.wait_us(p_complete, turn.transcript)
        if self._mind_judges and p_words(turn) is None:
            wait_us = max(wait_us, self._policy.verdict_us)
        turn.wait_until_us = speech_end_us + wait_us
        if p_complete >= self._policy.speculate_probability:
            self._speculate(turn, now_us)
        if self.reply is None and p_words(turn) is None:  # nothing is made that would bring the verdict
            self._hands.warm(turn, turn.transcript)

    def _guess(self, turn: Turn, now_us: int) -> None:
        """On tentative words: drop a reply to other words, make one to complete words, warm the model."""
        guess = self.reply
        if guess is not None and not same_meaning(guess.prompt_text, turn.transcript):
            self._drop_reply(guess)
        if turn.is_at_rest and self._endpointing.is_worth_a_guess(turn.transcript, p_words(turn)):
            self._speculate(turn, now_us, spare=1)
        if self.reply is None and p_words(turn) is None:
            self._hands.warm(turn, turn.transcript)

    def _speculate(self, turn: Turn, now_us: int, *, spare: int = 0) -> None:
        """Make the reply before the turn is over, unless it is being made, or too much was wasted.

        `spare` generations are left for better reasons: a gap between two words is no pause.
        """
        if self.reply is not None and same_meaning(self.reply.prompt_text, turn.transcript):
            return
        is_affordable = turn.generation < self._policy.max_speculations - spare and self._budget.allows()
        if is_affordable and not self._hands.is_saturated():
            self._answer(turn, now_us)

    def _learn_from(self, answered: Turn, onset_us: int) -> None:
        """Speech over a reply, so soon after the words it answers: they were not all."""
        if answered.speech_end_us is not None and onset_us - answered.speech_end_us < self._policy.went_on_us:
            self._endpointing.learn(onset_us - answered.speech_end_us)

    def _came_too_early(self, reply: Reply, now_us: int) -> bool:
        if not reply.turn.transcript or reply.opener:
            return False
        released_us = reply.released_us
        return released_us is None or now_us - released_us < self._policy.reopen_us
