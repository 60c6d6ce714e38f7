"""Keeps one program running: its lines to the log, a new start when it dies, nothing left at the end."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from visavis_cli import leash
from visavis_cli.programs import Program, StackError

Log = Callable[[str, str], None]
LINE_BYTES = 1 << 16
STOP_GRACE_S = 7.0  # a service lets calls finish for 5 s
KILL_GRACE_S = 5.0
RESTARTS_PER_MINUTE = 5
FIRST_DELAY_S = 0.5
GOOD_LIFE_S = 10.0
REMEMBERED_LINES = 6


def restart_delay(starts: deque[float], now: float) -> float:
    """Seconds to wait before the next start: none after a life of ten, else more with each recent start.

    There are at most five starts in any minute.

    `starts`: when the last starts were, oldest first, on the same clock as `now`.
    """
    recent = [start for start in starts if now - start < 60]
    lived = bool(starts) and now - starts[-1] >= GOOD_LIFE_S
    delay: float = 0.0 if lived else FIRST_DELAY_S * 2 ** max(0, len(recent) - 1)
    if len(recent) >= RESTARTS_PER_MINUTE:
        delay = max(delay, recent[-RESTARTS_PER_MINUTE] + 60 - now)
    return delay


class Supervisor:
    """Runs one program until it is cancelled.

    Once the stack has settled, a program that ends by itself is started again; before that it is a failure.
    """

    def __init__(self, program: Program, env: Mapping[str, str], log: Log) -> None:
        self.program = program
        self.pid: int | None = None
        self.exit_count = 0
        self.last_exit = ""
        self._last_code = 0
        self.settled = False
        self.last_lines: deque[str] = deque(maxlen=REMEMBERED_LINES)
        self._env = {**env, **program.env, "PYTHONUNBUFFERED": "1"}
        self._log = log

    async def run(self) -> None:
        """Start, watch, start again. When it returns or is cancelled, the process has ended."""
        loop = asyncio.get_running_loop()
        starts: deque[float] = deque(maxlen=RESTARTS_PER_MINUTE)
        while True:
            starts.append(loop.time())
            code = await self._run_once()
            self.exit_count += 1
            self.last_exit, self._last_code = exit_text(code), code
            if not self.settled:
                return
            delay = restart_delay(starts, loop.time())
            when = f"in {delay:.1f} s" if delay else "at once"
            self._log(self.program.name, f"ended ({self.last_exit}{hint(code)}); starting again {when}")
            await asyncio.sleep(delay)

    async def _run_once(self) -> int:
        command = [sys.executable, "-I", "-S", str(Path(leash.__file__)), str(os.getpid())]
        process = await asyncio.create_subprocess_exec(
            *command,
            *self.program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._env,
            limit=LINE_BYTES,
            start_new_session=True,  # Ctrl-C reaches only us: we stop the others in order
        )
        self.pid = process.pid
        try:
            await self._pass_on_lines(process)
            return await process.wait()
        finally:
            await self._end(process)
            self.pid = None

    async def _pass_on_lines(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                raw = await process.stdout.readline()
            except ValueError:  # StreamReader's word for a line over the limit; it has dropped it
                self._log(self.program.name, "(a line that was too long is not shown)")
                continue
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip()
            self.last_lines.append(line)
            self._log(self.program.name, line)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Leave nothing of the process group: ask, wait, then insist."""
        try:
            if process.returncode is None:
                signal_group(process.pid, signal.SIGTERM)
                async with asyncio.timeout(STOP_GRACE_S):
                    await self._pass_on_lines(process)
                    await process.wait()
        except TimeoutError:
            self._log(self.program.name, f"did not stop within {STOP_GRACE_S:.0f} s: killed")
        finally:
            signal_group(process.pid, signal.SIGKILL)
        async with asyncio.timeout(KILL_GRACE_S):
            await process.wait()

    def failure(self) -> StackError:
        """Why a program that should run does not, in its own last words."""
        said = "\n  ".join(self.last_lines) or "it said nothing"
        why = f"{self.last_exit}{hint(self._last_code)}"
        return StackError(f"{self.program.name} ended at the start ({why}):\n  {said}")


def signal_group(pid: int, number: int) -> None:
    """Signal the process and what it started; no error when nothing is left."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a process that has just ended
        return


def hint(code: int) -> str:
    """What a program was most likely killed by."""
    return (
        "; perhaps by the system, for want of memory: see `visavis doctor`" if code == -signal.SIGKILL else ""
    )


def exit_text(code: int) -> str:
    """ "exit code 1", "SIGKILL"."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
