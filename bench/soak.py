"""Does anything grow? One stack, conversation after conversation, memory and connections of each program.

    .venv/bin/python bench/soak.py --minutes 10

A viewer types, interrupts, leaves and comes again. The first quarter warms up; then resident memory (the
median of the second quarter against that of the last) may grow by 2 %; file descriptors and threads must be
after the last call what they were after the first, and no session open. Exit status 1 when something grew.
"""

import argparse
import asyncio
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rpckit.testing import until
from visavis_cli.ports import Ports
from visavis_cli.stack import Stack, running_stack
from visavis_cli.talk.client import Call, open_call
from visavis_cli.talk.record import Record

PROGRAMS = ("asr", "brain", "tts", "render", "gateway")
GROWTH_PERCENT = 2.0
CALL_S = 60.0
LOOK_EVERY_S = 1.0
SETTLES_S = 8.0  # after a call: drained streams, closed sockets
QUESTIONS = (
    "What is the capital of France?",
    "Tell me a short story about a dog.",
    "How do I boil an egg?",
    "What should I wear when it rains?",
    "Why is the sky blue?",
)


@dataclass
class Growth:
    """What one program used, sample by sample."""

    megabytes: list[float] = field(default_factory=list)
    rest: list[tuple[int, int]] = field(default_factory=list)  # descriptors, threads, between calls

    def percent(self) -> float:
        """From the second quarter to the last."""
        quarter = max(1, len(self.megabytes) // 4)
        before = statistics.median(self.megabytes[quarter : 2 * quarter])
        after = statistics.median(self.megabytes[-quarter:])
        return 100 * (after - before) / before


def megabytes_of(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def handles_of(pid: int) -> tuple[int, int]:
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), len(list(Path(f"/proc/{pid}/task").iterdir()))


async def sample(stack: Stack, growths: dict[str, Growth]) -> None:
    """Memory of every program, until cancelled."""
    while True:
        for name, growth in growths.items():
            if pid := stack.pid(name):
                growth.megabytes.append(megabytes_of(pid))
        await asyncio.sleep(LOOK_EVERY_S)


async def converse(call: Call, until_s: float) -> int:
    """Questions and answers; every third answer is interrupted. How many turns there were."""
    turns = 0
    await until(lambda: call.record.greeting and call.state == "idle", "the greeting", 60)
    while time.monotonic() < until_s:
        call.send({"type": "text", "text": QUESTIONS[turns % len(QUESTIONS)]})
        await until(lambda: call.state == "speaking", "an answer", 60)
        if turns % 3 == 2:
            call.send({"type": "interrupt"})
        await until(lambda: call.state == "idle", "its end", 90)
        turns += 1
    return turns


async def soak(minutes: float) -> tuple[dict[str, Growth], list[int], int]:
    """All calls; the growth of each program, sessions that were still open after each call, and the turns."""
    growths = {name: Growth() for name in PROGRAMS}
    left_open: list[int] = []
    turns = 0
    env = {"OTEL_METRICS_EXPORTER": "none"}
    async with (
        running_stack(Ports.ephemeral(), env, ready_within_s=300) as stack,
        asyncio.TaskGroup() as tasks,
    ):
        sampling = tasks.create_task(sample(stack, growths))
        end_s = time.monotonic() + 60 * minutes
        while time.monotonic() < end_s:
            async with open_call(stack.url, None, Record(), lambda line: None) as call:
                turns += await converse(call, min(end_s, time.monotonic() + CALL_S))
            await asyncio.sleep(SETTLES_S)
            for name, growth in growths.items():
                growth.rest.append(handles_of(stack.pid(name) or 0))
            async with httpx.AsyncClient(trust_env=False) as http:
                left_open.append((await http.get(f"{stack.url}/api/health")).json()["sessions"]["open"])
            print(
                f"{turns} turns, {(end_s - time.monotonic()) / 60:.1f} min left", file=sys.stderr, flush=True
            )
        sampling.cancel()
    return growths, left_open, turns


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    args = parser.parse_args()
    growths, left_open, turns = asyncio.run(soak(args.minutes))
    print(f"{args.minutes:g} minutes, {len(left_open)} calls, {turns} turns")
    has_grown = any(left_open)
    print(f"{'':8} {'MB':>8} {'growth':>8}   descriptors and threads after the first call, after the last")
    for name, growth in growths.items():
        first, last = growth.rest[0], growth.rest[-1]
        percent = growth.percent()
        has_grown |= percent > GROWTH_PERCENT or last > first
        print(f"{name:8} {growth.megabytes[-1]:8.1f} {percent:+7.1f} %   {first}, {last}")
    print(f"sessions left open after each call: {left_open}")
    return 1 if has_grown else 0


if __name__ == "__main__":
    sys.exit(main())
