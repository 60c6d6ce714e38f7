"""Packets lie where a viewer with next to no buffer would hear and see them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visavis_cli.talk.microphone import SentFrame
from visavis_cli.talk.timeline import on_one_track, place_audio, place_video, placed_sent

RATE_HZ = 48_000
FIRSTS = [960 * n for n in range(300)]
DUE = np.arange(300) * 0.02 + 1000.0
SPOKEN = [False] * 300


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-0.015, 0.015), min_size=300, max_size=300))
def test_jitter_moves_nothing(jitter: list[float]) -> None:
    places = np.array(place_audio(FIRSTS, list(DUE + jitter), SPOKEN, RATE_HZ))
    assert np.diff(places) == pytest.approx(0.02)
    assert abs(places[0] - DUE[0]) <= 0.015


def test_a_slow_first_packet_moves_nothing() -> None:
    arrivals = DUE.copy()
    arrivals[0] += 0.035
    assert place_audio(FIRSTS, list(arrivals), SPOKEN, RATE_HZ) == pytest.approx(list(DUE), abs=1e-6)


def stalled(at: int, seconds: float) -> np.ndarray:
    """From packet `at` on nothing arrives for a while, then all of it at once."""
    arrivals = DUE.copy()
    arrivals[at:] = np.maximum(arrivals[at:], DUE[at] + seconds)
    return arrivals


def test_a_stall_in_mid_speech_moves_nothing() -> None:
    places = place_audio(FIRSTS, list(stalled(100, 0.3)), SPOKEN, RATE_HZ)
    assert places == pytest.approx(list(DUE))


def test_a_stretch_that_begins_in_a_stall_is_late_until_there_is_silence() -> None:
    silent = [number < 100 or number >= 200 for number in range(300)]
    places = np.array(place_audio(FIRSTS, list(stalled(100, 0.3)), silent, RATE_HZ))
    assert places[:100] == pytest.approx(DUE[:100])
    assert places[100:200] == pytest.approx(DUE[100:200] + 0.3)
    assert places[-1] == pytest.approx(DUE[-1], abs=0.02)


def test_a_delay_that_lasts_is_followed() -> None:
    arrivals = DUE + np.where(np.arange(300) >= 100, 0.2, 0.0)
    places = np.array(place_audio(FIRSTS, list(arrivals), SPOKEN, RATE_HZ))
    assert places[:100] == pytest.approx(DUE[:100])
    assert places[160:] == pytest.approx(arrivals[160:])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0, 0, 0, 0, 0.1, 0.25, 0.6]), min_size=300, max_size=300))
def test_no_stretch_begins_before_it_could_be_heard(delays: list[float]) -> None:
    arrivals = np.maximum.accumulate(DUE + delays)
    silent = [number % 60 < 30 for number in range(300)]
    places = np.array(place_audio(FIRSTS, list(arrivals), silent, RATE_HZ))
    begins = np.arange(30, 300, 60)
    assert (arrivals - places)[begins].max() <= 0.040 + 1e-6


def test_what_was_sent_lies_on_a_line_through_the_median() -> None:
    late = np.where(np.arange(300) % 7 == 0, 0.03, 0.001)
    frames = [SentFrame(at, np.full(960, 1, np.int16)) for at in DUE + late]
    assert [at for at, _ in placed_sent(frames)] == pytest.approx(list(DUE + 0.001))
    assert placed_sent([]) == []


def test_an_rtp_clock_that_jumps_begins_anew() -> None:
    firsts = FIRSTS[:150] + [first + 40 * 3600 * RATE_HZ for first in FIRSTS[150:]]
    assert place_audio(firsts, list(DUE), SPOKEN, RATE_HZ) == pytest.approx(list(DUE), abs=1e-3)
    frames = [3600 * n for n in range(150)] + [3600 * n + 90_000 * 3600 for n in range(150, 300)]
    arrivals = [1000 + 0.04 * n for n in range(300)]
    assert place_video(frames, arrivals, 90_000) == pytest.approx(arrivals, abs=1e-3)


def test_a_late_frame_is_seen_when_it_came() -> None:
    arrivals = 1000 + 0.04 * np.arange(100)
    arrivals[50] += 0.1
    places = np.array(place_video([3600 * n for n in range(100)], list(arrivals), 90_000))
    assert places[50] == pytest.approx(arrivals[50])
    assert places[60:] == pytest.approx(arrivals[60:])
    assert np.diff(places).min() > 0


def test_nothing_is_placed_nowhere() -> None:
    assert place_audio([], [], [], RATE_HZ) == []
    assert place_video([], [], 90_000) == []
    assert len(on_one_track([], 0.0)) == 0


def test_one_track_cuts_what_was_before_and_fills_what_is_missing() -> None:
    ones = np.ones(960, np.int16)
    track = on_one_track([(9.99, ones), (10.05, ones * 2)], 10.0)
    assert len(track) == round(0.07 * RATE_HZ)
    assert track[:480].tolist() == [1] * 480
    assert not track[480:2400].any()
    assert track[2400:].tolist() == [2] * 960
