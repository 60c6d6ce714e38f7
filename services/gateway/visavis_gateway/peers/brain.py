"""The mind: one reply stream for each turn. When it fails, an apology is said, not silence."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from opentelemetry import trace
from rpckit.errors import ServiceError
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub

from visavis_gateway.engine import Move, Persona
from visavis_gateway.knowledge import Passage
from visavis_gateway.peers.duplex import Duplex
from visavis_gateway.peers.errands import Errands

# A confirmed generation is given up when it has no word so long after it was asked for, and when nothing
# follows its last word for so long. A little sooner than the conversation would, which says nothing.
FIRST_TEXT_S = 9.0
NEXT_TEXT_S = 4.0
# How soon it is looked at again when a tool was at work at that time.
AGAIN_S = 0.5


def messages_of(history: Sequence[Move]) -> list[pb.Message]:
    """The conversation's memory as the proto has it."""
    return [
        pb.Message(
            role=pb.ROLE_USER if move.is_user else pb.ROLE_AVATAR,
            text=move.text,
            interrupted=move.interrupted,
        )
        for move in history
    ]


def persona_of(persona: Persona) -> pb.Persona:
    """Who answers, as the proto has it."""
    return pb.Persona(
        name=persona.title,
        prompt=persona.prompt,
        language_code=persona.language_code,
        max_token_count=persona.max_token_count,
        refusals=[
            pb.Refusal(topic=refusal.topic, words=refusal.words, reply=refusal.reply)
            for refusal in persona.refusals
        ],
    )


def tools_of(persona: Persona) -> list[pb.Tool]:
    """What the persona may call, as the proto has it."""
    return [
        pb.Tool(
            name=tool.name,
            description=tool.description,
            parameters_json_schema=tool.parameters_json,
            read_only=tool.is_read_only,
        )
        for tool in persona.tools
    ]


def passages_of(known: Sequence[Passage]) -> list[pb.Passage]:
    """Pieces of documents, as the proto has them."""
    return [pb.Passage(source=passage.source, text=passage.text) for passage in known]


@dataclass(eq=False)
class Attempt:
    """One generation, as far as its failing goes."""

    generation: int
    asked_s: float = 0
    is_confirmed: asyncio.Event = field(default_factory=asyncio.Event)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    has_text: bool = False
    is_over: bool = False

    @property
    def is_owed_words(self) -> bool:
        """It must not just fall silent: it was begun, or the user waits for it."""
        return not self.is_over and (self.has_text or self.is_confirmed.is_set())


