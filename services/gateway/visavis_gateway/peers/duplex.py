"""One bidirectional call: start, started, then both directions at once."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import grpc
from rpckit.errors import Busy, InvalidInput, NotFound, NotReady, ServiceError, Unsupported
from rpckit.streams import WaitingQueue

Req = TypeVar("Req")
Res = TypeVar("Res")

log = logging.getLogger(__name__)

START_TIMEOUT_S = 5.0
EOF = grpc.aio.EOF  # type: ignore[attr-defined]  # missing in the published stubs

ERRORS: dict[grpc.StatusCode, type[ServiceError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidInput,
    grpc.StatusCode.FAILED_PRECONDITION: Unsupported,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Busy,
}


class Duplex(Generic[Req, Res]):
    """A call to a service. `send` queues, `run` drives; leaving `run` ends the call."""

    def __init__(self, name: str, maxsize: int = 256) -> None:
        self._name = name
        self._outgoing: WaitingQueue[Req] = WaitingQueue(maxsize, f"gateway.{name}")
        self.is_open = False
        self._is_over = False

    def send(self, request: Req) -> bool:
        """Queue a request; False when the service is too slow to take any more, or the call is over."""
        if self._is_over:
            return False
        try:
            self._outgoing.put_or_raise(request)
        except asyncio.QueueFull:
            return False
        return True

    async def put(self, request: Req) -> None:
        """Queue a request; waits while the service is slow (the back-pressure). Lost after the call."""
        if not self._is_over:
            await self._outgoing.put(request)

    async def end(self) -> None:
        """No more requests; the service may still answer."""
        await self._outgoing.end()

    @property
    def waiting(self) -> int:
        """Requests not written yet."""
        return len(self._outgoing)

    async def run(
        self,
        open_call: Callable[..., Any],
        start: Req,
        on_response: Callable[[Res], Any],
        *,
        on_started: Callable[[Res], None] = lambda started: None,
        metadata: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Hold the call until the service ends it. `on_response` may be a coroutine function.

        Raises a ServiceError: Busy, InvalidInput, NotFound, Unsupported as the service said, else NotReady.
        """
        self._is_over = False
        call = open_call(metadata=metadata, wait_for_ready=False)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await call.write(start)
                started = await call.read()
            if started is EOF:
                raise NotReady(f"{self._name} ended the call at its start")
            self.is_open = True
            on_started(started)
            failure = await self._exchange(call, on_response)
        except grpc.aio.AioRpcError as error:
            failure = error
        except TimeoutError:
            raise NotReady(f"{self._name} does not answer") from None
        finally:
            self.is_open, self._is_over = False, True
            self._outgoing.clear()
            call.cancel()
        if failure is not None:
            raise self._translate(failure)

    async def _exchange(self, call: Any, on_response: Callable[[Res], Any]) -> grpc.aio.AioRpcError | None:
        """Write and read until the service ends the call; the error that it ended with."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write(call), name=f"{self._name}.write")
            try:
                while (response := await call.read()) is not EOF:
                    outcome = on_response(response)
                    if outcome is not None:
                        await outcome
            except grpc.aio.AioRpcError as error:
                return error
            finally:
                writer.cancel()
        return None

    async def _write(self, call: Any) -> None:
        try:
            async for request in self._outgoing:
                await call.write(request)
            await call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return  # the call has ended: the reader knows why

    def _translate(self, error: grpc.aio.AioRpcError) -> ServiceError:
        kind = ERRORS.get(error.code())
        if kind is not None:
            return kind(f"{self._name}: {error.details()}")
        log.info("%s: %s %s", self._name, error.code().name, error.details())  # addresses: not for a viewer
        return NotReady(f"{self._name} is not available right now")
