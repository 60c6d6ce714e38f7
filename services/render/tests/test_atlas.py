"""Rendered persons: partial redraws equal full ones, the right things are seen, broken files are named."""

import math
import re
import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import AvatarError, by_name, names, read_directory, shipped
from visavis_render.backends import load_avatar
from visavis_render.backends.atlas.assets import load
from visavis_render.config import Config
from visavis_render.engine import Behaviour, FaceState, Gaze, HeadPose, Viseme

NAMES = [name for name in sorted(names(None)) if by_name(name).manifest.renderer == "atlas"]
TURNED = [name for name in NAMES if "turn_deg = [-" in (shipped() / name / "avatar.toml").read_text()]
MOUTH = (slice(295, 390), slice(205, 305))
HAIR = (slice(20, 90), slice(80, 432))
EYES = (slice(200, 245), slice(165, 345))


@pytest.fixture(scope="module", params=[*NAMES, "a portrait"])
def avatar(request):
    if request.param in NAMES:
        return load_avatar(by_name(request.param), Config())
    return load_avatar(read_directory(request.getfixturevalue("portrait_avatar")), Config())


@pytest.fixture(scope="module", params=TURNED)
def turned(request):
    return load_avatar(by_name(request.param), Config())


def luma(avatar, face):
    return avatar.open(512, "").draw(face)[:512].astype(int)


def difference(a, b, region):
    return float(np.abs(a[region] - b[region]).mean())


def talking(frames, still=False):
    animator = Animator(seed=2)
    animator.behaviours.set(Behaviour.SPEAKING, 0, 0)
    shapes = [Viseme.AA, Viseme.PP, Viseme.O, Viseme.SS, Viseme.TH, Viseme.FF, Viseme.I, Viseme.U]
    cues = [Cue(shapes[n % 8], 200_000 + n * 110_000, 110_000, 0.9) for n in range(40)]
    animator.schedule.restore(cues)
    for number in range(frames):
        face = animator.face_at(number * 40_000)
        head = HeadPose(4, 2, -3) if still else face.head
        breath = 0.5 if still else face.breath
        yield FaceState(face.visemes, face.expression, {}, head, face.gaze, face.blink, breath)


@pytest.mark.parametrize("still", [False, True])
def test_partial_redraws_equal_full_ones(avatar, still):
    part = avatar.open(512, "AI")
    for number, face in enumerate(talking(80, still)):
        picture = part.draw(face)
        if number % 8 == 0:
            assert np.array_equal(picture, avatar.open(512, "AI").draw(face)), f"frame {number}"


def test_visemes_change_the_mouth_and_not_the_eyes(avatar):
    rest = luma(avatar, FaceState())
    pictures = {v: luma(avatar, FaceState(visemes={v: 1.0})) for v in Viseme}
    assert difference(pictures[Viseme.AA], rest, MOUTH) > 8
    for viseme, picture in pictures.items():
        assert difference(picture, rest, EYES) < 0.5, viseme
    names = [v for v in Viseme if v is not Viseme.SIL]
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            assert difference(pictures[first], pictures[second], MOUTH) > 0.6, (first, second)


def test_lips_close_for_bilabials_and_open_for_vowels(avatar):
    """What lies between the lips is darker than lips: count it."""

    def dark(face):
        return int((luma(avatar, face)[MOUTH] < 30).sum())

    assert dark(FaceState(visemes={Viseme.PP: 1.0})) <= dark(FaceState()) + 20
    assert dark(FaceState(visemes={Viseme.AA: 1.0})) > dark(FaceState()) + 200


