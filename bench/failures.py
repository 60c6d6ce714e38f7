"""What a death in mid-turn costs: each service and NATS is killed while the avatar answers.

    .venv/bin/python bench/failures.py

For each: when `visavis up` has it back, how long after that the next question is answered aloud, what the
answer was, and what the viewer was told. The gateway's death ends the call: there it is a call that goes on
from it, and is asked for what was said before.
"""

import asyncio
import os
import signal
import time
from typing import Any

from rpckit.testing import until
from visavis_cli.stack import Ports, Stack, running_stack
from visavis_cli.talk.client import Call, open_call
from visavis_cli.talk.record import Record

VICTIMS = ("asr", "brain", "tts", "render", "nats")
LONG = "Please tell me a long story about a fox and a crow."
NEXT = "What is the capital of Australia?"
FACT = "My name is Tom and I have a dog called Max."
RECALL = "What is my dog called?"
WITHIN_S = 60.0


class Watched:
    """A call, and every message of the gateway with its time."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.messages: list[tuple[float, dict[str, Any]]] = []
        take = call._take

        def keep(message: dict[str, Any]) -> None:
            self.messages.append((time.monotonic(), message))
            take(message)

        call._take = keep  # type: ignore[method-assign]

    def of_type(self, kind: str, since_s: float = 0) -> list[dict[str, Any]]:
        return [message for at, message in self.messages if message["type"] == kind and at >= since_s]

    def answers_to(self, text: str) -> list[dict[str, Any]]:
        return [turn for turn in self.of_type("turn") if turn["transcript"] == text]

    async def speaks(self, since_s: float) -> float:
        """Seconds from then to the first state "speaking"."""

        def states() -> list[float]:
            return [at for at, m in self.messages if m.get("state") == "speaking" and at >= since_s]

        await until(states, "an answer", WITHIN_S)
        return states()[0] - since_s


async def kill(stack: Stack, victim: str) -> None:
    """One call, one death, one line."""
    async with open_call(stack.url, None, Record(), lambda line: None) as call:
        watched = Watched(call)
        await until(lambda: call.record.greeting and call.state == "idle", "the greeting", WITHIN_S)
        call.send({"type": "text", "text": LONG})
        await watched.speaks(time.monotonic())
        died_s, pid = time.monotonic(), stack.pid(victim)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: stack.pid(victim) not in (None, pid), "a new process", WITHIN_S)
        await stack.wait_ready(victim)
        back_s = time.monotonic()
        await asyncio.sleep(0.5)  # what must be opened again has been
        call.send({"type": "interrupt"})
        await until(lambda: call.state == "idle", "the end of the wounded turn", WITHIN_S)
        asked_s = time.monotonic()
        call.send({"type": "text", "text": NEXT})
        answered_s = await watched.speaks(asked_s)
        await until(lambda: watched.of_type("turn", asked_s), "the turn's end", WITHIN_S)
        told = [
            m["message"]
            for kind in ("service", "error")
            for m in watched.of_type(kind, died_s)
            if m["message"]
        ]
        print(
            f"{victim:8} back after {back_s - died_s:4.1f} s, then answered in {answered_s:4.1f} s: "
            f"{watched.of_type('turn', asked_s)[-1]['heard'][:50]!r}; told: {told or 'nothing'}",
            flush=True,
        )


async def kill_gateway(stack: Stack) -> None:
    """The call ends with the gateway; the next one goes on where it was."""
    async with open_call(stack.url, None, Record(), lambda line: None) as call:
        watched = Watched(call)
        await until(lambda: call.record.greeting and call.state == "idle", "the greeting", WITHIN_S)
        call.send({"type": "text", "text": FACT})
        await until(lambda: len(watched.of_type("turn")) == 2, "the turn's end", WITHIN_S)
        call.send({"type": "text", "text": LONG})
        await watched.speaks(time.monotonic())
        died_s, pid = time.monotonic(), stack.pid("gateway")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: stack.pid("gateway") not in (None, pid), "a new process", WITHIN_S)
        await stack.wait_ready("gateway")
        back_s = time.monotonic()
        async with open_call(stack.url, None, Record(), lambda line: None, resumes=call) as second:
            resumed = Watched(second)
            connected_s = asked_s = time.monotonic()
            second.send({"type": "text", "text": RECALL})
            answered_s = await resumed.speaks(asked_s)
            await until(lambda: resumed.answers_to(RECALL), "the turn's end", WITHIN_S)
    print(
        f"gateway  back after {back_s - died_s:4.1f} s, a call goes on {connected_s - back_s:4.1f} s later, "
        f"then answered in {answered_s:4.1f} s: {resumed.answers_to(RECALL)[0]['heard'][:50]!r}",
        flush=True,
    )


async def main() -> None:
    async with running_stack(Ports.ephemeral(), ready_within_s=300) as stack:
        for victim in VICTIMS:
            await kill(stack, victim)
        await kill_gateway(stack)


if __name__ == "__main__":
    asyncio.run(main())
