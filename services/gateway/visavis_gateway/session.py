"""One call: a viewer, an ear, a face, a conversation, and the clock that they share.

Everything runs on one event loop and every event is handled to its end before the next one, so the
conversation sees one order.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from rpckit.bus import Bus
from rpckit.errors import NotFound, ServiceError
from rpckit.streams import LatestQueue
from visavis.asr.v1.asr_service_pb2_grpc import AsrServiceStub
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub
from visavis.events.v1 import events_pb2 as events
from visavis.render.v1 import render_service_pb2 as render_pb
from visavis.render.v1.render_service_pb2_grpc import RenderServiceStub
from visavis.tts.v1.tts_service_pb2_grpc import TtsServiceStub

from visavis_gateway import inbox
from visavis_gateway.backends.opus import LOOKAHEAD_US
from visavis_gateway.bandwidth import Bandwidth
from visavis_gateway.clock import SessionClock
from visavis_gateway.config import Config
from visavis_gateway.conversation import Conversation
from visavis_gateway.endings import REASONS, SessionOver, leave_reason
from visavis_gateway.endpointing import Endpointing, EndpointingValues
from visavis_gateway.engine import Move, Persona, Transport, Viewer
from visavis_gateway.faces import DrawnFace, FaceStore
from visavis_gateway.frame_times import FrameTimes
from visavis_gateway.hearing import Hearing
from visavis_gateway.knowledge import Library
from visavis_gateway.looks import start_render
from visavis_gateway.manifest import Face, Mark, Mind
from visavis_gateway.media import Media
from visavis_gateway.memories import Memory
from visavis_gateway.peers.asr import AsrPeer
from visavis_gateway.peers.render import RenderPeer
from visavis_gateway.peers.tts import require_voice
from visavis_gateway.playout import Playout
from visavis_gateway.policy import Manners, Policy
from visavis_gateway.stage import Stage
from visavis_gateway.video import Video

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 10.0
MAX_WATCHED = 200  # messages that a reader of the event stream may be behind
GREET_TIMEOUT_US = 5_000_000  # for a viewer that never says that it sees something
PACE = 1.5  # of the encoder's rate: what a keyframe may take of a narrow path
AWAY = {
    "asr": "I can't hear you for a moment. You can type.",
    "render": "The picture stands still for a moment. We can go on talking.",
}


@dataclass(frozen=True)
class Services:
    """The peers' stubs and the bus, shared by all sessions of a process."""

    asr: AsrServiceStub
    brain: BrainServiceStub
    tts: TtsServiceStub
    render: RenderServiceStub
    bus: Bus
    library: Library | None = None


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
        video: Video,
        *,
        waits: bool = False,
        history: Sequence[Move] = (),
        faces: FaceStore | None = None,
    ) -> None:
        self.session_id = session_id
        self.token = token
        self.is_waiting = waits  # connected or not, nothing happens before the viewer says `begin`
        self.is_answered = False  # a message of its viewer has come: both ways are open
        self.reason = "failed"  # why it ended
        self._persona = persona
        self._mark = Mark(session_id)
        self._find_persona = find_persona
        self._services = services
        self._config = config
        self.video = video
        self._clock = SessionClock()
        self._transport = open_transport(self, self._clock.now_us)
        self._asr = AsrPeer(services.asr, session_id, persona.language_code, self)
        # With a place for the files of faces the viewer draws, and there is no video.
        self._drawn = DrawnFace(faces, self.tell, self._transport.send_face) if faces is not None else None
        start = start_render(session_id, persona, video, viewer_draws=faces is not None)
        self._render = RenderPeer(
            services.render,
            start,
            self._show,
            self._drawn,
            self._look_refused,
            partial(self.on_away, "render"),
            self._on_face,
        )
        playout = Playout(LOOKAHEAD_US)
        self._media = Media(
            self._clock.now_us, self._transport, self._asr, self._render, playout,
            FrameTimes(video.rate_hz, config.video_idle_rate_hz),
        )  # fmt: skip
        self._bandwidth = Bandwidth(video.bitrate_bps)
        self._last_heard_us = self._greet_by_us = 0
        self._clock_told = False
        self._watchers: set[LatestQueue[dict[str, Any]]] = set()
        self._is_connected = self._has_begun = False
        self._arrived = asyncio.Event()  # the viewer is here, or the session is over before it came
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._stage = Stage(
            self, persona, self._asr, self._render, services.brain, services.tts,
            playout, services.bus, self._spawn, publish_words=config.publish_words, library=services.library,
        )  # fmt: skip
        pauses = EndpointingValues(
            shortest_us=config.shortest_wait_ms * 1000, longest_us=config.longest_wait_ms * 1000
        )
        self.hearing = Hearing()
        greeting = "" if history else persona.greeting
        self.conversation = Conversation(
            self._stage, Policy(), greeting, Endpointing(pauses), manners_of(persona)
        )
        self.conversation.take_over(history)
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
                    await self._check_voice()
                    await self._asr.ready.wait()
                    await self._render.ready.wait()
                    codec = self.video.codec if self._drawn is None else None
                    self.answer.set_result(await self._transport.answer(offer_sdp, codec))
                await self._hold()
        except* ServiceError as group:
            reason = self._failed(group.exceptions[0])
        except* SessionOver as group:
            reason = leave_reason(group)
        except* TimeoutError:
            self._failed(ServiceError("the services took too long to answer"))
        finally:
            await self._leave(reason)

    async def _check_voice(self) -> None:
        """Refuse a persona whose voice is not there, before anybody waits for its first word."""
        persona = self._persona
        if persona.voice:
            try:
                await require_voice(self._services.tts, self.session_id, persona.voice, persona.language_code)
            except NotFound as error:
                raise NotFound(f"persona {persona.name}: voice: {error}") from None

    @property
    def face(self) -> dict[str, Any]:
        """For a viewer that draws: its files, as far as they are made; nothing for others."""
        return {"face": {"files": self._drawn.files}} if self._drawn else {}

    @property
    def has_begun(self) -> bool:
        """Its viewer has come and wants it."""
        return self._has_begun

    @property
    def memory(self) -> Memory:
        """What another call would have to know to go on from here."""
        return Memory(self._persona.name, tuple(self.conversation.said))

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
        """The machine-readable mark (docs/viewer.md, section 7)."""
        return self._mark.manifest(self._persona)

    def become(self, persona_name: str) -> None:
        """Go on as another: from the next turn on in voice and mind, at once in the face.

        Raises NotFound.
        """
        persona = self._find_persona(persona_name)
        self._persona = persona
        self._render.show(persona)
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
                "frame_rate_hz": self.video.rate_hz,
                "idle_frame_rate_hz": min(self._config.video_idle_rate_hz, self.video.rate_hz),
            }
        )
        self.tell({"type": "manifest", **self.manifest()})

    def _on_face(self, credits: render_pb.AvatarCredits) -> None:
        """Render has begun to show somebody; the viewer is told when that is somebody else."""
        before, self._mark.face = self._mark.face, Face.of(credits)
        if self._is_connected and self._mark.face != before:
            self.tell({"type": "manifest", **self.manifest()})

    def on_model(self, name: str, why: str) -> None:
        """The mind has said which model answers; the viewer is told when that is another one."""
        before, self._mark.mind = self._mark.mind, Mind(name, why)
        if self._mark.mind != before:
            self.tell({"type": "manifest", **self.manifest()})

    def on_audio(self, timestamp: int, payload: bytes) -> None:
        self._hear_from_viewer()
        self._media.on_packet(timestamp, payload)

    def on_message(self, text: str) -> None:
        self._hear_from_viewer()
        self.is_answered = True
        inbox.handle(self, text)

    def _hear_from_viewer(self) -> None:
        self._last_heard_us = self.now_us()
        self.hearing.alive(self._last_heard_us)

    def on_keyframe_request(self) -> None:
        self._render.request_keyframe()

    def on_bitrate(self, bits_per_s: int) -> None:
        self._follow_network(self._bandwidth.estimated(bits_per_s))

    def on_loss(self, fraction: float) -> None:
        self._follow_network(self._bandwidth.lost(fraction))

    def _follow_network(self, changed: bool) -> None:
        if changed:
            self._render.set_bitrate(self._bandwidth.rate_bps)
        paced_bps = round(PACE * self._bandwidth.rate_bps) if self._bandwidth.is_narrow else None
        self._transport.pace_video(paced_bps)

    def on_closed(self) -> None:
        self.close("vanished")

    # -- Listener: what the ear reports -----------------------------------------------------------------

    def on_speech_started(self, onset_us: int) -> None:
        self.conversation.speech_started(self.now_us(), onset_us)

    def on_partial(self, text: str, confidence: float | None, *, at_rest: bool) -> None:
        self.conversation.partial(self.now_us(), text, confidence, at_rest=at_rest)

    def on_paused(self, text: str, p_complete: float, speech_end_us: int, confidence: float | None) -> None:
        self.conversation.paused(self.now_us(), text, p_complete, speech_end_us, confidence)

    def on_resumed(self) -> None:
        self.conversation.resumed(self.now_us())

    def on_final(self, text: str) -> None:
        self.conversation.final(self.now_us(), text)

    def on_ear_back(self) -> None:
        self.conversation.ear_back(self.now_us())

    def on_away(self, service: str, away: bool) -> None:
        """A service that the whole session needs has gone, or is back."""
        state = "away" if away else "back"
        self.tell(
            {"type": "service", "service": service, "state": state, "message": AWAY[service] if away else ""}
        )

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

    def _look_refused(self, message: str) -> None:
        """The face of the new persona can't be shown: the old one stays."""
        self.tell({"type": "error", "code": "no_face", "message": message})

    async def _show(self, frame: render_pb.EncodedFrame) -> None:
        await self._media.show(frame)
