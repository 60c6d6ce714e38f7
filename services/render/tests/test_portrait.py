"""Avatars made from a portrait: what is refused, what is recorded, where things lie.

The portrait is Amos' picture (CC0); the contract of all avatars and the renderer's tests run on it, too.
"""

import sys
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import av
import numpy as np
import pytest
from rpckit.errors import InvalidInput
from visavis_render.avatar import AvatarError, read_directory
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.engine import FaceState
from visavis_render.portrait.create import create_from_portrait, name_of
from visavis_render.portrait.donor import load_donor
from visavis_render.portrait.frame import framed
from visavis_render.portrait.judge import the_face, turn_of
from visavis_render.portrait.landmarks import LOWER_LIP, UPPER_LID, find_landmarks, read_landmarks
from visavis_render.portrait.picture import read_portrait
from visavis_render.showcase.examine import examine

FINDER = Path(__file__).parents[3] / "tools" / "portrait"
WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def found(portrait_wish):
    return read_landmarks(portrait_wish.landmarks)


@pytest.fixture(scope="module")
def straight():
    return load_donor().landmarks


def test_who_agreed_is_recorded_with_the_files_digest(portrait_avatar, portrait_wish):
    data = tomllib.loads((portrait_avatar / "avatar.toml").read_text("utf-8"))
    assert data["portrait"] == {
        "consent": "Amos, who is made up, on paper",
        "recorded_time": WHEN,
        "file": "base.webp",
        "sha256": sha256(portrait_wish.picture.read_bytes()).hexdigest(),
    }
    manifest = read_directory(portrait_avatar).manifest
    assert (manifest.renderer, manifest.name) == ("atlas", "Someone")
    assert manifest.portrait is not None
    assert manifest.portrait.recorded_time == WHEN


def test_check_shows_who_agreed(portrait_avatar):
    lines = list(examine(read_directory(portrait_avatar), Config()))
    assert lines[1] == "portrait: Amos, who is made up, on paper (recorded 2026-03-01)"
    assert lines[-1] == "ok"


def test_a_record_of_consent_is_not_half_a_record(portrait_avatar, tmp_path):
    text = (portrait_avatar / "avatar.toml").read_text("utf-8")
    (tmp_path / "avatar.toml").write_text(text.replace('sha256 = "', 'sha256 = "x'))
    with pytest.raises(AvatarError, match=r"portrait\.sha256"):
        read_directory(tmp_path)


def test_the_same_portrait_gives_the_same_files(portrait_avatar, portrait_wish, tmp_path):
    again = create_from_portrait(replace(portrait_wish, into=tmp_path), now=WHEN)
    first, second = ({p.name: p.read_bytes() for p in d.iterdir()} for d in (portrait_avatar, again))
    assert first == second
    assert sum(map(len, first.values())) < 2_000_000


def test_at_rest_the_avatar_looks_like_the_portrait(portrait_avatar, portrait_wish, found, straight):
    portrait = read_portrait(portrait_wish.picture)
    face = the_face(found, straight)
    cut = framed(portrait.rgb, face, found.person, straight)
    drawn = load_avatar(read_directory(portrait_avatar), Config()).open(768, "").draw(FaceState())[:768]
    frame = av.VideoFrame.from_ndarray(cut.rgb.astype(np.uint8), format="rgb24")
    difference = np.abs(drawn.astype(int) - frame.to_ndarray(format="yuv420p")[:768])
    assert difference.mean() < 2
    eyes = difference[300:370, 250:520]
    assert (eyes > 40).mean() < 0.01


def test_the_face_lies_where_the_renderer_expects_it(found, straight, portrait_wish):
    portrait = read_portrait(portrait_wish.picture)
    cut = framed(portrait.rgb, found.faces[0], found.person, straight)
    aside, down = np.abs(cut.landmarks[:, :2].mean(0) - straight[:, :2].mean(0))
    assert (aside < 0.01, down < 0.13) == (True, True)
    assert abs(cut.landmarks[[1, 152, 10], 0].mean() - 0.5) < 0.02


def test_the_donors_landmarks_lie_on_her_mesh(straight):
    """They are found again by tools/portrait/donor.py when her picture changes."""
    mesh = load_donor().mesh
    mouth = mesh["base"][np.unique(mesh["triangles"][: int(mesh["hole_count"])])]
    corners = straight[[78, 308], :2]
    assert np.abs([mouth[:, 0].min(), mouth[:, 0].max()] - corners[:, 0]).max() < 0.02
    assert abs(mouth[:, 1].mean() - corners[:, 1].mean()) < 0.02
    assert np.abs(straight[473:478, :2].mean(0) - mesh["eye"]).max() < 0.02


def moved(found, change):
    """The landmarks with a changed face."""
    faces = found.faces.copy()
    change(faces[0])
    return replace(found, faces=faces)


def turned(degrees, axes):
    def change(face):
        middle, angle = face.mean(0), np.radians(degrees)
        a, b = axes
        points = face - middle
        face[:, a] = middle[a] + np.cos(angle) * points[:, a] - np.sin(angle) * points[:, b]
        face[:, b] = middle[b] + np.sin(angle) * points[:, a] + np.cos(angle) * points[:, b]

    return change


def open_mouth(face):
    face[list(LOWER_LIP[1:-1]), 1] += 12


def close_an_eye(face):
    face[list(UPPER_LID["left"][1:-1]), 1] += 14


