"""How a session listens: the settings, in samples."""

from dataclasses import dataclass, field

from visavis_asr.config import Config
from visavis_asr.endpointing import Rules
from visavis_asr.engine import RATE_HZ


@dataclass(frozen=True, slots=True)
class Habits:
    """Speech between partials, audio before an onset, and what is speech at all."""

    rules: Rules = field(default_factory=Rules)
    partial_samples: int = RATE_HZ // 2
    pre_roll_samples: int = RATE_HZ * 2 // 5


def habits_of(config: Config, partial_interval_ms: int) -> Habits:
    """The settings, in samples; `partial_interval_ms` counts where they name none."""
    per_ms = RATE_HZ // 1000
    return Habits(
        Rules(config.speech_threshold, config.pause_ms * per_ms),
        partial_samples=(config.partial_interval_ms or partial_interval_ms) * per_ms,
        pre_roll_samples=config.pre_roll_ms * per_ms,
    )
