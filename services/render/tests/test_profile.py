"""Behaviour as data: what each profile promises, and what a broken one is told."""

from itertools import pairwise

import pytest
from pydantic import ValidationError
from rpckit.errors import InvalidInput
from visavis_render.animator import Animator
from visavis_render.animator.profile import NAMES, Profile, complete, shipped_profile
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import MANIFEST, AvatarError, by_name, read_directory
from visavis_render.config import Config
from visavis_render.engine import Behaviour, Viseme
from visavis_render.manner import manner_of

SECOND = 1_000_000
FRAME_US = 40_000
MINUTE = range(0, 60 * SECOND, FRAME_US)
MANIFEST_TEXT = 'name = "Nia"\nrenderer = "fake"\nlicence = "CC0-1.0"\nauthor = "A. Author"\n'


def animator(profile, behaviour, seed=4):
    animated = Animator(seed, shipped_profile(profile))
    animated.behaviours.set(behaviour, 0, 0)
    return animated


def minute(profile, behaviour):
    animated = animator(profile, behaviour)
    return [animated.face_at(t) for t in MINUTE]


def at_viewer(faces):
    """Share of the time with the eyes within 5 degrees of the viewer, the head's turn taken out."""
    near = [abs(f.gaze.x + 0.7 * f.head.yaw_deg / 25) < 0.2 and abs(f.gaze.y) < 0.3 for f in faces]
    return sum(near) / len(near)


@pytest.mark.parametrize("name", NAMES)
def test_profiles_are_whole_and_say_what_they_are(name):
    assert shipped_profile(name).about


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("behaviour", Behaviour)
def test_the_seed_decides_in_every_profile(name, behaviour):
    times = range(SECOND, 12 * SECOND, 700_000)
    first, again, other = ([animator(name, behaviour, seed).face_at(t) for t in times] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", NAMES)
def test_nothing_jumps_in_any_profile(name):
    animated = animator(name, Behaviour.LISTENING)
    for at, behaviour in ((4, Behaviour.THINKING), (6, Behaviour.SPEAKING), (12, Behaviour.IDLE)):
        animated.behaviours.set(behaviour, at * SECOND, 0)
    faces = [animated.face_at(t) for t in range(0, 16 * SECOND, 5_000)]
    for before, now in pairwise(faces):
        assert abs(now.head.yaw_deg - before.head.yaw_deg) < 0.5
        assert abs(now.head.pitch_deg - before.head.pitch_deg) < 0.5
        assert abs(now.trail.yaw_deg - before.trail.yaw_deg) < 1.0
        assert abs(now.blink - before.blink) < 0.13


def test_a_still_person_does_not_move_the_head_and_blinks():
    for behaviour in (Behaviour.IDLE, Behaviour.LISTENING, Behaviour.SPEAKING):
        faces = minute("still", behaviour)
        assert {face.head for face in faces[25:]} == {faces[25].head}
        assert {face.breath for face in faces} == {0.0}
        assert max(face.blink for face in faces) == 1.0


def test_a_receptionist_looks_at_the_visitor_more_than_others():
    looks = {name: at_viewer(minute(name, Behaviour.SPEAKING)) for name in NAMES}
    assert looks["receptionist"] > looks["warm"] + 0.05
    assert looks["still"] > looks["warm"]


def test_a_receptionist_smiles_while_listening_and_the_neutral_do_not():
    smiles = {
        name: minute(name, Behaviour.LISTENING)[50].expression.get("mouthSmileLeft", 0) for name in NAMES
    }
    assert smiles["receptionist"] > smiles["warm"] > smiles["neutral"] + 0.1


def test_listeners_nod_as_their_profile_says():
    deepest = {name: max(face.head.pitch_deg for face in minute(name, Behaviour.LISTENING)) for name in NAMES}
    assert deepest["warm"] > 3.0
    assert deepest["still"] == 0.0


def test_stressed_words_dip_the_head_as_the_profile_says():
    dips = {}
    for name in NAMES:
        animated, silent = (animator(name, Behaviour.SPEAKING) for _ in range(2))
        animated.restore([Cue(Viseme.AA, 5 * SECOND, 150_000, 1.0)])
        t = 5 * SECOND + 150_000
        dips[name] = animated.face_at(t).head.pitch_deg - silent.face_at(t).head.pitch_deg
    assert dips["warm"] > dips["receptionist"] > dips["neutral"] > dips["still"] == 0.0


def test_loose_hair_comes_after_the_head_and_settles():
    faces = minute("warm", Behaviour.SPEAKING)
    moving = [abs(face.trail.yaw_deg) for face in faces]
    assert max(moving) > 0.5
    for before, now in pairwise(faces):
        if now.head.yaw_deg - before.head.yaw_deg > 0.2:
            assert now.trail.yaw_deg < 0.6  # turning to the right leaves it on the left
    still = minute("still", Behaviour.SPEAKING)
    assert {face.trail.yaw_deg for face in still[25:]} == {0.0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"blink": {"mean_s": 0}}, "blink.mean_s"),
        ({"blink": {"mean_s": float("nan")}}, "blink.mean_s"),
        ({"idle": {"pose": {"mouthSmiel": 0.2}}}, "mouthSmiel is no ARKit shape"),
        ({"idle": {"pose": {"mouthSmile": 1.5}}}, "mouthSmile must be 0 to 1"),
        ({"idle": {"pose": {"yaw": 40}}}, "yaw must be -12 to 12"),
        ({"speaking": {"gaze": {"away": 2}}}, "speaking.gaze.away"),
        ({"dance": {}}, "dance"),
    ],
)
def test_numbers_out_of_range_are_named(change, says):
    with pytest.raises(ValidationError) as error:
        Profile.model_validate(complete({"base": "warm", **change}))
    assert says in str(error.value)


def own(tmp_path, text, behaviour="shy.toml"):
    (tmp_path / MANIFEST).write_text(MANIFEST_TEXT + f'behaviour = "{behaviour}"\n')
    (tmp_path / "shy.toml").write_text(text)
    return read_directory(tmp_path)


def test_an_avatar_may_bring_its_own(tmp_path):
    directory = own(tmp_path, 'base = "neutral"\n[blink]\nmean_s = 2.0\n')
    profile = manner_of(directory, "", Config()).profile
    assert profile.blink.mean_s == 2.0
    assert profile.blink.double == shipped_profile("neutral").blink.double
    assert manner_of(directory, "warm", Config()).profile is shipped_profile("warm")
    assert manner_of(directory, "", Config(profile="still")).profile is shipped_profile("still")


@pytest.mark.parametrize(
    ("text", "behaviour", "says"),
    [
        ("base = ", "shy.toml", "shy.toml: Invalid value"),
        ('base = "grumpy"', "shy.toml", "shy.toml: base: must be one of warm"),
        ('base = "warm"\n[blink]\nmean_s = 0\n', "shy.toml", "shy.toml: blink.mean_s: "),
        ("", "shy.toml", "shy.toml: emotion: Field required"),
        ("", "grumpy", "avatar.toml: behaviour: must be one of warm, neutral"),
        ("", "other.toml", "other.toml: is missing"),
        ("", "../shy.toml", "must be a file inside"),
    ],
)
def test_a_broken_profile_names_file_and_field(tmp_path, text, behaviour, says):
    with pytest.raises(AvatarError) as error:
        manner_of(own(tmp_path, text, behaviour), "", Config())
    assert says in str(error.value)


def test_an_unknown_profile_is_refused():
    with pytest.raises(InvalidInput, match="profile must be one of warm, neutral, receptionist, still"):
        manner_of(by_name("mira"), "grumpy", Config())
