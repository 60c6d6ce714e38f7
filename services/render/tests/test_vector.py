"""Drawn characters: partial redraws equal full ones, and what should be seen is seen."""

import numpy as np
import pytest
from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import by_name, names
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.engine import Behaviour, FaceState, Gaze, HeadPose, Viseme

CHARACTERS = [name for name in sorted(names(None)) if by_name(name).manifest.renderer == "vector"]
MOUTH = (slice(290, 345), slice(215, 300))
EYES = (slice(205, 260), slice(170, 345))


@pytest.fixture(scope="module")
def mira():
    return load_avatar(by_name("mira"), Config())


@pytest.fixture(scope="module")
def baked(mira):
    from visavis_render.backends.vector.baking import bake
    from visavis_render.backends.vector.rig.character import Character
    from visavis_render.backends.vector.rig.files import load_character

    return bake(Character(load_character(by_name("mira"))), 512)


def luma(mira, face):
    return mira.open(512, "").draw(face)[:512].astype(int)


def difference(a, b, region):
    return float(np.abs(a[region] - b[region]).mean())


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("name", CHARACTERS)
def test_partial_redraws_equal_full_ones(name, still):
    from visavis_render.backends.vector.baking import bake
    from visavis_render.backends.vector.mapping import controls_of
    from visavis_render.backends.vector.player import Player
    from visavis_render.backends.vector.rig.character import Character
    from visavis_render.backends.vector.rig.files import load_character

    animator = Animator(seed=2)
    animator.behaviours.set(Behaviour.SPEAKING, 0, 0)
    shapes = [Viseme.AA, Viseme.PP, Viseme.O, Viseme.SS, Viseme.TH, Viseme.FF, Viseme.I, Viseme.U]
    cues = [Cue(shapes[n % 8], 200_000 + n * 110_000, 110_000, 0.9) for n in range(40)]
    animator.schedule.restore(cues)
    baked = bake(Character(load_character(by_name(name))), 256)
    part, whole = Player(baked), Player(baked)
    for number in range(100):
        face = animator.face_at(number * 40_000)
        if still:
            face = FaceState(face.visemes, face.expression, {}, HeadPose(2, 1, -1), face.gaze, face.blink)
        controls = controls_of(face)
        part.draw(controls)
        if number % 5 == 0:
            whole.draw(controls, full=True)
            assert np.array_equal(part.picture, whole.picture), f"frame {number}"


def test_what_does_not_change_is_not_redrawn(baked):
    from visavis_render.backends.vector.controls import Controls
    from visavis_render.backends.vector.player import Player

    player = Player(baked)
    assert player.draw(Controls()) == [(0, 0, 512, 512)]
    assert player.draw(Controls()) == []


def test_nothing_is_compiled_after_the_start(mira):
    from visavis_render.backends.vector import compositor, i420, raster

    kernels = [compositor.compose_under, compositor.compose_over, raster.draw, i420.to_i420]
    before = [len(k.signatures) for k in kernels]
    for size in (128, 512):
        renderer = mira.open(size, "")
        for face in (
            FaceState(),
            FaceState(visemes={Viseme.TH: 1}),
            FaceState(head=HeadPose(2, 1, 1), blink=1),
        ):
            renderer.draw(face)
    assert [len(k.signatures) for k in kernels] == before


def test_visemes_change_the_mouth_and_nothing_else(mira):
    rest = luma(mira, FaceState())
    pictures = {v: luma(mira, FaceState(visemes={v: 1.0})) for v in Viseme}
    assert difference(pictures[Viseme.PP], pictures[Viseme.AA], MOUTH) > 15
    assert difference(pictures[Viseme.PP], rest, MOUTH) < 6  # closed like at rest
    for viseme, picture in pictures.items():
        assert difference(picture, rest, EYES) == 0, viseme
    names = [v for v in Viseme if v is not Viseme.SIL]
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            assert difference(pictures[first], pictures[second], MOUTH) > 0.5, (first, second)


