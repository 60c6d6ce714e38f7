import subprocess
import sys

import numpy as np
import pytest
from visavis_cli import __main__


def visavis(*arguments, **env):
    """Run the command; its exit code, what it printed, and what it complained of."""
    command = [sys.executable, "-m", "visavis_cli", "avatar", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["check"],
        ["preview"],
        ["preview", "mira", "--say", ""],
        ["preview", "mira", "--say", "x" * 700],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_a_mistake_in_the_arguments_is_explained(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        __main__.main(["avatar", *arguments])
    assert ended.value.code == 2
    assert "usage: visavis avatar" in capsys.readouterr().err


def test_list_shows_the_avatars():
    code, out, _ = visavis("list")
    assert code == 0
    assert "mira" in out
    assert "CC0-1.0" in out


def test_create_makes_a_directory_that_passes_check(tmp_path):
    code, out, _ = visavis("create", "nia", "--from", "fake", "--into", tmp_path, "--author", "A. Author")
    assert (code, out.strip()) == (0, str(tmp_path / "nia"))
    code, out, _ = visavis("check", tmp_path / "nia")
    assert (code, out.splitlines()[-1]) == (0, "ok")
    code, _, err = visavis("create", "nia", "--from", "fake", "--into", tmp_path)
    assert (code, "is there already" in err) == (1, True)


def test_what_is_wrong_is_said_without_a_stack_trace(tmp_path):
    code, _, err = visavis("check", tmp_path)
    assert (code, err.count("\n")) == (1, 1)
    assert "avatar.toml: is missing" in err


def test_preview_writes_a_sheet_and_a_spoken_clip(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_BACKEND", "fake")
    code, out, err = visavis("preview", "fake", "--out", tmp_path, "--say", "Hello there.")
    assert (code, err) == (0, "")
    assert out.split() == [str(tmp_path / "fake.jpg"), str(tmp_path / "fake.mp4")]


def test_a_voice_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_BACKEND", "fake")
    code, _, err = visavis("preview", "fake", "--out", tmp_path, "--voice", "nobody")
    assert (code, "no voice 'nobody'; there are: fake" in err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_sentence_is_kept_with_its_mouth_shapes(tmp_path, monkeypatch):
    from visavis_cli.sentence import speak

    monkeypatch.setenv("TTS_BACKEND", "fake")
    speak("Hello there.", "", tmp_path / "speech.npz")
    with np.load(tmp_path / "speech.npz") as speech:
        assert len(speech["pcm"]) > 8000
        assert speech["cues"].shape[1] == 4
        assert len(speech["cues"]) > 2


def test_create_takes_a_picture_and_says_what_is_missing(tmp_path):
    code, _, err = visavis("create", tmp_path / "me.jpg", "--consent", "Ada Example, on paper")
    assert (code, err) == (1, f"visavis avatar: {tmp_path}/me.jpg: there is no such file\n")
    (tmp_path / "me.jpg").write_text("not a picture")
    code, _, err = visavis("create", tmp_path / "me.jpg")
    assert (code, err.count("\n"), "--consent must say" in err) == (1, 1, True)
    code, _, err = visavis("create", tmp_path / "me.jpg", "--consent=--Ada on paper", "--into", tmp_path)
    assert (code, err.count("\n"), "no picture that can be read" in err) == (1, 1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["me.jpg"]
