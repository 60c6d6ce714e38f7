"""The calls: real WebRTC with a stack whose render service keeps a tape."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import trials
from cpu import Meter
from material import Speaker
from rpckit.bus import Bus, connect
from visavis.events.v1 import events_pb2 as events
from visavis_cli import environment
from visavis_cli.programs import plan
from visavis_cli.stack import Ports, Stack, running_stack
from visavis_cli.talk.arrivals import AudioPacket, VideoFrame
from visavis_cli.talk.client import Call, open_call
from visavis_cli.talk.conversation import at_rest
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.record import Clock, Message, Record
from visavis_cli.talk.speech import read_speech

from face.tape import __file__ as TAPE

Progress = Callable[[str], None]
GREETED_WITHIN_S, SOUNDS_WITHIN_S, ENDS_WITHIN_S = 60.0, 15.0, 120.0
SILENT_S = 1.2
INTO_S = 2.0  # into a reply: where it is interrupted, or its stream broken
READY_S = 400.0  # on a busy machine
REST_S = 2.5  # idle between two replies
LOOK_S = 0.5
QUESTIONS = ["What is the capital of France?", "Why is the sky blue?"]
# Rich in closed lips, lip on teeth and rounding.
PARAGRAPHS = [
    "Maybe my mother bought a bigger map. People probably prefer a simple problem, but my boss put up big "
    "paper plans, and Bob's pumpkin pie became famous from Memphis to Mumbai.",
    "Five brave firemen found a very old violin. Few of them believed the voice, for a favourite of the "
    "family had vanished over the weekend, and everybody above the valley moved off before breakfast.",
    "Who would choose blue shoes with a wool suit? You would, if you knew how cool the pool looked at noon. "
    "Show me the road home, and go slow, so nobody throws the ball over the low wall.",
    "Peter Piper picked a peck of pickled peppers. A big black bug bit a big black bear. Mum made me mash my "
    "marmalade, and a perfect pair of purple paper butterflies popped up by the bumpy bridge.",
]
CLICKS_EACH, CLICKS_PAUSE_S = 30, 0.37  # so that clicks and frames meet in every phase


@dataclass
class Taken:
    """A call: what was received and told (monotonic seconds, message), and what was done to it."""

    video: list[VideoFrame] = field(default_factory=list)
    packets: list[AudioPacket] = field(default_factory=list)
    clock: Clock | None = None
    messages: list[tuple[float, Message]] = field(default_factory=list)
    interrupted_s: list[float] = field(default_factory=list)
    broken_s: list[float] = field(default_factory=list)
    # Cores that the render process used, while the avatar was in this state all the time.
    cores: list[tuple[str, float]] = field(default_factory=list)
    connected_s: float = 0.0
    load: tuple[float, float] = (0.0, 0.0)


class Calls:
    """Holds calls on one stack."""

    def __init__(self, stack: Stack, bus: Bus, out: Path, progress: Progress) -> None:
        self._stack, self._bus, self._progress = stack, bus, progress
        self.url, self.speaker = stack.url, Speaker(out)

    async def first_pictures(self, count: int) -> list[float]:
        """Milliseconds from a connection to its first complete picture."""
        found = []
        for _ in range(count):
            taken = Taken()
            async with self._open(taken, "mira") as call:
                await call.until(partial(has_picture, call), GREETED_WITHIN_S, "no picture")
            first_s = taken.video[0].arrival_s
            found.append(round(1000 * (first_s - taken.connected_s), 1))
        return found

    async def conversation(self, minutes: float) -> Taken:
        """Two spoken questions, then stories; one is interrupted, and one has its stream broken."""
        taken = Taken()
        async with self._open(taken, "mira") as call:
            ends_s = time.monotonic() + 60 * minutes
            await call.until(partial(greeted, call), GREETED_WITHIN_S, "no greeting")
            for number, text in enumerate(QUESTIONS):
                self._progress(f"asking: {text}")
                await trials.ask(call, read_speech(self.speaker.spoken(f"face-{number}", text)))
                await asyncio.sleep(REST_S)
            number = 0
            while time.monotonic() < ends_s:
                left_s = ends_s - time.monotonic()
                self._progress(f"story {number + 1}; {max(0.0, left_s):.0f} s left")
                await self._tell(call, taken, number)
                number += 1
        return taken

    async def clapper(self, minutes: float) -> Taken:
        """Clicks, one a second."""
        taken = Taken()
        async with self._open(taken, "clapper") as call:
            ends_s = time.monotonic() + 60 * minutes
            await call.until(partial(greeted, call), GREETED_WITHIN_S, "no greeting")
            while (left_s := ends_s - time.monotonic()) > 1:
                self._progress(f"clicks; {left_s:.0f} s left")
                await self._say(call, " ".join(["click"] * min(CLICKS_EACH, round(left_s))))
                await self._until_quiet(call)
                await asyncio.sleep(CLICKS_PAUSE_S)
        return taken

    async def _tell(self, call: Call, taken: Taken, number: int) -> None:
        await self._say(call, PARAGRAPHS[number % len(PARAGRAPHS)])
        if number in (1, 2):
            await asyncio.sleep(INTO_S)
        if number == 1:
            self._progress("  interrupting it")
            taken.interrupted_s.append(time.monotonic())
            call.send({"type": "interrupt"})
        elif number == 2:
            self._progress("  breaking the stream of pictures")
            taken.broken_s.append(time.monotonic())
            os.kill(self._render_pid(), signal.SIGUSR1)
        await self._until_quiet(call)
        await asyncio.sleep(REST_S)

    async def _say(self, call: Call, text: str) -> None:
        begun_s = call.record.audio.sounded_s
        await self.say(str(call.record.session["session_id"]), text)
        await call.until(lambda: call.record.audio.sounded_s > begun_s, SOUNDS_WITHIN_S, "nothing was said")

    async def say(self, session_id: str, text: str) -> None:
        """Have the avatar of a session say something."""
        await self._bus.publish(session_id, "say", events.Say(session_id=session_id, text=text))

    async def _until_quiet(self, call: Call) -> None:
        await call.until(lambda: silent_s(call) > SILENT_S and at_rest(call), ENDS_WITHIN_S, "no end")

    def _render_pid(self) -> int:
        pid = self._stack.pid("render")
        if pid is None:
            raise TalkError("the render service is gone")
        return pid

    @asynccontextmanager
    async def _open(self, taken: Taken, persona: str) -> AsyncIterator[Call]:
        before = os.getloadavg()[0]
        record = Record()
        async with open_call(self._stack.url, persona, record, self._progress) as call:
            taken.connected_s = call.connected_s or time.monotonic()
            call.channel.on(
                "message", lambda data: taken.messages.append((time.monotonic(), json.loads(data)))
            )
            try:
                async with asyncio.TaskGroup() as group:
                    side = [
                        group.create_task(call.send_reports(), name="bench.reports"),
                        group.create_task(self._watch_cores(call, taken), name="bench.cores"),
                    ]
                    yield call
                    for task in side:
                        task.cancel()
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None
        taken.video, taken.packets, taken.clock = record.video, record.received, record.clock
        taken.load = (round(before, 2), round(os.getloadavg()[0], 2))

    async def _watch_cores(self, call: Call, taken: Taken) -> None:
        while True:
            state, meter = call.state, Meter([self._render_pid()])
            await asyncio.sleep(LOOK_S)
            if call.state == state:
                taken.cores.append((state, meter.share()))


def has_picture(call: Call) -> bool:
    """Something was seen."""
    return bool(call.record.video)


def greeted(call: Call) -> bool:
    """The greeting has ended."""
    return bool(call.record.greeting) and at_rest(call)


def silent_s(call: Call) -> float:
    """How long nothing has been heard."""
    audio = call.record.audio
    return audio.newest.arrival_s - audio.sounded_s if audio.newest is not None else 0.0


@asynccontextmanager
async def ready(out: Path, avatar: str, progress: Progress) -> AsyncIterator[Calls]:
    """A stack of its own, whose render service shows `avatar` and keeps its tape in `out`/tape.bin."""
    ports, env = Ports.ephemeral(), {"RENDER_AVATAR": avatar}
    programs = plan(ports, {**environment.current(), **env}, environment.models_dir())
    command = [sys.executable, TAPE, str(out / "tape.bin")]
    programs = [replace(each, command=command) if each.name == "render" else each for each in programs]
    async with AsyncExitStack() as cleanup:
        log = cleanup.enter_context((out / "stack.log").open("w"))
        progress(f"starting a stack with {avatar}")
        stack = await cleanup.enter_async_context(
            running_stack(
                ports, env, lambda name, line: print(f"{name}: {line}", file=log), programs=programs
            )
        )
        bus = await cleanup.enter_async_context(connect(stack.nats_url))
        yield Calls(stack, bus, out, progress)