class BrainPeer:
    """Answers one turn. Text, ends of generations and what the words say about the turn's end come back.

    `on_model` is told who answers, and why that model where the service chose it.
    """

    def __init__(
        self,
        stub: BrainServiceStub,
        on_text: Callable[[int, str], Awaitable[None]],
        on_done: Callable[[int, bool], Awaitable[None]],
        on_judgement: Callable[[str, float], None],
        on_model: Callable[[str, str], None] = lambda name, why: None,
    ) -> None:
        self._stub = stub
        self._on_text = on_text
        self._on_done = on_done
        self._on_judgement = on_judgement
        self._on_model = on_model
        self._stream: Duplex[pb.ReplyRequest, pb.ReplyResponse] = Duplex("brain")
        self._attempt = Attempt(0, is_over=True)
        self._apology = ""
        self._errands: Errands | None = None
        self._watched = asyncio.Event()  # a generation was confirmed: nothing of it may hang
        self._is_delivering = False

    async def run(
        self,
        session_id: str,
        turn_id: str,
        persona: Persona,
        history: Sequence[Move],
        metadata: tuple[tuple[str, str], ...],
    ) -> None:
        """Hold the turn's stream until `finish` or cancel.

        Raises a ServiceError when it breaks before anybody waits for its words.
        """
        self._apology = persona.apology
        start = pb.StartReply(
            session_id=session_id,
            turn_id=turn_id,
            persona=persona_of(persona),
            history=messages_of(history),
            tools=tools_of(persona),
        )
        failure: ServiceError | None = None
        async with asyncio.TaskGroup() as tasks:
            self._errands = Errands(session_id, turn_id, persona.tools, tasks, self._answer, self._fill)
            watching = tasks.create_task(self._watch(), name="turn.watch")
            try:
                await self._stream.run(
                    self._stub.Reply, pb.ReplyRequest(start=start), self._on_response,
                    on_started=self._on_started, metadata=metadata,
                )  # fmt: skip
            except ServiceError as error:
                failure = error
            finally:
                watching.cancel()
                self._errands.drop(None)
            if self._attempt.is_owed_words and self._apology:
                failure = None
                await self._apologise(self._attempt)  # while what acts may still be at work
        if failure is not None:
            raise failure

    def warm(self, text: str, known: Sequence[Passage] = ()) -> None:
        """Let the model read what the user has said so far, and what the documents say to it."""
        partial = pb.PartialTranscript(text=text, knowledge=passages_of(known))
        self._stream.send(pb.ReplyRequest(partial=partial))

    def generate(
        self, generation: int, transcript: str, history: Sequence[Move], known: Sequence[Passage] = ()
    ) -> None:
        """Ask for a reply."""
        self._attempt = Attempt(generation, asyncio.get_running_loop().time())
        generate = pb.Generate(
            generation=generation,
            transcript=transcript,
            history=messages_of(history),
            knowledge=passages_of(known),
        )
        self._stream.send(pb.ReplyRequest(generate=generate))

    def confirm(self, generation: int) -> None:
        """This one counts."""
        if generation == self._attempt.generation:
            self._attempt.is_confirmed.set()
            self._watched.set()
        self._stream.send(pb.ReplyRequest(confirm=pb.Confirm(generation=generation)))

    def discard(self, generation: int) -> None:
        """This one does not."""
        if generation == self._attempt.generation:
            self._attempt.is_over = True
        if self._errands is not None:
            self._errands.drop(generation)
        self._stream.send(pb.ReplyRequest(discard=pb.Discard(generation=generation)))

    async def finish(self) -> None:
        """No more requests for this turn."""
        await self._stream.put(pb.ReplyRequest(finish=pb.FinishReply()))
        await self._stream.end()

    def _on_started(self, response: pb.ReplyResponse) -> None:
        self._on_model(response.started.model, response.started.why)

    async def _on_response(self, response: pb.ReplyResponse) -> None:
        if response.WhichOneof("event") == "judgement":
            self._on_judgement(response.judgement.text, response.judgement.p_complete)
            return
        attempt = self._attempt
        if response.generation != attempt.generation or attempt.is_over:
            return  # replaced, dropped or given up
        attempt.stirred.set()
        match response.WhichOneof("event"):
            case "text":
                await self._deliver(attempt, response.text.text)
            case "tool_call" if self._errands is not None:
                call = response.tool_call
                self._errands.run(
                    attempt.generation, call.call_id, call.name, call.arguments_json, attempt.is_confirmed
                )
            case "done":
                await self._end(attempt, failed=response.done.finish_reason == pb.FINISH_REASON_ERROR)

    async def _deliver(self, attempt: Attempt, text: str) -> None:
        """Pass on words; waits while the voice is far behind."""
        attempt.has_text = self._is_delivering = True
        try:
            await self._on_text(attempt.generation, text)
        finally:
            self._is_delivering = False

    async def _end(self, attempt: Attempt, *, failed: bool) -> None:
        if failed and attempt.is_owed_words and self._apology:
            await self._apologise(attempt)
        else:
            attempt.is_over = True
            await self._on_done(attempt.generation, failed)

    async def _apologise(self, attempt: Attempt) -> None:
        """End with words; a sentence that was begun breaks off."""
        trace.get_current_span().set_status(trace.StatusCode.ERROR, "apologised")
        attempt.is_over = True
        await self._deliver(attempt, f" \N{EM DASH} {self._apology}" if attempt.has_text else self._apology)
        await self._on_done(attempt.generation, False)

    async def _watch(self) -> None:
        """Give up a confirmed generation from which nothing comes any more."""
        while True:
            await self._watched.wait()
            attempt = self._attempt
            attempt.stirred.clear()
            if attempt.is_over or not attempt.is_confirmed.is_set():
                self._watched.clear()
                continue
            now_s = asyncio.get_running_loop().time()
            until_s = now_s + NEXT_TEXT_S if attempt.has_text else attempt.asked_s + FIRST_TEXT_S
            try:
                async with asyncio.timeout_at(max(until_s, now_s + AGAIN_S)):
                    await attempt.stirred.wait()
            except TimeoutError:
                if self._is_hung(attempt):
                    self._stream.send(pb.ReplyRequest(discard=pb.Discard(generation=attempt.generation)))
                    await self._apologise(attempt)

    def _is_hung(self, attempt: Attempt) -> bool:
        is_at_work = self._is_delivering or (
            self._errands is not None and self._errands.is_out(attempt.generation)
        )
        return attempt is self._attempt and attempt.is_owed_words and bool(self._apology) and not is_at_work

    def _answer(self, call_id: str, result_json: str, failed: bool) -> None:
        """A tool's outcome."""
        self._attempt.stirred.set()
        result = pb.ToolResult(call_id=call_id, result_json=result_json, failed=failed)
        self._stream.send(pb.ReplyRequest(tool_result=result))

    async def _fill(self, generation: int, text: str) -> None:
        """Words while a tool is at work."""
        attempt = self._attempt
        if attempt.generation == generation and not attempt.is_over:
            attempt.stirred.set()
            await self._deliver(attempt, text)
