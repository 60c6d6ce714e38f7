"""What a stack consists of: the programs, in the order in which they start, and their settings."""

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from visavis_cli.ports import LOOPBACK, Ports

SERVICES = ("asr", "brain", "tts", "render")
NEED_MODELS = ("asr", "brain", "tts")
NEED_EVENTS = ("brain", "tts", "gateway")
METRICS_PORT = "OTEL_EXPORTER_PROMETHEUS_PORT"
FIRST_METRICS_PORT = 9464


TLS_CERT, TLS_KEY = "GATEWAY_TLS_CERT_FILE", "GATEWAY_TLS_KEY_FILE"


class StackError(Exception):
    """The stack can't be started or can't go on; the message says why and what to do."""


# Backends that load no weights of ours.
WITHOUT_WEIGHTS = ("fake", "openai")


@dataclass(frozen=True)
class Program:
    """One process: what to run, its settings, and the address at which it answers (host:port).

    `command` is empty when somebody else runs it.
    """

    name: str
    command: list[str]
    target: str
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_secure(self) -> bool:
        """It answers over TLS."""
        return bool(self.env.get(TLS_CERT))


def nats_server() -> str:
    """The nats-server of the virtual environment, or one on PATH."""
    ours = Path(sys.executable).with_name("nats-server")
    found = str(ours) if ours.exists() else shutil.which("nats-server")
    if found is None:
        raise StackError("nats-server is missing: run `make setup`")
    return found


def python(module: str) -> list[str]:
    """Runs a module of the project in a Python like this one."""
    return [sys.executable, "-m", module]


# Avatars of the personas that ship which take seconds to load: nobody should wait for them in a call.
PRELOAD = '["nora"]'
# glibc's arenas, one a thread, keep what short-lived frames and tensors leave behind: memory would creep.
ALLOCATOR = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144"}
# ONNX Runtime would tell its makers how it is used.
PRIVACY = {"ORT_DISABLE_TELEMETRY": "1"}


def metrics_page(name: str, env: Mapping[str, str]) -> dict[str, str]:
    """On which port a service shows its metrics, when `env` wants that: one port after the other."""
    if "prometheus" not in env.get("OTEL_METRICS_EXPORTER", ""):
        return {}
    first = env.get(METRICS_PORT) or str(FIRST_METRICS_PORT)
    if not first.isdecimal() or not 0 < int(first) <= 65535 - len(SERVICES):
        raise StackError(
            f"{METRICS_PORT}: {first!r} must be a port that leaves room for {len(SERVICES)} more"
        )
    return {METRICS_PORT: str(int(first) + ("gateway", *SERVICES).index(name))}


def service(name: str, port: int, models_dir: Path, nats_url: str, env: Mapping[str, str]) -> Program:
    """One of the four model services; the user's GATEWAY_<NAME>_TARGET means that it runs elsewhere."""
    prefix = name.upper()
    elsewhere = env.get(f"GATEWAY_{prefix}_TARGET")
    if elsewhere:
        return Program(name, [], elsewhere)
    settings = {f"{prefix}_SERVER__LISTEN_ADDRESS": f"{LOOPBACK}:{port}"}
    if name in NEED_MODELS:
        settings[f"{prefix}_MODELS_DIR"] = env.get(f"{prefix}_MODELS_DIR", str(models_dir))
    settings |= {key: env.get(key, value) for key, value in (ALLOCATOR | PRIVACY).items()}
    settings |= metrics_page(name, env)
    if name == "render":
        settings["RENDER_PRELOAD"] = env.get("RENDER_PRELOAD", PRELOAD)
    if name in NEED_EVENTS:
        settings[f"{prefix}_NATS_URL"] = env.get(f"{prefix}_NATS_URL", nats_url)
    return Program(name, python(f"visavis_{name}"), f"{LOOPBACK}:{port}", settings)


def needs_weights(name: str, env: Mapping[str, str]) -> bool:
    """Whether the service, as it is set up in `env`, loads weights from models/."""
    elsewhere = env.get(f"GATEWAY_{name.upper()}_TARGET")
    return not elsewhere and env.get(f"{name.upper()}_BACKEND") not in WITHOUT_WEIGHTS


def backends_of(env: Mapping[str, str]) -> set[str]:
    """The backends that `env` chooses and what their settings ask for by name; see Manifest.wanted."""
    chosen = {env[key] for name in SERVICES if (key := f"{name.upper()}_BACKEND") in env}
    asked_for = {
        "knowledge": _has_knowledge(env.get("GATEWAY_PERSONAS_DIR", "")),
        "large": _may_be_large(env.get("BRAIN_MODEL_FILE", "")),
        "kokoro-torch": env.get("TTS_KOKORO_RUNTIME") == "torch",
    }
    return chosen | {name for name, is_wanted in asked_for.items() if is_wanted}


def _may_be_large(model_file: str) -> bool:
    return model_file == "auto" or model_file.startswith("qwen2.5-coder-1.5b-instruct/")


def _has_knowledge(personas_dir: str) -> bool:
    files = Path(personas_dir).glob("*.y*ml") if personas_dir else ()
    return any(re.search(r"^knowledge:", path.read_text("utf-8", "replace"), re.MULTILINE) for path in files)


def plan(ports: Ports, env: Mapping[str, str], models_dir: Path) -> list[Program]:
    """Every program of a stack. Settings in `env` are kept, except where a port of the stack is named."""
    nats_url = f"nats://{LOOPBACK}:{ports.nats}"
    # Without -js there is no store: events are for those who listen now.
    nats_command = [nats_server(), "-a", LOOPBACK, "-p", str(ports.nats), "--logtime=false"]
    nats = Program("nats", nats_command, f"{LOOPBACK}:{ports.nats}")
    services = [service(name, ports.by_name()[name], models_dir, nats_url, env) for name in SERVICES]
    host = env.get("GATEWAY_HOST", LOOPBACK)
    settings = {f"GATEWAY_{each.name.upper()}_TARGET": each.target for each in services}
    settings |= {"GATEWAY_HOST": host, "GATEWAY_PORT": str(ports.gateway)}
    settings["GATEWAY_MODELS_DIR"] = env.get("GATEWAY_MODELS_DIR", str(models_dir))
    # Its pictures of words are small: a second thread would only wait for the first.
    settings["OPENBLAS_NUM_THREADS"] = env.get("OPENBLAS_NUM_THREADS", "1")
    settings["GATEWAY_NATS_URL"] = env.get("GATEWAY_NATS_URL", nats_url)
    settings |= metrics_page("gateway", env)
    settings |= {name: env[name] for name in (TLS_CERT, TLS_KEY) if env.get(name)}
    reached_at = LOOPBACK if host in ("", "0.0.0.0", "::") else host
    gateway = Program("gateway", python("visavis_gateway"), f"{reached_at}:{ports.gateway}", settings)
    return [nats, *services, gateway]
