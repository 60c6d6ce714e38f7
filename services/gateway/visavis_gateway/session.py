"""One call: a viewer, an ear, a face, a conversation, and the clock that they share.

Everything runs on one event loop and every event is handled to its end before the next one, so the
conversation sees one order.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from rpckit.bus import Bus
from rpckit.errors import ServiceError
from rpckit.streams import LatestQueue
from visavis.asr.v1.asr_service_pb2_grpc import AsrServiceStub
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub
from visavis.events.v1 import events_pb2 as events
from visavis.render.v1 import render_service_pb2 as render_pb
from visavis.render.v1.render_service_pb2_grpc import RenderServiceStub
from visavis.tts.v1.tts_service_pb2_grpc import TtsServiceStub

from visavis_gateway import inbox
from visavis_gateway.backends.opus import LOOKAHEAD_US
from visavis_gateway.clock import SessionClock
from visavis_gateway.config import Config
from visavis_gateway.conversation import Conversation
from visavis_gateway.endpointing import Endpointing, EndpointingValues
from visavis_gateway.engine import Move, Persona, Transport, Viewer
from visavis_gateway.hearing import Hearing
from visavis_gateway.manifest import Face, Mark
from visavis_gateway.media import Media
from visavis_gateway.peers.asr import AsrPeer
from visavis_gateway.peers.render import RenderPeer, start_render
from visavis_gateway.playout import Playout
from visavis_gateway.policy import Manners, Policy
from visavis_gateway.stage import Stage

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 10.0
MAX_WATCHED = 200  # messages that a reader of the event stream may be behind
GREET_TIMEOUT_US = 5_000_000  # for a viewer that never says that it sees something
BITRATE_STEP = 0.15  # a smaller change is not worth a change of the encoder

REASONS = {
    "left": events.SESSION_END_REASON_LEFT,
    "vanished": events.SESSION_END_REASON_VANISHED,
    "timed_out": events.SESSION_END_REASON_TIMED_OUT,
    "failed": events.SESSION_END_REASON_FAILED,
    "shutdown": events.SESSION_END_REASON_SHUTDOWN,
}


@dataclass(frozen=True)
class Services:
    """The peers' stubs and the bus, shared by all sessions of a process."""

    asr: AsrServiceStub
    brain: BrainServiceStub
    tts: TtsServiceStub
    render: RenderServiceStub
    bus: Bus


class SessionOver(Exception):
    """Ends the session's tasks; `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def leave_reason(error: BaseException) -> str:
    """Why the session's task group ended."""
    if isinstance(error, BaseExceptionGroup):
        reasons = [leave_reason(inner) for inner in error.exceptions]
        return next((reason for reason in reasons if reason != "failed"), "failed")
    return error.reason if isinstance(error, SessionOver) else "failed"


def _look(persona: Persona) -> tuple[str, str, str, str]:
    """What render has to know of a persona."""
    return persona.avatar, persona.background, persona.profile, persona.label


def manners_of(persona: Persona) -> Manners:
    """What the persona says when nobody speaks."""
    return Manners(
        round(persona.still_there_s * 1_000_000), persona.still_there,
        round(persona.goodbye_s * 1_000_000), persona.goodbye,
        persona.title, persona.openers, persona.stopped,
    )  # fmt: skip


