"""The open sessions: how many there may be, who may command them, how they all end."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from rpckit.errors import Busy, NotFound, NotReady
from rpckit.supervise import guarded

from visavis_gateway import names
from visavis_gateway.config import Config
from visavis_gateway.engine import Move, Persona, Transport, Viewer
from visavis_gateway.faces import FaceStore
from visavis_gateway.looks import start_render
from visavis_gateway.memories import Memories
from visavis_gateway.peers.portrait import portrait
from visavis_gateway.personas import Personas
from visavis_gateway.portraits import Portraits
from visavis_gateway.session import ANSWER_TIMEOUT_S, Services, Session
from visavis_gateway.video import Video, agreed

log = logging.getLogger(__name__)

OpenTransport = Callable[[Viewer, Callable[[], int]], Transport]
DRAIN_S = 5.0
BROKE_OFF = ("vanished", "failed")  # ends that the viewer may not have wanted


class Sessions:
    """Opens sessions up to the limit; each runs as a task of its own and fails alone."""

    def __init__(
        self, config: Config, services: Services, personas: Personas, open_transport: OpenTransport
    ) -> None:
        self._config = config
        self._services = services
        self._open_transport = open_transport
        self._open: dict[str, Session] = {}
        self._ends: dict[str, asyncio.Task[None]] = {}
        self._memories = Memories(config.resume_within_s)
        self._tasks: asyncio.TaskGroup | None = None
        self.personas = personas
        self.faces = FaceStore()
        self.portraits = Portraits(self._draw)
        self.limit = config.max_sessions

    @property
    def open_count(self) -> int:
        return len(self._open)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sessions may be opened while inside; on the way out all are closed."""
        async with asyncio.TaskGroup() as self._tasks:
            try:
                yield
            finally:
                tasks, self._tasks = self._tasks, None
                for session in self._open.values():
                    session.close("shutdown")
                tasks.create_task(self._drain(), name="sessions.drain")

    async def create(
        self,
        persona_name: str,
        offer_sdp: str,
        video: Video | None = None,
        *,
        waits: bool = False,
        resumes: tuple[str, str] | None = None,
        viewer_draws: bool = False,
    ) -> Session:
        """Open a session and answer its offer; it goes on where `resumes` (id, token) broke off.
        Without `video` the picture is as usual.

        Its viewer is sent video, or draws by itself. One that waits costs nothing but its place, until its
        viewer says `begin`, and gives that up for one that does not wait. Raises Busy (full), NotReady (a
        service is missing), NotFound (persona), InvalidInput (offer).
        """
        history = await self._resumed(*resumes) if resumes else []
        if len(self._open) >= self.limit and not waits:
            await self._close_one_that_waits()
        if self._tasks is None:
            raise NotReady("the gateway is shutting down")
        if len(self._open) >= self.limit:
            names.refused.add(1, {"visavis.reason": "full"})
            raise Busy(f"all {self.limit} sessions are in use; try again in a minute")
        persona = self.personas.find(persona_name)
        session = Session(
            secrets.token_hex(8), secrets.token_urlsafe(24), persona, self._services, self._config,
            self._open_transport, self.personas.find, agreed(video or self._config.video, offer_sdp),
            waits=waits, history=history, faces=self.faces if viewer_draws else None,
        )  # fmt: skip
        self._open[session.session_id] = session
        names.sessions.add(1)
        running = self._run(session, offer_sdp)
        task = self._tasks.create_task(running, name=f"session {session.session_id}")
        self._ends[session.session_id] = task
        async with asyncio.timeout(ANSWER_TIMEOUT_S + DRAIN_S):
            await asyncio.shield(session.answer)
        return session

    def find(self, session_id: str, token: str) -> Session:
        """The session that `token` may command. Raises NotFound for a wrong pair, without saying which."""
        session = self._open.get(session_id)
        if session is None or not secrets.compare_digest(session.token.encode(), token.encode()):
            raise NotFound("no such session, or not your token")
        return session

    def require_any(self, token: str) -> None:
        """Raise NotFound unless `token` belongs to an open session."""
        tokens = [session.token.encode() for session in self._open.values()]
        if not any([secrets.compare_digest(each, token.encode()) for each in tokens]):  # all: no early end
            raise NotFound("no such file, or not your token")

    @guarded
    async def _run(self, session: Session, offer_sdp: str) -> None:
        try:
            await session.run(offer_sdp)
        finally:
            del self._open[session.session_id], self._ends[session.session_id]
            if session.reason in BROKE_OFF:
                said = session.conversation.history
                self._memories.keep(time.monotonic(), session.session_id, session.token, said)
            names.sessions.add(-1)
            if not session.answer.done():
                session.answer.set_exception(NotReady("the session could not be opened"))

    async def _resumed(self, session_id: str, token: str) -> list[Move]:
        """What was said in that session; it ends if it has not noticed yet that its viewer is gone."""
        session = self._open.get(session_id)
        if session is not None and secrets.compare_digest(session.token.encode(), token.encode()):
            await self._end(session, "vanished")
        return self._memories.take(time.monotonic(), session_id, token)

    async def _close_one_that_waits(self) -> None:
        waiting = next((session for session in self._open.values() if session.is_waiting), None)
        if waiting is not None:
            await self._end(waiting, "vanished")

    async def _end(self, session: Session, reason: str) -> None:
        session.close(reason)
        await asyncio.wait([self._ends[session.session_id]], timeout=DRAIN_S)

    async def _draw(self, persona: Persona) -> bytes:
        video = replace(self._config.video, codec="vp8")
        start = start_render(f"portrait-{secrets.token_hex(4)}", persona, video, viewer_draws=False)
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await portrait(self._services.render, start)

    async def _drain(self) -> None:
        async with asyncio.timeout(DRAIN_S):
            while self._open:  # noqa: ASYNC110 - sessions end by themselves; there is no one event for all
                await asyncio.sleep(0.05)