@pytest.mark.parametrize("name", NAMES)
def test_the_lower_lip_lies_over_the_upper_teeths_edge_in_f(name):
    """By less than a hundredth of the picture: no gap, and no teeth before a lip that went behind them."""
    person = load(by_name(name))
    mesh, moves = person.mesh, person.mesh["moves"] / 65536
    rim = np.unique(mesh["triangles"][: int(mesh["hole_count"])])
    falls = moves[person.mouths.index("AA"), rim, 1]
    lower = rim[falls > 0.5 * falls.max()]
    place = (mesh["base"] + moves[person.mouths.index("FF")])[lower]
    middle = place[np.abs(place[:, 0] - 0.5) < 0.03, 1]
    over = mesh["teeth"][0, 1] - middle
    assert len(over) >= 3
    assert 0.0 <= over.mean() < 0.010


def test_a_mouth_opens_steadily(avatar):
    rest = luma(avatar, FaceState())
    steps = [luma(avatar, FaceState(visemes={Viseme.AA: n / 8})) for n in range(1, 9)]
    grown = [difference(picture, rest, MOUTH) for picture in steps]
    assert all(b > a for a, b in pairwise(grown))
    jumps = [difference(a, b, MOUTH) for a, b in pairwise([rest, *steps])]
    assert max(jumps) < 0.45 * grown[-1]


def test_a_blink_closes_the_eyes(avatar):
    opened, closed = luma(avatar, FaceState()), luma(avatar, FaceState(blink=1.0))
    assert difference(opened, closed, EYES) > 3
    spread = [float(np.abs(np.diff(picture[EYES], axis=1)).mean()) for picture in (opened, closed)]
    assert spread[1] < 0.9 * spread[0]


def test_gaze_moves_the_pupils_the_right_way(avatar):
    """The white shows where the pupil is not."""

    def white(x, y):
        eye = luma(avatar, FaceState(gaze=Gaze(x, y)))[200:245, 170:240]
        rows, columns = np.nonzero(eye >= np.percentile(eye[8:-8], 94))
        return columns.mean(), rows.mean()

    def dark_row(y):
        eye = luma(avatar, FaceState(gaze=Gaze(0, y)))[205:245, 190:225]
        return np.nonzero(eye <= np.percentile(eye, 10))[0].mean()

    assert white(0.8, 0)[0] < white(-0.8, 0)[0] - 4
    assert dark_row(0.7) < dark_row(-0.7) - 2


def test_the_head_turns_the_right_way(avatar):
    rest = luma(avatar, FaceState())[230:400, 190:330]

    def moved(**pose):
        """Pixels (down, right) that nose and mouth have moved."""
        picture = luma(avatar, FaceState(head=HeadPose(**pose)))
        places = [(y, x) for y in range(-20, 21, 2) for x in range(-30, 31, 2)]
        return min(
            places,
            key=lambda p: np.abs(picture[230 + p[0] : 400 + p[0], 190 + p[1] : 330 + p[1]] - rest).sum(),
        )

    assert moved(yaw_deg=6)[1] > 5
    assert moved(yaw_deg=-6)[1] < -5
    assert moved(pitch_deg=5)[0] > 3 > -3 > moved(pitch_deg=-5)[0]


def sweeping(frames):
    """The head turns from one side to the other while it speaks."""
    for number, face in enumerate(talking(frames)):
        head = HeadPose(17 * math.sin(number / 7), 3, 1)
        yield FaceState(face.visemes, face.expression, {}, head, face.gaze, face.blink, face.breath)


def test_a_far_turn_redraws_only_what_changed_too(turned):
    part = turned.open(512, "AI")
    for number, face in enumerate(sweeping(48)):
        picture = part.draw(face)
        if number % 6 == 0:
            assert np.array_equal(picture, turned.open(512, "AI").draw(face)), f"frame {number}"


