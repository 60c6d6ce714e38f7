"""Questions as `visavis talk` takes them."""

import wave
from collections.abc import Callable

import numpy as np
import pytest
from hibari import Hibari
from visavis_cli.talk.speech import Speech, read_speech

SPEECH_HZ = 24_000


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Speech]:
    """Text -> a question as `visavis talk` takes it."""
    voice = Hibari()
    folder = tmp_path_factory.mktemp("questions")

    def speak(text: str) -> Speech:
        sound = np.asarray(voice(text), np.float32).reshape(-1)
        path = folder / f"{abs(hash(text))}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SPEECH_HZ)
            file.writeframes((sound * 32767).astype("<i2").tobytes())
        return read_speech(path)

    return speak
