"""The user's environment: what the stack passes on to its processes, and the command's own few variables."""

import os  # the one place that reads it: services get their settings from config.py
from pathlib import Path

MODELS_DIR = "VISAVIS_MODELS_DIR"
MODELS_MIRROR = "VISAVIS_MODELS_MIRROR"
LOG_LEVEL = "VISAVIS_LOG_LEVEL"
PROFILE = "VISAVIS_PROFILE"
KNOWN = {MODELS_DIR, MODELS_MIRROR, LOG_LEVEL, PROFILE}

PROJECT = Path(__file__).parents[2]


def current() -> dict[str, str]:
    """A copy of the environment."""
    return dict(os.environ)  # noqa: TID251


def models_dir() -> Path:
    """Where the weights are: VISAVIS_MODELS_DIR, or models/ in the project."""
    return Path(current().get(MODELS_DIR) or PROJECT / "models").absolute()


def tls_dir() -> Path:
    """Where the certificate of `visavis up --tls` is kept."""
    return PROJECT / ".tls"


def own_certificate() -> Path:
    """The certificate that `visavis up --tls` has made, if it has."""
    return tls_dir() / "visavis.crt"


def models_mirror() -> Path | None:
    """A directory laid out like models/ to copy from, when VISAVIS_MODELS_MIRROR names one."""
    named = current().get(MODELS_MIRROR)
    return Path(named).absolute() if named else None


def misspelt() -> list[str]:
    """Variables that look like the command's own but are not."""
    return sorted(name for name in current() if name.startswith("VISAVIS_") and name not in KNOWN)
