"""The caller's voice: hibari, lower than the avatars, who have the same voice."""

from pathlib import Path

from material import Speaker, write_wav
from visavis_tts.engine import Clause, Pause
from visavis_tts.phoneme_speaker import RATE_HZ

LOWER = 0.84  # of the avatars' pitch; spoken faster by as much, so that the pace is the same


class Caller(Speaker):
    """Speaks into files, each only once."""

    def spoken(self, name: str, text: str) -> Path:
        """`text` in a WAV file."""
        path = self._folder / f"{name}.wav"
        if not path.exists():
            clause = Clause(text, 0, Pause.SENTENCE, is_last=True)
            speech = self._engine.open(voice="", language_code="en", speed=1 / LOWER).speak(clause)
            if speech is None:
                raise ValueError(f"nothing to speak in {text!r}")
            write_wav(path, speech.pcm, round(LOWER * RATE_HZ))
        return path
