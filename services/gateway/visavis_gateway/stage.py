"""The conversation's hands: what it decides goes to the ear, the mind, the voice, the face and the bus."""

from typing import Any, Protocol

from google.protobuf.message import Message
from opentelemetry import trace
from rpckit.bus import Bus
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub
from visavis.events.v1 import events_pb2 as events
from visavis.tts.v1.tts_service_pb2_grpc import TtsServiceStub

from visavis_gateway import captions, names, turn_record
from visavis_gateway.conversation import Conversation
from visavis_gateway.endpointing import words_of
from visavis_gateway.engine import Move, Persona, Reply, Turn
from visavis_gateway.hearing import Hearing
from visavis_gateway.knowledge import Library
from visavis_gateway.peers.asr import AsrPeer
from visavis_gateway.peers.render import RenderPeer
from visavis_gateway.playout import Playout, ReplyAudio
from visavis_gateway.turn_streams import Spawn, TurnStreams

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


class Room(Protocol):
    """What the stage needs of its session."""

    session_id: str
    conversation: Conversation
    hearing: Hearing

    @property
    def next_pts_us(self) -> int: ...
    @property
    def lateness_us(self) -> float: ...
    def now_us(self) -> int: ...
    def close(self, reason: str) -> None: ...
    def tell(self, message: dict[str, Any]) -> None: ...
    def on_model(self, name: str, why: str) -> None: ...


