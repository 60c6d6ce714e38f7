"""VAD probabilities -> where speech starts, pauses and resumes. Pure: time is the sample index handed in."""

from dataclasses import dataclass
from enum import Enum, auto

from visavis_asr.engine import RATE_HZ, WINDOW_SAMPLES

# Consecutive speech windows that make an onset: one alone may be a click.
ONSET_WINDOWS = 2
# Once speech is on, a window counts as speech down to this share of the threshold.
HOLD_RATIO = 0.7
# The VAD warms up over weak first sounds; windows above this just before an onset belong to it.
WEAK_PROBABILITY = 0.1
WEAK_WINDOWS_MAX = 3
# So much silence that a decode is worth while before the pause is certain.
QUIET_SAMPLES = 3 * WINDOW_SAMPLES


class Phase(Enum):
    """Where the speaker is."""

    SILENT = auto()
    SPEAKING = auto()
    PAUSED = auto()


class Edge(Enum):
    """What changed with a window."""

    STARTED = auto()
    PAUSED = auto()
    RESUMED = auto()


@dataclass(frozen=True, slots=True)
class Rules:
    """When a probability is speech and a silence a pause."""

    speech_threshold: float = 0.5
    pause_samples: int = RATE_HZ // 5


class Endpointer:
    """Follows the speech of one turn, window by window, with hysteresis."""

    def __init__(self, rules: Rules, floor_sample: int) -> None:
        self._rules = rules
        self._floor_sample = floor_sample
        self._run_windows = 0
        self._weak_windows = 0
        self.phase = Phase.SILENT
        # First sample of the newest stretch of speech.
        self.onset_sample = floor_sample
        # Sample after the last speech so far.
        self.speech_end = floor_sample
        # How much of the turn was clearly speech.
        self.voiced_samples = 0
        self._heard_to = floor_sample

    @property
    def is_quiet(self) -> bool:
        """Speech has stopped, perhaps only between two words."""
        return self._heard_to - self.speech_end >= QUIET_SAMPLES

    def step(self, probability: float, end_sample: int) -> Edge | None:
        """Take the window that ends before `end_sample`; say what changed."""
        self._heard_to = end_sample
        if self.phase is Phase.SPEAKING:
            return self._step_in_speech(probability, end_sample)
        return self._step_in_silence(probability, end_sample)

    def _step_in_silence(self, probability: float, end_sample: int) -> Edge | None:
        if probability < self._rules.speech_threshold:
            self._run_windows = 0
            self._weak_windows = self._weak_windows + 1 if probability >= WEAK_PROBABILITY else 0
            return None
        self._run_windows += 1
        if self._run_windows < ONSET_WINDOWS:
            return None
        edge = Edge.STARTED if self.phase is Phase.SILENT else Edge.RESUMED
        before = self._run_windows + min(self._weak_windows, WEAK_WINDOWS_MAX)
        self.onset_sample = max(end_sample - before * WINDOW_SAMPLES, self._floor_sample)
        self.voiced_samples += self._run_windows * WINDOW_SAMPLES
        self.phase, self.speech_end = Phase.SPEAKING, end_sample
        return edge

    def _step_in_speech(self, probability: float, end_sample: int) -> Edge | None:
        if probability >= self._rules.speech_threshold:
            self.voiced_samples += WINDOW_SAMPLES
        if probability >= self._rules.speech_threshold * HOLD_RATIO:
            self.speech_end = end_sample
            return None
        # Half a window of tolerance: the nearest window boundary, not the one after.
        if end_sample - self.speech_end + WINDOW_SAMPLES // 2 < self._rules.pause_samples:
            return None
        self.phase, self._floor_sample = Phase.PAUSED, self.speech_end
        self._run_windows = self._weak_windows = 0
        return Edge.PAUSED