def shrink(face):
    face[:] = face[0] + 0.5 * (face - face[0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (turned(24, (0, 2)), "turned to the side by 2"),
        (turned(-30, (1, 2)), "turned up or down by"),
        (turned(30, (0, 1)), "tilted over by 30 degrees"),
        (open_mouth, "the mouth is open"),
        (close_an_eye, "the eye at the picture's left is closed"),
        (shrink, "too small: 114 pixels wide, at least 150"),
    ],
    ids=["yaw", "pitch", "roll", "mouth", "eye", "small"],
)
def test_faces_that_will_not_do_are_refused(found, straight, change, says):
    with pytest.raises(InvalidInput, match=says):
        the_face(moved(found, change), straight)


def test_no_face_and_two_faces_are_refused(found, straight):
    with pytest.raises(InvalidInput, match="no face was found"):
        the_face(replace(found, faces=found.faces[:0]), straight)
    both = np.concatenate([found.faces, found.faces * 0.5])
    with pytest.raises(InvalidInput, match="there are 2 faces"):
        the_face(replace(found, faces=both), straight)


def test_somebody_far_behind_is_not_in_the_way(found, straight):
    behind = np.concatenate([found.faces * 0.1, found.faces])
    assert np.array_equal(the_face(replace(found, faces=behind), straight), found.faces[0])


def test_a_face_that_fills_the_picture_is_refused(found, straight):
    face = found.faces[0]
    tight = np.zeros((300, 240, 3), np.uint8)
    with pytest.raises(InvalidInput, match="too little around the face"):
        framed(tight, face - [135, 130, 0], found.person, straight)


def test_turns_are_measured(found, straight):
    before = turn_of(found.faces[0], straight)
    after = turn_of(moved(found, turned(10, (0, 1))).faces[0], straight)
    assert after[2] - before[2] == pytest.approx(10, abs=0.3)
    assert after[:2] == pytest.approx(before[:2], abs=1.5)


@pytest.mark.parametrize(
    "consent", ["", "   ", "yes", "x" * 301, "Ada Example,\nby e-mail", "Ada Example \x7f"]
)
def test_without_consent_there_is_no_avatar(portrait_wish, tmp_path, consent):
    with pytest.raises(InvalidInput, match="--consent must say"):
        create_from_portrait(replace(portrait_wish, consent=consent, into=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused_leaves_nothing_behind(portrait_wish, tmp_path):
    np.savez(tmp_path / "none.npz", faces=np.zeros((0, 478, 3)), person=np.ones((64, 64)))
    wish = replace(portrait_wish, landmarks=tmp_path / "none.npz", into=tmp_path / "into")
    with pytest.raises(InvalidInput, match="no face was found"):
        create_from_portrait(wish)
    assert list((tmp_path / "into").iterdir()) == []


def test_nothing_is_written_over(portrait_wish, portrait_avatar):
    with pytest.raises(InvalidInput, match="is there already"):
        create_from_portrait(replace(portrait_wish, into=portrait_avatar.parent))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Ada Example.JPG", "ada-example"),
        ("2026 me.png", "portrait-2026-me"),
        ("é.jpg", "portrait"),
        ("a" * 50, "a" * 32),
    ],
)
def test_a_name_is_made_from_the_files(file, name):
    assert name_of(Path(file)) == name


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"faces": np.zeros((1, 468, 3)), "person": np.ones((64, 64))}, "faces must be finite numbers"),
        ({"faces": np.full((1, 478, 3), np.nan), "person": np.ones((64, 64))}, "faces must be finite"),
        ({"faces": np.zeros((1, 478, 3)), "person": np.ones(64)}, "person must be a grid"),
        ({"faces": np.zeros((1, 478, 3))}, "can't be read"),
    ],
)
def test_landmarks_that_are_none_are_refused(tmp_path, arrays, says):
    np.savez(tmp_path / "l.npz", **arrays)
    with pytest.raises(InvalidInput, match=says):
        read_landmarks(tmp_path / "l.npz")
    (tmp_path / "l.npz").write_bytes(b"nothing")
    with pytest.raises(InvalidInput, match=r"landmarks l\.npz: can't be read"):
        read_landmarks(tmp_path / "l.npz")


def finder(folder, program):
    """A directory like tools/portrait whose program is this."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    python = folder / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / "landmarks.py").write_text(program)
    return folder


def test_a_missing_environment_is_told_with_the_command_that_makes_it(portrait_wish, tmp_path):
    portrait = read_portrait(portrait_wish.picture)
    with pytest.raises(InvalidInput, match=f"Set it up once with: {tmp_path}/setup.sh"):
        find_landmarks(portrait, tmp_path)


def test_a_finder_that_fails_is_told(portrait_wish, tmp_path):
    portrait = read_portrait(portrait_wish.picture)
    with pytest.raises(InvalidInput, match=r"finding a face failed \(ValueError: no model\)"):
        find_landmarks(portrait, finder(tmp_path / "a", "raise ValueError('no model')"))
    with pytest.raises(InvalidInput, match="can't be read"):
        find_landmarks(portrait, finder(tmp_path / "b", "import sys; open(sys.argv[2], 'w').write('x')"))


@pytest.mark.skipif(not (FINDER / ".venv").is_dir(), reason="needs tools/portrait/setup.sh")
def test_the_finder_finds_what_it_found_before(portrait_wish, found):
    again = find_landmarks(read_portrait(portrait_wish.picture), FINDER)
    assert again.faces.shape == (1, 478, 3)
    apart = np.abs(again.faces - found.faces)[..., :2]
    assert (np.median(apart) < 1, apart.max() < 10) == (True, True)
    assert again.person.mean() == pytest.approx(found.person.mean(), abs=0.03)
