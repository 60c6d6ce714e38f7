"""Where speech begins and ends in PCM, where media belongs on one clock, and how late it was.

Pure: no I/O, no clock. Times are seconds on the caller's monotonic clock, PCM is mono int16.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
Floats = NDArray[np.float64]

BLOCK_S = 0.005
JOIN_GAP_S = 0.15  # the closure of a plosive is shorter, the gap between two turns longer
SHORTEST_SPEECH_S = 0.03
FULL_SCALE = 32768.0


@dataclass(frozen=True)
class Span:
    """Samples `start` to `end` (exclusive)."""

    start: int
    end: int


def decibels(db: float) -> float:
    """An amplitude ratio."""
    return float(10 ** (db / 20))


def speech_spans(pcm: Pcm, rate_hz: int) -> list[Span]:
    """The stretches of speech, within about 5 ms; pauses shorter than 150 ms belong to a stretch."""
    block = round(BLOCK_S * rate_hz)
    level = _block_levels(pcm, block)
    threshold = _threshold(level)
    if threshold is None:
        return []
    active = np.flatnonzero(level >= threshold)
    runs = np.split(active, np.flatnonzero(np.diff(active) > round(JOIN_GAP_S / BLOCK_S)) + 1)
    long_enough = [run for run in runs if len(run) * BLOCK_S >= SHORTEST_SPEECH_S]
    return [
        _refined(pcm, Span(int(run[0]) * block, (int(run[-1]) + 1) * block), block, threshold)
        for run in long_enough
    ]


def _block_levels(pcm: Pcm, block: int) -> Floats:
    """RMS of each block; the last one is filled up with silence."""
    padded = np.zeros(-(-len(pcm) // block) * block)
    padded[: len(pcm)] = pcm
    return np.asarray(np.sqrt(np.mean(padded.reshape(-1, block) ** 2, axis=1)))


def _threshold(level: Floats) -> float | None:
    """The level from which a block is speech: above the noise, and at most 36 dB below the loud parts."""
    heard = level[level > FULL_SCALE * decibels(-60)]
    if len(heard) == 0:
        return None
    loud, noise = float(np.percentile(heard, 95)), float(np.percentile(level, 10))
    if loud < FULL_SCALE * decibels(-50):
        return None
    wanted = max(noise * decibels(10), loud * decibels(-36), FULL_SCALE * decibels(-60))
    return min(wanted, loud * decibels(-16))


def _refined(pcm: Pcm, span: Span, block: int, threshold: float) -> Span:
    """The same span, its borders moved to the first and the last sample that reach the threshold."""
    first = np.flatnonzero(np.abs(pcm[span.start : span.start + block].astype(np.int32)) >= threshold)
    end = min(span.end, len(pcm))
    last = np.flatnonzero(np.abs(pcm[max(0, span.end - block) : end].astype(np.int32)) >= threshold)
    start = span.start + (int(first[0]) if len(first) else 0)
    return Span(start, max(0, span.end - block) + int(last[-1]) + 1 if len(last) else end)


def av_offsets_ms(
    video_pts: Sequence[float],
    video_arrivals: Sequence[float],
    audio_pts: Sequence[float],
    audio_arrivals: Sequence[float],
) -> Floats:
    """For each frame: its lateness less that of the audio packet nearest in pts; positive = audio early.

    pts are seconds on the session's clock, arrivals on the viewer's.
    """
    if len(audio_pts) == 0 or len(video_pts) == 0:
        return np.zeros(0)
    order = np.argsort(audio_pts, kind="stable")
    pts = np.asarray(audio_pts, np.float64)[order]
    transit = np.asarray(audio_arrivals, np.float64)[order] - pts
    wanted = np.asarray(video_pts, np.float64)
    right = np.clip(np.searchsorted(pts, wanted), 0, len(pts) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(pts[left] - wanted) <= np.abs(pts[right] - wanted), left, right)
    video_transit = np.asarray(video_arrivals, np.float64) - wanted
    return np.asarray(1000 * (video_transit - transit[nearest]))


def median_and_p95(values: Sequence[float] | Floats) -> dict[str, float | None]:
    """The median, and the 95th percentile of the magnitude; None without values."""
    if len(values) == 0:
        return {"median": None, "p95": None}
    return {
        "median": round(float(np.median(values)), 1),
        "p95": round(float(np.percentile(np.abs(values), 95)), 1),
    }
