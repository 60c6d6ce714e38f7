"""One session's hearing: audio and turn boundaries in, events and decode jobs out.

Pure: it says what to decode and is told the text; who decodes, when and where is the caller's business.
"""

import math
from collections import deque

import numpy as np
from rpckit.errors import require

from visavis_asr.endpointing import Edge, Endpointer, Phase
from visavis_asr.engine import (
    RATE_HZ,
    WINDOW_SAMPLES,
    Event,
    Final,
    Partial,
    Paused,
    Pcm,
    Resumed,
    Samples,
    SpeechStarted,
    Vad,
)
from visavis_asr.habits import Habits
from visavis_asr.jobs import Job, Kind, Wish, most_urgent
from visavis_asr.tape import Tape
from visavis_asr.turn import (
    CUT_AFTER_SAMPLES,
    FREEZE_AFTER_SAMPLES,
    FREEZE_GAP_SAMPLES,
    Part,
    Pause,
    Rest,
    Turn,
    quietest,
)

# Lost audio up to this length is taken as silence.
GAP_SAMPLES_MAX = RATE_HZ
# begin_turn may come this much after speech that it names.
UNNAMED_SAMPLES_MAX = RATE_HZ
# What smart-turn listens to.
JUDGED_SAMPLES = 8 * RATE_HZ
# Both models read words and melody better with so much silence after them; what has not been yet is made.
TAIL_SAMPLES = RATE_HZ // 5
# A hush of so much is judged: the closure of a consonant is shorter.
JUDGE_AFTER_SAMPLES = 2 * WINDOW_SAMPLES
# Decodes owed before the caller should wait with more audio. Live audio never gets there.
DEBT_MAX = 4


