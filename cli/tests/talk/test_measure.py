"""Speech is found where it is; offsets have the sign that the issue gives them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visavis_cli.talk.measure import av_offsets_ms, median_and_p95, speech_spans

RATE_HZ = 48_000


def voice(seconds: float, level: float, rng: np.random.Generator) -> np.ndarray:
    """Harmonics of 140 Hz whose loudness moves like syllables do, never down to nothing."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * 140 * n * at + rng.uniform(0, 6)) / n for n in range(1, 12))
    return level * 32767 * sound / np.abs(sound).max() * (0.55 + 0.45 * np.cos(2 * np.pi * 4 * at))


@settings(max_examples=40, deadline=None)
@given(
    before=st.floats(0.1, 1.0),
    spoken=st.floats(0.1, 1.5),
    level=st.floats(0.05, 0.9),
    noise_db=st.floats(-80, -26),
    seed=st.integers(0, 1000),
)
def test_onset_and_offset_within_10_ms(
    before: float, spoken: float, level: float, noise_db: float, seed: int
) -> None:
    """With noise that lies 26 dB or more below the voice."""
    rng = np.random.default_rng(seed)
    sound = voice(spoken, level, rng)
    pcm = np.concatenate([np.zeros(round(before * RATE_HZ)), sound, np.zeros(RATE_HZ // 2)])
    pcm += rng.normal(0, level * 32767 * 10 ** (noise_db / 20), len(pcm)) * 0.3
    spans = speech_spans(pcm.clip(-32768, 32767).astype(np.int16), RATE_HZ)
    start = round(before * RATE_HZ) / RATE_HZ
    assert spans[0].start / RATE_HZ == pytest.approx(start, abs=0.010)
    assert spans[-1].end / RATE_HZ == pytest.approx(start + len(sound) / RATE_HZ, abs=0.010)


@pytest.mark.parametrize("level", [0, 1, 20])
def test_no_speech_in_silence_and_hiss(level: int) -> None:
    rng = np.random.default_rng(1)
    assert speech_spans(rng.normal(0, level, RATE_HZ).astype(np.int16), RATE_HZ) == []
    assert speech_spans(np.zeros(0, np.int16), RATE_HZ) == []


def test_a_pause_of_a_clause_splits_and_a_plosive_does_not() -> None:
    rng = np.random.default_rng(1)
    gap = [np.zeros(round(seconds * RATE_HZ)) for seconds in (0.08, 0.4)]
    pcm = np.concatenate([voice(0.3, 0.5, rng), gap[0], voice(0.3, 0.5, rng), gap[1], voice(0.3, 0.5, rng)])
    spans = speech_spans(pcm.astype(np.int16), RATE_HZ)
    assert len(spans) == 2
    assert spans[0].end / RATE_HZ == pytest.approx(0.68, abs=0.01)
    assert spans[1].start / RATE_HZ == pytest.approx(1.08, abs=0.01)


def test_a_single_crackle_is_no_speech() -> None:
    pcm = np.zeros(RATE_HZ, np.int16)
    pcm[20_000:20_100] = 12_000
    assert speech_spans(pcm, RATE_HZ) == []


def test_offset_is_positive_when_audio_is_early() -> None:
    pts = np.arange(0, 2, 0.02)
    video = np.arange(0, 2, 0.04)
    assert av_offsets_ms(video, video + 100.08, pts, pts + 100.0) == pytest.approx(80)
    assert av_offsets_ms(video, video + 100.0, pts, pts + 100.03) == pytest.approx(-30)


def test_offset_takes_the_audio_nearest_to_each_frame() -> None:
    """An audio delay that comes in mid-call counts from there on; the order of arrival does not matter."""
    pts = np.arange(0, 2, 0.02)
    late = np.where(pts >= 1, 0.05, 0.0)
    video = np.arange(0, 2, 0.04)
    offsets = av_offsets_ms(video, video + 5, pts[::-1], (pts + late + 5)[::-1])
    assert offsets[:24] == pytest.approx(0)
    assert offsets[26:] == pytest.approx(-50)


def test_median_and_p95() -> None:
    assert median_and_p95([]) == {"median": None, "p95": None}
    assert median_and_p95([-50.0] * 10 + [1.0] * 90) == {"median": 1.0, "p95": 50.0}


def test_offsets_of_nothing() -> None:
    assert len(av_offsets_ms([], [], [1.0], [1.0])) == 0
    assert len(av_offsets_ms([1.0], [1.0], [], [])) == 0
