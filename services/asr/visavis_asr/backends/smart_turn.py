"""smart-turn v3: does the sound of the last 8 s say that the speaker is done?"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavis_asr.backends.onnx_session import open_session
from visavis_asr.engine import RATE_HZ, Samples

# The features Whisper was trained on: 25 ms frames every 10 ms, 80 mel bands up to 8 kHz.
FFT_SAMPLES = 400
HOP_SAMPLES = 160
MEL_COUNT = 80
SPAN_SAMPLES = 8 * RATE_HZ
# Slaney's mel scale: linear below 1 kHz, logarithmic above.
LINEAR_HZ_PER_MEL = 200 / 3
BREAK_HZ = 1000.0
BREAK_MEL = BREAK_HZ / LINEAR_HZ_PER_MEL
LOG_STEP = np.log(6.4) / 27

Array = NDArray[np.floating[Any]]


def mel_to_hz(mel: Array) -> Array:
    """Slaney's scale, inverted."""
    return np.where(mel < BREAK_MEL, mel * LINEAR_HZ_PER_MEL, BREAK_HZ * np.exp((mel - BREAK_MEL) * LOG_STEP))


def mel_filters() -> NDArray[np.float32]:
    """Triangles of equal area over the FFT's bins, shape (80, 201)."""
    top_mel = BREAK_MEL + np.log(RATE_HZ / 2 / BREAK_HZ) / LOG_STEP
    corners = mel_to_hz(np.linspace(0.0, top_mel, MEL_COUNT + 2))
    bins = np.linspace(0.0, RATE_HZ / 2, FFT_SAMPLES // 2 + 1)
    left, middle, right = (corners[i : MEL_COUNT + i, None] for i in range(3))
    rising = (bins - left) / (middle - left)
    falling = (right - bins) / (right - middle)
    triangles = np.clip(np.minimum(rising, falling), 0.0, None) * 2 / (right - left)
    return triangles.astype(np.float32)


FILTERS = mel_filters()
WINDOW = np.hanning(FFT_SAMPLES + 1)[:-1].astype(np.float32)


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """Whisper's features of exactly 8 s, shape (80, 800), after levelling the loudness."""
    level = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    padded = np.pad(level.astype(np.float32), FFT_SAMPLES // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[:-1:HOP_SAMPLES]
    power = np.abs(np.fft.rfft(frames * WINDOW, axis=-1)).astype(np.float32) ** 2
    log_power = np.log10(np.maximum(FILTERS @ power.T, 1e-10))
    features: NDArray[np.float32] = (np.maximum(log_power, log_power.max() - 8.0) + 4.0) / 4.0
    return features.astype(np.float32)


class SmartTurn:
    """The loaded model. A call takes about 50 ms."""

    def __init__(self, models_dir: Path) -> None:
        self._session = open_session(models_dir / "smart-turn" / "smart-turn-v3.2-cpu.onnx")

    def p_complete(self, samples: Samples) -> float:
        """0 to 1: how likely the turn ends with the last sample; short audio is padded in front."""
        newest = samples[-SPAN_SAMPLES:]
        span = np.concatenate([np.zeros(SPAN_SAMPLES - len(newest), np.float32), newest])
        (probability,) = self._session.run(None, {"input_features": log_mel(span)[None]})
        return float(probability[0, 0])