class Stage:
    """Implements `Hands` for one session. Nothing here waits."""

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
        library: Library | None = None,
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
        self._library = library
        self._turns: dict[str, TurnStreams] = {}
        self._shown: ReplyAudio | None = None  # whose cues the face has got last

    # -- Hands: turns -----------------------------------------------------------------------------------

    def turn_opened(self, turn: Turn) -> None:
        streams = self._turns[turn.turn_id] = TurnStreams(
            self._room, turn, self._persona, self._brain_stub, self._tts_stub, self._spawn, self._on_sound,
            self._library,
        )  # fmt: skip
        started = events.TurnStarted(
            turn_id=turn.turn_id, pts_us=turn.started_us, origin=ORIGINS[turn.origin]
        )
        self._publish(streams, "turn.started", started)

    def turn_closed(self, turn: Turn, reply: Reply | None, *, interrupted: bool) -> None:
        streams = self._turns.pop(turn.turn_id)
        report = captions.turn_report(turn, reply, streams.trace_id, streams.sources, interrupted=interrupted)
        if reply is not None:
            names.words.add(len(words_of(reply.heard)), {names.WORDS_OUTCOME: "heard"})
            self._room.tell(report)
        self._publish_end(streams, report, interrupted=interrupted or reply is None)
        turn_record.record(
            streams.span, report, is_answered=reply is not None, with_words=self._publish_words
        )
        streams.close(reply, interrupted=interrupted)

    # -- Hands: the ear ---------------------------------------------------------------------------------

    def listen_to(self, turn: Turn) -> None:
        self._asr.begin(turn.turn_id, self._turns[turn.turn_id].traceparent)

    def end_listening(self, turn: Turn) -> None:
        self._asr.end(turn.turn_id)

    def drop_listening(self, turn: Turn) -> None:
        if turn.origin == "speech":
            self._asr.drop(turn.turn_id)

    # -- Hands: the mind and the voice ------------------------------------------------------------------

    def open_brain(self, turn: Turn, history: list[Move]) -> None:
        self._turns[turn.turn_id].open_brain(history)

    def warm(self, turn: Turn, text: str) -> None:
        self._turns[turn.turn_id].warm(text)

    def generate(self, reply: Reply, history: list[Move]) -> None:
        self._streams_of(reply).generate(reply, history)

    def recite(self, reply: Reply) -> None:
        self._streams_of(reply).recite(reply)

    def confirm(self, reply: Reply) -> None:
        self._streams_of(reply).confirm(reply)

    def discard(self, reply: Reply) -> None:
        names.words.add(len(words_of(reply.text)), {names.WORDS_OUTCOME: "wasted"})
        self._streams_of(reply).discard(reply)
        self._publish_interrupt(reply)

    # -- Hands: what is heard and seen ------------------------------------------------------------------

    def release(self, reply: Reply) -> None:
        streams = self._streams_of(reply)
        self._playout.start(streams.audio_of(reply), self._room.next_pts_us)
        self.send_cues()
        started = events.ReplyStarted(
            turn_id=reply.turn.turn_id, generation=reply.generation, pts_us=self._room.next_pts_us
        )
        self._end_released(streams, interrupted=False)  # the opener of this reply
        streams.begin_sounding(reply)
        self._publish(streams, "reply.started", started)

    def cut(self, reply: Reply) -> None:
        self._playout.cut()
        self._render.cut(self._room.next_pts_us)
        self._publish_interrupt(reply)

    def unheard_us(self) -> int:
        return self._room.hearing.unheard_us(self._room.now_us())

    def said_without(self, reply: Reply, unheard_us: int) -> int:
        audio = self._streams_of(reply).audio_of(reply)
        if audio.is_whole and not unheard_us:
            return len(reply.text)
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
            is_first = self._shown is not audio
            self._shown = audio
            traceparent = self._turns[audio.turn_id].traceparent if is_first else ""
            self._render.visemes(cues, audio.turn_id, audio.generation, traceparent)

    def make_room(self) -> None:
        """After a frame has left: the voice may go on."""
        for streams in self._turns.values():
            streams.make_room()

    def abandon_turns(self) -> None:
        """The session is over: what it was in the middle of belongs into the trace, too."""
        for streams in self._turns.values():
            streams.span.set_attribute(names.TURN_OUTCOME, "dropped")
            streams.abandon()

    def publish_heard(self, turn_id: str, generation: int, heard_end: int) -> None:
        """More words have sounded."""
        streams = self._turns.get(turn_id)
        if streams is not None:
            heard = events.ReplyHeard(turn_id=turn_id, generation=generation, text_end=heard_end)
            self._publish(streams, "reply.heard", heard)

    # -- inside -----------------------------------------------------------------------------------------

    def _streams_of(self, reply: Reply) -> TurnStreams:
        return self._turns[reply.turn.turn_id]

    def _on_sound(self, audio: ReplyAudio) -> None:
        if self._playout.reply is audio:
            self.send_cues()

    def _publish(self, streams: TurnStreams, event: str, message: Message) -> None:
        message.session_id = self._room.session_id  # type: ignore[attr-defined]  # every event has it
        with trace.use_span(streams.span):  # the task inherits it, so the event carries the turn's trace
            self._spawn(self._bus.publish(self._room.session_id, event, message), f"publish.{event}")

    def _publish_interrupt(self, reply: Reply) -> None:
        if not reply.prompt_text and reply.turn.transcript:
            return  # an opener: "this generation and older ones" would end the answer that it opens
        stop = events.Interrupt(turn_id=reply.turn.turn_id, generation=reply.generation)
        self._publish(self._streams_of(reply), "interrupt", stop)

    def _end_released(self, streams: TurnStreams, *, interrupted: bool) -> None:
        """Each reply.started has its reply.ended."""
        reply, streams.released = streams.released, None
        if reply is not None:
            ended = events.ReplyEnded(
                turn_id=reply.turn.turn_id,
                generation=reply.generation,
                duration_us=streams.audio_of(reply).sent_us,
                interrupted=interrupted,
            )
            self._publish(streams, "reply.ended", ended)

    def _publish_end(self, streams: TurnStreams, report: dict[str, Any], *, interrupted: bool) -> None:
        self._end_released(streams, interrupted=interrupted)
        closed = events.TurnEnded(
            turn_id=streams.turn.turn_id,
            transcript=report["transcript"] if self._publish_words else "",
            heard=report["heard"] if self._publish_words else "",
            interrupted=report["interrupted"],
            voice_to_voice_us=round((report["voice_to_voice_ms"] or 0) * 1000),
            knowledge_sources=report["sources"],
        )
        self._publish(streams, "turn.ended", closed)