@pytest.mark.parametrize("side", [0, 1])
def test_a_head_turned_as_far_as_its_picture_shows_the_picture(turned, side):
    """All but the face itself, which has to go on speaking."""
    person = turned.open(512, "")._person
    yaw = person.turn_deg[side]
    stored = turned._scaled[512].layers.turns.luma[side].astype(int)
    picture = luma(turned, FaceState(head=HeadPose(yaw)))
    assert np.abs(picture - stored)[HAIR].mean() < 0.5
    assert np.abs(luma(turned, FaceState()) - stored)[HAIR].mean() > 3.0
    speaking = luma(turned, FaceState(head=HeadPose(yaw), visemes={Viseme.AA: 1.0}))
    assert np.abs(speaking - picture)[280:400, 150:360].mean() > 3
    assert np.abs(speaking - picture)[:200].max() <= 2
    closed = luma(turned, FaceState(head=HeadPose(yaw), blink=1.0))
    assert np.abs(closed - picture)[190:260, 130:380].mean() > 2


def seen_twice(turned, pose):
    """Pixels in which something shines through something else: both pictures are seen, and differ much."""
    renderer = turned.open(512, "")
    renderer.draw(FaceState(head=HeadPose(*pose)))
    player = renderer._player
    fading, alone = player._flow, []
    for weight in (0, 1):
        player._flow = replace(fading, weights=np.full_like(fading.weights, weight))
        player.redraw((0, 0, 512, 512))
        alone.append(player.picture[:512].astype(int))
    weights = np.kron(fading.weights[:-1, :-1], np.ones((8, 8)))
    both = (weights > 0.15) & (weights < 0.85)
    return int((both & (np.abs(alone[0] - alone[1]) > 50)).sum())


@pytest.mark.parametrize("side", [-1, 1])
def test_hair_is_not_seen_twice_while_one_picture_fades_into_the_other(turned, side):
    """Before outlines were matched, 11700 pixels of Nora's were at ten degrees."""
    steady = [(8, 0, 0), (10, 0, 0), (10, 3, 5), (11, -4, 4)]
    assert max(seen_twice(turned, (side * yaw, pitch, side * roll)) for yaw, pitch, roll in steady) < 1000
    assert max(seen_twice(turned, (side * yaw, 0, 0)) for yaw in (6, 13)) < 5000


def test_a_turn_has_no_jump(turned):
    """No step of a slow turn changes the picture much more than its neighbours do."""
    pictures = [luma(turned, FaceState(head=HeadPose(0.5 * n))) for n in range(2, 34)]
    steps = [float(np.abs(a - b).mean()) for a, b in pairwise(pictures)]
    assert max(steps[:-4]) < 2.5 * float(np.median(steps))


def test_what_does_not_change_is_not_redrawn(avatar):
    from visavis_render.backends.atlas.mapping import controls_of

    renderer = avatar.open(512, "")
    renderer.draw(FaceState())
    player, person = renderer._player, renderer._person
    assert player.draw(controls_of(FaceState(), person)) is None
    rect = player.draw(controls_of(FaceState(blink=0.5), person))
    assert (rect[2] - rect[0]) * (rect[3] - rect[1]) < 0.15 * 512 * 512


def test_nonsense_in_a_face_is_clamped(avatar):
    nan = float("nan")
    picture = luma(
        avatar,
        FaceState(
            {Viseme.AA: nan}, {"mouthSmileLeft": nan, "browInnerUp": 9.0}, {}, HeadPose(nan, 900, -900)
        ),
    )
    assert picture.max() > 100


def test_nothing_is_compiled_after_the_start(avatar):
    from visavis_render.backends.atlas import (
        eye_kernels,
        flow_kernels,
        mesh_kernels,
        mouth_kernels,
        sampling,
        warp_kernels,
    )

    kernels = [eye_kernels.eyes_luma, eye_kernels.eyes_chroma, mesh_kernels.draw_mesh]
    kernels += [mesh_kernels.blend_weights, mouth_kernels.fill_luma, mouth_kernels.fill_chroma]
    kernels += [mouth_kernels.soften_edges, sampling.copy_out, sampling.copy_rect]
    kernels += [warp_kernels.warp_luma, warp_kernels.warp_chroma, flow_kernels.turned_weights]
    before = [len(k.signatures) for k in kernels]
    for size in (128, 512):
        renderer = avatar.open(size, "")
        for face in (*talking(20), *sweeping(20)):
            renderer.draw(face)
    assert [len(k.signatures) for k in kernels] == before


