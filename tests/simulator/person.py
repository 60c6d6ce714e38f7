"""Plays a script: a person in front of the screen, and the application beside it."""

import asyncio
import json

from visavis.events.v1 import events_pb2 as events
from visavis_gateway.session import Session

from . import script
from .ear import Ear
from .mind import Mind
from .viewer import Screen
from .voice import Voice
from .wire import RecordingBus

STEP_S = 0.02
HEARS_TIMEOUT_S = 15.0
IDLE_TIMEOUT_S = 90.0
TAKES_TURN_S = 0.2  # nobody has had the floor for so long


class Person:
    """`wishes` are what it waited for in vain: a scenario may have to look at them."""

    def __init__(
        self, session: Session, screen: Screen, bus: RecordingBus, ear: Ear, mind: Mind, voice: Voice
    ) -> None:
        self._session = session
        self._screen = screen
        self._bus = bus
        self._ear = ear
        self._services: dict[str, Mind | Voice] = {"mind": mind, "voice": voice}
        self.wishes: list[str] = []
        self.did: list[tuple[int, script.Step]] = []  # begun at, step

    async def play(self, steps: tuple[script.Step, ...]) -> None:
        """All steps, in order."""
        for step in steps:
            self.did.append((self._session.now_us(), step))
            await self._do(step)

    async def _do(self, step: script.Step) -> None:  # noqa: C901 - one case for each kind of step
        match step:
            case script.Speaks():
                self._ear.confidence = step.confidence
                await self._speak(step.text.split(), step.length_s, step.p_complete)
            case script.Coughs(seconds):
                await self._speak([""], seconds, 0.5)
            case script.Pauses(seconds):
                await asyncio.sleep(seconds)
            case script.Hears(seconds):
                await self._hear(seconds)
            case script.HearsOut():
                await self.hear_out(TAKES_TURN_S)
            case script.Types(text):
                self._session.on_message(json.dumps({"type": "text", "text": text}))
            case script.PressesStop():
                self._session.on_message('{"type": "interrupt"}')
            case script.AppSays(text):
                self._bus.from_application("say", events.Say(text=text))
            case script.AppInterrupts(turn_id, generation):
                stop = events.Interrupt(turn_id=turn_id, generation=generation)
                self._bus.from_application("interrupt", stop)
            case script.AppSetsPersona(name):
                self._bus.from_application("set_persona", events.SetPersona(persona=name))
            case script.LosesLine(lost):
                self._screen.is_cut_off = lost
            case script.LosesReports(lost):
                self._screen.loses_reports = lost
            case script.Fails("ear", how):
                self._ear.fail(how)
            case script.Fails(service, how):
                self._services[service].fault = how
            case script.Leaves():
                self._session.on_message('{"type": "bye"}')

    async def _speak(self, words: list[str], seconds: float, p_complete: float) -> None:
        self._ear.sound_on()
        for word in words:
            await asyncio.sleep(seconds / len(words))
            if word:
                self._ear.word(word)
        self._ear.sound_off(p_complete)

    async def _hear(self, seconds: float) -> None:
        for _ in range(round(HEARS_TIMEOUT_S / STEP_S)):
            if self._screen.sounding_since_us is not None:
                await asyncio.sleep(seconds)
                return
            await asyncio.sleep(STEP_S)
        self.wishes.append("the avatar never spoke")

    async def hear_out(self, seconds: float) -> bool:
        """Whether the conversation came to rest, for so long."""
        rest_s = 0.0
        for _ in range(round(IDLE_TIMEOUT_S / STEP_S)):
            talk = self._session.conversation
            rest_s = rest_s + STEP_S if talk.turn is None and talk.reply is None else 0.0
            if rest_s > seconds:
                return True
            await asyncio.sleep(STEP_S)
        self.wishes.append("the conversation never came to rest")
        return False
