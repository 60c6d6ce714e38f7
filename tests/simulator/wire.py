"""NATS of a simulated session: everything published is kept, and reaches those who subscribed."""

import asyncio
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from opentelemetry.context import Context
from rpckit.bus import Bus

HOP_S = 0.002
SESSION_ID = "s1"


class RecordingBus(Bus):
    """One session's subjects."""

    def __init__(self) -> None:
        super().__init__(None)
        self._loop = asyncio.get_running_loop()
        self._handlers: dict[str, list[Any]] = {}
        self._deliveries: set[asyncio.Task[None]] = set()
        self.published: list[tuple[int, str, Any]] = []  # microseconds of the loop, event, message

    async def publish(self, session_id: str, event: str, message: Message) -> None:
        self.published.append((round(self._loop.time() * 1_000_000), event, message))
        self._deliver(event, message)

    async def subscribe(self, session_id: str, event: str, message_type: Any, handle: Any) -> Any:
        self._handlers.setdefault(event, []).append(handle)

        async def unsubscribe() -> None:
            self._handlers[event].remove(handle)

        return unsubscribe

    def listen(self, event: str, handle: Callable[[Any], None]) -> None:
        """A service listens, too."""

        async def on_message(message: Any, context: Context) -> None:
            handle(message)

        self._handlers.setdefault(event, []).append(on_message)

    def from_application(self, event: str, message: Any) -> None:
        """An application publishes."""
        message.session_id = SESSION_ID
        assert self._handlers.get(event), f"nobody listens to {event}"
        self._deliver(event, message)

    def of_kind(self, event: str) -> list[tuple[int, Any]]:
        """What the gateway published under an event, and when."""
        return [(at, message) for at, kind, message in self.published if kind == event]

    def _deliver(self, event: str, message: Message) -> None:
        for handle in self._handlers.get(event, []):
            self._loop.call_later(HOP_S, self._hand_over, handle, message)

    def _hand_over(self, handle: Any, message: Message) -> None:
        task = self._loop.create_task(handle(message, Context()), name="fake nats")
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)
