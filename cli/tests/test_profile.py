import json
import subprocess

import pytest
from visavis_asr.config import Config as Asr
from visavis_brain.config import Config as Brain
from visavis_cli import doctor, models_command, profile, up
from visavis_cli.log import LogWriter
from visavis_cli.manifest import read_manifest
from visavis_cli.programs import StackError, backends_of
from visavis_tts.config import Config as Tts


@pytest.mark.parametrize("name", profile.NAMES)
def test_a_profile_sets_what_its_services_know(name, monkeypatch):
    for key, value in profile.settings_of(name).items():
        monkeypatch.setenv(key, value)
    known = {
        f"{config.model_config['env_prefix']}{field}".upper()
        for config in (Asr, Brain, Tts)
        for field in config.model_fields
    }
    assert set(profile.settings_of(name)) <= known
    for config in (Asr, Brain, Tts):
        config()


def test_small_is_what_runs_anyway():
    assert profile.name_in({}) == "small"
    settings = profile.settings_of("small")
    assert settings["BRAIN_MODEL_FILE"] == Brain.model_fields["model_file"].default.as_posix()
    for config in (Asr, Brain, Tts):
        prefix = config.model_config["env_prefix"]
        assert settings[f"{prefix}BACKEND"] == config.model_fields["backend"].default


def test_what_is_set_by_hand_wins():
    env = profile.applied({"VISAVIS_PROFILE": "reference", "TTS_BACKEND": "hibari"})
    assert (env["ASR_BACKEND"], env["TTS_BACKEND"]) == ("whisper", "hibari")


def test_a_profile_that_does_not_exist_is_refused_by_name():
    with pytest.raises(StackError, match="VISAVIS_PROFILE: 'huge' must be one of auto, small, ref"):
        profile.applied({"VISAVIS_PROFILE": "huge"})
    found = list(doctor.engines(doctor.with_profile({"VISAVIS_PROFILE": "huge"}), None))
    assert [(f.verdict, f.subject) for f in found] == [("fail", "profile")]


def test_remote_says_that_it_needs_an_address():
    env = profile.applied({"VISAVIS_PROFILE": "remote"})
    assert "needs BRAIN_BASE_URL" in profile.lacks(env)
    assert profile.lacks(env | {"BRAIN_BASE_URL": "http://127.0.0.1:1/v1"}) is None


def test_gpu_says_that_there_is_none(monkeypatch):
    env = profile.applied({"VISAVIS_PROFILE": "gpu"})
    monkeypatch.setattr(profile, "which", lambda name: None)
    assert "there is no nvidia-smi here" in profile.lacks(env)
    monkeypatch.setattr(profile, "which", lambda name: f"/usr/bin/{name}")
    assert profile.lacks(env) is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("small", set()),
        ("auto", {"qwen2.5-coder-1.5b-instruct"}),
        ("reference", {"qwen2.5-coder-1.5b-instruct", "faster-whisper-base", "kokoro-82m"}),
        ("gpu", {"faster-whisper-base", "kokoro-82m", "kokoro-82m-checkpoint"}),
        ("remote", set()),
    ],
)
def test_a_profile_fetches_what_it_loads(name, wanted):
    manifest = read_manifest()
    names = {model.name for model in manifest.wanted(backends_of(profile.settings_of(name)))}
    assert names - {model.name for model in manifest.wanted()} == wanted


def asked(stdout, stderr="", returncode=0):
    return lambda command, **how: subprocess.CompletedProcess(command, returncode, stdout, stderr)


def test_the_choice_is_told_by_the_brain(monkeypatch, tmp_path):
    told = {"model_file": "m/large.gguf", "why": "the largest"}
    monkeypatch.setattr(subprocess, "run", asked(json.dumps(told)))
    assert profile.choice({}, tmp_path, measures=True) == profile.Choice("m/large.gguf", "the largest")
    env = profile.applied({"VISAVIS_PROFILE": "auto"})
    found = list(doctor.engines(env, tmp_path))
    assert [f.detail for f in found] == [
        "auto: asr moonshine, brain llama, tts hibari",
        "large, the largest",
    ]
    monkeypatch.setattr(subprocess, "run", asked(json.dumps({"model_file": None, "why": None})))
    assert profile.choice({}, tmp_path, measures=False) is None
    assert "not measured yet" in list(doctor.engines(env, tmp_path))[1].detail


def test_a_brain_that_cannot_choose_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr(subprocess, "run", asked("", "a line\nno model to choose from", 1))
    with pytest.raises(StackError, match="profile auto: no model to choose from"):
        profile.choice({}, tmp_path, measures=True)
    env = profile.applied({"VISAVIS_PROFILE": "auto"})
    assert list(doctor.engines(env, tmp_path))[1].verdict == "warn"


def test_a_brain_that_runs_elsewhere_or_is_named_is_not_chosen():
    env = profile.applied({"VISAVIS_PROFILE": "auto"})
    assert profile.chooses(env)
    for other in ({"BRAIN_BACKEND": "fake"}, {"GATEWAY_BRAIN_TARGET": "h:1"}, {"BRAIN_MODEL_FILE": "m.gguf"}):
        assert not profile.chooses(env | other)


def test_without_the_larger_model_auto_goes_on(monkeypatch, tmp_path):
    pulled = []

    def pull(store, models):
        pulled.append({model.group for model in models})
        return 1 if "large" in pulled[-1] else 0

    monkeypatch.setattr(models_command, "pull", pull)
    lines = []
    env = profile.applied({"VISAVIS_PROFILE": "auto", "VISAVIS_MODELS_DIR": str(tmp_path)})
    assert up.fetch(env, lambda name, line: lines.append(line))
    assert pulled == [{"core"}, {"large"}]
    assert lines == ["going on without the larger model"]
    assert not up.fetch(profile.applied({"VISAVIS_PROFILE": "reference"}), LogWriter)
