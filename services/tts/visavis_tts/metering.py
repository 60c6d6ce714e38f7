"""How long speaking takes, measured around any engine."""

import time
from collections.abc import Sequence

from opentelemetry import metrics

from visavis_tts import names
from visavis_tts.engine import Clause, Engine, Speaker, Speech

meter = metrics.get_meter("visavis_tts")
duration = meter.create_histogram(
    names.SYNTHESIS_DURATION,
    "s",
    "Time one clause took to speak, by voice",
    explicit_bucket_boundaries_advisory=[0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2],
)
real_time_factor = meter.create_histogram(
    names.REAL_TIME_FACTOR,
    "1",
    "Time to speak a clause over its length, by voice",
    explicit_bucket_boundaries_advisory=[0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2],
)


class MeteredSpeaker:
    """Counts each clause that sounds."""

    def __init__(self, speaker: Speaker, voice: str, sample_rate_hz: int) -> None:
        self._speaker = speaker
        self._labels = {names.VOICE: voice}
        self._rate = sample_rate_hz

    def speak(self, clause: Clause) -> Speech | None:
        began = time.perf_counter()
        speech = self._speaker.speak(clause)
        took = time.perf_counter() - began
        if speech is not None:
            duration.record(took, self._labels)
            real_time_factor.record(took * self._rate / len(speech.pcm), self._labels)
        return speech

    def stop(self) -> None:
        self._speaker.stop()

    def close(self) -> None:
        self._speaker.close()


class MeteredEngine:
    """An engine whose speakers are metered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.sample_rate_hz = engine.sample_rate_hz

    @property
    def voices(self) -> Sequence[str]:
        return self._engine.voices

    def open(self, *, voice: str, language_code: str, speed: float) -> MeteredSpeaker:
        speaker = self._engine.open(voice=voice, language_code=language_code, speed=speed)
        return MeteredSpeaker(speaker, voice or self.voices[0], self.sample_rate_hz)

    def close(self) -> None:
        self._engine.close()
