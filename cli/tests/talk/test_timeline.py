"""Packets lie where a viewer with next to no buffer would hear and see them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visavis_cli.talk.timeline import on_one_track, place_audio, place_video

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


def test_after_a_stall_the_rest_is_late_until_there_is_silence() -> None:
    arrivals = DUE.copy()
    arrivals[100:120] = np.maximum(arrivals[100:120], DUE[100] + 0.3)
    silent = [number >= 200 for number in range(300)]
    places = np.array(place_audio(FIRSTS, list(arrivals), silent, RATE_HZ))
    assert places[:100] == pytest.approx(DUE[:100])
    assert places[100:200] == pytest.approx(DUE[100:200] + 0.3)
    assert places[-1] == pytest.approx(DUE[-1], abs=0.02)


def test_no_speech_lies_earlier_than_it_arrived_by_more_than_40_ms() -> None:
    rng = np.random.default_rng(3)
    arrivals = np.maximum.accumulate(DUE + rng.choice([0, 0, 0, 0, 0.1, 0.25], 300))
    places = np.array(place_audio(FIRSTS, list(arrivals), SPOKEN, RATE_HZ))
    assert (arrivals - places).max() <= 0.040 + 1e-6
    assert np.diff(places).min() >= 0.02 - 1e-6


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
