"""Speeds are measured once, kept, and measured again when something has changed."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from visavis_brain import gauge
from visavis_brain.backends.fake import FakeEngine
from visavis_brain.choice import Speed
from visavis_brain.config import AUTO, Config
from visavis_brain.gauge import settled, speed_of

from .conftest import MODELS

SMALL, LARGE = Path("small.gguf"), Path("large.gguf")
SPEEDS = {SMALL: (80, 58), LARGE: (29, 13)}


@pytest.fixture
def config(tmp_path):
    """Two models that are not really any."""
    for file in (SMALL, LARGE):
        (tmp_path / file).write_bytes(file.name.encode())
    return Config(model_file=AUTO, models_dir=tmp_path, candidates=(SMALL, LARGE))


@pytest.fixture
def asked(monkeypatch):
    """The models that were measured."""
    files = []

    async def measured(config, file):
        files.append(file)
        return Speed(file, *SPEEDS[file])

    monkeypatch.setattr(gauge, "measured", measured)
    return files


async def test_the_largest_that_is_quick_enough_is_loaded(config, asked):
    found, choice = await settled(config)
    assert (found.model_file, choice.file) == (LARGE, LARGE)
    quick, _ = await settled(config.model_copy(update={"answer_within_s": 0.9}))
    assert quick.model_file == SMALL


async def test_a_machine_is_measured_once(config, asked):
    first = await settled(config)
    assert await settled(config) == first
    assert asked == [SMALL, LARGE]


async def test_another_file_and_other_threads_are_measured_anew(config, asked):
    await settled(config)
    (config.models_dir / LARGE).write_bytes(b"another one")
    await settled(config)
    await settled(config.model_copy(update={"threads": 2}))
    assert asked == [SMALL, LARGE, LARGE, SMALL, LARGE]


async def test_nothing_is_measured_where_only_the_known_is_asked_for(config, asked):
    assert await settled(config, measures=False) == (config, None)
    assert asked == []
    await settled(config)
    _, choice = await settled(config, measures=False)
    assert choice.file == LARGE


async def test_a_model_that_is_missing_or_too_large_is_not_chosen(config, asked, monkeypatch):
    monkeypatch.setattr(gauge, "available_bytes", lambda: 1)
    assert (await settled(config))[0].model_file == SMALL
    (config.models_dir / SMALL).unlink()
    (config.models_dir / LARGE).unlink()
    with pytest.raises(SystemExit, match="visavis models pull"):
        await settled(config)


@pytest.mark.parametrize(
    "fields", [{"model_file": SMALL}, {"backend": "openai"}, {"backend": "fake"}], ids=str
)
async def test_a_model_that_is_named_is_taken_as_it_is(config, asked, fields):
    named = config.model_copy(update=fields)
    assert await settled(named) == (named, None)


@pytest.mark.parametrize("text", ["", "[]", '{"x"', "7"])
async def test_a_damaged_file_of_speeds_is_written_anew(config, asked, text):
    (config.models_dir / gauge.SPEEDS).write_text(text)
    assert (await settled(config))[0].model_file == LARGE
    assert json.loads((config.models_dir / gauge.SPEEDS).read_text())


@pytest.mark.parametrize("wrong", [{"read_hz": 0}, {"read_hz": "fast"}, {"written_hz": None}, 5], ids=str)
async def test_speeds_that_make_no_sense_are_measured_anew(config, asked, wrong):
    await settled(config)
    path = config.models_dir / gauge.SPEEDS
    known = json.loads(path.read_text())
    for files in known.values():
        files["large.gguf"] = files["large.gguf"] | wrong if isinstance(wrong, dict) else wrong
    path.write_text(json.dumps(known))
    await settled(config)
    assert asked == [SMALL, LARGE, LARGE]


async def test_speeds_that_cannot_be_kept_are_used_all_the_same(config, asked):
    (config.models_dir / "taken").write_text("")
    nowhere = config.model_copy(update={"speeds_file": config.models_dir / "taken" / "speeds.json"})
    assert (await settled(nowhere))[0].model_file == LARGE


async def test_tokens_are_counted_by_the_clock():
    ticks = itertools.count()
    speed = await speed_of(FakeEngine(slots=1, word_interval_s=0), SMALL, lambda: float(next(ticks)))
    assert speed.written_hz == 1
    assert speed.read_hz > 20  # all the words of the prompt in one tick


@pytest.mark.models
def test_the_real_model_is_measured_and_told_as_json(tmp_path):
    small = next(MODELS.glob("*0.5b*/*-spoken.gguf")).relative_to(MODELS)
    env = {
        "BRAIN_MODEL_FILE": "auto",
        "BRAIN_MODELS_DIR": str(MODELS),
        "BRAIN_CANDIDATES": json.dumps([str(small)]),
        "BRAIN_SPEEDS_FILE": str(tmp_path / "speeds.json"),
    }
    command = [sys.executable, "-m", "visavis_brain.gauge"]

    def told(*arguments):
        asked = subprocess.run([*command, *arguments], env=env, capture_output=True, check=True, timeout=120)
        return json.loads(asked.stdout)

    assert told("--known") == {"model_file": None, "why": None}
    first = told()
    assert first["model_file"] == small.as_posix()
    assert "expected" in first["why"]
    assert told("--known") == first
