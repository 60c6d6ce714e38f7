"""`visavis doctor`: looks at this machine and says what is well and what to do about the rest."""

import argparse
import asyncio
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from rich.console import Console

from visavis_cli import environment, profile
from visavis_cli.manifest import read_manifest
from visavis_cli.models import Store
from visavis_cli.ports import LOOPBACK, Ports, why_not_free
from visavis_cli.programs import (
    SERVICES,
    Program,
    StackError,
    backends_of,
    nats_server,
    needs_weights,
    plan,
)
from visavis_cli.progress import megabytes
from visavis_cli.readiness import is_gateway, is_ready

Verdict = Literal["ok", "warn", "fail"]
STYLE: dict[Verdict, str] = {"ok": "green", "warn": "yellow", "fail": "red"}
PACKAGES = (
    "grpcio",
    "numpy",
    "onnxruntime",
    "faster-whisper",
    "hibari-tts",
    "xllamacpp",
    "numba",
    "av",
    "aiortc",
    "nats-py",
)
OLDEST_PYTHON = (3, 11)
WANTED_CORES = 2
WANTED_MEMORY_BYTES = 4_000_000_000
WANTED_DISK_BYTES = 1_500_000_000
ASK_TIMEOUT_S = 10


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do when it isn't well."""

    verdict: Verdict
    subject: str
    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: the doctor looks at everything."""
    parser.epilog = "Exit code 1 when something must be mended before `visavis up` can work."


def run(arguments: argparse.Namespace) -> int:
    """Print every finding as it comes."""
    console = Console(highlight=False, soft_wrap=True)
    failed = 0
    for finding in examine(with_profile(environment.current()), environment.models_dir()):
        failed += finding.verdict == "fail"
        verdict = f"[{STYLE[finding.verdict]}]{finding.verdict:4}[/]"
        console.print(verdict, f"{finding.subject:12}", finding.detail.replace("[", r"\["))
    return 1 if failed else 0


def examine(env: Mapping[str, str], models_dir: Path) -> Iterator[Finding]:
    """Everything, in an order in which the first failure is the first thing to mend."""
    yield python_version()
    yield packages()
    yield stubs()
    yield nats()
    yield from engines(env, models_dir)
    yield from models(env, models_dir)
    yield cores()
    yield memory()
    yield disk(models_dir)
    yield from network(env)
    yield Finding(
        "ok",
        "microphone",
        "browsers give it to http://localhost and to https:// only: for other devices use `visavis up --tls`",
    )


def python_version() -> Finding:
    """The interpreter that runs everything."""
    found = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("fail", "python", f"{found} is too old: 3.11 or newer is needed")
    return Finding("ok", "python", f"{found} at {sys.executable}")


def packages() -> Finding:
    """The distributions that the services import."""
    missing = []
    for name in PACKAGES:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("fail", "packages", f"missing: {', '.join(missing)}. Run `make setup`")
    return Finding("ok", "packages", f"all {len(PACKAGES)} that matter are installed")


def stubs() -> Finding:
    """The code that is generated from protos/."""
    modules = [f"visavis_{name}" for name in (*SERVICES, "gateway")]
    missing = [name for name in ("visavis", *modules) if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("fail", "project", f"can't import {', '.join(missing)}. Run `make clean setup`")
    return Finding("ok", "project", "the services and the generated stubs can be imported")


def nats() -> Finding:
    """The event server runs on this machine."""
    try:
        command = [nats_server(), "--version"]
        asked = subprocess.run(command, capture_output=True, text=True, timeout=ASK_TIMEOUT_S, check=True)
    except StackError as error:
        return Finding("fail", "nats", str(error))
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("fail", "nats", f"nats-server does not run ({error}). Run `make clean setup`")
    return Finding("ok", "nats", asked.stdout.strip())


def with_profile(env: Mapping[str, str]) -> Mapping[str, str]:
    """The settings of the profile behind those of `env`; a profile that does not exist adds none."""
    try:
        return profile.applied(env)
    except StackError:
        return env


def engines(env: Mapping[str, str], models_dir: Path) -> Iterator[Finding]:
    """The profile, what it lacks here, and which model `auto` has chosen and why."""
    try:
        name, lacking = profile.name_in(env), profile.lacks(env)
    except StackError as error:
        yield Finding("fail", "profile", str(error))
        return
    used = (f"{each} {env[key]}" for each in SERVICES if (key := f"{each.upper()}_BACKEND") in env)
    yield Finding("fail" if lacking else "ok", "profile", lacking or f"{name}: {', '.join(used)}")
    if not profile.chooses(env):
        return
    try:
        chosen = profile.choice(env, models_dir, measures=False)
    except StackError as error:
        yield Finding("warn", "choice", str(error))
        return
    if chosen is None:
        yield Finding("ok", "choice", "not measured yet: `visavis up` does it once, in half a minute")
    else:
        yield Finding("ok", "choice", f"{Path(chosen.model_file).stem}, {chosen.why}")


def models(env: Mapping[str, str], directory: Path) -> Iterator[Finding]:
    """The weights that the services, as they are set up, will load."""
    store = Store(directory)
    for model in read_manifest().wanted(backends_of(env)):
        if not needs_weights(model.service, env):
            yield Finding("ok", "model", f"{model.name} is not needed by {model.service} as it is set up")
            continue
        states = {store.state(file) for file in model.file}
        if "damaged" in states:
            yield Finding("fail", "model", f"{model.name} is damaged. Run `visavis models pull`")
        elif "missing" in states:
            what = f"{model.name} is missing ({megabytes(model.size)}): `visavis up` will fetch it"
            yield Finding("warn", "model", f"{what}, or run `visavis models pull`")
        else:
            yield Finding("ok", "model", f"{model.name} is verified ({megabytes(model.size)})")


def cores() -> Finding:
    """How many processors this process may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if count < WANTED_CORES:
        return Finding("warn", "processor", f"{count} core: with fewer than {WANTED_CORES} answers come late")
    return Finding("ok", "processor", f"{count} cores, {platform.machine()}")


