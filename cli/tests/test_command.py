import errno
import os
import subprocess
import sys

import pytest
from visavis_cli import __main__, models_command
from visavis_cli.manifest import Manifest


def visavis(*arguments):
    """Run the command in this process; its exit code."""
    with pytest.raises(SystemExit) as ended:
        __main__.main(list(arguments))
    return ended.value.code


@pytest.fixture
def toy_models(monkeypatch, models_dir, weight_file, model_of):
    """The command knows one small model and an empty models directory."""
    model = model_of(weight_file())
    monkeypatch.setenv("VISAVIS_MODELS_DIR", str(models_dir))
    monkeypatch.setattr(models_command, "read_manifest", lambda: Manifest(model=(model,)))
    return models_dir


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["models"],
        ["models", "pull", "--with", "everything"],
        ["up", "--port", "0"],
        ["up", "--port", "http"],
        ["up", "--ephemeral", "--base-port", "9000"],
        ["doctor", "extra"],
    ],
    ids=" ".join,
)
def test_a_mistake_in_the_arguments_is_explained(arguments, capsys):
    assert visavis(*arguments) == 2
    assert "usage: visavis" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["up"], ["models"], ["models", "pull"], ["doctor"], ["talk"]])
def test_help_is_there_for_every_command(command, capsys):
    assert visavis(*command, "--help") == 0
    assert "usage: visavis" in capsys.readouterr().out


def test_list_pull_verify(toy_models, mirror, capsys):
    assert visavis("models", "list") == 0
    assert "missing" in capsys.readouterr().out
    assert visavis("models", "verify") == 1
    assert "run `visavis models pull`" in capsys.readouterr().out
    assert visavis("models", "pull", "--from", str(mirror)) == 0
    capsys.readouterr()
    assert visavis("models", "pull") == 0
    assert capsys.readouterr() == ("", "")
    assert visavis("models", "verify") == 0
    assert "verified  toy/weights.bin" in capsys.readouterr().out


def test_the_mirror_may_be_a_variable(toy_models, mirror, monkeypatch):
    monkeypatch.setenv("VISAVIS_MODELS_MIRROR", str(mirror))
    assert visavis("models", "pull") == 0


def test_a_model_that_cant_be_had_is_exit_code_1(toy_models, tmp_path, capsys):
    assert visavis("models", "pull", "--from", str(tmp_path)) == 1
    assert "can't be had. Tried:" in capsys.readouterr().err


def test_a_mirror_that_is_not_there_is_a_mistake(toy_models, tmp_path, capsys):
    assert visavis("models", "pull", "--from", str(tmp_path / "nowhere")) == 2
    assert "no such directory" in capsys.readouterr().err


def test_a_misspelt_variable_is_refused(monkeypatch):
    monkeypatch.setenv("VISAVIS_MODEL_DIR", "/somewhere")
    assert "unknown settings: VISAVIS_MODEL_DIR; known: VISAVIS_LOG_LEVEL" in visavis("models", "list")


def test_ctrl_c_is_130_without_a_stack_trace(toy_models, monkeypatch, capsys):
    def interrupted(store, models, mirror):
        raise KeyboardInterrupt

    monkeypatch.setattr(models_command, "pull", interrupted)
    assert visavis("models", "pull") == 130
    assert capsys.readouterr().err == "stopped\n"


def test_the_command_starts_without_loading_what_it_does_not_need():
    code = "import sys, visavis_cli.__main__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"grpc", "numpy", "aiortc", "rich"} & set(loaded.split())


@pytest.mark.parametrize(("number", "advice"), [(errno.ENOSPC, "make room"), (errno.EROFS, "choose a place")])
def test_a_disk_that_does_not_play_along_is_no_stack_trace(monkeypatch, capsys, number, advice):
    def run(arguments):
        raise OSError(number, os.strerror(number), "out.mp4")

    monkeypatch.setattr(models_command, "run", run)
    assert visavis("models", "list") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"out.mp4: {os.strerror(number)}: ")
    assert advice in said
