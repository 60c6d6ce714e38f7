"""The reply on its way: written, made, sent, heard, or failed. Pure; times in microseconds."""

from visavis_gateway import captions
from visavis_gateway.engine import Reply
from visavis_gateway.floor import Floor

GOODBYE = "goodbye"


class Delivery(Floor):
    """What mind, voice and playout report of the reply; a report of one that no longer counts is ignored."""

    def text(self, now_us: int, reply: Reply, delta: str) -> None:
        """The brain wrote more."""
        if reply is not self.reply:
            return
        reply.turn.mark("first_token", now_us)
        reply.deadline_us = now_us + self._policy.first_audio_timeout_us
        reply.text += delta
        if reply.released_us is not None:
            self._hands.tell(captions.reply(reply))

    def first_audio(self, now_us: int, reply: Reply) -> None:
        """The first sound of the reply, or of its opener, is made."""
        if reply is self.opening and reply.released_us is None:
            self._release_opening(reply, now_us)
        if reply is not self.reply or reply.is_audible:
            return
        reply.turn.mark("first_audio", now_us)
        reply.is_audible = True
        self._release_if_ready(reply, now_us)

    def first_sent(self, now_us: int) -> None:
        """The first sample of the reply, or of its opener, leaves."""
        if self.reply is not None:
            self.reply.turn.mark("opener_sent" if self.opening is not None else "first_sent", now_us)
            self._show(now_us)

    def heard(self, heard_end: int) -> None:
        """Words of the sounding reply have left, up to this character."""
        reply = self.reply
        if reply is None:
            return
        if self.opening is not None:
            reply.opener_heard_end = heard_end
        elif heard_end > reply.heard_end:
            reply.heard_end = heard_end
        self._hands.tell(captions.reply(reply))

    def all_sent(self, now_us: int) -> None:
        """The last sample of the reply has left."""
        reply = self.reply
        if reply is not None and self.opening is not None:
            self._opening_sent(reply, self.opening, now_us)
            return
        if reply is None or reply.released_us is None:
            return
        reply.heard_end = self._hands.said_without(reply, self._hands.unheard_us())
        self._end_reply(interrupted=False)
        if reply.turn.origin == GOODBYE:
            self._hands.leave("timed_out")
        self._show(now_us)

    def starved(self, now_us: int, starved_us: int) -> None:
        """What sounds has had no sound for so long."""
        if starved_us < self._policy.starve_us or self.reply is None:
            return
        if self.opening is not None:
            self._opening_sent(self.reply, self.opening, now_us)
        elif self.reply.released_us is not None:
            self.reply_failed(now_us, self.reply, "the rest of the answer did not come")

    def reply_failed(self, now_us: int, reply: Reply, message: str) -> None:
        """No more of this reply will come. What sounded of it stays."""
        if reply is self.opening:
            self._drop_opening()
        if reply is not self.reply:
            return
        if self.turn is reply.turn:  # speculated: the final tries once more
            self._drop_reply(reply)
        else:
            self._hands.tell({"type": "error", "code": "no_reply", "message": message})
            self._end_reply(interrupted=True)
        self._show(now_us)

    # -- inside -----------------------------------------------------------------------------------------

    def _release_opening(self, opening: Reply, now_us: int) -> None:
        assert self.reply is not None
        opening.released_us = now_us
        self.reply.opener = opening.text
        self._hands.release(opening)
        self._hands.tell(captions.reply(self.reply))
