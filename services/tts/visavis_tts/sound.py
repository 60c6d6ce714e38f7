"""Trimming, joining and measuring a clause's samples. Pure array code on float32 at one rate."""

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]

# Windows of this length are speech or not. 5 ms at 24 kHz.
WINDOW = 120
# RMS under which nothing is heard: 40 dB under a vowel of the loudness in use.
SILENCE_RMS = 0.0012


def window_rms(wave: Wave) -> NDArray[np.float32]:
    """RMS of each whole window."""
    count = len(wave) // WINDOW
    windows = wave[: count * WINDOW].reshape(count, WINDOW)
    rms: NDArray[np.float32] = np.sqrt(np.mean(np.square(windows), axis=1))
    return rms


def speech_bounds(wave: Wave) -> tuple[int, int]:
    """[start, end) of what can be heard; (0, 0) when nothing can."""
    heard = np.flatnonzero(window_rms(wave) > SILENCE_RMS)
    if not len(heard):
        return 0, 0
    return int(heard[0]) * WINDOW, (int(heard[-1]) + 1) * WINDOW


def silent_run(wave: Wave, start: int, end: int, shortest: int) -> tuple[int, int] | None:
    """The longest silence that begins or ends in [start, end), whole; None if shorter than `shortest`."""
    quiet = np.concatenate([[False], window_rms(wave) <= SILENCE_RMS, [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8))).reshape(-1, 2) * WINDOW
    touching = [(int(a), int(b)) for a, b in edges if a < end and b > start and b - a >= shortest]
    return max(touching, key=lambda run: run[1] - run[0], default=None)


def cut_out(wave: Wave, start: int, end: int, *, lead: int, tail: int, fade: int) -> tuple[Wave, int]:
    """Samples [start - lead, end + tail) with faded edges and zeros where the wave has none.

    Returns them and the shift to add to a position in `wave`.
    """
    first, last = max(0, start - lead), min(len(wave), end + tail)
    piece = wave[first:last].copy()
    fade = min(fade, len(piece) // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    piece[:fade] *= ramp
    piece[len(piece) - fade :] *= ramp[::-1]
    before, after = first - (start - lead), (end + tail) - last
    return np.pad(piece, (before, after)), before - first


def limited(wave: Wave, gain: float, ceiling: float) -> Wave:
    """`wave` louder by `gain`; what would pass the ceiling bends softly below 1."""
    loud = wave * np.float32(gain)
    over = np.abs(loud) > ceiling
    room = 0.99 - ceiling
    loud[over] = np.sign(loud[over]) * (ceiling + room * np.tanh((np.abs(loud[over]) - ceiling) / room))
    return loud
