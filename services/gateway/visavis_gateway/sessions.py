"""The open sessions: how many there may be, who may command them, how they all end."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rpckit.errors import Busy, NotFound, NotReady
from rpckit.supervise import guarded

from visavis_gateway import names
from visavis_gateway.config import Config
from visavis_gateway.engine import Transport, Viewer
from visavis_gateway.faces import FaceStore
from visavis_gateway.personas import Personas
from visavis_gateway.session import ANSWER_TIMEOUT_S, Services, Session

log = logging.getLogger(__name__)

OpenTransport = Callable[[Viewer, Callable[[], int]], Transport]
DRAIN_S = 5.0


class Sessions:
    """Opens sessions up to the limit; each runs as a task of its own and fails alone."""

    def __init__(
        self, config: Config, services: Services, personas: Personas, open_transport: OpenTransport
    ) -> None:
        self._config = config
        self._services = services
        self._open_transport = open_transport
        self._open: dict[str, Session] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.personas = personas
        self.faces = FaceStore()
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

    async def create(self, persona_name: str, offer_sdp: str, *, viewer_draws: bool = False) -> Session:
        """Open a session and answer its offer; its viewer is sent video, or draws by itself.

        Raises Busy (full), NotReady (a service is missing), NotFound (persona), InvalidInput (offer).
        """
        if self._tasks is None:
            raise NotReady("the gateway is shutting down")
        if len(self._open) >= self.limit:
            names.refused.add(1, {"visavis.reason": "full"})
            raise Busy(f"all {self.limit} sessions are in use; try again in a minute")
        persona = self.personas.find(persona_name)
        session = Session(
            secrets.token_hex(8), secrets.token_urlsafe(24), persona, self._services, self._config,
            self._open_transport, self.personas.find, self.faces, viewer_draws=viewer_draws,
        )  # fmt: skip
        self._open[session.session_id] = session
        names.sessions.add(1)
        self._tasks.create_task(self._run(session, offer_sdp), name=f"session {session.session_id}")
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
            del self._open[session.session_id]
            names.sessions.add(-1)
            if not session.answer.done():
                session.answer.set_exception(NotReady("the session could not be opened"))

    async def _drain(self) -> None:
        async with asyncio.timeout(DRAIN_S):
            while self._open:  # noqa: ASYNC110 - sessions end by themselves; there is no one event for all
                await asyncio.sleep(0.05)
