"""Several engines as one: a voice's name picks its engine, slots are counted over all."""

from collections.abc import Sequence

from rpckit.errors import Busy, NotFound

from visavis_tts.engine import Clause, Engine, Speaker, Speech


class SlotSpeaker:
    """A speaker that gives its slot back when closed, once."""

    def __init__(self, speaker: Speaker, voices: "Voices") -> None:
        self._speaker = speaker
        self._voices: Voices | None = voices

    def speak(self, clause: Clause) -> Speech | None:
        return self._speaker.speak(clause)

    def close(self) -> None:
        if self._voices is not None:
            self._voices.open_count -= 1
            self._voices = None
            self._speaker.close()


class Voices:
    """The first engine's first voice is the default; all engines share one sample rate."""

    def __init__(self, engines: Sequence[Engine], max_streams: int, default_voice: str = "") -> None:
        self._engines = engines
        self._by_name = {voice: engine for engine in engines for voice in engine.voices}
        self._default = default_voice or engines[0].voices[0]
        self._max = max_streams
        self.open_count = 0
        self.sample_rate_hz = engines[0].sample_rate_hz
        if self._default not in self._by_name:
            raise SystemExit(f"no voice {self._default!r}; there are: {', '.join(self._by_name)}")
        if any(engine.sample_rate_hz != self.sample_rate_hz for engine in engines):
            raise ValueError("engines differ in sample rate")

    @property
    def voices(self) -> Sequence[str]:
        return sorted(self._by_name, key=lambda name: name != self._default)

    def open(self, *, voice: str, language_code: str, speed: float) -> SlotSpeaker:
        name = voice or self._default
        if name not in self._by_name:
            raise NotFound(f"no such voice; there are: {', '.join(self.voices)}")
        if self.open_count == self._max:
            raise Busy(f"all {self._max} voices are speaking")
        speaker = self._by_name[name].open(voice=name, language_code=language_code, speed=speed)
        self.open_count += 1
        return SlotSpeaker(speaker, self)

    def close(self) -> None:
        for engine in self._engines:
            engine.close()
