"""Profiles: which engines a stack uses, under one name. What the user has set by hand always wins."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from visavis_cli.environment import PROFILE
from visavis_cli.programs import StackError, python

FOLDER = Path(__file__).with_name("profiles")
NAMES = ("auto", "small", "reference", "gpu", "remote")
DEFAULT = "small"
AUTO = "auto"  # in place of a model's file
# Reading and writing a few hundred tokens with each model, on a slow machine.
MEASURED_WITHIN_S = 300
KNOWN_WITHIN_S = 30


@dataclass(frozen=True)
class Choice:
    """What `auto` has chosen, and why, in a sentence."""

    model_file: str
    why: str


def name_in(env: Mapping[str, str]) -> str:
    """The profile that `env` names. Raises StackError."""
    name = env.get(PROFILE) or DEFAULT
    if name not in NAMES:
        raise StackError(f"{PROFILE}: {name!r} must be one of {', '.join(NAMES)}")
    return name


def settings_of(name: str) -> dict[str, str]:
    """The settings of a profile."""
    lines = (FOLDER / f"{name}.env").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}


def applied(env: Mapping[str, str]) -> dict[str, str]:
    """`env` with the settings of its profile behind what it says itself. Raises StackError."""
    return {**settings_of(name_in(env)), **env}


def lacks(env: Mapping[str, str]) -> str | None:
    """What keeps the profile of `env` from working here, and what to do; None when all is there."""
    name = name_in(env)
    if name == "remote" and env.get("BRAIN_BACKEND") == "openai" and not env.get("BRAIN_BASE_URL"):
        return (
            "profile remote needs BRAIN_BASE_URL, the address of an OpenAI-compatible server: "
            "BRAIN_BASE_URL=https://llm.example.com/v1 visavis up --profile remote"
        )
    wants_cuda = "cuda" in (env.get("ASR_DEVICE"), env.get("TTS_DEVICE"))
    if name == "gpu" and wants_cuda and which("nvidia-smi") is None:
        return (
            "profile gpu needs an NVIDIA GPU and its driver, and there is no nvidia-smi here: "
            "use --profile auto on a machine without one"
        )
    return None


def chooses(env: Mapping[str, str]) -> bool:
    """The brain of this stack takes a model by what the machine can do."""
    is_embedded = env.get("BRAIN_BACKEND") == "llama" and not env.get("GATEWAY_BRAIN_TARGET")
    return is_embedded and env.get("BRAIN_MODEL_FILE") == AUTO


def choice(env: Mapping[str, str], models_dir: Path, *, measures: bool) -> Choice | None:
    """What the brain service takes with these settings; None where that must be measured first.

    It is asked in a process of its own. Raises StackError with its last words.
    """
    command = [*python("visavis_brain.gauge"), *([] if measures else ["--known"])]
    settings = {"BRAIN_MODELS_DIR": str(models_dir)} | dict(env)
    within_s = MEASURED_WITHIN_S if measures else KNOWN_WITHIN_S
    try:
        asked = subprocess.run(
            command, env=settings, capture_output=True, text=True, timeout=within_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise StackError(
            f"the models could not be measured within {within_s} s: use --profile small"
        ) from None
    try:
        told = json.loads(asked.stdout)
        return Choice(told["model_file"], told["why"]) if told["model_file"] else None
    except (ValueError, KeyError, TypeError):
        words = asked.stderr.strip().splitlines() or [f"exit code {asked.returncode}"]
        raise StackError(f"profile auto: {words[-1]}") from None
