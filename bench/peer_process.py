"""The other systems as processes: started, waited for, asked what they are, stopped."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from visavis_cli.ports import LOOPBACK

HERE = Path(__file__).with_name("peer")
PYTHON = HERE / ".venv/bin/python"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 5.0


class PeerError(Exception):
    """The peer can't be started; the message says what to do."""


@dataclass(frozen=True)
class PeerProcess:
    """A peer that answers; `pid` leads the process group of everything that belongs to it."""

    url: str
    pid: int
    about: dict[str, Any]


def running_peer(
    port: int, models_dir: Path, log: Path, llm_threads: int
) -> AbstractAsyncContextManager[PeerProcess]:
    """bench/peer/serve.py in its own environment."""
    if not PYTHON.exists():
        raise PeerError("the peer is not set up: run bench/peer/setup.sh")
    command = [PYTHON, HERE / "serve.py", "--models", models_dir, "--llm-threads", llm_threads]
    return running([*map(str, command), "--port", str(port)], port, log)


def running_sequential(
    port: int, models_dir: Path, log: Path, brain: str, silence_ms: int
) -> AbstractAsyncContextManager[PeerProcess]:
    """bench/sequential.py, which thinks with a brain service that runs already."""
    command = [sys.executable, HERE.with_name("sequential.py"), "--models", models_dir, "--brain", brain]
    command += ["--silence-ms", silence_ms]
    return running([*map(str, command), "--port", str(port)], port, log)


@asynccontextmanager
async def running(command: list[str], port: int, log: Path) -> AsyncIterator[PeerProcess]:
    """Start it; at the end nothing of it is left."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=out, stderr=out, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        try:
            url = f"http://{LOOPBACK}:{port}"
            yield PeerProcess(url, process.pid, await about(url, process, log))
        finally:
            await stop(process)


async def about(url: str, process: asyncio.subprocess.Process, log: Path) -> dict[str, Any]:
    """Wait until the peer answers; what it tells of its configurations."""
    deadline = asyncio.get_running_loop().time() + READY_WITHIN_S
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        while asyncio.get_running_loop().time() < deadline and process.returncode is None:
            with contextlib.suppress(httpx.HTTPError):
                answer = await http.get(f"{url}/configurations")
                content: dict[str, Any] = answer.raise_for_status().json()
                return content
            await asyncio.sleep(0.2)
    raise PeerError(f"the peer did not start; its last words are in {log}")


async def stop(process: asyncio.subprocess.Process) -> None:
    """End the whole group, gently first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
            return
