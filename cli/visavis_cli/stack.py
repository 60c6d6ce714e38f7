"""A whole stack in one `async with`: a real nats-server, the four model services and the gateway.

async with running_stack(Ports.ephemeral(), {"TTS_BACKEND": "fake"}) as stack:
    ...  # stack.url is ready; at the end no process is left
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from visavis_cli import environment, profile
from visavis_cli.ports import LOOPBACK, Ports, why_not_free
from visavis_cli.programs import Program, StackError, plan
from visavis_cli.readiness import is_gateway, is_ready
from visavis_cli.supervisor import Log, Supervisor

__all__ = ["Ports", "Stack", "StackError", "running_stack"]

READY_WITHIN_S = 120.0  # the first start compiles the face's drawing code; later ones take seconds
ASK_EVERY_S = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stack:
    """A stack that is ready. Its programs are "nats", "asr", "brain", "tts", "render", "gateway"."""

    ports: Ports
    url: str
    nats_url: str
    ready_after_s: float
    _supervisors: dict[str, Supervisor] = field(repr=False)

    def target(self, name: str) -> str:
        """host:port of a program."""
        return self._supervisors[name].program.target

    def pid(self, name: str) -> int | None:
        """The process of a program; None between its death and its next start."""
        return self._supervisors[name].pid

    async def wait_ready(self, name: str, within_s: float = READY_WITHIN_S) -> None:
        """Wait until a program answers, for instance after it was killed. Raises StackError if it doesn't."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    if await is_ready(self._supervisors[name].program):
                        return
                    await asyncio.sleep(ASK_EVERY_S)
        except TimeoutError:
            raise StackError(f"{name} does not answer at {self.target(name)}") from None


def to_logging(name: str, line: str) -> None:
    """The log of a stack that nobody watches: one record a line, level DEBUG."""
    log.debug("%s: %s", name, line)


@asynccontextmanager
async def running_stack(
    ports: Ports | None = None,
    env: Mapping[str, str] | None = None,
    log: Log = to_logging,
    *,
    models_dir: Path | None = None,
    programs: list[Program] | None = None,
    ready_within_s: float = READY_WITHIN_S,
) -> AsyncIterator[Stack]:
    """Start everything, wait until it is ready, stop everything at the end.

    `env` comes on top of the user's environment, and the profile that they name behind both;
    `log(program, line)` gets what the programs print and must not block; `programs` replaces the usual ones.
    Raises StackError when a port is taken, when a program ends at the start (with its last words), or when
    something isn't ready in time.
    """
    ports = ports or Ports()
    env = profile.applied({**environment.current(), **(env or {})})
    programs = plan(ports, env, models_dir or environment.models_dir()) if programs is None else programs
    await require_free_ports(programs, env)
    supervisors = {each.name: Supervisor(each, env, log) for each in programs}
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        ours = [each for each in supervisors.values() if each.program.command]
        tasks = [group.create_task(each.run(), name=f"run.{each.program.name}") for each in ours]
        try:
            took_s = await wait_until_ready(supervisors, ready_within_s)
            gateway = supervisors["gateway"].program
            scheme = "https" if gateway.is_secure else "http"
            url = f"{scheme}://{gateway.target.replace(LOOPBACK, 'localhost')}"
            yield Stack(ports, url, f"nats://{LOOPBACK}:{ports.nats}", took_s, supervisors)
        except Exception as error:  # noqa: BLE001 - raised below, where the group does not wrap it
            failure = error
        finally:
            await stop_in_order(tasks)
    if failure is not None:
        raise failure


async def require_free_ports(programs: list[Program], env: Mapping[str, str]) -> None:
    """Raise StackError that names the first port that can't be had, who wants it, and what to do."""
    for each in reversed(programs):  # the gateway first: it can tell that a whole stack is there
        host, port = each.target.rsplit(":", 1)
        host = env.get("GATEWAY_HOST", host) if each.name == "gateway" else host
        why = why_not_free(int(port), host) if each.command else None
        if why is None:
            continue
        if each.name == "gateway" and await is_gateway(each.target):
            raise StackError(
                f"visavis is already running on http://localhost:{port}. For a second one use --ephemeral"
            )
        option = "--port" if each.name == "gateway" else "--base-port or --ephemeral"
        raise StackError(f"port {port} is not free for {each.name}: {why}. Choose another with {option}")


async def wait_until_ready(supervisors: Mapping[str, Supervisor], within_s: float) -> float:
    """Wait for every program, and from then on let each be started again; the seconds that it took."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    waiting = dict(supervisors)
    try:
        async with asyncio.timeout(within_s):
            while waiting:
                for each in list(waiting.values()):
                    if each.exit_count > 0:
                        raise each.failure()
                    if await is_ready(each.program):
                        del waiting[each.program.name]
                if waiting:
                    await asyncio.sleep(ASK_EVERY_S)
    except TimeoutError:
        late = ", ".join(f"{each.program.name} ({each.program.target})" for each in waiting.values())
        raise StackError(f"not ready after {within_s:.0f} s: {late}") from None
    for each in supervisors.values():
        each.settled = True
    return loop.time() - begun


async def stop_in_order(tasks: list[asyncio.Task[None]]) -> None:
    """Stop the gateway first, so that it says goodbye, then the services together, nats last."""
    first, rest = tasks[-1:], tasks[1:-1]
    for together in (first, rest, tasks[:1]):
        for task in together:
            task.cancel()
        if together:
            await asyncio.wait(together)