class Session:
    """Implements `Viewer` for the transport and `Room` for the stage."""

    def __init__(
        self,
        session_id: str,
        token: str,
        persona: Persona,
        services: Services,
        config: Config,
        open_transport: Callable[[Viewer, Callable[[], int]], Transport],
        find_persona: Callable[[str], Persona],
        *,
        waits: bool = False,
        history: Sequence[Move] = (),
    ) -> None:
        self.session_id = session_id
        self.token = token
        self.is_waiting = waits  # connected or not, nothing happens before the viewer says `begin`
        self.reason = "failed"  # why it ended
        self._persona = persona
        self._mark = Mark(session_id)
        self._find_persona = find_persona
        self._services = services
        self._config = config
        self._clock = SessionClock()
        self._transport = open_transport(self, self._clock.now_us)
        self._asr = AsrPeer(services.asr, session_id, persona.language_code, self)
        start = start_render(session_id, persona, config)
        self._render = RenderPeer(services.render, start, self._show, self._on_face, self._on_face_refused)
        playout = Playout(LOOKAHEAD_US)
        self._media = Media(
            self._clock.now_us, self._transport, self._asr, self._render, playout, config.video_rate_hz
        )
        self._bitrate = config.video_bitrate_bps
        self._last_heard_us = self._greet_by_us = 0
        self._clock_told = False
        self._watchers: set[LatestQueue[dict[str, Any]]] = set()
        self._is_connected = self._has_begun = False
        self._arrived = asyncio.Event()  # the viewer is here, or the session is over before it came
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._stage = Stage(
            self, persona, self._asr, self._render, services.brain, services.tts,
            playout, services.bus, self._spawn, publish_words=config.publish_words,
        )  # fmt: skip
        pauses = EndpointingValues(
            shortest_us=config.shortest_wait_ms * 1000, longest_us=config.longest_wait_ms * 1000
        )
        self.hearing = Hearing()
        greeting = "" if history else persona.greeting
        self.conversation = Conversation(
            self._stage, Policy(), greeting, Endpointing(pauses), manners_of(persona)
        )
        self.conversation.history.extend(history)
        self.is_resumed = bool(history)

    # -- life -------------------------------------------------------------------------------------------

    async def run(self, offer_sdp: str) -> None:
        """Reserve the services, answer the offer, hold the call, give everything back.

        Before the answer a ServiceError goes to `answer`; after it every end is one of REASONS.
        """
        reason = "failed"
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._spawn(self._asr.run(), "session.asr")
                self._spawn(self._render.run(), "session.render")
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await self._asr.ready.wait()
                    await self._render.ready.wait()
                    self.answer.set_result(await self._transport.answer(offer_sdp))
                await self._hold()
        except* ServiceError as group:
            reason = self._failed(group.exceptions[0])
        except* SessionOver as group:
            reason = leave_reason(group)
        except* TimeoutError:
            self._failed(ServiceError("the services took too long to answer"))
        finally:
            await self._leave(reason)

    def close(self, reason: str) -> None:
        """End the session; the first reason counts."""
        if not self._over.done():
            self._over.set_result(reason)
            self._arrived.set()

    async def _hold(self) -> None:
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                await self._arrived.wait()
        except TimeoutError:
            raise SessionOver("vanished") from None
        if self._over.done():
            raise SessionOver(self._over.result())
        started = events.SessionStarted(session_id=self.session_id, persona=self._persona.name)
        started.started_time.CopyFrom(Timestamp())
        started.started_time.GetCurrentTime()
        await self._services.bus.publish(self.session_id, "session.started", started)
        async with self._open_to_applications():
            pace = self._media.pace(self.conversation, self._stage, self._watch)
            self._spawn(pace, "session.pace")
            raise SessionOver(await self._over)

    def _open_to_applications(self) -> Any:
        return inbox.listening(self._services.bus, self.session_id, self)

    def _failed(self, error: BaseException) -> str:
        """Tell whoever waits: the one who asked for the session, or the viewer in it."""
        if not self.answer.done():
            self.answer.set_exception(error)
        else:
            log.warning("session %s failed: %s", self.session_id, error)
            self.tell({"type": "error", "code": "service_lost", "message": str(error), "fatal": True})
        return "failed"

    async def _leave(self, reason: str) -> None:
        self.reason = reason
        self._stage.abandon_turns()
        self.tell({"type": "bye", "reason": reason})
        await self._transport.close()
        if self._has_begun:
            ended = events.SessionEnded(
                session_id=self.session_id, reason=REASONS[reason], duration_us=self.now_us()
            )
            await self._services.bus.publish(self.session_id, "session.ended", ended)
        log.info("session %s ended: %s", self.session_id, reason)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task of this session; an error in it ends the session unless it is `guarded`."""
        return self._tasks.create_task(work, name=name)

    # -- Room -------------------------------------------------------------------------------------------

    def now_us(self) -> int:
        return self._clock.now_us()

    @property
    def next_pts_us(self) -> int:
        return self._media.next_pts_us

    @property
    def lateness_us(self) -> float:
        return self._media.lateness_us

    def tell(self, message: dict[str, Any]) -> None:
        self._transport.send_message(json.dumps(message))
        for watcher in self._watchers:
            watcher.put(message)

    async def watch(self) -> AsyncIterator[dict[str, Any]]:
        """What the viewer is told from now on, until `bye`; a slow reader loses the oldest."""
        watcher: LatestQueue[dict[str, Any]] = LatestQueue(MAX_WATCHED, "gateway.watch")
        self._watchers.add(watcher)
        try:
            while True:
                message = await watcher.get()
                yield message
                if message["type"] == "bye":
                    return
        finally:
            self._watchers.discard(watcher)
            watcher.clear()

    def manifest(self) -> dict[str, Any]:
        """The machine-readable mark (docs/viewer.md, section 5)."""
        return self._mark.manifest(self._persona)

    def become(self, persona_name: str) -> None:
        """Go on as another: from the next turn on in voice and mind, at once in the face.

        Raises NotFound.
        """
        persona = self._find_persona(persona_name)
        before, self._persona = self._persona, persona
        if _look(persona) != _look(before):
            self._render.show(*_look(persona))
        self._stage.set_persona(persona)
        self.conversation.set_manners(manners_of(persona))
        self._introduce()

    def media_clock(self) -> dict[str, Any] | None:
        return self._transport.media_clock()

    # -- Viewer -----------------------------------------------------------------------------------------

    def on_connected(self) -> None:
        self._is_connected = True
        if not self.is_waiting:
            self.begin()

    def begin(self) -> None:
        """The call starts, at once or when the viewer is connected."""
        self.is_waiting = False
        if self._has_begun or not self._is_connected:
            return
        self._has_begun = True
        self._last_heard_us = self.now_us()
        self._greet_by_us = self._last_heard_us + GREET_TIMEOUT_US
        self._arrived.set()
        self._introduce()

    def _introduce(self) -> None:
        self.tell(
            {
                "type": "session",
                "session_id": self.session_id,
                "persona": {"name": self._persona.title, "avatar": self._persona.avatar},
                "label": self._persona.label,
                "disclosure": self._persona.disclosure,
                "ai": True,
                "frame_rate_hz": self._config.video_rate_hz,
            }
        )
        self.tell({"type": "manifest", **self.manifest()})

    def _on_face_refused(self, error: ServiceError) -> None:
        """The persona's face can't be shown: the call goes on with the one before."""
        log.warning("session %s keeps its face: %s", self.session_id, error)
        self.tell({"type": "error", "code": "face_refused", "message": str(error)})

    def _on_face(self, credits: render_pb.AvatarCredits) -> None:
        """Render has begun to show somebody; the viewer is told when that is somebody else."""
        before, self._mark.face = self._mark.face, Face.of(credits)
        if self._is_connected and self._mark.face != before:
            self.tell({"type": "manifest", **self.manifest()})

    def on_audio(self, timestamp: int, payload: bytes) -> None:
        self._hear_from_viewer()
        self._media.on_packet(timestamp, payload)

    def on_message(self, text: str) -> None:
        self._hear_from_viewer()
        inbox.handle(self, text)

    def _hear_from_viewer(self) -> None:
        self._last_heard_us = self.now_us()
        self.hearing.alive(self._last_heard_us)

    def on_keyframe_request(self) -> None:
        self._render.request_keyframe()

    def on_bitrate(self, bits_per_s: int) -> None:
        wanted = min(bits_per_s, self._config.video_bitrate_bps)
        if abs(wanted - self._bitrate) > BITRATE_STEP * self._bitrate:
            self._bitrate = wanted
            self._render.set_bitrate(wanted)

    def on_closed(self) -> None:
        self.close("vanished")

    # -- Listener: what the ear reports -----------------------------------------------------------------

    def on_speech_started(self, onset_us: int) -> None:
        self.conversation.speech_started(self.now_us(), onset_us)

    def on_partial(self, text: str, *, at_rest: bool) -> None:
        self.conversation.partial(self.now_us(), text, at_rest=at_rest)

    def on_paused(self, text: str, p_complete: float, speech_end_us: int) -> None:
        self.conversation.paused(self.now_us(), text, p_complete, speech_end_us)

    def on_resumed(self) -> None:
        self.conversation.resumed(self.now_us())

    def on_final(self, text: str) -> None:
        self.conversation.final(self.now_us(), text)

    def on_ear_back(self) -> None:
        self.conversation.ear_back(self.now_us())

    # -- what only time brings ---------------------------------------------------------------------------

    def _watch(self, now_us: int) -> None:
        """The media clock once it is known, the greeting that nobody asked for, and the ends."""
        if not self._clock_told and (clock := self._transport.media_clock()) is not None:
            self._clock_told = True
            self.tell({"type": "clock", **clock})
        if now_us > self._greet_by_us:
            self.conversation.greet(now_us)
        if now_us - self._last_heard_us > self._config.vanish_timeout_s * 1_000_000:
            self.close("vanished")
        longest_s = min(self._config.max_session_s, self._persona.max_session_s or self._config.max_session_s)
        if now_us > longest_s * 1_000_000:
            self.close("timed_out")

    async def _show(self, frame: render_pb.EncodedFrame) -> None:
        await self._media.show(frame)