class Recognizer:
    """Turns one stream of audio into events. Call `take_events` after every other call."""

    def __init__(self, vad: Vad, habits: Habits) -> None:
        self._vad = vad
        self._habits = habits
        self._tape: Tape | None = None
        self._heard_to = 0
        self._turn = self._new_turn(0)
        self._is_open = False
        self._closing: deque[Turn] = deque()
        self._running: Job | None = None
        self._events: list[Event] = []

    # -- what the caller tells ------------------------------------------------------------

    def hear(self, start_sample: int, pcm: Pcm) -> None:
        """Take the next samples; a short gap before them is silence."""
        tape = self._tape_at(start_sample)
        gap = start_sample - tape.end
        require(gap >= 0, f"audio.chunk.start_sample must be {tape.end} or more: chunks may not overlap")
        require(gap <= GAP_SAMPLES_MAX, f"audio.chunk.start_sample leaves a gap of {gap} samples, over 1 s")
        if gap:
            tape.append(np.zeros(gap, np.int16))
        tape.append(pcm)
        while tape.end - self._heard_to >= WINDOW_SAMPLES:
            window = tape.read(self._heard_to, self._heard_to + WINDOW_SAMPLES)
            self._heard_to += WINDOW_SAMPLES
            self._follow(self._vad.step(window), level_db(window))
        self._review()

    def reopen(self, turn_id: str, traceparent: str, text: str) -> None:
        """Go on with a turn whose beginning another stream has heard."""
        self.begin_turn(turn_id, traceparent)
        self._turn.frozen_text = self._turn.sent_text = text.strip()

    def begin_turn(self, turn_id: str, traceparent: str) -> None:
        """Name the current or next speech."""
        require(not self._is_open, "begin_turn: a turn is open; end_turn or drop_turn it first")
        self._is_open = True
        self._turn.turn_id, self._turn.traceparent = turn_id, traceparent

    def end_turn(self, turn_id: str) -> str:
        """Close the open turn; its final follows. Returns the turn's traceparent."""
        require(self._is_open, "end_turn: no turn is open")
        require(turn_id == self._turn.turn_id, "end_turn: turn_id is not the open turn's")
        turn = self._turn
        if not turn.is_decoded_to(turn.endpointer.speech_end):
            turn.close_open(self._newest_part(turn), self._heard_to)
        turn.is_reused = not turn.parts
        self._closing.append(turn)
        self._start_afresh()
        self._settle()
        return turn.traceparent

    def drop_turn(self, turn_id: str) -> None:
        """Forget the open turn (or, with an empty id, speech without one); other ids are ignored."""
        if turn_id == self._turn.turn_id:
            self._start_afresh()
            self._review()

    def give_way_to(self, urgency: Kind | None) -> None:
        """Stop a partial in flight when something more urgent waits, here or in another session."""
        job = self._running
        if job is None or urgency is None or urgency >= Kind.PARTIAL:
            return
        pause = job.turn.pause
        is_awaited = job.part in job.turn.parts or (pause is not None and job.part is pause.part)
        job.is_stale = job.is_stale or not is_awaited

    def abandon(self) -> None:
        """Nobody listens any more: a decode in flight may stop."""
        if self._running is not None:
            self._running.is_stale = True

    # -- what the caller asks ---------------------------------------------------------------

    @property
    def is_behind(self) -> bool:
        """More is waiting to be decoded than live audio can bring about."""
        return len(self._closing) + len(self._turn.parts) >= DEBT_MAX

    @property
    def has_finals_to_come(self) -> bool:
        """Whether an end_turn is still unanswered."""
        return bool(self._closing)

    @property
    def urgency(self) -> Kind | None:
        """How urgent the next decode is; None when there is none."""
        wish = self._wish()
        return None if wish is None else wish.kind

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def take_job(self) -> Job | None:
        """The most urgent decode, with audio as new as can be; `decoded` must follow before the next."""
        wish = self._wish()
        if wish is None:
            return None
        part = wish.part
        if part is None:
            wish.turn.partial_sample = self._heard_to
            part = self._newest_part(wish.turn)
            if part.text is not None:
                wish.turn.heard = part
                return None
        self._running = Job(wish.kind, wish.turn, part)
        wish.turn.in_hand_to = part.end_sample
        return self._running

    def take_rest(self) -> Rest | None:
        """The end of speech that waits to be judged; `judged` must follow."""
        rest = self._turn.rest
        if rest is None or rest.is_taken:
            return None
        rest.is_taken = True
        return rest

    def decoded(self, job: Job, text: str | None) -> None:
        """The text of a job; None when it was stopped."""
        self._running = None
        job.turn.in_hand_to = 0
        if text is None:
            job.turn.partial_sample = 0
            return
        job.part.settle(text)
        turn = job.turn
        is_open_part = job.part not in turn.parts and job.part.start_sample == turn.open_start
        turn.freeze()
        if turn is self._turn and is_open_part:
            turn.heard = job.part
            if turn.pause is None:
                self._send_partial(turn)
        self._settle()

    def judged(self, rest: Rest, p_complete: float) -> None:
        """How likely the turn is over after this sound."""
        rest.p_complete = p_complete
        self._settle()

    # -- inside ---------------------------------------------------------------------------

    def _tape_at(self, start_sample: int) -> Tape:
        if self._tape is None:
            require(start_sample >= 0, "audio.chunk.start_sample must be 0 or more")
            self._tape = Tape(start_sample)
            self._heard_to = start_sample
            # A turn may have been opened before the first audio.
            self._turn.endpointer = Endpointer(self._habits.rules, start_sample)
        return self._tape

    def _new_turn(self, floor_sample: int) -> Turn:
        return Turn(Endpointer(self._habits.rules, floor_sample), open_start=floor_sample)

    def _start_afresh(self) -> None:
        self._turn = self._new_turn(self._turn.endpointer.speech_end)
        self._is_open = False

    def _follow(self, probability: float, level: float) -> None:
        turn = self._turn
        floor = turn.endpointer.speech_end
        match turn.endpointer.step(probability, self._heard_to, level):
            case Edge.STARTED:
                self._start_speech(turn, floor)
            case Edge.PAUSED:
                self._pause(turn)
            case Edge.RESUMED:
                self._resume(turn)
            case None if turn.endpointer.phase is Phase.SPEAKING:
                self._go_on(turn)
            case None if not self._is_open and self._heard_to - floor > UNNAMED_SAMPLES_MAX:
                if turn.start_sample is not None:
                    self._start_afresh()

    def _start_speech(self, turn: Turn, floor: int) -> None:
        onset = turn.endpointer.onset_sample
        turn.begin(onset, self._habits.pre_roll_samples, floor)
        # A reopened turn was already speaking before this stream began.
        self._events.append(Resumed(turn.turn_id, onset) if turn.frozen_text else SpeechStarted(onset))

    def _go_on(self, turn: Turn) -> None:
        if self._heard_to - turn.endpointer.clear_end >= JUDGE_AFTER_SAMPLES:
            self._rest(turn)
        if self._heard_to - turn.open_start >= CUT_AFTER_SAMPLES:
            self._cut(turn)

    def _pause(self, turn: Turn) -> None:
        turn.pause = Pause(self._newest_part(turn), self._rest(turn))
        self._settle()  # text and judgement may both be there

    def _rest(self, turn: Turn) -> Rest:
        """The end of speech, to be judged; the one that is in hand already when no speech came since."""
        endpointer = turn.endpointer
        said_to = max(endpointer.speech_end, endpointer.clear_end)
        if turn.rest is None or turn.rest.end_sample < said_to:
            begin = max(
                (turn.start_sample or 0) - self._habits.pre_roll_samples, self._heard_to - JUDGED_SAMPLES
            )
            turn.rest = Rest(self._heard_to, self._read(turn, begin))
        return turn.rest

    def _read(self, turn: Turn, begin: int) -> Samples:
        """Everything from `begin` on, and in a hush the rest of the silence that the models want."""
        assert self._tape is not None
        samples = self._tape.read(begin, self._heard_to)
        if not turn.endpointer.is_hushed:
            return samples
        return np.pad(samples, (0, max(0, turn.endpointer.clear_end + TAIL_SAMPLES - self._heard_to)))

    def _resume(self, turn: Turn) -> None:
        pause, turn.pause = turn.pause, None
        assert pause is not None
        onset = turn.endpointer.onset_sample
        if pause.is_announced:
            self._events.append(Resumed(turn.turn_id, onset))
        turn.partial_sample = onset
        part = pause.part
        is_long = part.end_sample - part.start_sample > FREEZE_AFTER_SAMPLES
        if is_long or onset - part.speech_end > FREEZE_GAP_SAMPLES:
            next_start = max(onset - self._habits.pre_roll_samples, part.end_sample)
            turn.close_open(part, next_start, self._heard_to - onset)

    def _cut(self, turn: Turn) -> None:
        """Close a part in mid-speech, where it is quietest."""
        assert self._tape is not None
        samples = self._tape.read(turn.open_start, self._heard_to)
        size = quietest(samples)
        cut = turn.open_start + size
        turn.close_open(Part(turn.open_start, cut, cut, samples[:size]), cut, self._heard_to - cut)

    def _newest_part(self, turn: Turn) -> Part:
        """The open part up to now; the one already decoded, or in hand, when no speech came since."""
        said_to = max(turn.endpointer.speech_end, turn.endpointer.clear_end)
        running = self._running.part if self._running is not None and self._running.turn is turn else None
        paused = turn.pause.part if turn.pause is not None else None
        for part in (turn.heard, paused, running):
            is_open_part = part is not None and part.start_sample == turn.open_start
            if part is not None and is_open_part and part.end_sample >= said_to:
                return part
        return turn.take_open(self._read(turn, turn.open_start), self._heard_to)

    def _wish(self) -> Wish | None:
        return most_urgent(self._closing, self._turn, self._heard_to, self._habits.partial_samples)

    def _review(self) -> None:
        """Stop the decode in flight when its text is not wanted, or something better waits."""
        job = self._running
        if job is not None and job.turn is not self._turn and job.turn not in self._closing:
            job.is_stale = True
        self.give_way_to(self.urgency)

    def _send_partial(self, turn: Turn) -> None:
        transcript = turn.transcript(self._heard_to)
        endpointer = turn.endpointer
        said_to = max(endpointer.speech_end, endpointer.clear_end)
        at_rest = endpointer.is_hushed and turn.is_decoded_to(said_to) and bool(transcript.text)
        is_news = transcript.text != turn.sent_text or (at_rest and turn.sent_at_rest < endpointer.clear_end)
        if is_news and not turn.parts:
            turn.sent_text = transcript.text
            turn.sent_at_rest = endpointer.clear_end if at_rest else turn.sent_at_rest
            self._events.append(Partial(transcript, at_rest))

    def _settle(self) -> None:
        """Send what has become certain: the pause, and finals in the order they were asked for."""
        turn, pause = self._turn, self._turn.pause
        if pause is not None and pause.part.text is not None and not turn.parts:
            turn.heard = pause.part
            if pause.rest.p_complete is not None and not pause.is_announced:
                pause.is_announced = True
                transcript = turn.transcript(self._heard_to)
                turn.sent_text = transcript.text
                self._events.append(Paused(transcript, pause.rest.p_complete))
        while self._closing and not self._closing[0].parts:
            closed = self._closing.popleft()
            self._events.append(Final(closed.transcript(self._heard_to), closed.is_reused))
        self._review()


def level_db(window: Samples) -> float:
    """Mean level, dB relative to full scale; -100 for digital silence."""
    return 10 * math.log10(float(np.mean(np.square(window))) + 1e-10)
