import random
from itertools import pairwise

import pytest
from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.engine import Behaviour, Emotion, Gaze, Gesture, Viseme

SECOND = 1_000_000
FRAME_US = 40_000


def busy_animator(seed: int) -> Animator:
    """Every kind of setting, over half a minute."""
    animator = Animator(seed)
    chance = random.Random(1)
    t = SECOND
    for viseme in chance.choices(list(Viseme), k=120):
        duration_us = chance.randrange(40_000, 160_000)
        animator.schedule.restore([Cue(viseme, t, duration_us, chance.uniform(0.5, 1.0))])
        t += duration_us
    for at, behaviour in (
        (1, "SPEAKING"),
        (12, "IDLE"),
        (14, "LISTENING"),
        (22, "THINKING"),
        (24, "SPEAKING"),
    ):
        animator.behaviours.set(Behaviour[behaviour], at * SECOND, 0)
    animator.emotions.set((Emotion.HAPPY, 1.0), 3 * SECOND, 0)
    animator.emotions.set((Emotion.SURPRISED, 0.8), 5 * SECOND, 0)
    animator.gestures.set(Gesture.SHAKE, 6 * SECOND, 0)
    animator.gestures.set(Gesture.NOD, 9 * SECOND, 0)
    animator.gazes.set(Gaze(0.8, -0.2), 16 * SECOND, 0)
    animator.gazes.set(Gaze(), 19 * SECOND, 0)
    return animator


def test_an_instant_is_the_same_in_any_order():
    times = list(range(0, 30 * SECOND, 333_333))
    forwards = {t: busy_animator(5).face_at(t) for t in times}
    animator = busy_animator(5)
    random.Random(2).shuffle(times)
    assert all(animator.face_at(t) == forwards[t] for t in times)


def test_the_seed_decides():
    times = range(0, 20 * SECOND, SECOND)
    first, again, other = ([busy_animator(seed).face_at(t) for t in times] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_every_weight_stays_in_range():
    animator = busy_animator(3)
    for t in range(0, 30 * SECOND, FRAME_US):
        face = animator.face_at(t)
        for weights in (face.visemes, face.expression, face.arkit):
            assert all(0.0 <= value <= 1.0 for value in weights.values())
        assert 0.0 <= face.blink <= 1.0
        assert 0.0 <= face.breath <= 1.0
        assert abs(face.gaze.x) <= 1.0
        assert abs(face.gaze.y) <= 1.0
        assert abs(face.head.yaw_deg) <= 12.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_jumps_between_frames(seed):
    animator = busy_animator(seed)
    faces = [animator.face_at(t) for t in range(0, 30 * SECOND, 5_000)]
    for before, now in pairwise(faces):
        names = {*before.expression, *now.expression}
        assert all(abs(now.expression.get(n, 0) - before.expression.get(n, 0)) < 0.12 for n in names)
        assert abs(now.head.yaw_deg - before.head.yaw_deg) < 0.5
        assert abs(now.head.pitch_deg - before.head.pitch_deg) < 0.5
        assert abs(now.head.roll_deg - before.head.roll_deg) < 0.3
        assert abs(now.gaze.x - before.gaze.x) < 0.45  # saccades are fast
        assert abs(now.blink - before.blink) < 0.13


def blinks(animator, seconds):
    closed = [animator.face_at(t).blink > 0.9 for t in range(0, seconds * SECOND, 10_000)]
    return sum(now and not before for before, now in pairwise(closed))


def test_blinks_come_about_every_four_seconds():
    assert 9 <= blinks(Animator(1), 60) <= 25


def test_thinking_looks_away_at_once_and_speaking_looks_back():
    animator = Animator(4)
    animator.behaviours.set(Behaviour.LISTENING, 0, 0)
    animator.behaviours.set(Behaviour.THINKING, 5 * SECOND, 0)
    animator.behaviours.set(Behaviour.SPEAKING, 7 * SECOND, 0)
    away = animator.face_at(5 * SECOND + 200_000).gaze
    assert abs(away.x) > 0.25
    assert away.y > 0.2
    back = animator.face_at(7 * SECOND + 700_000).gaze
    assert abs(back.x) < 0.3


def test_listening_shows_attention():
    animator = Animator(4)
    animator.behaviours.set(Behaviour.LISTENING, 0, 0)
    face = animator.face_at(2 * SECOND)
    assert face.expression["browInnerUp"] >= 0.2
    assert face.expression["mouthSmileLeft"] >= 0.2


def test_a_listener_nods_now_and_then():
    animator = Animator(4)
    animator.behaviours.set(Behaviour.LISTENING, 0, 0)
    pitches = [animator.face_at(t).head.pitch_deg for t in range(0, 60 * SECOND, FRAME_US)]
    assert max(pitches) > 3.0


def test_a_still_head_most_of_the_time_when_idle():
    animator = Animator(4)
    poses = [animator.face_at(t).head for t in range(0, 60 * SECOND, FRAME_US)]
    still = sum(before == now for before, now in pairwise(poses))
    assert still > 0.6 * len(poses)


def test_emotion_rises_in_300_ms_and_fades():
    animator = Animator(1)
    animator.emotions.set((Emotion.HAPPY, 1.0), SECOND, 0)
    smile = [
        animator.face_at(SECOND + ms * 1000).expression["mouthSmileLeft"] for ms in (0, 300, 6500, 15_000)
    ]
    assert smile[0] < 0.1
    assert smile[1] > 0.8
    assert 0.2 < smile[2] < 0.5
    assert smile[3] < 0.1


def test_a_nod_goes_down_and_comes_back():
    animator, plain = Animator(1), Animator(1)
    animator.gestures.set(Gesture.NOD, SECOND, 0)
    moved = [
        animator.face_at(SECOND + ms * 1000).head.pitch_deg - plain.face_at(SECOND + ms * 1000).head.pitch_deg
        for ms in (0, 210, 420, 630, 1000)
    ]
    assert moved == pytest.approx([0.0, 4.0, 0.0, 2.4, 0.0], abs=0.05)


def test_a_past_setting_means_at_once():
    animator = Animator(1)
    animator.behaviours.set(Behaviour.LISTENING, SECOND, now_us=5 * SECOND)
    before = animator.face_at(5 * SECOND).expression.get("browInnerUp", 0.0)
    assert before == 0.0
    assert animator.face_at(6 * SECOND).expression["browInnerUp"] > 0.15
