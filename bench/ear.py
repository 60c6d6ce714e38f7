"""What was heard: its words, read by the small recogniser, and a recording of both sides."""

import io
import wave
from pathlib import Path

import av
import numpy as np
from chromium import Visit
from numpy.typing import NDArray
from visavis_asr.backends.moonshine import Moonshine
from visavis_cli import environment

RATE_HZ = 16_000
SPEECH_HZ = 24_000  # hibari's
SHORTEST_S, LONGEST_S = 3, 9  # the recogniser drops words of longer pieces


class Ear:
    """Reads speech piece by piece."""

    def __init__(self) -> None:
        self._moonshine = Moonshine(environment.models_dir())

    def words(self, samples: NDArray[np.int16], rate_hz: int) -> str:
        """What is said in mono samples of any rate."""
        speech = resampled(samples, rate_hz, RATE_HZ).astype(np.float32) * np.float32(1 / 32768)
        read = (self._moonshine.transcribe(piece, lambda: False) for piece in pieces(speech))
        return " ".join(filter(None, read))


def write_both(path: Path, visit: Visit) -> None:
    """A WAV file: the user on the left, what the page received on the right, as they met in the page."""
    begun_ms = float(visit.sound.at_ms[0])
    heard = resampled(visit.sound.samples, visit.sound.rate_hz, SPEECH_HZ)
    both = np.zeros((len(heard), 2), "<i2")
    both[:, 1] = heard
    for said, file in zip(visit.spoken, visit.said, strict=True):
        with wave.open(io.BytesIO(file)) as speech:
            pcm = np.frombuffer(speech.readframes(speech.getnframes()), "<i2")
        at = round((said["from_ms"] - begun_ms) * SPEECH_HZ / 1000)
        both[at : at + len(pcm), 0] = pcm[: max(0, len(both) - at)]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(SPEECH_HZ)
        out.writeframes(both.tobytes())


def resampled(samples: NDArray[np.int16], from_hz: int, to_hz: int) -> NDArray[np.int16]:
    if not len(samples):
        return samples
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), "s16", "mono")
    frame.sample_rate = from_hz
    resampler = av.AudioResampler("s16", "mono", to_hz)
    out = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([each.to_ndarray().reshape(-1) for each in out])


def pieces(speech: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Cut at the quietest moment wherever a piece would be too long."""
    cut_up = []
    while len(speech) > LONGEST_S * RATE_HZ:
        window = np.abs(speech[SHORTEST_S * RATE_HZ : LONGEST_S * RATE_HZ])
        loudness = np.convolve(window, np.ones(RATE_HZ // 5), "same")
        cut = SHORTEST_S * RATE_HZ + int(loudness.argmin())
        cut_up.append(speech[:cut])
        speech = speech[cut:]
    return [*cut_up, speech]