@pytest.mark.parametrize("size", [128, 256, 768, 1024])
def test_other_sizes_show_the_same_person(avatar, size):
    picture = avatar.open(size, "").draw(FaceState(head=HeadPose(3, 1, 1)))
    big = luma(avatar, FaceState(head=HeadPose(3, 1, 1)))
    thumbnail = big.reshape(16, 32, 16, 32).mean(axis=(1, 3))
    other = picture[:size].reshape(16, size // 16, 16, size // 16).mean(axis=(1, 3))
    assert np.abs(thumbnail - other)[4:].max() < 12


def test_keys_do_not_mix_at_the_size_they_were_rendered_at(avatar):
    size = avatar.open(512, "")._person.size
    speaking = FaceState(visemes={Viseme.AA: 1.0}, gaze=Gaze(0.5, 0.3))
    native = avatar.open(size, "").draw(speaking)[:size].reshape(32, size // 32, 32, size // 32).mean((1, 3))
    usual = luma(avatar, speaking).reshape(32, 16, 32, 16).mean((1, 3))
    assert np.abs(native - usual)[8:].max() < 12


@pytest.fixture
def directory(tmp_path):
    return shutil.copytree(shipped() / TURNED[0], tmp_path / "person")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("format = 1", "format = 2", "atlas.format"),
        (r"size_px = \d+", "size_px = 100000", "atlas.size_px"),
        (r"size_px = \d+", 'size_px = "big"', "atlas.size_px"),
        (r"mouth = \[\d", "mouth = [-3", "atlas.crops.mouth"),
        (r"lid_closures = \[0.0", "lid_closures = [0.9", "atlas.keys.lid_closures"),
        (r'mouth = \["PP"', 'mouth = ["PP", "XX"', "mouth.webp"),
        (r"\[atlas\.keys\]", "[atlas.keys", "avatar.toml"),
        (r"format = 1", "format = 1\ncolour = 1", "atlas.colour"),
        (r"gaze = \[\d+", "gaze = [0", "gaze must be the same as lids"),
        (r"size_px = \d+", "size_px = 256", "atlas.crops.mouth: must be within"),
        (r"turn_deg = \[-15", "turn_deg = [-100", "atlas.keys.turn_deg"),
        (r"turn_deg = \[-15", "turn_deg = [-20.0, -15", "turns.webp"),
    ],
)
def test_a_wrong_field_is_named(directory, old, new, named):
    path = directory / "avatar.toml"
    text, count = re.subn(old, new, path.read_text())
    assert count == 1
    path.write_text(text)
    with pytest.raises(AvatarError, match=re.escape(named)):
        load(read_directory(directory))


@pytest.mark.parametrize(
    "name", ["avatar.toml", "base.webp", "turns.webp", "gaze.webp", "lids_alpha.png", "mesh.npz"]
)
def test_a_missing_or_broken_file_is_named(directory, name):
    path = directory / name
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(AvatarError, match=name.replace(".", r"\.")):
        load(read_directory(directory))
    path.unlink()
    with pytest.raises(AvatarError, match=name.replace(".", r"\.")):
        load(read_directory(directory))


def test_a_wrong_array_is_named(directory):
    path = directory / "mesh.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, **{**arrays, "triangles": arrays["triangles"] + 30000})
    with pytest.raises(AvatarError, match="triangles"):
        load(read_directory(directory))
    np.savez(path, **{**arrays, "moves": arrays["moves"][:3]})
    with pytest.raises(AvatarError, match="moves"):
        load(read_directory(directory))
    np.savez(path, **{**arrays, "share": arrays["share"] * np.nan})
    with pytest.raises(AvatarError, match="share"):
        load(read_directory(directory))
    for missing in ("turn_shift", "turn_share", "depth"):
        del arrays[missing]
        np.savez(path, **arrays)
        with pytest.raises(AvatarError, match=missing):
            load(read_directory(directory))
