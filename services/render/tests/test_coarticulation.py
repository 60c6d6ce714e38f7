"""Whatever is said: lips close when they must, nothing jumps, no weight leaves its range."""

from hypothesis import given, settings
from hypothesis import strategies as st
from visavis_render.animator import Animator
from visavis_render.animator.coarticulation import mouth_weights
from visavis_render.animator.schedule import Cue, Schedule
from visavis_render.engine import Viseme

FRAME_US = 40_000

cue_parts = st.tuples(
    st.sampled_from(list(Viseme)),
    st.integers(20_000, 300_000),  # duration
    st.floats(0.0, 1.0),  # intensity
    st.sampled_from([0, 0, 0, 40_000, 250_000]),  # pause before
)
sentences = st.lists(cue_parts, min_size=1, max_size=25)


def make_cues(parts, start_us=400_000):
    cues, t = [], start_us
    for viseme, duration_us, intensity, pause_us in parts:
        t += pause_us
        cues.append(Cue(viseme, t, duration_us, intensity))
        t += duration_us
    return cues


def scheduled(cues):
    schedule = Schedule()
    schedule.restore(cues)
    return schedule


def weights(schedule, t_us):
    return mouth_weights(schedule.near(t_us, 700_000), t_us)


@settings(max_examples=60, deadline=None)
@given(sentences, st.integers(0, FRAME_US - 1))
def test_lips_close_in_a_frame_of_every_bilabial(parts, phase_us):
    schedule = scheduled(cues := make_cues(parts))
    for cue in cues:
        if cue.viseme is Viseme.PP:
            first = (cue.start_us - 100_000) // FRAME_US * FRAME_US + phase_us
            frames = range(first, cue.end_us + 100_000, FRAME_US)
            assert max(weights(schedule, t).get(Viseme.PP, 0.0) for t in frames) > 0.999


@settings(max_examples=80, deadline=None)
@given(sentences, st.integers(-100_000, 1_500_000), st.integers(0, 24), st.sampled_from([12, 15, 25, 30, 60]))
def test_lips_close_however_late_the_words_come_and_however_few_the_frames(parts, late_us, cut, rate_hz):
    """In two messages, the second of which comes when it has begun already; seen at any frame rate."""
    cues, frame_us = make_cues(parts), 1_000_000 // rate_hz
    animator = Animator(seed=1, frame_rate_hz=rate_hz)
    first, second = cues[:cut], cues[cut:]
    animator.say(first, now_us=-1_000_000)
    now_us = (second[0].start_us if second else 0) + late_us
    taken = [cue for cue in second if cue.end_us > now_us]
    mouths = {t: animator.face_at(t).visemes for t in range(0, max(0, now_us), frame_us)}
    animator.say(second, now_us)
    end = cues[-1].end_us + 600_000
    mouths |= {t: animator.face_at(t).visemes for t in range(0, end, frame_us) if t >= now_us}
    closed = [t for t, mouth in mouths.items() if mouth.get(Viseme.PP, 0.0) > 0.999]
    for cue in (*first, *taken):
        if cue.viseme is Viseme.PP and cue.start_us - 200_000 < end:
            from_us, to_us = cue.start_us - 150_000, max(cue.end_us, now_us) + 330_000
            assert any(from_us <= t <= to_us for t in closed), cue


@settings(max_examples=60, deadline=None)
@given(sentences)
def test_weights_are_finite_and_share_one_mouth(parts):
    schedule = scheduled(cues := make_cues(parts))
    for t in range(0, cues[-1].end_us + 800_000, FRAME_US):
        found = weights(schedule, t)
        assert all(0.0 <= value <= 1.0 for value in found.values())
        assert sum(found.values()) <= 1.0 + 1e-9


@settings(max_examples=40, deadline=None)
@given(sentences)
def test_nothing_snaps(parts):
    schedule = scheduled(cues := make_cues(parts))
    step_us = 4_000
    before = weights(schedule, 0)
    for t in range(step_us, cues[-1].end_us + 800_000, step_us):
        now = weights(schedule, t)
        for viseme in Viseme:
            assert abs(now.get(viseme, 0.0) - before.get(viseme, 0.0)) < 0.25
        before = now


def test_sibilants_narrow_and_labiodentals_touch():
    cues = make_cues(
        [(Viseme.AA, 120_000, 0.9, 0), (Viseme.SS, 90_000, 0.9, 0), (Viseme.AA, 120_000, 0.9, 0)]
    )
    assert weights(scheduled(cues), cues[1].start_us + 10_000)[Viseme.SS] >= 0.72
    cues = make_cues(
        [(Viseme.AA, 120_000, 0.9, 0), (Viseme.FF, 60_000, 0.2, 0), (Viseme.AA, 120_000, 0.9, 0)]
    )
    assert weights(scheduled(cues), cues[1].start_us - 5_000)[Viseme.FF] > 0.99


def test_intensity_scales_the_jaw_and_not_the_closure():
    for intensity in (0.1, 1.0):
        cues = make_cues([(Viseme.PP, 80_000, intensity, 0), (Viseme.AA, 200_000, intensity, 0)])
        schedule = scheduled(cues)
        assert weights(schedule, cues[0].start_us + 5_000)[Viseme.PP] > 0.999
        assert abs(weights(schedule, cues[1].start_us + 80_000)[Viseme.AA] - intensity) < 0.15


def test_the_mouth_leads_the_sound():
    cues = make_cues([(Viseme.AA, 200_000, 1.0, 0)])
    assert weights(scheduled(cues), cues[0].start_us - 35_000)[Viseme.AA] > 0.5


def test_the_mouth_rests_without_speech():
    assert weights(scheduled(make_cues([(Viseme.O, 200_000, 1.0, 0)])), 1_200_000) == {}


@settings(max_examples=60, deadline=None)
@given(sentences, sentences, st.integers(0, 2_500_000), st.integers(0, 600_000))
def test_nothing_snaps_when_a_reply_is_cut_and_another_begins(parts, next_parts, cut_us, pause_us):
    animator = Animator(seed=1)
    animator.say(make_cues(parts), now_us=-1_000_000)
    again_us = cut_us + pause_us
    second = make_cues(next_parts, start_us=again_us + 30_000)
    step_us = 4_000
    before = animator.face_at(0).visemes
    was_cut = begun = False
    for t in range(step_us, second[-1].end_us + 400_000, step_us):
        if t >= cut_us and not was_cut:
            animator.schedule.cut(cut_us, t)
            was_cut = True
        if t >= again_us and not begun:
            animator.say(second, t)
            begun = True
        now = animator.face_at(t).visemes
        for viseme in Viseme:
            assert abs(now.get(viseme, 0.0) - before.get(viseme, 0.0)) < 0.25, (t, viseme)
        before = now


@settings(max_examples=40, deadline=None)
@given(sentences, st.integers(0, 1_500_000))
def test_a_reopened_stream_shows_the_same_mouth(parts, broken_us):
    """The gateway sends the cues that may still be seen; what was over half a second ago it forgets."""
    cues = make_cues(parts)
    whole, reopened = Animator(seed=1), Animator(seed=1)
    whole.say(cues, now_us=-1_000_000)
    reopened.restore([cue for cue in cues if cue.end_us > broken_us - 1_000_000])
    for t in range(broken_us, broken_us + 600_000, 40_000):
        first, second = whole.face_at(t).visemes, reopened.face_at(t).visemes
        for viseme in Viseme:
            assert abs(first.get(viseme, 0.0) - second.get(viseme, 0.0)) < 0.02
