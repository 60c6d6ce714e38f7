"""What `visavis avatar` runs: list, check, preview, create."""

import json
import os
import subprocess
import sys

import av
import numpy as np
import pytest
from rpckit.errors import InvalidInput
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import MANIFEST, names, read_directory
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.engine import FaceState, Viseme
from visavis_render.showcase.sheet import in_rows, write_image
from visavis_render.showcase.speech import Speech, read_speech
from visavis_render.showcase.start import create


def showcase(*words, **env):
    done = subprocess.run(
        [sys.executable, "-m", "visavis_render.showcase", *map(str, words)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def spoken(tmp_path):
    """A file as the speech client writes it: half a second of tone, three mouth shapes."""
    path = tmp_path / "speech.npz"
    pcm = (np.sin(np.arange(12_000) / 10) * 8000).astype(np.int16)
    cues = np.array([[11, 20_000, 200_000, 0.9], [2, 220_000, 90_000, 0.8], [14, 310_000, 150_000, 1.0]])
    np.savez(path, pcm=pcm, rate_hz=24_000, cues=cues)
    return path


def test_list_names_everything_and_what_is_broken(tmp_path):
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / MANIFEST).write_text("name = ")
    code, out, _ = showcase("list", RENDER_AVATARS_DIR=str(tmp_path))
    assert code == 0
    for name in names(None):
        assert f"\n{name} " in f"\n{out}"
    assert "torn       broken: avatar torn: avatar.toml: " in out


def test_check_says_what_is_well_and_what_is_not(tmp_path):
    code, out, _ = showcase("check", "fake")
    assert (code, out.splitlines()[-1]) == (0, "ok")
    (tmp_path / MANIFEST).write_text('name = "x"\n')
    code, _, err = showcase("check", tmp_path)
    assert (code, "renderer: Field required" in err, "Traceback" in err) == (1, True, False)
    code, _, err = showcase("check", "nobody")
    assert (code, "no avatar 'nobody'" in err) == (1, True)


def test_preview_writes_a_sheet_and_a_clip_with_sound(tmp_path, spoken):
    code, _, err = showcase("preview", "fake", "--out", tmp_path / "out", "--speech", spoken)
    assert (code, err) == (0, "")
    (sheet,) = av.open(str(tmp_path / "out" / "fake.jpg")).decode(video=0)
    assert sheet.width > 1000
    with av.open(str(tmp_path / "out" / "fake.mp4")) as clip:
        assert "AI-generated" in clip.metadata["comment"]
        assert json.loads(clip.metadata["description"])["ai_generated"] is True
        video, audio = clip.streams.video[0], clip.streams.audio[0]
        assert video.width == 512
        seconds = float(video.duration * video.time_base)
        assert seconds == pytest.approx(float(audio.duration * audio.time_base), abs=0.1)
        assert seconds == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"pcm": np.zeros(10, np.float32)}, "mono int16"),
        ({"rate_hz": 1}, "8000 to 48000"),
        ({"cues": np.array([[1, 0, np.nan, 1]])}, "four finite numbers"),
        ({"cues": np.zeros((2, 3))}, "four finite numbers"),
    ],
)
def test_speech_that_is_no_speech_is_refused(tmp_path, changed, says):
    good = {"pcm": np.zeros(100, np.int16), "rate_hz": 24_000, "cues": np.zeros((0, 4))}
    np.savez(tmp_path / "s.npz", **{**good, **changed})
    with pytest.raises(InvalidInput, match=says):
        read_speech(tmp_path / "s.npz")


def test_speech_in_a_broken_file_is_refused(tmp_path):
    (tmp_path / "s.npz").write_bytes(b"nothing")
    with pytest.raises(InvalidInput, match=r"speech s\.npz"):
        read_speech(tmp_path / "s.npz")


def test_speech_is_read_as_it_was_written(spoken):
    speech = read_speech(spoken)
    assert isinstance(speech, Speech)
    assert speech.duration_us == 500_000
    assert speech.cues[1] == Cue(Viseme.PP, 220_000, 90_000, 0.8)


@pytest.mark.parametrize("base", ["mira", "ruth", "nora", "clapper"])
def test_a_new_avatar_begins_as_the_one_it_comes_from(tmp_path, base):
    made = create("nia-2", base, tmp_path, "A. Author")
    directory = read_directory(made)
    assert (directory.manifest.name, directory.manifest.author) == ("Nia 2", "A. Author")
    picture = load_avatar(directory, Config()).open(128, "").draw(FaceState())
    original = load_avatar(read_directory(names(None)[base]), Config()).open(128, "").draw(FaceState())
    assert np.array_equal(picture, original)


def test_a_new_character_is_whole_and_can_be_read_by_people(tmp_path):
    text = (create("nia", "theo", tmp_path, "") / "character.json").read_text()
    assert "base" not in json.loads(text)
    assert text.count("\n") > 100


def test_nothing_is_written_over(tmp_path):
    create("nia", "mira", tmp_path, "")
    with pytest.raises(InvalidInput, match="is there already"):
        create("nia", "mira", tmp_path, "")


@pytest.mark.parametrize("name", ["", "../nia", "Nia", "a" * 40, "7"])
def test_a_name_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(InvalidInput, match="an avatar's name is 1 to 32 of"):
        create(name, "mira", tmp_path, "")
    assert list(tmp_path.iterdir()) == []


def test_cells_stand_in_rows_of_eight_on_paper():
    cells = [np.zeros((4, 6, 3), np.uint8)] * 9
    sheet = in_rows(cells)
    assert sheet.shape == (8, 48, 3)
    assert sheet[:4].max() == 0
    assert sheet[4:, 6:].min() > 200


def test_a_picture_of_lower_quality_is_a_smaller_file(tmp_path):
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    sizes = [write_image(tmp_path / f"{q}.jpg", noise, quality=q).stat().st_size for q in (4, 16)]
    assert sizes[1] < sizes[0]
