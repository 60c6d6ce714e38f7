import numpy as np
import pytest
from visavis_tts.sound import cut_out, limited, silent_run, speech_bounds


def wave(*parts: tuple[int, float]) -> np.ndarray:
    """Stretches of (samples, level), alternating in sign so that RMS = level."""
    levels = np.concatenate([np.full(n, level) for n, level in parts]).astype(np.float32)
    return levels * np.where(np.arange(len(levels)) % 2, -1, 1).astype(np.float32)


def test_speech_bounds_are_what_is_heard():
    assert speech_bounds(wave((1200, 0.0005), (2400, 0.1), (600, 0))) == (1200, 3600)
    assert speech_bounds(wave((1200, 0.0005))) == (0, 0)
    assert speech_bounds(np.zeros(0, np.float32)) == (0, 0)


def test_a_silent_run_is_found_whole():
    sound = wave((1200, 0.1), (2400, 0), (1200, 0.1), (600, 0), (1200, 0.1))
    assert silent_run(sound, 1800, 1900, 600) == (1200, 3600)
    assert silent_run(sound, 0, 6600, 600) == (1200, 3600)
    assert silent_run(sound, 4800, 5000, 601) is None
    assert silent_run(sound, 0, 1000, 600) is None


def test_cutting_out_keeps_the_asked_silence_and_fades():
    sound = wave((600, 0.5), (1200, 0.5), (600, 0.5))
    piece, shift = cut_out(sound, 600, 1800, lead=240, tail=1200, fade=120)
    assert len(piece) == 240 + 1200 + 1200
    assert shift == 240 - 600
    assert piece[0] == 0
    assert np.abs(piece[:120]).max() <= 0.5
    assert np.abs(np.diff(piece[240 + 1200 + 600 - 12 :])).max() < 0.15
    assert not piece[240 + 1200 + 600 :].any()
    assert np.array_equal(piece[240:1440], sound[600:1800])


def test_a_lead_longer_than_the_wave_is_silence():
    piece, shift = cut_out(wave((1200, 0.5)), 0, 1200, lead=500, tail=0, fade=10)
    assert (len(piece), shift) == (1700, 500)
    assert not piece[:500].any()


def test_nothing_passes_full_scale():
    loud = limited(np.linspace(-3, 3, 601, dtype=np.float32), 2.0, 0.8)
    assert np.abs(loud).max() < 1
    assert np.all(np.diff(loud) >= 0)
    assert limited(np.asarray([0.3], np.float32), 2.0, 0.8)[0] == pytest.approx(0.6)
