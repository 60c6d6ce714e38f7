"""Playout: the avatar's voice on the session clock. Pure: frames are asked for at their pts; no I/O.

Audio is the master: every 20 ms one frame leaves, sound or silence. A reply's cues get their session time
from the frame in which its samples leave, so a late clause shifts its own cues and nothing else.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]

RATE_HZ = 24_000
FRAME_SAMPLES = 480
FRAME_US = 20_000
DUCK_GAIN = 10 ** (-12 / 20)
FADE_SAMPLES = 240  # 10 ms: short enough to stop at once, long enough not to click


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word: [text_start, text_end) in the reply's text, times from the reply's first sample."""

    text_start: int
    text_end: int
    offset_us: int
    duration_us: int


@dataclass(frozen=True, slots=True)
class Cue:
    """A viseme; `offset_us` from the reply's first sample, or from t = 0 once placed."""

    viseme: int
    offset_us: int
    duration_us: int
    intensity: float


@dataclass(eq=False)
class ReplyAudio:
    """The sound of one generation as it comes in; held until playout starts it."""

    turn_id: str
    generation: int
    chunks: deque[Pcm] = field(default_factory=deque)
    words: list[Word] = field(default_factory=list)
    cues: deque[Cue] = field(default_factory=deque)
    received: int = 0  # samples pushed
    sent: int = 0  # samples that left
    is_complete: bool = False
    is_broken: bool = False  # it ended before all text was spoken

    def push(self, pcm: Pcm) -> None:
        """Append samples."""
        self.chunks.append(pcm)
        self.received += len(pcm)

    @property
    def waiting_us(self) -> int:
        """Sound that has not left yet."""
        return (self.received - self.sent) * 1_000_000 // RATE_HZ

    @property
    def sent_us(self) -> int:
        """Sound that left."""
        return self.sent * 1_000_000 // RATE_HZ

    @property
    def heard_end(self) -> int:
        """Characters of the reply whose words have left to their end."""
        return self.said_by(self.sent_us)

    def said_by(self, offset_us: int) -> int:
        """Characters of the reply whose words have ended `offset_us` after its first sample."""
        return max((w.text_end for w in self.words if w.offset_us + w.duration_us <= offset_us), default=0)

    @property
    def is_whole(self) -> bool:
        """All text was spoken, and all of it has left."""
        return self.is_complete and not self.is_broken and self.sent >= self.received

    def take(self, count: int) -> Pcm:
        """Up to `count` samples off the front."""
        parts: list[Pcm] = []
        while count and self.chunks:
            head = self.chunks.popleft()
            if len(head) > count:
                self.chunks.appendleft(head[count:])
                head = head[:count]
            parts.append(head)
            count -= len(head)
        taken = np.concatenate(parts) if parts else np.zeros(0, np.int16)
        self.sent += len(taken)
        return taken


class Playout:
    """One voice: at most one reply sounds. Gain changes are ramps, an end is a fade: nothing clicks."""

    def __init__(self, decoder_delay_us: int = 0) -> None:
        self._decoder_delay_us = decoder_delay_us
        self._anchor_us = 0  # session time of the current reply's sample 0
        self._gain = 1.0
        self._target_gain = 1.0
        self._tail: Pcm | None = None
        self.reply: ReplyAudio | None = None
        self.underrun_count = 0
        self.starved_us = 0  # how long the sounding reply has had no sound to send

    def start(self, reply: ReplyAudio, pts_us: int) -> None:
        """Let `reply` sound from the frame at `pts_us` on; one that still sounds is cut."""
        if self.reply is not None:
            self.cut()
        self.reply = reply
        self.starved_us = 0
        self._anchor_us = pts_us

    def duck(self, on: bool) -> None:
        """12 dB down, or back; reached within one frame."""
        self._target_gain = DUCK_GAIN if on else 1.0

    def cut(self) -> None:
        """Stop: the next frame fades out in 10 ms, then there is silence."""
        if self.reply is not None:
            self._tail = self.reply.take(FADE_SAMPLES)
        self.reply = None
        self._target_gain = 1.0

    def place_cues(self) -> list[Cue]:
        """Cues of the sounding reply that are new, at session time."""
        placed: list[Cue] = []
        if self.reply is None:
            return placed
        shift = self._anchor_us + self._decoder_delay_us
        while self.reply.cues:
            cue = self.reply.cues.popleft()
            placed.append(Cue(cue.viseme, cue.offset_us + shift, cue.duration_us, cue.intensity))
        return placed

    def next_frame(self, pts_us: int) -> Pcm:
        """The 480 samples that leave at `pts_us`."""
        if self._tail is not None:
            return self._fade_out()
        frame = np.zeros(FRAME_SAMPLES, np.int16)
        reply = self.reply
        if reply is None:
            self._gain = self._target_gain
            return frame
        sound = reply.take(FRAME_SAMPLES)
        frame[: len(sound)] = sound
        self.starved_us = 0 if len(sound) else self.starved_us + FRAME_US
        if len(sound) < FRAME_SAMPLES and not reply.is_complete:
            self.underrun_count += 1
            self._anchor_us = pts_us + FRAME_US - reply.sent_us
        return self._with_gain(frame)

    def finished(self) -> ReplyAudio | None:
        """The reply whose last sample has left, once."""
        reply = self.reply
        if reply is None or not reply.is_complete or reply.sent < reply.received:
            return None
        self.reply = None
        return reply

    def _with_gain(self, frame: Pcm) -> Pcm:
        if self._gain == self._target_gain == 1.0:
            return frame
        ramp = np.linspace(self._gain, self._target_gain, FRAME_SAMPLES)
        self._gain = self._target_gain
        return (frame * ramp).astype(np.int16)

    def _fade_out(self) -> Pcm:
        tail, self._tail = self._tail, None
        frame = np.zeros(FRAME_SAMPLES, np.int16)
        if tail is not None and len(tail):
            frame[: len(tail)] = tail * np.linspace(self._gain, 0.0, len(tail))
        self._gain = 1.0
        return frame
