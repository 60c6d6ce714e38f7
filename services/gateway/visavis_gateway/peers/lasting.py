"""A stream that lives as long as the session: when it breaks it is opened again, from a snapshot."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Generic

from rpckit.errors import NotReady

from visavis_gateway.peers.duplex import Duplex, Req, Res

log = logging.getLogger(__name__)

PAUSE_S = 0.3
LASTED_S = 2.0  # a stream that was up for so long is opened again at once
GIVE_UP_S = 45.0  # a service that is not back by then (a cold start compiles the face) is lost


class LastingStream(Generic[Req, Res]):
    """Like Duplex, but it survives its service. What is sent while it is away is lost."""

    def __init__(
        self,
        name: str,
        open_call: Callable[..., Any],
        make_start: Callable[[bool], Req],
        on_response: Callable[[Res], Any],
        on_reopened: Callable[[], None],
        on_away: Callable[[bool], None],
        maxsize: int = 256,
        on_started: Callable[[Res], None] = lambda started: None,
    ) -> None:
        self._name = name
        self._open_call = open_call
        self._make_start = make_start
        self._on_response = on_response
        self._on_reopened = on_reopened
        self._on_away = on_away  # True: it does not come back at once; False: it is back
        self._is_away = False
        self._maxsize = maxsize
        self._tell_started = on_started
        self._stream: Duplex[Req, Res] = Duplex(name, maxsize)
        self._broken_at_s: float | None = None
        self._started_s = 0.0
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Hold the stream until cancelled. Raises the error of the first try, or when it stays broken."""
        while True:
            try:
                await self._stream.run(
                    self._open_call,
                    self._make_start(self.ready.is_set()),
                    self._on_response,
                    on_started=self._on_started,
                )
                raise NotReady(f"{self._name} ended the stream")
            except NotReady as error:
                up_s = asyncio.get_running_loop().time() - self._started_s
                lasted = self._broken_at_s is None and up_s > LASTED_S
                self._note_break(error)
            self._stream = Duplex(self._name, self._maxsize)
            await asyncio.sleep(0 if lasted else PAUSE_S)

    def send(self, request: Req) -> bool:
        """Queue a request; False when it is lost (the service is away or far behind)."""
        return self._stream.is_open and self._stream.send(request)

    @property
    def is_open(self) -> bool:
        return self._stream.is_open

    @property
    def waiting(self) -> int:
        """Requests not written yet."""
        return self._stream.waiting

    def _on_started(self, started: Res) -> None:
        if self.ready.is_set():
            log.info("%s is back", self._name)
            self._on_reopened()
        if self._is_away:
            self._is_away = False
            self._on_away(False)
        self._broken_at_s, self._started_s = None, asyncio.get_running_loop().time()
        self._tell_started(started)
        self.ready.set()

    def _note_break(self, error: NotReady) -> None:
        now_s = asyncio.get_running_loop().time()  # as every other wait of a session
        if self._broken_at_s is None:
            log.warning("%s; opening it again", error)
            self._broken_at_s = now_s
        elif self.ready.is_set() and not self._is_away:
            self._is_away = True
            self._on_away(True)
        if not self.ready.is_set() or now_s - self._broken_at_s > GIVE_UP_S:
            raise error
