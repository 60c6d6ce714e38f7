"""What recognition means here. No grpc, no onnx, no asyncio: plain calls, testable alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
# The VAD's step: 32 ms.
WINDOW_SAMPLES = 512

Pcm = NDArray[np.int16]
# -1 to 1 at RATE_HZ, mono.
Samples = NDArray[np.float32]


class Vad(Protocol):
    """Voice activity of one stream: keeps state from window to window."""

    def step(self, window: Samples) -> float:
        """Probability of speech in the next WINDOW_SAMPLES. Takes well under a millisecond."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands in its text, heard in samples [start_sample, end_sample)."""

    text: str
    start_sample: int
    end_sample: int

    def moved(self, by: int) -> "Word":
        return Word(self.text, self.start_sample + by, self.end_sample + by)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a stretch of samples says, without outer spaces; no words where the engine has no times."""

    text: str
    words: tuple[Word, ...] = ()
    # The engine's own notation of the text: a draft for decoding the same samples with more after them.
    draft: tuple[int, ...] = ()
    # 0 to 1: the geometric mean of its tokens' probabilities; None where the engine can't tell.
    confidence: float | None = field(default=None, compare=False)


class Engine(Protocol):
    """The loaded models. Shared by all sessions; `transcribe` and `p_complete` block, each in one thread."""

    # Primary BCP-47 tags that it hears; the first is its own.
    languages: tuple[str, ...]
    # Speech between two partials that it can decode beside everything else, when the settings name none.
    partial_interval_ms: int

    def open_vad(self) -> Vad:
        """Fresh state for one stream."""

    def transcribe(
        self,
        samples: Samples,
        language: str,
        should_stop: Callable[[], bool],
        draft: tuple[int, ...] = (),
    ) -> Heard | None:
        """What `samples` say, word times counted from the first; None when `should_stop` ended it early.

        `language` is one of `languages`; empty = whichever it sounds like. `draft` is that of what was heard
        in the first part of the samples: checking it is quicker than writing it again.
        """

    def p_complete(self, samples: Samples) -> float:
        """0 to 1: how likely the speaker is done at the end of `samples` (the last 8 s count)."""

    def close(self) -> None:
        """Let go of the models; no call may follow."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user has begun to speak."""

    start_sample: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """Text heard in samples [start_sample, end_sample)."""

    turn_id: str
    text: str
    start_sample: int
    end_sample: int
    words: tuple[Word, ...] = ()
    confidence: float | None = None  # of the newest words


@dataclass(frozen=True, slots=True)
class Partial:
    """Tentative text; `at_rest`: speech has just stopped and the text says all of it."""

    transcript: Transcript
    at_rest: bool = False


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause that may be the end of the turn."""

    transcript: Transcript
    p_complete: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """Speech after an announced pause."""

    turn_id: str
    start_sample: int


@dataclass(frozen=True, slots=True)
class Final:
    """The answer to an end of turn; `is_reused` when no decode was needed for it any more."""

    transcript: Transcript
    is_reused: bool


Event = SpeechStarted | Partial | Paused | Resumed | Final
