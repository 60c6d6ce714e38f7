"""The seven numbers that tune the lips: each does what it says and nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from visavis_render.animator import Animator
from visavis_render.animator.lips import CRITICAL, LipTuning, similarity, tuned
from visavis_render.animator.schedule import Cue
from visavis_render.engine import Viseme

V = Viseme
MS = 1000


def sequence(*shapes):
    """Cues one after another: (viseme, milliseconds) or (viseme, milliseconds, intensity)."""
    cues, t = [], 400 * MS
    for viseme, ms, *intensity in shapes:
        cues.append(Cue(viseme, t, ms * MS, *(intensity or [0.8])))
        t += ms * MS
    return cues


def shapes(cues, **tuning):
    return [cue.viseme for cue in tuned(cues, LipTuning(**tuning))]


WORD = sequence(
    (V.SIL, 60), (V.DD, 25), (V.AA, 110), (V.PP, 30), (V.SS, 40), (V.NN, 20), (V.E, 90), (V.SIL, 80)
)


def test_by_default_nothing_changes():
    assert tuned(WORD, LipTuning()) == WORD


def test_a_minimum_interval_thins_out_what_crowds():
    kept = tuned(WORD, LipTuning(min_interval_ms=50))
    assert [cue.viseme for cue in kept] == [V.SIL, V.AA, V.PP, V.E, V.SIL]
    for before, now in pairwise(kept):
        assert now.start_us - before.start_us >= 50 * MS
        assert before.end_us == now.start_us  # no hole where one was taken out


def test_a_merge_window_joins_shapes_that_look_alike():
    cues = sequence((V.DD, 40, 0.5), (V.NN, 40, 0.9), (V.AA, 100))
    assert similarity(V.DD, V.NN) > 0.6 > similarity(V.NN, V.AA)
    assert shapes(cues, merge_window_ms=30, similarity_threshold=0.6) == [V.DD, V.NN, V.AA]
    joined = tuned(cues, LipTuning(merge_window_ms=60, similarity_threshold=0.6))
    assert [cue.viseme for cue in joined] == [V.NN, V.AA]
    assert (joined[0].duration_us, joined[0].intensity) == (80 * MS, 0.9)


def test_the_threshold_says_what_alike_means():
    cues = sequence((V.E, 40), (V.I, 60), (V.AA, 100))
    assert 0.7 < similarity(V.E, V.I) < 0.9
    assert shapes(cues, merge_window_ms=60, similarity_threshold=0.9) == [V.E, V.I, V.AA]
    assert shapes(cues, merge_window_ms=60, similarity_threshold=0.7) == [V.I, V.AA]
    assert shapes(sequence((V.O, 40), (V.O, 40)), merge_window_ms=60, similarity_threshold=1) == [V.O]


def test_key_preference_decides_what_stays():
    cues = sequence((V.KK, 45, 1.0), (V.U, 20, 0.4), (V.AA, 120))
    assert shapes(cues, min_interval_ms=60, key_preference=0.0, similarity_threshold=1)[0] is V.KK
    assert shapes(cues, min_interval_ms=60, key_preference=1.0, similarity_threshold=1)[0] is V.U


def test_rests_are_kept_unless_told_otherwise():
    cues = sequence((V.AA, 100), (V.SIL, 30), (V.E, 100))
    assert shapes(cues, min_interval_ms=120) == [V.AA, V.SIL, V.E]
    assert V.SIL not in shapes(cues, min_interval_ms=120, preserve_silence=False)


def test_critical_shapes_are_kept_unless_told_otherwise():
    cues = sequence((V.AA, 100), (V.PP, 20, 0.1), (V.O, 120, 1.0))
    hard = {"min_interval_ms": 110, "key_preference": 0.0}
    assert V.PP in shapes(cues, **hard)
    assert V.PP not in shapes(cues, **hard, preserve_critical=False)


def test_closed_lips_stay_closed_as_long_as_is_set():
    def closed_ms(critical_min_ms):
        animator = Animator(1, lips=LipTuning(critical_min_ms=critical_min_ms), frame_rate_hz=60)
        animator.restore(sequence((V.AA, 150), (V.PP, 20), (V.AA, 150)))
        return sum(animator.face_at(t * MS).visemes.get(V.PP, 0) > 0.999 for t in range(400, 800))

    assert closed_ms(100) == pytest.approx(100, abs=3)
    assert closed_ms(60) == pytest.approx(60, abs=3)
    assert closed_ms(0) == pytest.approx(17.5, abs=3)  # a frame shows it all the same


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(V)), st.integers(5, 200), st.floats(0, 1)), min_size=1, max_size=20
    ),
    st.floats(0, 200),
    st.floats(0, 500),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_whatever_is_set_time_is_covered_and_closures_survive(parts, interval, window, key, alike):
    cues = sequence(*parts)
    tuning = LipTuning(
        min_interval_ms=interval, merge_window_ms=window, key_preference=key, similarity_threshold=alike
    )
    kept = tuned(cues, tuning)
    assert kept[0].start_us == cues[0].start_us
    assert kept[-1].end_us == cues[-1].end_us
    for before, now in pairwise(kept):
        assert before.end_us == now.start_us
    for cue in cues:
        if cue.viseme in CRITICAL:
            middle = cue.start_us + cue.duration_us // 2
            assert any(k.viseme is cue.viseme and k.start_us <= middle <= k.end_us for k in kept)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_interval_ms": -1},
        {"min_interval_ms": 1000},
        {"key_preference": 2},
        {"similarity_threshold": float("nan")},
    ],
    ids=str,
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        LipTuning(**wrong)
