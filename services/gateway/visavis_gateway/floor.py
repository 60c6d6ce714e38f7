"""The floor: what is being heard, what is being answered, and the moves between them.

Pure mechanics without judgement: open and close turns, make, confirm, release, drop and end replies. Who may
do what when is `conversation.py`'s business.
"""

from collections.abc import Sequence
from dataclasses import replace

from visavis_gateway import captions
from visavis_gateway.endpointing import words_of
from visavis_gateway.engine import Hands, Move, Reply, Turn
from visavis_gateway.policy import Budget, Policy

# What the brain takes (brain_service.proto); what is older or longer is forgotten from the front.
MAX_HISTORY = 100
MAX_HISTORY_CHARACTERS = 15_000
MAX_TRANSCRIPT = 4000


def trim(history: list[Move]) -> None:
    """Forget the oldest moves that no longer fit."""
    del history[:-MAX_HISTORY]
    while sum(len(move.text) for move in history) > MAX_HISTORY_CHARACTERS:
        del history[0]


class Floor:
    """The user's turn and the avatar's reply, side by side; what both left behind is `history`."""

    def __init__(self, hands: Hands, policy: Policy) -> None:
        self._hands = hands
        self._policy = policy
        self._budget = Budget()
        self._turn_count = 0
        self._state = ""
        self._idle_from_us: int | None = None
        self._last_cut: Reply | None = None
        self._owes_answer = False  # the newest move is a question that another call has left
        self.history: list[Move] = []
        self.turn: Turn | None = None
        self.reply: Reply | None = None
        self.opening: Reply | None = None  # the opener of `reply`, from its making to its last sample

    @property
    def said(self) -> list[Move]:
        """The memory as it were if all ended now: with what was asked last, and heard of the answer."""
        moves, reply = list(self.history), self.reply
        if reply is not None and reply.is_confirmed:
            if reply.turn.transcript:
                moves.append(Move(True, reply.turn.transcript))
            if heard := replace(reply, heard_end=self._heard_end(reply)).heard:
                moves.append(Move(False, heard, interrupted=True))
        trim(moves)
        return moves

    def take_over(self, history: Sequence[Move]) -> None:
        """Go on from what was said in another call."""
        self.history.extend(history)
        self._owes_answer = bool(history) and history[-1].is_user

    def _heard_end(self, reply: Reply) -> int:
        """How much of it has sounded, less what the viewer does not seem to get."""
        if reply.released_us is None:
            return reply.heard_end
        return min(reply.heard_end, self._hands.said_without(reply, self._hands.unheard_us()))

    def _clear_floor(self, now_us: int) -> None:
        if self.turn is not None:
            turn, self.turn = self.turn, None
            self._forget(turn)
        if self.reply is not None:
            self._end_reply(interrupted=True)

    def _forget(self, turn: Turn) -> None:
        if self.reply is not None and self.reply.turn is turn:
            self._drop_reply(self.reply)
        self._hands.drop_listening(turn)
        self._close(turn, None)

    def _recite(self, origin: str, text: str, now_us: int) -> None:
        turn = self._open_turn(origin, now_us, now_us)
        reply = self._new_reply(turn, "", now_us)
        reply.text = text
        reply.is_confirmed = True
        if origin == "greeting":  # the model reads the persona while the user listens
            self._hands.open_brain(turn, self.history)
        self._hands.recite(reply)
        self._show(now_us)

    def _answer(self, turn: Turn, now_us: int) -> None:
        if self.reply is not None:
            self._drop_reply(self.reply)
        reply = self._new_reply(turn, turn.transcript[-MAX_TRANSCRIPT:], now_us)
        self._hands.generate(reply, self.history)

    def _answer_with(self, turn: Turn, text: str, now_us: int) -> None:
        """Answer in words that need no model."""
        if self.reply is not None:
            self._drop_reply(self.reply)
        reply = self._new_reply(turn, turn.transcript[-MAX_TRANSCRIPT:], now_us)
        reply.text = text
        self._hands.recite(reply)

    def _new_reply(self, turn: Turn, prompt_text: str, now_us: int) -> Reply:
        turn.generation += 1
        deadline_us = now_us + self._policy.first_text_timeout_us
        self.reply = Reply(turn, turn.generation, prompt_text, deadline_us)
        for stage in ("generate", "first_token", "first_audio"):
            turn.marks_us.pop(stage, None)
        turn.mark("generate", now_us)
        return self.reply

    def _confirm(self, now_us: int) -> None:
        reply = self.reply
        if reply is not None:
            reply.is_confirmed = True
            self._hands.confirm(reply)
            self._release_if_ready(reply, now_us)

    def _open_with(self, reply: Reply, text: str, now_us: int) -> None:
        """Say something short before a late reply; the reply waits until it has been said."""
        reply.turn.generation += 1
        self.opening = Reply(reply.turn, reply.turn.generation, "", now_us, text=text, is_confirmed=True)
        self._hands.recite(self.opening)

    def _opening_sent(self, reply: Reply, opening: Reply, now_us: int) -> None:
        self.opening = None
        reply.opener_heard_end = len(opening.text)
        self._hands.tell(captions.reply(reply))
        self._release_if_ready(reply, now_us)

    def _drop_opening(self) -> None:
        """The reply that it opened is over: it stops too."""
        opening, self.opening = self.opening, None
        if opening is not None:
            if opening.released_us is not None:
                self._hands.cut(opening)
            self._hands.discard(opening)

    def _release_if_ready(self, reply: Reply, now_us: int) -> None:
        is_free = self.opening is None and reply.released_us is None
        if reply.is_confirmed and reply.is_audible and is_free:
            reply.released_us = now_us
            self._hands.release(reply)
            self._hands.tell(captions.reply(reply))

    def _drop_reply(self, reply: Reply) -> None:
        """Nothing of it went into memory; if it sounded at all, it came too early."""
        self.reply = None
        self._drop_opening()
        self._budget.wasted += len(words_of(reply.text))
        if reply.released_us is not None:
            self._hands.cut(reply)
            self._hands.tell(captions.reply(reply, done=True, interrupted=True))
        self._hands.discard(reply)

    def _end_reply(self, *, interrupted: bool) -> None:
        reply = self.reply
        assert reply is not None
        self.reply = None
        self._drop_opening()
        self._last_cut = reply if interrupted else None
        if interrupted and reply.released_us is not None:
            reply.heard_end = self._heard_end(reply)
            self._hands.cut(reply)
        self._hands.tell(captions.reply(reply, done=True, interrupted=interrupted))
        self._close(reply.turn, reply, interrupted=interrupted)
        if self.turn is not None and self.turn.is_barge_in:  # the floor is the user's now
            self.turn.is_barge_in = False
            self._hands.duck(False)
            self._hands.open_brain(self.turn, self.history)

    def _open_turn(self, origin: str, started_us: int, now_us: int) -> Turn:
        self._turn_count += 1
        self._idle_from_us = None
        turn = Turn(f"t{self._turn_count}", origin, started_us, heard_from_us=now_us)
        self._hands.turn_opened(turn)
        return turn

    def _close(self, turn: Turn, reply: Reply | None, *, interrupted: bool = False) -> None:
        if reply is not None:
            if turn.transcript:
                self.history.append(Move(True, turn.transcript))
            self._budget.heard += len(words_of(reply.heard))
            if reply.heard:
                self.history.append(Move(False, reply.heard, interrupted))
            trim(self.history)
        self._hands.turn_closed(turn, reply, interrupted=interrupted)

    @property
    def _is_answer_ready(self) -> bool:
        return self.reply is not None and self.reply.turn is self.turn and self.reply.is_audible

    def _show(self, now_us: int) -> None:
        """What the face does follows from who has the floor."""
        if any(r is not None and r.released_us is not None for r in (self.reply, self.opening)):
            state = "speaking"
        elif self.turn is not None and (self.turn.final_until_us is None or self._is_answer_ready):
            state = "listening"
        elif self.turn is not None or (self.reply is not None and self.reply.prompt_text):
            state = "thinking"
        else:
            state = "idle"
        if state != self._state:
            self._state = state
            self._hands.show_state(state)
