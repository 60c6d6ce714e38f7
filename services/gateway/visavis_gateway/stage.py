"""The conversation's hands: each turn's streams to brain and voice, its trace, its events on NATS."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from google.protobuf.message import Message
from opentelemetry import trace
from opentelemetry.context import Context
from rpckit.bus import Bus
from rpckit.errors import ServiceError
from rpckit.supervise import guarded
from rpckit.tracing import metadata_of, traceparent_of
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub
from visavis.events.v1 import events_pb2 as events
from visavis.tts.v1.tts_service_pb2_grpc import TtsServiceStub

from visavis_gateway import captions, names
from visavis_gateway.conversation import Conversation
from visavis_gateway.endpointing import words_of
from visavis_gateway.engine import Move, Persona, Reply, Turn
from visavis_gateway.hearing import Hearing
from visavis_gateway.peers.asr import AsrPeer
from visavis_gateway.peers.brain import BrainPeer
from visavis_gateway.peers.render import RenderPeer
from visavis_gateway.peers.tts import TtsPeer
from visavis_gateway.playout import Playout

WIND_DOWN_S = 5.0
# The 20 ms pace is late by so much on average: the machine has no time for guesses.
SATURATED_US = 10_000

ORIGINS = {
    "speech": events.TURN_ORIGIN_SPEECH,
    "text": events.TURN_ORIGIN_TEXT,
    "greeting": events.TURN_ORIGIN_GREETING,
    "say": events.TURN_ORIGIN_SAY,
    "resumed": events.TURN_ORIGIN_RESUMED,
    "initiative": events.TURN_ORIGIN_INITIATIVE,
    "goodbye": events.TURN_ORIGIN_INITIATIVE,
}

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Room(Protocol):
    """What the stage needs of its session."""

    session_id: str
    next_pts_us: int
    conversation: Conversation
    hearing: Hearing
    lateness_us: float

    def now_us(self) -> int: ...
    def close(self, reason: str) -> None: ...
    def tell(self, message: dict[str, Any]) -> None: ...


@dataclass(eq=False)
class ActiveTurn:
    """What is open for one turn."""

    turn: Turn
    span: trace.Span
    brain: BrainPeer | None = None
    brain_task: asyncio.Task[None] | None = None
    speeches: dict[int, TtsPeer] = field(default_factory=dict)
    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        return trace.set_span_in_context(self.span, Context())

    @property
    def brain_is_up(self) -> bool:
        return self.brain_task is not None and not self.brain_task.done()


class Stage:
    """Implements `Hands` for one session. Nothing here waits; what takes time is a task of the session."""

    def __init__(
        self,
        room: Room,
        persona: Persona,
        asr: AsrPeer,
        render: RenderPeer,
        brain_stub: BrainServiceStub,
        tts_stub: TtsServiceStub,
        playout: Playout,
        bus: Bus,
        spawn: Spawn,
        *,
        publish_words: bool,
    ) -> None:
        self._room = room
        self._persona = persona
        self._asr = asr
        self._render = render
        self._brain_stub = brain_stub
        self._tts_stub = tts_stub
        self._playout = playout
        self._bus = bus
        self._spawn = spawn
        self._publish_words = publish_words
        self._turns: dict[str, ActiveTurn] = {}

    # -- Hands: turns -----------------------------------------------------------------------------------

    def turn_opened(self, turn: Turn) -> None:
        attributes = {
            names.SESSION_ID: self._room.session_id,
            names.TURN_ID: turn.turn_id,
            names.TURN_ORIGIN: turn.origin,
        }
        span = names.tracer.start_span(names.TURN_SPAN, Context(), attributes=attributes)
        active = self._turns[turn.turn_id] = ActiveTurn(turn, span)
        started = events.TurnStarted(
            session_id=self._room.session_id,
            turn_id=turn.turn_id,
            pts_us=turn.started_us,
            origin=ORIGINS[turn.origin],
        )
        self._publish(active, "turn.started", started)

    def turn_closed(self, turn: Turn, reply: Reply | None, *, interrupted: bool) -> None:
        active = self._turns.pop(turn.turn_id)
        trace_id = format(active.span.get_span_context().trace_id, "032x")
        report = captions.turn_report(turn, reply, trace_id, interrupted=interrupted)
        if reply is not None:
            names.words.add(len(words_of(reply.heard)), {names.WORDS_OUTCOME: "heard"})
            self._room.tell(report)
            self._publish_end(active, reply, report)
        if (seconds := report["voice_to_voice_ms"]) is not None:
            names.voice_to_voice.record(seconds / 1000)
        outcome = "dropped" if reply is None else "interrupted" if interrupted else "answered"
        active.span.set_attribute(names.TURN_OUTCOME, outcome)
        for stage, ms in report["stages_ms"].items():
            active.span.set_attribute(names.STAGE_PREFIX + stage, ms)
        if self._publish_words:
            active.span.set_attribute(names.PII_TRANSCRIPT, turn.transcript)
            active.span.set_attribute(names.PII_HEARD, report["heard"])
        active.span.end()
        for task in active.tasks.values():
            task.cancel()
        if active.brain is not None:
            if interrupted and reply is not None:
                active.brain.discard(reply.generation)  # else `finish` would let it write to its end
            self._spawn(self._wind_down(active), "turn.wind_down")

    # -- Hands: the ear ---------------------------------------------------------------------------------

    def listen_to(self, turn: Turn) -> None:
        self._asr.begin(turn.turn_id, traceparent_of(self._turns[turn.turn_id].context))

    def end_listening(self, turn: Turn) -> None:
        self._asr.end(turn.turn_id)

    def drop_listening(self, turn: Turn) -> None:
        if turn.origin == "speech":
            self._asr.drop(turn.turn_id)

    # -- Hands: the mind and the voice ------------------------------------------------------------------

    def open_brain(self, turn: Turn, history: list[Move]) -> None:
        active = self._turns[turn.turn_id]

        async def on_text(generation: int, text: str) -> None:
            await self._on_text(active, generation, text)

        async def on_done(generation: int, failed: bool) -> None:
            await self._on_done(active, generation, failed=failed)

        active.brain = BrainPeer(self._brain_stub, on_text, on_done)
        active.brain_task = self._spawn(self._think(active, active.brain, list(history)), "turn.brain")

    def warm(self, turn: Turn, text: str) -> None:
        active = self._turns[turn.turn_id]
        if active.brain is not None and active.brain_is_up:
            active.brain.warm(text)

    def generate(self, reply: Reply, history: list[Move]) -> None:
        active = self._turns[reply.turn.turn_id]
        if not active.brain_is_up:  # it failed while the user spoke: once more
            self.open_brain(reply.turn, history)
        assert active.brain is not None
        self._open_speech(active, reply)
        active.brain.generate(reply.generation, reply.prompt_text, history)

    def recite(self, reply: Reply) -> None:
        active = self._turns[reply.turn.turn_id]
        speech = self._open_speech(active, reply)

        @guarded
        async def read_out() -> None:
            await speech.speak(reply.text)
            await speech.finish()

        self._spawn(read_out(), "turn.recite")

    def confirm(self, reply: Reply) -> None:
        active = self._turns[reply.turn.turn_id]
        if active.brain is not None:
            active.brain.confirm(reply.generation)

    def discard(self, reply: Reply) -> None:
        active = self._turns[reply.turn.turn_id]
        names.words.add(len(words_of(reply.text)), {names.WORDS_OUTCOME: "wasted"})
        if active.brain is not None:
            active.brain.discard(reply.generation)
        task = active.tasks.pop(reply.generation, None)
        if task is not None:
            task.cancel()
        self._publish_interrupt(reply)

    # -- Hands: what is heard and seen ------------------------------------------------------------------

    def release(self, reply: Reply) -> None:
        active = self._turns[reply.turn.turn_id]
        self._playout.start(active.speeches[reply.generation].audio, self._room.next_pts_us)
        self.send_cues()
        started = events.ReplyStarted(
            session_id=self._room.session_id,
            turn_id=reply.turn.turn_id,
            generation=reply.generation,
            pts_us=self._room.next_pts_us,
        )
        self._publish(active, "reply.started", started)

    def cut(self, reply: Reply) -> None:
        self._playout.cut()
        self._render.cut(self._room.next_pts_us)
        self._publish_interrupt(reply)

    def unheard_us(self) -> int:
        return self._room.hearing.unheard_us(self._room.now_us())

    def said_without(self, reply: Reply, unheard_us: int) -> int:
        audio = self._turns[reply.turn.turn_id].speeches[reply.generation].audio
        return audio.said_by(audio.sent_us - unheard_us)

    def is_saturated(self) -> bool:
        return self._room.lateness_us > SATURATED_US

    def leave(self, reason: str) -> None:
        self._room.close(reason)

    def duck(self, on: bool) -> None:
        self._playout.duck(on)

    def show_state(self, state: str) -> None:
        now_us = self._room.now_us()
        self._render.behave(state, now_us)
        self._room.tell({"type": "state", "state": state, "pts_us": now_us})

    def tell(self, message: dict[str, Any]) -> None:
        self._room.tell(message)

    # -- for the session --------------------------------------------------------------------------------

    def set_persona(self, persona: Persona) -> None:
        """Who answers from the next turn on."""
        self._persona = persona

    def send_cues(self) -> None:
        """New cues of the sounding reply go to the face, before their sound leaves."""
        audio = self._playout.reply
        if audio is not None and (cues := self._playout.place_cues()):
            active = self._turns[audio.turn_id]
            self._render.visemes(cues, audio.turn_id, audio.generation, traceparent_of(active.context))

    def make_room(self) -> None:
        """After a frame has left: the voice may go on."""
        for active in self._turns.values():
            for speech in active.speeches.values():
                speech.make_room()

    def publish_heard(self, turn_id: str, generation: int, heard_end: int) -> None:
        """More words have sounded."""
        active = self._turns.get(turn_id)
        if active is not None:
            heard = events.ReplyHeard(
                session_id=self._room.session_id, turn_id=turn_id, generation=generation, text_end=heard_end
            )
            self._publish(active, "reply.heard", heard)

    # -- inside -----------------------------------------------------------------------------------------

    def _open_speech(self, active: ActiveTurn, reply: Reply) -> TtsPeer:
        def on_audio() -> None:
            self._room.conversation.first_audio(self._room.now_us(), reply)
            if self._playout.reply is speech.audio:
                self.send_cues()

        speech = TtsPeer(self._tts_stub, reply, on_audio)
        active.speeches[reply.generation] = speech
        active.tasks[reply.generation] = self._spawn(self._speak(active, speech), "turn.speech")
        return speech

    @guarded
    async def _think(self, active: ActiveTurn, brain: BrainPeer, history: list[Move]) -> None:
        with self._client_span(active, "visavis.brain.v1.BrainService/Reply") as context:
            try:
                await brain.run(
                    self._room.session_id, active.turn.turn_id, self._persona, history, metadata_of(context)
                )
            except ServiceError as error:
                self._fail(active, str(error))

    @guarded
    async def _speak(self, active: ActiveTurn, speech: TtsPeer) -> None:
        reply = speech.reply
        with self._client_span(active, "visavis.tts.v1.TtsService/Synthesize") as context:
            trace.get_current_span(context).set_attribute(names.GENERATION, reply.generation)
            try:
                await speech.run(
                    self._room.session_id,
                    self._persona.voice,
                    self._persona.language_code,
                    metadata_of(context),
                )
            except ServiceError as error:
                speech.audio.is_complete = True
                if not speech.audio.received:
                    self._room.conversation.reply_failed(self._room.now_us(), reply, str(error))
                return
        if not speech.audio.received:
            message = "there was nothing to say"
            self._room.conversation.reply_failed(self._room.now_us(), reply, message)

    @contextmanager
    def _client_span(self, active: ActiveTurn, method: str) -> Any:
        attributes = {"rpc.system.name": "grpc", "rpc.method": method}
        with names.tracer.start_as_current_span(
            method, active.context, trace.SpanKind.CLIENT, attributes, record_exception=False
        ) as span:
            try:
                yield trace.set_span_in_context(span)
            except asyncio.CancelledError:
                span.set_attribute(names.GENERATION_OUTCOME, "cancelled")
                raise

    async def _on_text(self, active: ActiveTurn, generation: int, text: str) -> None:
        speech = active.speeches.get(generation)
        if speech is not None and generation in active.tasks:
            self._room.conversation.text(self._room.now_us(), speech.reply, text)
            await speech.speak(text)

    async def _on_done(self, active: ActiveTurn, generation: int, *, failed: bool) -> None:
        speech = active.speeches.get(generation)
        if speech is None or generation not in active.tasks:
            return
        if failed and not speech.reply.text:
            message = "the model failed; please ask again"
            self._room.conversation.reply_failed(self._room.now_us(), speech.reply, message)
        else:
            await speech.finish()

    def _fail(self, active: ActiveTurn, message: str) -> None:
        """The brain's stream broke: the reply that waits for text gets none; one that has some ends there."""
        generation = active.turn.generation
        speech = active.speeches.get(generation)
        if speech is None or generation not in active.tasks or not speech.reply.prompt_text:
            return
        if speech.reply.text:
            self._spawn(speech.finish(), "turn.finish_speech")
        else:
            self._room.conversation.reply_failed(self._room.now_us(), speech.reply, message)

    @guarded
    async def _wind_down(self, active: ActiveTurn) -> None:
        """Let the brain's stream end by itself; cancel it if it does not."""
        assert active.brain is not None
        assert active.brain_task is not None
        try:
            async with asyncio.timeout(WIND_DOWN_S):
                if active.brain_is_up:
                    await active.brain.finish()
                    await asyncio.wait([active.brain_task])
        except TimeoutError:
            active.brain_task.cancel()

    def _publish(self, active: ActiveTurn, event: str, message: Message) -> None:
        with trace.use_span(active.span):  # the task inherits it, so the event carries the turn's trace
            self._spawn(self._bus.publish(self._room.session_id, event, message), f"publish.{event}")

    def _publish_interrupt(self, reply: Reply) -> None:
        stop = events.Interrupt(
            session_id=self._room.session_id, turn_id=reply.turn.turn_id, generation=reply.generation
        )
        self._publish(self._turns[reply.turn.turn_id], "interrupt", stop)

    def _publish_end(self, active: ActiveTurn, reply: Reply, report: dict[str, Any]) -> None:
        speech = active.speeches.get(reply.generation)
        self._publish(
            active,
            "reply.ended",
            events.ReplyEnded(
                session_id=self._room.session_id,
                turn_id=reply.turn.turn_id,
                generation=reply.generation,
                duration_us=speech.audio.sent_us if speech else 0,
                interrupted=report["interrupted"],
            ),
        )
        self._publish(
            active,
            "turn.ended",
            events.TurnEnded(
                session_id=self._room.session_id,
                turn_id=active.turn.turn_id,
                transcript=report["transcript"] if self._publish_words else "",
                heard=report["heard"] if self._publish_words else "",
                interrupted=report["interrupted"],
                voice_to_voice_us=round((report["voice_to_voice_ms"] or 0) * 1000),
            ),
        )
