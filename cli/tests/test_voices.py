import subprocess
import sys
import wave

import pytest
from visavis_cli import __main__


def visavis(*arguments):
    """Run the command; its exit code, what it printed, and what it complained of."""
    command = [sys.executable, "-m", "visavis_cli", "voices", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["sing"], ["preview"], ["preview", "af_heart", "--say", "x" * 700]], ids=str
)
def test_a_mistake_in_the_arguments_is_explained(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        __main__.main(["voices", *arguments])
    assert ended.value.code == 2
    assert "usage: visavis voices" in capsys.readouterr().err


def test_list_names_every_voice_with_its_language():
    code, out, _ = visavis("list")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 55
    assert any(line.startswith("kokoro/if_sara ") and "Italian, tested" in line for line in lines)
    assert any(line.startswith("kokoro/jm_kumo ") and "Japanese, not tested" in line for line in lines)


def test_preview_writes_a_sentence(tmp_path):
    code, out, err = visavis("preview", "hibari/af_heart", "--say", "Hello there.", "--out", tmp_path)
    assert (code, out.strip(), err) == (0, str(tmp_path / "af_heart.wav"), "")
    with wave.open(out.strip()) as file:
        assert 0.5 < file.getnframes() / file.getframerate() < 3


def test_an_unknown_voice_is_told(tmp_path):
    code, _, err = visavis("preview", "nobody", "--out", tmp_path)
    assert code == 1
    assert "no voice 'nobody'; `visavis voices list` names them" in err
