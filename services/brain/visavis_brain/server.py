"""gRPC face of the engine: order of messages, proto <-> domain, nothing about models."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from rpckit.errors import InvalidInput, require, require_id
from rpckit.streams import WaitingQueue
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.brain.v1 import brain_service_pb2_grpc as pb_grpc
from visavis.events.v1 import events_pb2

from visavis_brain import names
from visavis_brain.engine import (
    Conversation,
    Engine,
    Judgement,
    Prompt,
    ReplyEvent,
)
from visavis_brain.guard import Guard
from visavis_brain.prompt import Move, compose, fits, with_notes
from visavis_brain.record import Subject
from visavis_brain.turn import Turn
from visavis_brain.wire import to_moves, to_notes, to_persona, to_proto, to_result, to_tools, to_words

START_TIMEOUT_S = 10
OWN_SLOT_WAIT_S = 0.3
OUTBOX_SIZE = 64
Requests = AsyncIterator[pb.ReplyRequest]


class BrainServicer(pb_grpc.BrainServiceServicer):
    """Serves visavis.brain.v1.BrainService."""

    def __init__(
        self, engine: Engine, max_token_count: int, tool_timeout_s: float, why_this_model: str = ""
    ) -> None:
        self._engine = engine
        self._started = pb.ReplyStarted(model=engine.model, why=why_this_model)
        self._max_token_count = max_token_count
        self._tool_timeout_s = tool_timeout_s
        self._turns: set[Turn] = set()
        self._open_count: Counter[str] = Counter()  # turns of each session
        self._slot_freed = asyncio.Event()

    async def Reply(self, requests: Requests, context: Any) -> None:  # type: ignore[override]
        start = Start(await read_start(requests), self._max_token_count, self._engine.context_token_count)
        async with self._conversation(start.session_id) as conversation:
            await context.write(pb.ReplyResponse(started=self._started))
            outbox: WaitingQueue[tuple[int, ReplyEvent | Judgement]] = WaitingQueue(
                OUTBOX_SIZE, "brain.outbox"
            )

            async def emit(generation: int, event: ReplyEvent | Judgement) -> None:
                await outbox.put((generation, event))

            try:
                async with asyncio.TaskGroup() as tasks:
                    subject = Subject(self._engine, start.session_id, start.turn_id)
                    persona, timeout_s = start.persona, self._tool_timeout_s
                    guard = Guard(persona.refusals)
                    turn = Turn(subject, persona.name, guard, conversation, tasks, emit, timeout_s)
                    tasks.create_task(deliver(outbox, turn, context), name="brain.deliver")
                    with self._interruptible(turn):
                        await Conductor(start, turn).follow(requests)
                    await outbox.end()
            finally:
                outbox.clear()

    async def on_interrupt(self, message: events_pb2.Interrupt, context: Context) -> None:
        """A generation must end: the same as discard, but for older generations too. Stale ids do nothing."""
        for turn in list(self._turns):
            is_meant = turn.subject.session_id == message.session_id
            is_meant = is_meant and message.turn_id in ("", turn.subject.turn_id)
            if is_meant and 0 < turn.current <= (message.generation or turn.current):
                await turn.stop("interrupted")

    @contextmanager
    def _interruptible(self, turn: Turn) -> Iterator[None]:
        self._turns.add(turn)
        try:
            yield
        finally:
            self._turns.discard(turn)

    @asynccontextmanager
    async def _conversation(self, session_id: str) -> AsyncIterator[Conversation]:
        """A slot while inside. Waits a moment for the session's earlier turn: its slot is warm."""
        with suppress(TimeoutError):
            async with asyncio.timeout(OWN_SLOT_WAIT_S):
                while self._open_count[session_id] > 0:
                    self._slot_freed.clear()
                    await self._slot_freed.wait()
        conversation = self._engine.open(session_id)
        self._open_count[session_id] += 1
        try:
            yield conversation
        finally:
            conversation.close()
            self._open_count[session_id] -= 1
            self._open_count += Counter()  # forgets those at zero
            self._slot_freed.set()


class Start:
    """The first message, checked and in domain words."""

    def __init__(self, start: pb.StartReply, max_token_count: int, context_token_count: int) -> None:
        require_id("session_id", start.session_id)
        require_id("turn_id", start.turn_id)
        self.session_id = start.session_id
        self.turn_id = start.turn_id
        self.persona = to_persona(start.persona, max_token_count)
        require(
            fits(self.persona, context_token_count),
            f"persona.prompt is too long for this model's context of {context_token_count} tokens",
        )
        self._history = to_moves(start.history)
        self._tools = to_tools(start.tools)
        self._context_token_count = context_token_count

    def prompt(
        self, transcript: str | None, history: tuple[Move, ...] = (), notes: tuple[str, ...] = ()
    ) -> Prompt:
        """What the model is given; without `history`, that of the start counts."""
        words = with_notes(transcript, notes) if transcript else transcript
        return compose(self.persona, history or self._history, words, self._tools, self._context_token_count)


class Conductor:
    """Follows the requests of one turn, in order."""

    def __init__(self, start: Start, turn: Turn) -> None:
        self._start = start
        self._turn = turn
        self._latest = 0

    async def follow(self, requests: Requests) -> None:
        """Until finish, or until the stream ends without it: then all of it is dropped."""
        self._turn.warm(self._start.prompt(None))
        async for request in requests:
            if request.WhichOneof("event") == "finish":
                await self._turn.drain()
                return
            await self._take(request)
        await self._turn.abandon()

    async def _take(self, request: pb.ReplyRequest) -> None:
        match request.WhichOneof("event"):
            case "partial":
                words = to_words("partial.text", request.partial.text)
                notes = to_notes("partial", request.partial.knowledge)
                self._turn.warm(self._start.prompt(words or None, (), notes), words)
            case "generate":
                await self._generate(request.generate)
            case "confirm":
                self._confirm(request.confirm.generation)
            case "tool_result":
                self._turn.take_result(request.tool_result.call_id, to_result(request.tool_result))
            case "discard":
                await self._discard(request.discard.generation)
            case other:
                raise InvalidInput(f"unexpected {other!r} inside a turn")

    async def _discard(self, number: int) -> None:
        if number in (0, self._turn.current):
            await self._turn.stop("discarded")

    async def _generate(self, generate: pb.Generate) -> None:
        number = generate.generation
        require(number > self._latest, f"generate.generation must be greater than {self._latest}")
        transcript = to_words("generate.transcript", generate.transcript)
        notes = to_notes("generate", generate.knowledge)
        prompt = self._start.prompt(transcript, to_moves(generate.history), notes)
        self._latest = number
        await self._turn.generate(number, prompt, transcript)

    def _confirm(self, number: int) -> None:
        require(0 < number <= self._latest, "confirm.generation was never asked for")
        if number == self._turn.current:
            trace.get_current_span().set_attribute(names.CONFIRMED, number)
            self._turn.confirm()


async def deliver(outbox: WaitingQueue[tuple[int, ReplyEvent | Judgement]], turn: Turn, context: Any) -> None:
    """Write events in order, except those of a generation that was dropped meanwhile."""
    async for generation, event in outbox:
        if isinstance(event, Judgement) or generation == turn.current:
            await context.write(to_proto(generation, event))


async def read_start(requests: Requests) -> pb.StartReply:
    """The first message; it must come soon and be a start."""
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            first = await anext(requests, None)
    except TimeoutError:
        raise InvalidInput(f"start must come within {START_TIMEOUT_S} s") from None
    if first is None or first.WhichOneof("event") != "start":
        raise InvalidInput("the first message must be start")
    return first.start
