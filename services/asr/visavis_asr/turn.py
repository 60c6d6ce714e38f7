"""The audio and the text of one turn. Pure bookkeeping: no model, no clock."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from visavis_asr.endpointing import Endpointer
from visavis_asr.engine import RATE_HZ, Heard, Samples, Transcript, Word

# Less speech than this is a click or a cough, whatever a decoder makes of it.
MIN_VOICED_SAMPLES = RATE_HZ // 10
# A longer part is closed at its next pause: its text is frozen, later audio is decoded alone.
FREEZE_AFTER_SAMPLES = 12 * RATE_HZ
# A longer pause closes a part whatever its length: silence is not worth decoding.
FREEZE_GAP_SAMPLES = RATE_HZ
# A part is cut here even without a pause, at its quietest place within the last seconds.
CUT_AFTER_SAMPLES = 30 * RATE_HZ
CUT_SEARCH_SAMPLES = 5 * RATE_HZ
CUT_STEP_SAMPLES = RATE_HZ // 10


@dataclass(eq=False, slots=True)
class Part:
    """A stretch of a turn that is decoded as one; `text` is None until it was."""

    start_sample: int
    end_sample: int
    # End of the speech when the audio was taken: the text says everything up to there.
    speech_end: int
    samples: Samples
    text: str | None = None
    words: tuple[Word, ...] = ()
    # From an earlier decode of the part's beginning, then its own.
    draft: tuple[int, ...] = ()
    confidence: float | None = None

    def settle(self, heard: Heard) -> None:
        """Keep the text and let go of the audio."""
        self.text, self.draft, self.confidence = heard.text, heard.draft, heard.confidence
        self.words = tuple(word.moved(self.start_sample) for word in heard.words)
        self.samples = np.zeros(0, np.float32)


@dataclass(eq=False, slots=True)
class Rest:
    """Speech that may be over: how it sounded to its end, to judge by; `p_complete` is None until it was."""

    end_sample: int
    sound: Samples
    p_complete: float | None = None
    is_taken: bool = False


@dataclass(eq=False, slots=True)
class Pause:
    """A silence inside a turn: everything of the open part, and how it sounded."""

    part: Part
    rest: Rest
    is_announced: bool = False


@dataclass(eq=False, slots=True)
class Turn:
    """Speech between two ends of turn, named or not yet."""

    endpointer: Endpointer
    turn_id: str = ""
    traceparent: str = ""
    # First sample of the speech; None before there is any.
    start_sample: int | None = None
    # First sample of the part that still grows.
    open_start: int = 0
    # What can't change any more; a reopened turn begins with the text of its snapshot.
    frozen_text: str = ""
    # Times of its words; None when those of a snapshot are missing.
    frozen_words: tuple[Word, ...] | None = ()
    frozen_confidence: float | None = None
    # Closed parts that wait for their text (or for that of a part before them), in order.
    parts: deque[Part] = field(default_factory=deque)
    # The newest decode of the open part.
    heard: Part | None = None
    pause: Pause | None = None
    rest: Rest | None = None
    partial_sample: int = 0
    # Where the audio of the decode in flight ends.
    in_hand_to: int = 0
    sent_text: str = ""
    sent_at_rest: int = -1  # end of the speech that a partial at rest was sent for
    voiced_before_open: int = 0
    # When it ended, everything had been decoded already.
    is_reused: bool = False

    def is_decoded_to(self, speech_end: int) -> bool:
        """Whether the open part's newest text says everything up to `speech_end`."""
        if self.start_sample is None or self.open_start >= speech_end:
            return True
        return self.heard is not None and self.heard.end_sample >= speech_end

    def begin(self, onset_sample: int, pre_roll_samples: int, floor_sample: int) -> None:
        """The first speech of the turn."""
        self.start_sample = self.partial_sample = onset_sample
        self.open_start = max(onset_sample - pre_roll_samples, floor_sample)

    def take_open(self, samples: Samples, end_sample: int) -> Part:
        """The open part as it stands; one with next to no speech in it has its (empty) text at once."""
        earlier = (
            self.heard if self.heard is not None and self.heard.start_sample == self.open_start else None
        )
        draft = earlier.draft if earlier is not None else ()
        part = Part(self.open_start, end_sample, self.endpointer.speech_end, samples, draft=draft)
        if self.endpointer.voiced_samples - self.voiced_before_open < MIN_VOICED_SAMPLES:
            part.settle(Heard(""))
        return part

    def close_open(self, part: Part, next_start: int, speech_since: int = 0) -> None:
        """Close `part`; the open part begins anew at `next_start`, with so much speech in it already."""
        self.parts.append(part)
        self.heard = None
        self.open_start = next_start
        self.voiced_before_open = self.endpointer.voiced_samples - speech_since
        self.freeze()

    def freeze(self) -> None:
        """Turn closed parts into text, as far as they are decoded."""
        while self.parts and (text := self.parts[0].text) is not None:
            self.frozen_text = joined(self.frozen_text, text)
            part = self.parts.popleft()
            words, self.frozen_confidence = part.words, part.confidence
            self.frozen_words = None if self.frozen_words is None else self.frozen_words + words

    def transcript(self, position: int) -> Transcript:
        """Everything decoded so far; an empty range at `position` when nothing was said."""
        start = position if self.start_sample is None else self.start_sample
        heard, words, end = self.heard, self.frozen_words, self.endpointer.speech_end
        if heard is not None and words is not None:
            words += heard.words
        if heard is not None and not self.is_decoded_to(end):
            end = heard.speech_end
        text = joined(self.frozen_text, heard.text or "" if heard is not None else "")
        confidence = self.frozen_confidence if heard is None else heard.confidence
        return Transcript(self.turn_id, text, start, max(start, end), words or (), confidence)


def joined(first: str, second: str) -> str:
    """Two texts as one."""
    return f"{first} {second}".strip()


def quietest(samples: Samples) -> int:
    """Index of the quietest tenth of a second within the last five: where a cut hurts least."""
    first = max(len(samples) - CUT_SEARCH_SAMPLES, 0)
    count = (len(samples) - first) // CUT_STEP_SAMPLES
    steps = samples[first : first + count * CUT_STEP_SAMPLES].reshape(count, CUT_STEP_SAMPLES)
    return first + int(np.square(steps).mean(axis=1).argmin()) * CUT_STEP_SAMPLES + CUT_STEP_SAMPLES // 2
