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

    def stop(self) -> None:
        self._speaker.stop()

    def close(self) -> None:
        if self._voices is not None:
            self._voices.open_count -= 1
            self._voices = None
            self._speaker.close()


class Voices:
    """The first engine's first voice is the default; all engines share one sample rate.

    A voice may be named with its engine: kokoro/af_heart.
    """

    name = "voices"

    def __init__(self, engines: Sequence[Engine], max_streams: int, default_voice: str = "") -> None:
        self._engines = engines
        self._by_name = {voice: engine for engine in engines for voice in engine.voices}
        self._engine_names = [engine.name for engine in engines]
        self._max = max_streams
        self.open_count = 0
        self.sample_rate_hz = engines[0].sample_rate_hz
        self._default = engines[0].voices[0]
        try:
            self._default = self._find(default_voice)
        except NotFound as error:
            raise SystemExit(f"TTS_DEFAULT_VOICE: {error}") from None
        if any(engine.sample_rate_hz != self.sample_rate_hz for engine in engines):
            raise ValueError("engines differ in sample rate")

    @property
    def voices(self) -> Sequence[str]:
        return sorted(self._by_name, key=lambda name: name != self._default)

    def open(self, *, voice: str, language_code: str, speed: float) -> SlotSpeaker:
        name = self._find(voice)
        if self.open_count == self._max:
            raise Busy(f"all {self._max} voices are speaking")
        speaker = self._by_name[name].open(voice=name, language_code=language_code, speed=speed)
        self.open_count += 1
        return SlotSpeaker(speaker, self)

    def _find(self, voice: str) -> str:
        """The voice's own name; an empty one is the default. Raises NotFound with what there is."""
        engine, _, name = voice.rpartition("/")
        if not voice:
            return self._default
        if engine and engine not in self._engine_names:
            running = " and ".join(self._engine_names)
            raise NotFound(f"no voice {voice!r}: this service speaks by {running} (see TTS_BACKEND)")
        if name not in self._by_name or (engine and self._by_name[name].name != engine):
            raise NotFound(f"no voice {voice!r}; there are: {', '.join(self.voices)}")
        return name

    def close(self) -> None:
        for engine in self._engines:
            engine.close()
