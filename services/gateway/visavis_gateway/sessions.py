"""The open sessions: how many there may be, who may command them, how they all end."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from rpckit.errors import Busy, NotFound, NotReady
from rpckit.supervise import guarded

from visavis_gateway import names
from visavis_gateway.backends.shelf import SealedShelf
from visavis_gateway.config import Config
from visavis_gateway.engine import Persona, Shelf, Transport, Viewer
from visavis_gateway.faces import FaceStore
from visavis_gateway.looks import start_render
from visavis_gateway.memories import Memories, Memory
from visavis_gateway.peers.portrait import portrait
from visavis_gateway.personas import Personas
from visavis_gateway.portraits import Portraits
from visavis_gateway.session import ANSWER_TIMEOUT_S, Services, Session
from visavis_gateway.video import Video, agreed

log = logging.getLogger(__name__)

OpenTransport = Callable[[Viewer, Callable[[], int]], Transport]
DRAIN_S = 5.0
BROKE_OFF = ("vanished", "failed", "shutdown")  # ends that the viewer may not have wanted
KEEP_EVERY_S = 0.1  # at most so much is not remembered when this process is killed


class Sessions:
    """Opens sessions up to the limit; each runs as a task of its own and fails alone."""

    def __init__(
        self,
        config: Config,
        services: Services,
        personas: Personas,
        open_transport: OpenTransport,
        shelf: Shelf | None = None,
    ) -> None:
        self._config = config
        self._services = services
        self._open_transport = open_transport
        self._open: dict[str, Session] = {}
        self._ends: dict[str, asyncio.Task[None]] = {}
        self._memories = Memories(config.resume_within_s, shelf or SealedShelf())
        self._follows: dict[str, str] = {}  # session -> the one that it goes on from
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
            keeping = self._tasks.create_task(self._keep_memories(), name="memories")
            try:
                yield
            finally:
                keeping.cancel()
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
        Without `video` the picture is as usual, without a name the persona is that of the session resumed.

        Its viewer is sent video, or draws by itself. One that waits costs nothing but its place, until its
        viewer says `begin`, and gives that up for one that does not wait. Raises Busy (full), NotReady (a
        service is missing), NotFound (persona), InvalidInput (offer).
        """
        memory = await self._resumed(*resumes) if resumes else None
        if len(self._open) >= self.limit and not waits:
            await self._close_one_that_waits()
        if self._tasks is None:
            raise NotReady("the gateway is shutting down")
        if len(self._open) >= self.limit:
            names.refused.add(1, {"visavis.reason": "full"})
            raise Busy(f"all {self.limit} sessions are in use; try again in a minute")
        persona = self._find_persona(persona_name, memory)
        session = Session(
            secrets.token_hex(8), secrets.token_urlsafe(24), persona, self._services, self._config,
            self._open_transport, self.personas.find, agreed(video or self._config.video, offer_sdp),
            waits=waits, history=memory.history if memory else (), faces=self.faces if viewer_draws else None,
        )  # fmt: skip
        if memory and resumes:
            self._follows[session.session_id] = resumes[0]
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

    async def hang_up(self, session_id: str, token: str) -> None:
        """End the session; forget one that broke off. Raises NotFound."""
        if session_id not in self._open and await self._memories.recall(session_id, token) is not None:
            await self._memories.forget(session_id)
        else:
            self.find(session_id, token).close("left")

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
            names.sessions.add(-1)
            if not session.answer.done():
                session.answer.set_exception(NotReady("the session could not be opened"))
            await self._settle_memory(session)

    @guarded
    async def _keep_memories(self) -> None:
        """Keep what is said in each session as it is said: nobody is told before this process dies."""
        kept: dict[str, Memory] = {}
        refreshed_s = 0.0
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            now_s = asyncio.get_running_loop().time()
            if now_s - refreshed_s > self._memories.refresh_s:
                kept, refreshed_s = {}, now_s
                await self._memories.tidy()
            before, kept = kept, {}
            for session_id, session in list(self._open.items()):
                if session_id in self._open:  # it may have ended while the one before it was kept
                    kept[session_id] = await self._remember(session, before.get(session_id))

    async def _remember(self, session: Session, kept: Memory | None = None) -> Memory:
        """Keep what it knows, if that is not `kept` already."""
        memory = session.memory
        is_wanted = session.has_begun and memory != kept
        if is_wanted and await self._memories.keep(session.session_id, session.token, memory):
            await self._forget_former(session)
        return memory

    async def _settle_memory(self, session: Session) -> None:
        """A session is over: what was said is kept if its viewer may not have wanted that, else forgotten."""
        if session.reason in BROKE_OFF:
            await self._remember(session)
        else:
            await self._memories.forget(session.session_id)
            await self._forget_former(session)
        self._follows.pop(session.session_id, None)

    async def _forget_former(self, session: Session) -> None:
        """What it goes on from may go; until its viewer is really there that may be asked for again."""
        if session.is_answered and (former := self._follows.pop(session.session_id, None)):
            await self._memories.forget(former)

    def _find_persona(self, name: str, memory: Memory | None) -> Persona:
        if not name and memory is not None:
            with suppress(NotFound):  # it may have been taken away meanwhile
                return self.personas.find(memory.persona)
        return self.personas.find(name)

    async def _resumed(self, session_id: str, token: str) -> Memory | None:
        """What was said in that session; it ends if it has not noticed yet that its viewer is gone."""
        session = self._open.get(session_id)
        if session is not None and secrets.compare_digest(session.token.encode(), token.encode()):
            await self._end(session, "vanished")
        return await self._memories.recall(session_id, token)

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
