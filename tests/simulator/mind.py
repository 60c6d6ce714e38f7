"""The simulated mind: answers each `generate` with words that no other generation says."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import grpc
from visavis.brain.v1 import brain_service_pb2 as pb

from .calls import Broken, Call, unavailable
from .wire import RecordingBus

START_S = (0.002, 0.02)
FIRST_TOKEN_S = (0.1, 0.4)
SLOW_S = 1.5
TOKENS_PER_S = (25.0, 40.0)
TOKENS_PER_WORD = 1.3
NEVER_S = 3600.0


@dataclass(eq=False)
class Thought:
    """One generation."""

    turn_id: str
    generation: int
    transcript: str
    history: list[tuple[bool, str]]
    text: str = ""
    is_confirmed: bool = False
    last_text_s: float = 0.0
    died_s: float | None = None  # dropped before its end
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Mind:
    """The brain service of one session."""

    def __init__(
        self, dice: random.Random, bus: RecordingBus, reply_words: tuple[int, int], judged: float
    ) -> None:
        self._dice = dice
        self._reply_words = reply_words
        self._judged = judged
        self._loop = asyncio.get_running_loop()
        self.fault = ""
        self.calls: list[Call] = []
        self.thoughts: list[Thought] = []
        self.violations: list[str] = []
        bus.listen("interrupt", self._on_interrupt)

    def Reply(self, **_: Any) -> Call:
        self.calls.append(Call("brain", self._serve))
        return self.calls[-1]

    async def _serve(self, call: Call) -> None:
        requests = call.requests()
        start = (await anext(requests)).start
        await asyncio.sleep(self._dice.uniform(*START_S))
        if self.fault == "refuses":
            raise unavailable()
        await call.respond(pb.ReplyResponse(started=pb.ReplyStarted(model="dice")))
        thoughts: list[Thought] = []
        async with asyncio.TaskGroup() as tasks:
            try:
                async for request in requests:
                    if request.WhichOneof("event") == "finish":
                        break
                    self._take(request, start, thoughts, tasks, call)
                else:
                    self._drop(thoughts)  # abandoned
            except BaseException:
                self._drop(thoughts)
                raise

    def _take(
        self, request: Any, start: Any, thoughts: list[Thought], tasks: asyncio.TaskGroup, call: Call
    ) -> None:
        match request.WhichOneof("event"):
            case "generate":
                wish = request.generate
                newer = not thoughts or wish.generation > thoughts[-1].generation
                self._check(newer, f"generation {wish.generation} again")
                self._drop(thoughts)
                history = [(m.role == pb.ROLE_USER, m.text) for m in wish.history or start.history]
                thought = Thought(start.turn_id, wish.generation, wish.transcript, history)
                self.thoughts.append(thought)
                thoughts.append(thought)
                thought.task = tasks.create_task(self._think(call, thought))
                tasks.create_task(self._judge(call, wish.transcript))
            case "partial" if request.partial.text:
                tasks.create_task(self._judge(call, request.partial.text))
            case "confirm":
                known = [t for t in thoughts if t.generation == request.confirm.generation]
                self._check(bool(known), f"confirm {request.confirm.generation} was never asked for")
                known[0].is_confirmed = True
            case "discard" if thoughts and request.discard.generation in (0, thoughts[-1].generation):
                self._drop(thoughts)

    async def _judge(self, call: Call, words: str) -> None:
        """Now and then, anything: the conversation has to live with it."""
        if self._dice.random() < self._judged:
            await asyncio.sleep(self._dice.uniform(*FIRST_TOKEN_S))
            judgement = pb.Judgement(text=words, p_complete=10 ** self._dice.uniform(-3, 0))
            await call.respond(pb.ReplyResponse(judgement=judgement))

    def _check(self, is_right: bool, what: str) -> None:
        if not is_right:
            self.violations.append(f"mind: {what}")
            raise Broken(grpc.StatusCode.INVALID_ARGUMENT, what)

    def _on_interrupt(self, stop: Any) -> None:
        """What a service that listens to NATS does: the generation named, and older ones."""
        for thought in self.thoughts:
            is_meant = stop.turn_id in ("", thought.turn_id)
            if is_meant and thought.generation <= (stop.generation or thought.generation):
                self._drop([thought])

    def _drop(self, thoughts: list[Thought]) -> None:
        if thoughts and (task := thoughts[-1].task) is not None and not task.done():
            thoughts[-1].died_s = self._loop.time()
            task.cancel()

    def _words(self) -> list[str]:
        number = len(self.thoughts)
        count = self._dice.randint(*self._reply_words)
        words = [f"r{number}w{i}" for i in range(count)]
        for end in range(self._dice.randint(2, 6), count, self._dice.randint(4, 9)):
            words[end - 1] += self._dice.choice([",", "."])
        words[-1] += "."
        return words

    async def _think(self, call: Call, thought: Thought) -> None:
        words = self._words() if self.fault != "empty" else []
        word_s = TOKENS_PER_WORD / self._dice.uniform(*TOKENS_PER_S)
        await asyncio.sleep(self._dice.uniform(*FIRST_TOKEN_S))
        if self.fault == "slow":
            await asyncio.sleep(SLOW_S)
        if self.fault == "mute":
            await asyncio.sleep(NEVER_S)
        while words:
            count = self._dice.randint(1, 4)
            piece = "".join(word + " " for word in words[:count])
            del words[:count]
            if self.fault == "error":
                break
            thought.text += piece
            thought.last_text_s = self._loop.time()
            text = pb.TextDelta(text=piece)
            await call.respond(pb.ReplyResponse(generation=thought.generation, text=text))
            if self.fault == "breaks":
                raise unavailable()
            if self.fault == "stalls":
                await asyncio.sleep(NEVER_S)
            await asyncio.sleep(count * word_s)
        reason = pb.FINISH_REASON_ERROR if self.fault == "error" else pb.FINISH_REASON_STOP
        done = pb.ReplyDone(finish_reason=reason)
        await call.respond(pb.ReplyResponse(generation=thought.generation, done=done))