def test_a_blink_closes_the_eyes(mira):
    opened, closed = luma(mira, FaceState()), luma(mira, FaceState(blink=1.0))
    white = [int((picture[EYES] > 225).sum()) for picture in (opened, closed)]
    assert difference(opened, closed, EYES) > 10
    assert white[1] < 0.1 * white[0]  # nothing of the eyeball is left


def test_gaze_moves_the_pupils_the_right_way(mira):
    left_eye = (slice(215, 255), slice(180, 238))

    def pupil(x, y):
        rows, columns = np.where(luma(mira, FaceState(gaze=Gaze(x, y)))[left_eye] < 45)
        return columns.mean(), rows.mean()

    assert pupil(0.8, 0)[0] > pupil(0, 0)[0] + 2 > pupil(-0.8, 0)[0] + 4
    assert pupil(0, -0.8)[1] > pupil(0, 0.8)[1] + 2


def test_the_label_is_in_every_picture(mira):
    renderer = mira.open(512, "AI")
    first = renderer.draw(FaceState())[:64, :64].copy()
    assert first.max() - first.min() > 110
    for yaw in (-7.0, 7.0, 0.0):
        picture = renderer.draw(FaceState(head=HeadPose(yaw, 3, 4), blink=1.0))
        assert np.array_equal(picture[:64, :64], first)


@pytest.mark.parametrize("size", [128, 256, 1024])
def test_other_sizes_show_the_same_person(mira, size):
    picture = mira.open(size, "").draw(FaceState())
    assert picture.shape == (size * 3 // 2, size)
    big = luma(mira, FaceState())
    step = 512 // 16
    thumbnail = big.reshape(16, step, 16, step).mean(axis=(1, 3))
    other = picture[:size].reshape(16, size // 16, 16, size // 16).mean(axis=(1, 3))
    assert np.abs(thumbnail - other)[4:].max() < 25  # the label of a small picture is larger


def smiling(strength):
    pair = ("mouthSmile", "cheekSquint")
    return FaceState(expression={f"{name}{side}": strength for name in pair for side in ("Left", "Right")})


def test_a_smile_lifts_the_cheeks(mira):
    cheek = (slice(250, 285), slice(180, 215))
    rest, smile = luma(mira, smiling(0.0)), luma(mira, smiling(1.0))
    assert difference(rest, smile, cheek) > 2
    assert smile[250:262, 185:205].mean() > rest[250:262, 185:205].mean()  # lit from above
    assert smile[284:292, 185:205].mean() < rest[284:292, 185:205].mean()  # in shade below


def test_half_closed_lids_come_from_both_sides(mira):
    from visavis_render.backends.vector.rig.character import Character
    from visavis_render.backends.vector.rig.eyes import Eye, Look
    from visavis_render.backends.vector.rig.files import load_character

    character = Character(load_character(by_name("mira")))
    opened, half, shut = (Eye(character, 1, Look(blink=b)) for b in (0.0, 0.5, 1.0))
    assert opened.lower1 > half.lower1 > shut.lower1
    assert opened.upper1 < half.upper1 < shut.upper1
    edge = [half.on_lid(u)[1] for u in (-half.w, 0.0, half.w)]
    assert edge[1] < edge[0] - 2  # arched, no bar
    assert edge[1] < edge[2] - 1
    assert shut.lower1 == pytest.approx(shut.upper1)


def test_loose_hair_stays_behind_a_turn(mira):
    tips, face = (slice(395, 440), slice(70, 170)), (slice(220, 330), slice(170, 340))
    rest = luma(mira, FaceState())
    left = luma(mira, FaceState(trail=HeadPose(yaw_deg=-3)))
    right = luma(mira, FaceState(trail=HeadPose(yaw_deg=3)))
    assert difference(rest, left, tips) > 3 < difference(rest, right, tips)
    assert difference(left, right, face) < 1.5
