"""VAD probabilities -> where speech starts, pauses and resumes. Pure: time is the sample index handed in."""

from dataclasses import dataclass
from enum import Enum, auto

from visavis_asr.engine import RATE_HZ, WINDOW_SAMPLES

# Once speech is on, a window counts as speech down to this share of the threshold.
HOLD_RATIO = 0.7
# The VAD warms up over weak first sounds: windows above this just before an onset belong to it.
WEAK_PROBABILITY = 0.1
LEAD_WINDOWS_MAX = 4
# The VAD lets go late: its last speech window ends about this much after the last sound.
RELEASE_SAMPLES = 2 * WINDOW_SAMPLES
# A window this certain and this close to the loudest of late is in the middle of speech; one that is not may
# be the first after its end. The VAD itself needs 50 to 100 ms more to let go.
CLEAR_PROBABILITY = 0.9
HUSH_DB = 12.0
PEAK_DECAY_DB = 0.3  # a window; 10 dB a second
# So much silence that a decode is worth while before the pause is certain.
QUIET_SAMPLES = RELEASE_SAMPLES + 2 * WINDOW_SAMPLES


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
    pause_samples: int = RATE_HZ * 3 // 25


class Endpointer:
    """Follows the speech of one turn, window by window, with hysteresis."""

    def __init__(self, rules: Rules, floor_sample: int) -> None:
        self._rules = rules
        self._floor_sample = floor_sample
        self._heard_to = floor_sample
        self._previous = 0.0
        self._lead_windows = 0
        self._peak_db = -120.0
        self.phase = Phase.SILENT
        # First sample of the newest stretch of speech.
        self.onset_sample = floor_sample
        # Sample after the last speech so far.
        self.speech_end = floor_sample
        # Sample after the last window in the middle of speech.
        self.clear_end = floor_sample
        # How much of the turn was clearly speech.
        self.voiced_samples = 0

    @property
    def is_quiet(self) -> bool:
        """Speech has stopped, perhaps only between two words."""
        return self._heard_to - self.speech_end >= QUIET_SAMPLES

    @property
    def is_hushed(self) -> bool:
        """Speech may just have stopped: at a word's end, or in the closure of a consonant."""
        return self._heard_to > self.clear_end

    def step(self, probability: float, end_sample: int, level_db: float) -> Edge | None:
        """Take the window that ends before `end_sample`, `level_db` below full scale; say what changed."""
        self._heard_to = end_sample
        self._peak_db = max(self._peak_db - PEAK_DECAY_DB, level_db)
        if probability >= CLEAR_PROBABILITY and level_db > self._peak_db - HUSH_DB:
            self.clear_end = end_sample
        if self.phase is Phase.SPEAKING:
            return self._step_in_speech(probability, end_sample)
        return self._step_in_silence(probability, end_sample)

    def _step_in_silence(self, probability: float, end_sample: int) -> Edge | None:
        threshold = self._rules.speech_threshold
        before, self._previous = self._previous, probability
        # One window alone may be a click: two must reach the threshold on average.
        if probability < threshold or before + probability < 2 * threshold:
            self._lead_windows = self._lead_windows + 1 if probability >= WEAK_PROBABILITY else 0
            return None
        edge = Edge.STARTED if self.phase is Phase.SILENT else Edge.RESUMED
        count = 1 + min(self._lead_windows, LEAD_WINDOWS_MAX)
        self.onset_sample = max(end_sample - count * WINDOW_SAMPLES, self._floor_sample)
        self.speech_end = self.onset_sample + WINDOW_SAMPLES
        self.voiced_samples += WINDOW_SAMPLES * (2 if before >= threshold else 1)
        self.phase = Phase.SPEAKING
        return edge

    def _step_in_speech(self, probability: float, end_sample: int) -> Edge | None:
        if probability >= self._rules.speech_threshold:
            self.voiced_samples += WINDOW_SAMPLES
        if probability >= self._rules.speech_threshold * HOLD_RATIO:
            self.speech_end = max(self.speech_end, end_sample - RELEASE_SAMPLES)
            return None
        # Half a window of tolerance: the nearest window boundary, not the one after.
        if end_sample - self.speech_end + WINDOW_SAMPLES // 2 < self._rules.pause_samples:
            return None
        self.phase, self._floor_sample = Phase.PAUSED, self.speech_end
        self._previous, self._lead_windows = probability, 0
        return Edge.PAUSED
