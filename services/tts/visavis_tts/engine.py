"""What speaking means here. No grpc, no onnx, no asyncio: plain calls, testable alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]


class Viseme(IntEnum):
    """The 15 mouth shapes of the Oculus set; the numbers are those of the contract."""

    SIL = 1
    PP = 2
    FF = 3
    TH = 4
    DD = 5
    KK = 6
    CH = 7
    SS = 8
    NN = 9
    RR = 10
    AA = 11
    E = 12
    I = 13  # noqa: E741 (the set's own name)
    O = 14  # noqa: E741 (the set's own name)
    U = 15


class Pause(Enum):
    """What a clause ends in, as milliseconds of silence before the next one."""

    NONE = 50
    COMMA = 120
    SENTENCE = 280


@dataclass(frozen=True, slots=True)
class Clause:
    """A run of words to be spoken in one go; text_start counts code points of the reply's text."""

    text: str
    text_start: int
    pause: Pause
    is_last: bool = False

    @property
    def text_end(self) -> int:
        return self.text_start + len(self.text)


@dataclass(frozen=True, slots=True)
class Word:
    """Characters [text_start, text_end) of the reply sound in samples [start_sample, end_sample)."""

    text_start: int
    text_end: int
    start_sample: int
    end_sample: int


@dataclass(frozen=True, slots=True)
class Cue:
    """One mouth shape in samples [start_sample, end_sample); intensity 0 to 1."""

    viseme: Viseme
    start_sample: int
    end_sample: int
    intensity: float


@dataclass(frozen=True, slots=True)
class Speech:
    """A spoken clause. Samples count from its own first one; cues cover it without gap or overlap."""

    pcm: Pcm
    words: Sequence[Word]
    visemes: Sequence[Cue]


class Speaker(Protocol):
    """One reply in one voice. Calls come in the order of the clauses and never overlap."""

    def speak(self, clause: Clause) -> Speech | None:
        """One model step; None when nothing in the clause can be spoken, and when stopped."""
        ...

    def stop(self) -> None:
        """From any thread: the step in flight may end early; nobody will hear it."""
        ...

    def close(self) -> None: ...


class Engine(Protocol):
    """Loaded voices, shared by all replies; `name` is the backend's."""

    name: str
    sample_rate_hz: int

    @property
    def voices(self) -> Sequence[str]:
        """Names of the voices, the engine's own first."""
        ...

    def open(self, *, voice: str, language_code: str, speed: float) -> Speaker:
        """A speaker; an empty voice or language is the engine's own.

        Raises NotFound for a voice or a language that is not there, Busy when no slot is free.
        """
        ...

    def close(self) -> None: ...
