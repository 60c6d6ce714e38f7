"""Bidirectional calls inside this process, with as much of grpc.aio's surface as the gateway uses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import grpc

EOF = grpc.aio.EOF
WINDOW = 16  # responses that may wait unread: HTTP/2's window, in messages


class Broken(Exception):
    """Ends a call with a status, as a service would."""

    def __init__(self, code: grpc.StatusCode, details: str = "") -> None:
        super().__init__(details)
        self.code = code
        self.details = details


def unavailable() -> Broken:
    return Broken(grpc.StatusCode.UNAVAILABLE, "not today")


class Call:
    """One call. The gateway writes, reads and cancels; `serve(call)` is the service's side of it."""

    def __init__(self, name: str, serve: Callable[["Call"], Coroutine[Any, Any, None]]) -> None:
        self.name = name
        self._requests: asyncio.Queue[Any] = asyncio.Queue()
        self._responses: asyncio.Queue[Any] = asyncio.Queue(WINDOW)
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(serve), name=f"fake {name}")
        self._failure: Broken | None = None
        self.closed_s: float | None = None

    # -- the gateway's side -----------------------------------------------------------------------------

    async def write(self, request: Any) -> None:
        if self._task.done():
            raise asyncio.InvalidStateError("the call has ended")
        await asyncio.sleep(0)
        self._requests.put_nowait(request)

    async def read(self) -> Any:
        response = await self._responses.get()
        if isinstance(response, Broken):
            metadata = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(response.code, metadata, metadata, response.details)
        return response

    async def done_writing(self) -> None:
        self._requests.put_nowait(EOF)

    def cancel(self) -> bool:
        self._close()
        return self._task.cancel()

    # -- the service's side -----------------------------------------------------------------------------

    async def requests(self) -> AsyncIterator[Any]:
        """What the gateway writes, until it is done."""
        while (request := await self._requests.get()) is not EOF:
            yield request

    async def respond(self, response: Any) -> None:
        """Waits while the gateway does not read."""
        await self._responses.put(response)

    def fail(self, error: Broken) -> None:
        """End the call from outside its handler."""
        self._failure = error
        self._task.cancel()

    async def _run(self, serve: Callable[["Call"], Coroutine[Any, Any, None]]) -> None:
        try:
            end = await self._outcome(serve)
        except asyncio.CancelledError:
            if self._failure is None:
                raise
            end = self._failure
        finally:
            self._close()
        await self._responses.put(end)

    async def _outcome(self, serve: Callable[["Call"], Coroutine[Any, Any, None]]) -> Any:
        end: Any = EOF
        try:
            await serve(self)
        except* Broken as group:
            end = group.exceptions[0]
        return end

    def _close(self) -> None:
        if self.closed_s is None:
            self.closed_s = self._loop.time()
