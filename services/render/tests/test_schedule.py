from itertools import pairwise

import pytest
from visavis_render.animator.coarticulation import mouth_weights
from visavis_render.animator.schedule import Cue, Schedule
from visavis_render.engine import Viseme

SECOND = 1_000_000


def vowels(start_us, count, viseme=Viseme.AA, each_us=100_000):
    return [Cue(viseme, start_us + n * each_us, each_us, 0.9) for n in range(count)]


def opening(schedule, t_us):
    return sum(mouth_weights(schedule.near(t_us, 700_000), t_us).values())


def test_pieces_across_a_clause_border_move_like_the_whole():
    cues = vowels(SECOND, 4, Viseme.E) + vowels(SECOND + 400_000, 4, Viseme.O)
    whole, pieces = Schedule(), Schedule()
    whole.add(cues, now_us=0)
    pieces.add(cues[:4], now_us=0)
    pieces.add(cues[4:], now_us=SECOND)
    for t in range(SECOND + 80_000, SECOND + 900_000, 20_000):
        assert mouth_weights(pieces.near(t, 700_000), t) == mouth_weights(whole.near(t, 700_000), t)


def test_late_cues_grow_in_instead_of_jumping():
    schedule = Schedule()
    now = 2 * SECOND
    schedule.add([Cue(Viseme.AA, now - 50_000, 300_000, 1.0)], now_us=now)
    steps = [opening(schedule, now + ms * 1000) for ms in range(0, 100, 10)]
    assert steps[0] == 0.0
    assert max(b - a for a, b in pairwise(steps)) < 0.35
    assert steps[-1] > 0.8


def test_past_and_overlapping_cues_are_dropped_and_counted():
    schedule = Schedule()
    assert schedule.add(vowels(0, 2), now_us=SECOND) == 2
    assert schedule.add(vowels(2 * SECOND, 2), now_us=SECOND) == 0
    assert schedule.add(vowels(2 * SECOND + 50_000, 1), now_us=SECOND) == 1
    assert len(schedule) == 2


def test_a_cut_closes_the_mouth_smoothly_within_120_ms():
    schedule = Schedule()
    schedule.add(vowels(SECOND, 20), now_us=0)
    at = 2 * SECOND
    before = opening(schedule, at)
    schedule.cut(at, now_us=at)
    assert opening(schedule, at) == pytest.approx(before)
    assert before > 0.8
    values = [opening(schedule, at + ms * 1000) for ms in range(0, 121, 5)]
    assert values == sorted(values, reverse=True)
    assert max(a - b for a, b in pairwise(values)) < 0.2
    assert values[-1] == 0.0
    assert all(opening(schedule, at + ms * 1000) == 0.0 for ms in range(120, 3000, 40))


def test_a_cut_in_the_past_closes_from_now_on():
    schedule = Schedule()
    schedule.add(vowels(SECOND, 20), now_us=0)
    before = opening(schedule, 2 * SECOND)
    schedule.cut(SECOND + 500_000, now_us=2 * SECOND)
    assert opening(schedule, 2 * SECOND) == pytest.approx(before)
    assert opening(schedule, 2 * SECOND + 120_000) == 0.0


def test_a_new_reply_may_begin_while_the_cut_one_fades():
    schedule = Schedule()
    schedule.add(vowels(SECOND, 20), now_us=0)
    schedule.cut(2 * SECOND, now_us=2 * SECOND)
    assert schedule.add(vowels(2 * SECOND + 60_000, 3, Viseme.U), now_us=2 * SECOND) == 0
    assert Viseme.U in mouth_weights(schedule.near(2 * SECOND + 200_000, 700_000), 2 * SECOND + 200_000)


def test_what_sounds_is_exact():
    schedule = Schedule()
    schedule.add([Cue(Viseme.AA, SECOND, 40_000, 1.0)], now_us=0)
    sounding = [schedule.sounding(SECOND + d) for d in (-1, 0, 39_999, 40_000)]
    assert sounding == [None, Viseme.AA, Viseme.AA, None]
    schedule.cut(SECOND + 20_000, now_us=SECOND)
    assert [schedule.sounding(SECOND + d) for d in (19_999, 20_000)] == [Viseme.AA, None]


def test_the_past_is_forgotten():
    schedule = Schedule()
    schedule.add(vowels(0, 100), now_us=0)
    schedule.add(vowels(20 * SECOND, 1), now_us=12 * SECOND)
    assert len(schedule) == 1
