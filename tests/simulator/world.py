"""Plays one scenario and hands back everything that happened."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any
from unittest import mock

from rpckit.errors import NotFound
from visavis_gateway.backends.opus import OpusEncoder
from visavis_gateway.clock import SessionClock
from visavis_gateway.config import Config
from visavis_gateway.echo import EchoGuard
from visavis_gateway.engine import Move, Persona, Viewer
from visavis_gateway.session import Services, Session

from .calls import Call
from .clock import VirtualLoop
from .ear import Ear
from .face import Face
from .marks import Heard
from .mind import Mind
from .person import Person
from .script import Scenario
from .viewer import Screen, as_it_is
from .voice import Voice
from .wire import SESSION_ID, RecordingBus

GREETING = "g0w0, g0w1 g0w2. g0w3 g0w4 g0w5 g0w6?"
LIMIT_S = 1200.0
GETS_READY_S = 0.05
REST_S = 3.0  # the avatar may go on by itself two seconds after a cut
WIND_DOWN_S = 8.0  # for streams that end by themselves
CONFIG = Config(vanish_timeout_s=LIMIT_S, video_rate_hz=5)
LASTING = {"asr", "render"}


class Complaints(logging.Handler):
    """Errors in the log: an exception that a guard swallowed is one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        why = record.exc_info[1] if record.exc_info else ""
        self.lines.append(f"log: {record.getMessage()} {why!r}")


@dataclass(eq=False, repr=False)
class World:
    """A scenario and what came of it."""

    scenario: Scenario
    screen: Screen
    bus: RecordingBus
    ear: Ear
    mind: Mind
    voice: Voice
    face: Face
    person: Person
    history: list[Move]
    complaints: list[str] = field(default_factory=list)
    came_to_rest: bool = False
    open_at_rest: list[str] = field(default_factory=list)
    left_calls: list[str] = field(default_factory=list)
    left_tasks: list[str] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        """Every call that was ever made."""
        return [*self.ear.calls, *self.mind.calls, *self.voice.calls, *self.face.calls]

    @property
    def open_calls(self) -> list[str]:
        return [call.name for call in self.calls if call.closed_s is None]

    @cached_property
    def heard(self) -> Heard:
        """What left, by speech and millisecond."""
        return self.screen.heard()

    @property
    def first_pts_ms(self) -> int:
        """Session time of the first millisecond of `heard`."""
        return self.screen.audio[0][1] // 1000

    def turns(self) -> list[dict[str, Any]]:
        """The reports of the turns that were answered."""
        return [message for _, message in self.screen.of_kind("turn")]


def simulate(scenario: Scenario) -> World:
    """Play a scenario on an event loop of its own; takes a fraction of a second."""
    loop = VirtualLoop()
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    loop.set_exception_handler(lambda _, context: complaints.lines.append(f"loop: {context}"))
    try:
        with virtual(loop):
            world = loop.run_until_complete(_play(scenario))
        world.complaints += complaints.lines
        return world
    finally:
        logging.getLogger().removeHandler(complaints)
        loop.close()


@contextmanager
def virtual(loop: VirtualLoop) -> Iterator[None]:
    """Sessions inside follow the loop's time, and send samples instead of Opus."""
    start = SessionClock.__init__
    with (
        mock.patch.object(SessionClock, "__init__", lambda self: start(self, loop.time_ns)),
        # No sound comes back from a scripted microphone, and taking it out is what costs the most.
        mock.patch.multiple(
            EchoGuard, played=lambda self, pcm, pts_us: None, clean=lambda self, pcm, pts_us: pcm
        ),
        mock.patch.multiple(OpusEncoder, __init__=lambda self: None, encode=as_it_is),
    ):
        yield


async def _play(scenario: Scenario) -> World:
    dice = random.Random(scenario.seed)
    bus, ear, face = RecordingBus(), Ear(dice), Face(dice)
    mind, voice = Mind(dice, bus, scenario.reply_words, scenario.judged), Voice(dice, bus)
    persona = Persona("sim", "Sim", "You are a simulation.", GREETING if scenario.greets else "")
    personas = {"sim": persona, "other": replace(persona, name="other", avatar="other", voice="other")}
    services: Any = Services(ear, mind, voice, face, bus)  # type: ignore[arg-type]
    screens: list[Screen] = []

    def open_screen(viewer: Viewer, now_us: Callable[[], int]) -> Screen:
        screens.append(Screen(viewer, now_us))
        return screens[0]

    session = Session(
        SESSION_ID, "token", persona, services, CONFIG, open_screen, partial(find, personas), CONFIG.video
    )
    screen = screens[0]
    person = Person(session, screen, bus, ear, mind, voice)
    history = session.conversation.history
    world = World(scenario, screen, bus, ear, mind, voice, face, person, history)
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run("offer"))
        await session.answer
        session.on_connected()
        reporting = tasks.create_task(screen.report())
        session.on_message('{"type": "shown"}')
        await asyncio.sleep(GETS_READY_S)
        await person.play(scenario.steps)
        await _come_to_rest(world, running)
        session.close("left")
        reporting.cancel()
        await running
    ear.close()
    await asyncio.sleep(1.0)
    world.left_calls = world.open_calls
    world.left_tasks = [t.get_name() for t in asyncio.all_tasks() if t is not asyncio.current_task()]
    return world


def find(personas: dict[str, Persona], name: str) -> Persona:
    """A persona. Raises NotFound."""
    if name not in personas:
        raise NotFound(f"no persona {name!r}")
    return personas[name]


async def _come_to_rest(world: World, running: asyncio.Task[None]) -> None:
    """Silence follows: everything must end by itself."""
    world.came_to_rest = await world.person.hear_out(REST_S) or running.done()
    for _ in range(round(WIND_DOWN_S / 0.1)):
        world.open_at_rest = [name for name in world.open_calls if name not in LASTING]
        if not world.open_at_rest:
            return
        await asyncio.sleep(0.1)
