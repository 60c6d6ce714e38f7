"""The conversation: who has the floor, what is being answered, what was heard.

Pure: events come in with the session time, calls on `Hands` go out; no I/O, no clock, no task. The user's
turn and the avatar's reply live side by side (full duplex): `turn` is being heard, `reply` is being made
or sounds.
"""

from visavis_gateway import captions
from visavis_gateway.delivery import GOODBYE
from visavis_gateway.endpointing import Endpointing, words_of
from visavis_gateway.engine import Hands, Reply, Turn
from visavis_gateway.interruptions import Interruptions
from visavis_gateway.policy import Manners, Policy, is_mere_stop, same_meaning
from visavis_gateway.turn_taking import p_words


class Conversation(Interruptions):
    """One session's turns. Every method is one event; none blocks."""

    def __init__(
        self,
        hands: Hands,
        policy: Policy,
        greeting: str = "",
        endpointing: Endpointing | None = None,
        manners: Manners | None = None,
    ) -> None:
        super().__init__(hands, policy, endpointing, manners)
        self._greeting = greeting
        self._late_onset_us: int | None = None
        self._has_asked = False
        self._opener_count = 0
        self._turns_to_rest = 0

    # -- the user ---------------------------------------------------------------------------------------

    def speech_started(self, now_us: int, onset_us: int) -> None:
        """Speech begins outside a turn, as the ear sees it."""
        if self.turn is not None:
            if self.turn.final_until_us is None:
                self.resumed(now_us)  # the ear was reopened in mid-turn
            else:
                self._late_onset_us = onset_us
            return
        turn = self._open_turn("speech", onset_us, now_us)
        self.turn = turn
        reply = self.reply
        if reply is not None:
            self._learn_from(reply.turn, onset_us)
        if reply is not None and self._came_too_early(reply, now_us):
            turn.prefix = turn.transcript = reply.turn.transcript
            self._hands.tell(captions.transcript(turn, final=False))
            self._hands.tell(captions.no_transcript(reply.turn))
            self._drop_reply(reply)
            self._close(reply.turn, None)
        elif reply is not None:
            turn.is_barge_in = True
            self._hands.duck(True)
        self._hands.listen_to(turn)
        if not turn.is_barge_in:
            self._hands.open_brain(turn, self.history)
        self._show(now_us)

    def partial(
        self, now_us: int, text: str, confidence: float | None = None, *, at_rest: bool = False
    ) -> None:
        """Tentative words of the turn; `at_rest`: speech has just stopped, and these are all of it.

        `confidence`, 0 to 1, is how sure the ear is of them; None where it can't tell.
        """
        turn = self.turn
        if turn is None or not text:
            return
        self._heard(turn, now_us, text, confidence)
        turn.is_at_rest = at_rest
        if turn.is_barge_in and self._is_interruption(turn):
            self._take_floor(now_us)
        elif not turn.is_barge_in:
            self._guess(turn, now_us)

    def paused(
        self, now_us: int, text: str, p_complete: float, speech_end_us: int, confidence: float | None = None
    ) -> None:
        """A pause; maybe the end of the turn."""
        turn = self.turn
        if turn is None:
            return
        turn.is_paused = True
        turn.speech_end_us = speech_end_us
        self._heard(turn, now_us, text, confidence)
        if turn.is_barge_in and not self._settle_barge_in(turn, now_us, speech_end_us):
            return
        if not words_of(turn.transcript):
            turn.wait_until_us = speech_end_us + self._policy.empty_wait_us
            return
        turn.p_sound = p_complete
        self._weigh(turn, speech_end_us, now_us)

    def judged(self, now_us: int, turn: Turn, words: str, p_complete: float) -> None:
        """What the mind makes of the words so far: how likely they could be all."""
        turn.judged = words, p_complete
        self._mind_judges = True
        if turn is not self.turn or turn.is_barge_in or p_words(turn) is None:
            return
        if turn.wait_until_us is not None and turn.is_paused and turn.speech_end_us is not None:
            self._weigh(turn, turn.speech_end_us, now_us)
        elif turn.is_at_rest:
            self._guess(turn, now_us)

    def resumed(self, now_us: int) -> None:
        """The pause was not the end."""
        turn = self.turn
        if turn is None:
            return
        if turn.is_paused and turn.speech_end_us is not None:
            self._endpointing.learn(now_us - turn.speech_end_us)
        turn.is_paused = turn.is_at_rest = False
        turn.wait_until_us = None
        turn.heard_from_us = now_us
        if self.reply is not None and self.reply.turn is turn:
            self._drop_reply(self.reply)
        self._show(now_us)

    def ear_back(self, now_us: int) -> None:
        """The ear was reopened: unless speech goes on, an open turn ends with what was heard before."""
        turn = self.turn
        if turn is not None and turn.final_until_us is None:
            turn.is_paused = True
            turn.speech_end_us = now_us
            turn.wait_until_us = now_us + self._endpointing.wait_us(0.5)

    def final(self, now_us: int, text: str) -> None:
        """The turn's transcript, for good."""
        turn = self.turn
        if turn is None or turn.final_until_us is None:
            return
        self._heard(turn, now_us, text)
        turn.mark("transcript", now_us)
        turn.final_until_us = None
        self.turn = None
        if not words_of(turn.transcript):
            self._forget(turn)
        else:
            self._hands.tell(captions.transcript(turn, final=True))
            self._turns_to_rest -= 1
            if self.reply is None or not same_meaning(self.reply.prompt_text, turn.transcript):
                self._answer(turn, now_us)
            self._confirm(now_us)
        self._show(now_us)
        if self._late_onset_us is not None:
            onset_us, self._late_onset_us = self._late_onset_us, None
            self.speech_started(now_us, onset_us)

    def typed(self, now_us: int, text: str) -> None:
        """The user wrote instead of speaking; ends whatever goes on."""
        self._cut, self._has_asked = None, False
        self._clear_floor(now_us)
        turn = self._open_turn("text", now_us, now_us)
        turn.transcript = text
        self._hands.tell(captions.transcript(turn, final=True))
        self._hands.open_brain(turn, self.history)
        self._answer(turn, now_us)
        self._confirm(now_us)
        self._show(now_us)

    # -- applications and the avatar's own initiative ---------------------------------------------------

    def greet(self, now_us: int) -> None:
        """The avatar speaks first, once: it greets, or gives the answer that another call still owes."""
        greeting, self._greeting = self._greeting, ""
        owes_answer, self._owes_answer = self._owes_answer, False
        if self.turn is not None or self.reply is not None:
            return
        if owes_answer:
            self.typed(now_us, self.history.pop().text)
        elif greeting:
            self._recite("greeting", greeting, now_us)

    def say(self, now_us: int, text: str) -> None:
        """Speak this text as a turn without a user; a reply that sounds is cut."""
        self._clear_floor(now_us)
        self._recite("say", text, now_us)

    def interrupt(self, now_us: int, turn_id: str = "", generation: int = 0) -> None:
        """Stop the reply, whoever asked; stale ids are ignored."""
        reply = self.reply
        if reply is None or (turn_id and turn_id != reply.turn.turn_id):
            return
        if generation and generation < reply.generation:
            return
        if self.turn is reply.turn:  # only speculated so far
            self._drop_reply(reply)
        else:
            self._end_reply(interrupted=True)
        self._show(now_us)

    def set_manners(self, manners: Manners) -> None:
        """What another persona is called, and says into a silence."""
        self._manners = manners

    # -- time -------------------------------------------------------------------------------------------

    def tick(self, now_us: int) -> None:
        """Time passes: waits that are over, deadlines that were missed."""
        if self.turn is not None:
            self._tick_turn(self.turn, now_us)
        if self._cut is not None and now_us - self._cut.at_us >= self._policy.resume_us:
            self._go_on(now_us)
        if self.turn is None and self.reply is None:
            self._tick_silence(now_us)
        reply = self.reply
        if reply is None or reply.released_us is not None:
            return
        if self._wants_opener(reply, now_us):
            self._turns_to_rest = self._policy.opener_rest
            self._opener_count += 1
            self._open_with(
                reply, self._manners.openers[self._opener_count % len(self._manners.openers)], now_us
            )
        if now_us > reply.deadline_us:
            self.reply_failed(now_us, reply, "the answer took too long")

    # -- inside -----------------------------------------------------------------------------------------

    def _wants_opener(self, reply: Reply, now_us: int) -> bool:
        """The turn is over and the answer has no word yet; not too often, never twice."""
        is_waiting = (
            reply.is_confirmed and not reply.said and bool(reply.prompt_text) and self.opening is None
        )
        zero_us = reply.turn.marks_us.get("end_of_turn")
        is_late = zero_us is not None and now_us - zero_us >= self._policy.opener_us
        return is_waiting and is_late and bool(self._manners.openers) and self._turns_to_rest <= 0

    def _answer(self, turn: Turn, now_us: int) -> None:
        """Let the model answer, or say a word to somebody who only wanted silence."""
        if turn.took_floor and self._manners.stopped and is_mere_stop(turn.transcript, self._manners.name):
            self._answer_with(turn, self._manners.stopped, now_us)
        else:
            super()._answer(turn, now_us)

    def _tick_turn(self, turn: Turn, now_us: int) -> None:
        if turn.final_until_us is not None:
            if now_us > turn.final_until_us:
                self.final(now_us, turn.transcript.removeprefix(turn.prefix).strip())
        elif turn.wait_until_us is not None:
            self._tick_pause(turn, turn.wait_until_us, now_us)
        elif now_us - turn.heard_from_us > self._policy.silent_timeout_us:
            self._end_turn(turn, now_us)
        elif turn.is_barge_in and self._is_long_speech(turn, now_us - self._policy.notice_us):
            self._take_floor(now_us)
            self._remember_cut(turn, now_us)

    def _tick_pause(self, turn: Turn, wait_until_us: int, now_us: int) -> None:
        silent_us = now_us - (turn.speech_end_us or now_us)
        if now_us >= wait_until_us:
            self._end_turn(turn, now_us)
        elif silent_us >= self._policy.guess_anyway_us and words_of(turn.transcript):
            self._speculate(turn, now_us)

    def _tick_silence(self, now_us: int) -> None:
        """Nobody speaks: ask once whether somebody is there, then say good-bye."""
        manners = self._manners
        if self._idle_from_us is None:
            self._idle_from_us = now_us
        silent_us = now_us - self._idle_from_us
        if not self._has_asked and 0 < manners.still_there_us <= silent_us:
            self._has_asked = True
            self._recite("initiative", manners.still_there, now_us)
        elif self._has_asked and 0 < manners.goodbye_us <= silent_us:
            self._recite(GOODBYE, manners.goodbye, now_us)

    def _end_turn(self, turn: Turn, now_us: int) -> None:
        if not words_of(turn.transcript) and turn.is_paused:
            self.turn = None
            self._forget(turn)
        else:
            turn.mark("end_of_turn", now_us)
            turn.wait_until_us = None
            turn.final_until_us = now_us + self._policy.final_timeout_us
            self._hands.end_listening(turn)
        self._show(now_us)

    def _heard(self, turn: Turn, now_us: int, text: str, confidence: float | None = None) -> None:
        turn.is_unclear = confidence is not None and confidence < self._policy.clear_confidence
        if words_of(text):
            self._cut = None
            self._has_asked = False
        turn.heard_from_us = now_us
        turn.transcript = f"{turn.prefix} {text}".strip()
        if turn.transcript and not turn.is_barge_in:
            self._hands.tell(captions.transcript(turn, final=False))
