"""Which embedded model a machine can afford: from its speeds to an expected voice to voice. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Between the user's last word and the first clause of the answer the model reads the words that no partial
# has brought yet with the marks around them, and writes a clause (docs/adr/015-profiles.md).
READ_TOKENS = 8
WRITTEN_TOKENS = 6
# All the rest of voice to voice: hearing, the wait, the voice's first clause, the network on one machine.
AROUND_MODEL_S = 0.28


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens per second of one model on this machine, on as many threads as it will have."""

    file: Path
    read_hz: float
    written_hz: float

    @property
    def voice_to_voice_s(self) -> float:
        """What a user would wait in the median."""
        return AROUND_MODEL_S + READ_TOKENS / self.read_hz + WRITTEN_TOKENS / self.written_hz


@dataclass(frozen=True, slots=True)
class Choice:
    """The model, and why that one, in a sentence for people."""

    file: Path
    why: str


def choose(speeds: Sequence[Speed], within_s: float) -> Choice:
    """The last of `speeds` (smallest model first, at least one) that answers in time, else the first."""
    quick = [speed for speed in speeds if speed.voice_to_voice_s <= within_s]
    chosen = quick[-1] if quick else speeds[0]
    if not quick:
        rank = f"the smallest: none answers within {within_s:g} s on this machine"
    elif len(speeds) == 1:
        rank = f"the only one here, and it answers within {within_s:g} s"
    else:
        rank = f"the largest of {len(speeds)} that answers within {within_s:g} s on this machine"
    return Choice(chosen.file, "; ".join([rank, *(outlook(speed) for speed in reversed(speeds))]))


def outlook(speed: Speed) -> str:
    """What is expected of one model."""
    rates = f"reads {speed.read_hz:.0f}, writes {speed.written_hz:.0f} tokens/s"
    return f"{speed.file.stem}: {speed.voice_to_voice_s:.2f} s expected, {rates}"
