"""A container engine and one Compose project in it: the command `docker`, and the engine's API."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

SERVICE = "com.docker.compose.service"
POLL_S = 0.1


class EngineError(Exception):
    """The engine refused, or did not do it in time."""


def docker(*arguments: str) -> str:
    """What a command of the engine prints. Raises EngineError with its last line."""
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise EngineError("there is no command `docker`") from None
    if done.returncode:
        raise EngineError(
            f"docker {' '.join(arguments)}: {(done.stderr.strip() or 'failed').splitlines()[-1]}"
        )
    return done.stdout


@dataclass(frozen=True)
class Event:
    """What became of a container, in seconds on the engine's clock."""

    at_s: float
    service: str
    action: str  # create, start, "health_status: healthy", die


@contextmanager
def events() -> Iterator[list[Event]]:
    """The list is filled when the block ends, with what happened in it."""
    seen: list[Event] = []
    kinds = [f"--filter=event={kind}" for kind in ("create", "start", "health_status", "die")]
    with tempfile.TemporaryFile("w+") as notes:
        watch = subprocess.Popen(["docker", "events", "--format={{json .}}", *kinds], stdout=notes)
        try:
            yield seen
            time.sleep(1)  # an event comes a moment after what it tells of
        finally:
            watch.terminate()
            watch.wait()
        notes.seek(0)
        seen += [event_of(json.loads(line)) for line in notes if SERVICE in line]


def event_of(note: dict[str, Any]) -> Event:
    return Event(note["timeNano"] / 1e9, note["Actor"]["Attributes"][SERVICE], note["Action"])


class Containers:
    """The containers of the Compose project in this folder, by service."""

    def __init__(self) -> None:
        host = docker("context", "inspect", "--format={{.Endpoints.docker.Host}}").strip()
        if not host.startswith("unix://"):
            raise EngineError(f"{host}: only an engine behind a local socket can be asked")
        socket = httpx.HTTPTransport(uds=host.removeprefix("unix://"))
        self._api = httpx.Client(transport=socket, base_url="http://engine", timeout=30)
        rows = docker("compose", "ps", "--all", "--format=json").splitlines()
        self._ids = {row["Service"]: row["ID"] for row in map(json.loads, rows)}
        if not self._ids:
            raise EngineError("there are no containers")

    def running(self) -> list[str]:
        """The services that have not ended."""
        return [name for name in self._ids if self.state(name)["Running"]]

    def state(self, service: str) -> dict[str, Any]:
        """Running, StartedAt, Health and more, as `docker inspect` has them."""
        found: dict[str, Any] = self._ask(service, "json")["State"]
        return found

    def processor_s(self, service: str) -> float:
        """Processor time that a running container has taken since its start, its children's too."""
        usage = self._ask(service, "stats?stream=false&one-shot=true")["cpu_stats"]["cpu_usage"]
        return float(usage["total_usage"]) / 1e9

    def kill(self, service: str) -> None:
        """End every process in a container but its first, as a crash does: the engine has no hand in it."""
        docker("compose", "exec", "-T", service, "sh", "-c", "kill -9 -1")

    def wait_restarted(self, service: str, since: str, within_s: float) -> None:
        """Until a container has another start than the one at `since`."""
        deadline = time.monotonic() + within_s
        while (state := self.state(service))["StartedAt"] == since or not state["Running"]:
            if time.monotonic() > deadline:
                raise EngineError(f"{service} was not started again within {within_s:g} s")
            time.sleep(POLL_S)

    def _ask(self, service: str, what: str) -> Any:
        answer = self._api.get(f"/containers/{self._ids[service]}/{what}")
        if answer.status_code != httpx.codes.OK:
            raise EngineError(f"{service}: {answer.text.strip()}")
        return answer.json()
