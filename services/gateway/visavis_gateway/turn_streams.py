"""One turn's streams: the mind that answers it, the voice of each generation, the span around them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from rpckit.errors import ServiceError
from rpckit.supervise import guarded
from rpckit.tracing import metadata_of, traceparent_of
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub
from visavis.tts.v1.tts_service_pb2_grpc import TtsServiceStub

from visavis_gateway import names
from visavis_gateway.conversation import Conversation
from visavis_gateway.engine import Move, Persona, Reply, Turn
from visavis_gateway.generation_spans import GenerationSpans
from visavis_gateway.knowledge import Library, Passage
from visavis_gateway.lookup import Lookup
from visavis_gateway.peers.brain import BrainPeer
from visavis_gateway.peers.tts import TtsPeer
from visavis_gateway.playout import ReplyAudio

WIND_DOWN_S = 5.0

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Listener(Protocol):
    """Where the streams report to."""

    session_id: str
    conversation: Conversation

    def now_us(self) -> int: ...
    def on_model(self, name: str, why: str) -> None: ...


class TurnStreams:
    """What is open for one turn. Nothing here waits; what takes time is a task of the session."""

    def __init__(
        self,
        listener: Listener,
        turn: Turn,
        persona: Persona,
        brain_stub: BrainServiceStub,
        tts_stub: TtsServiceStub,
        spawn: Spawn,
        on_sound: Callable[[ReplyAudio], None],
        library: Library | None = None,
    ) -> None:
        self._listener = listener
        self._persona = persona
        self._brain_stub = brain_stub
        self._tts_stub = tts_stub
        self._spawn = spawn
        self._on_sound = on_sound
        self._brain: BrainPeer | None = None
        self._brain_task: asyncio.Task[None] | None = None
        self._speeches: dict[int, TtsPeer] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._generation = 0  # the newest that the mind was asked for
        self.released: Reply | None = None  # whose sound has begun to leave
        self.turn = turn
        attributes = {
            names.SESSION_ID: listener.session_id,
            names.TURN_ID: turn.turn_id,
            names.TURN_ORIGIN: turn.origin,
        }
        self.span = names.tracer.start_span(names.TURN_SPAN, Context(), attributes=attributes)
        self._generations = GenerationSpans(listener.session_id, self._context)
        self._lookup = Lookup(library, persona.knowledge, self.span, spawn)
        self._unasked: Reply | None = None  # it waits for what the documents say to it
        self.sources: list[str] = []  # what the newest generation was given of them

    # -- the trace --------------------------------------------------------------------------------------

    @property
    def trace_id(self) -> str:
        return format(self.span.get_span_context().trace_id, "032x")

    @property
    def traceparent(self) -> str:
        return traceparent_of(self._context)

    @property
    def _context(self) -> Context:
        return trace.set_span_in_context(self.span, Context())

    # -- the mind ---------------------------------------------------------------------------------------

    def open_brain(self, history: list[Move]) -> None:
        """Let the mind read the persona and the conversation."""
        self._brain = BrainPeer(
            self._brain_stub, self._on_text, self._on_done, self._on_judgement, self._listener.on_model
        )
        self._brain_task = self._spawn(self._think(self._brain, list(history)), "turn.brain")

    def warm(self, text: str) -> None:
        """Let it read what the user has said so far, and what the documents say to that."""

        def read(passages: tuple[Passage, ...]) -> None:
            if self._brain is not None and self._brain_is_up:
                self._brain.warm(text, passages)

        if self._unasked is None:
            self._lookup.look_up(text, read)

    def generate(self, reply: Reply, history: list[Move]) -> None:
        """Let it answer, and the voice speak what it writes."""
        if not self._brain_is_up:  # it failed while the user spoke: once more
            self.open_brain(history)
        self._open_speech(reply)
        self._generation = reply.generation
        if self._lookup.is_ready_for(reply.prompt_text):
            self._ask(reply, history, self._lookup.passages)
        else:
            self._ask_later(reply, list(history))

    def _ask(self, reply: Reply, history: list[Move], passages: tuple[Passage, ...]) -> None:
        assert self._brain is not None
        self.sources = [passage.source for passage in passages]
        self._brain.generate(reply.generation, reply.prompt_text, history, passages)

    def _ask_later(self, reply: Reply, history: list[Move]) -> None:
        """Ask when its words are looked up: some milliseconds."""
        self._unasked = reply

        def ask(passages: tuple[Passage, ...]) -> None:
            if self._unasked is not reply:
                return  # dropped, or replaced
            self._unasked = None
            self._ask(reply, history, passages)
            if reply.is_confirmed and self._brain is not None:
                self._brain.confirm(reply.generation)

        self._lookup.look_up(reply.prompt_text, ask)

    def confirm(self, reply: Reply) -> None:
        """This generation counts."""
        self._generations.confirmed(reply)
        if self._unasked is reply:
            return  # it is told when it is asked
        if self._brain is not None and reply.generation == self._generation:  # not a recited one
            self._brain.confirm(reply.generation)

    def discard(self, reply: Reply) -> None:
        """This generation does not count; its workers stop."""
        self._generations.cancelled(reply)
        if self._unasked is reply:
            self._unasked = None
        elif self._brain is not None:
            self._brain.discard(reply.generation)
        task = self._tasks.pop(reply.generation, None)
        if task is not None:
            task.cancel()

    # -- the voice --------------------------------------------------------------------------------------

    def recite(self, reply: Reply) -> None:
        """Speak the reply's text as it stands, without the mind."""
        speech = self._open_speech(reply)

        @guarded
        async def read_out() -> None:
            await speech.speak(reply.text)
            await speech.finish()

        self._spawn(read_out(), "turn.recite")

    def audio_of(self, reply: Reply) -> ReplyAudio:
        """The sound of a generation, as far as it is made."""
        return self._speeches[reply.generation].audio

    def begin_sounding(self, reply: Reply) -> None:
        """Its sound begins to leave."""
        self._generations.released(reply)
        self.released = reply

    def make_room(self) -> None:
        """After a frame has left: the voice may go on."""
        for speech in self._speeches.values():
            speech.make_room()

    def close(self, reply: Reply | None, *, interrupted: bool) -> None:
        """End the spans; stop what still runs."""
        self._end_spans(reply, interrupted=interrupted)
        for task in self._tasks.values():
            task.cancel()
        if self._brain is not None:
            if interrupted and reply is not None:
                self._brain.discard(reply.generation)  # else `finish` would let it write to its end
            self._spawn(self._wind_down(), "turn.wind_down")

    def abandon(self) -> None:
        """The session is over before the turn is: what was traced of it is kept."""
        self._end_spans(self.released, interrupted=True)

    # -- inside -----------------------------------------------------------------------------------------

    def _end_spans(self, reply: Reply | None, *, interrupted: bool) -> None:
        self._generations.close(reply, interrupted=interrupted)
        self.span.end()

    @property
    def _brain_is_up(self) -> bool:
        return self._brain_task is not None and not self._brain_task.done()

    def _open_speech(self, reply: Reply) -> TtsPeer:
        def on_audio() -> None:
            self._listener.conversation.first_audio(self._listener.now_us(), reply)
            self._on_sound(speech.audio)

        context = self._generations.begin(reply)
        speech = TtsPeer(self._tts_stub, reply, on_audio)
        self._speeches[reply.generation] = speech
        self._tasks[reply.generation] = self._spawn(self._speak(speech, context), "turn.speech")
        return speech

    def _fail(self, reply: Reply, message: str) -> None:
        self._generations.failed(reply)
        self._listener.conversation.reply_failed(self._listener.now_us(), reply, message)

    def _speech_of(self, generation: int) -> TtsPeer | None:
        """The voice of a generation that still counts."""
        return self._speeches.get(generation) if generation in self._tasks else None

    @guarded
    async def _think(self, brain: BrainPeer, history: list[Move]) -> None:
        with self._client_span("visavis.brain.v1.BrainService/Reply", self._context) as context:
            try:
                await brain.run(
                    self._listener.session_id,
                    self.turn.turn_id,
                    self._persona,
                    history,
                    metadata_of(context),
                )
            except ServiceError as error:
                self._lose_brain(str(error))

    def _lose_brain(self, message: str) -> None:
        """The reply that waits for text gets none; one that has some ends there."""
        speech = self._speech_of(self._generation)
        if speech is None:
            return
        if speech.reply.text:
            self._spawn(speech.finish(), "turn.finish_speech")
        else:
            self._fail(speech.reply, message)

    @guarded
    async def _speak(self, speech: TtsPeer, generation: Context) -> None:
        reply = speech.reply
        with self._client_span("visavis.tts.v1.TtsService/Synthesize", generation) as context:
            trace.get_current_span(context).set_attribute(names.GENERATION, reply.generation)
            try:
                await speech.run(
                    self._listener.session_id,
                    self._persona.voice,
                    self._persona.language_code,
                    metadata_of(context),
                )
            except ServiceError as error:
                speech.audio.is_complete = speech.audio.is_broken = True
                if not speech.audio.received:
                    self._fail(reply, str(error))
                return
        if not speech.audio.received:
            self._fail(reply, "there was nothing to say")

    @contextmanager
    def _client_span(self, method: str, parent: Context) -> Iterator[Context]:
        attributes = {"rpc.system.name": "grpc", "rpc.method": method}
        with names.tracer.start_as_current_span(
            method, parent, trace.SpanKind.CLIENT, attributes, record_exception=False
        ) as span:
            try:
                yield trace.set_span_in_context(span)
            except asyncio.CancelledError:
                span.set_attribute(names.RPC_STATUS, "CANCELLED")
                raise

    async def _on_text(self, generation: int, text: str) -> None:
        speech = self._speech_of(generation)
        if speech is not None:
            self._listener.conversation.text(self._listener.now_us(), speech.reply, text)
            await speech.speak(text)

    async def _on_done(self, generation: int, failed: bool) -> None:
        speech = self._speech_of(generation)
        if speech is None:
            return
        if failed and not speech.reply.text:
            self._fail(speech.reply, "the model failed; please ask again")
        else:
            await speech.finish()

    def _on_judgement(self, words: str, p_complete: float) -> None:
        self._listener.conversation.judged(self._listener.now_us(), self.turn, words, p_complete)

    @guarded
    async def _wind_down(self) -> None:
        """Let the brain's stream end by itself; cancel it if it does not."""
        assert self._brain is not None
        assert self._brain_task is not None
        try:
            async with asyncio.timeout(WIND_DOWN_S):
                if self._brain_is_up:
                    await self._brain.finish()
                    await asyncio.wait([self._brain_task])
        except TimeoutError:
            self._brain_task.cancel()