def memory() -> Finding:
    """Memory that could be used now, where the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return Finding("ok", "memory", "this system does not tell; 4 GB are wanted")
    free = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")), 0)
    if free < WANTED_MEMORY_BYTES:
        wanted = f"{WANTED_MEMORY_BYTES / 1e9:.0f} GB are wanted: close something"
        return Finding("warn", "memory", f"{free / 1e9:.1f} GB available, {wanted}")
    return Finding("ok", "memory", f"{free / 1e9:.1f} GB available")


def disk(directory: Path) -> Finding:
    """Room for the models."""
    place = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(place).free
    if free < WANTED_DISK_BYTES:
        return Finding("warn", "disk", f"{megabytes(free)} free in {place}; the first start needs 1.5 GB")
    return Finding("ok", "disk", f"{free / 1e9:.1f} GB free in {place}")


def network(env: Mapping[str, str]) -> Iterator[Finding]:
    """The ports: free, or answered by a stack that runs."""
    ports = Ports()
    if asyncio.run(is_gateway(f"{LOOPBACK}:{ports.gateway}")):
        with suppress(StackError):  # without nats-server there is no plan; that has been said
            yield from running(plan(ports, env, environment.models_dir()))
        return
    for name, number in ports.by_name().items():
        why = why_not_free(number)
        option = "--port" if name == "gateway" else "--base-port or --ephemeral"
        if why:
            detail = f"{number} is not free for {name}: {why}. Use `visavis up {option}`"
            yield Finding("warn", "port", detail)
    yield Finding("ok", "stack", "not running: start it with `visavis up`")


def running(programs: list[Program]) -> Iterator[Finding]:
    """Each program of the stack that runs on the usual ports."""
    for program in programs:
        if asyncio.run(answers(program)):
            yield Finding("ok", "stack", f"{program.name} answers at {program.target}")
        else:
            what = f"{program.name} does not answer at {program.target}"
            yield Finding("fail", "stack", f"{what}: see the log of `visavis up`")


async def answers(program: Program) -> bool:
    """The program is ready to work."""
    return await is_ready(program)
