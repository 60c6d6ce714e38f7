"""Control events over NATS with protobuf payloads. Losing NATS never stops a call: events are best effort."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from opentelemetry import metrics, propagate
from opentelemetry.context import Context

log = logging.getLogger(__name__)
meter = metrics.get_meter("rpckit")
published = meter.create_counter("visavis.bus.published", "{message}", "Events published, by event")
lost = meter.create_counter("visavis.bus.lost", "{message}", "Events that could not be published, by event")

M = TypeVar("M", bound=Message)
PREFIX = "visavis.v1"
CONNECT_TIMEOUT_S = 2


def subject(session_id: str, event: str) -> str:
    """The subject of an event; `*` as session means every session."""
    return f"{PREFIX}.{session_id}.{event}"


OnMessage = Callable[[Msg], Awaitable[None]]


def _reader(message_type: type[M], handle: Callable[[M, Context], Awaitable[None]]) -> OnMessage:
    """Parses a message for `handle`; one that can't be read is logged and dropped."""

    async def on_message(raw: Msg) -> None:
        message = message_type()
        try:
            message.ParseFromString(raw.data)
        except DecodeError:
            log.warning("unreadable payload on %s dropped", raw.subject)
            return
        await handle(message, propagate.extract(raw.headers or {}, context=Context()))

    return on_message


@dataclass(eq=False)
class Listening:
    """What somebody wants to hear; `subscription` is None until the server was reached for the first time."""

    subject: str
    on_message: OnMessage
    subscription: Subscription | None = None


class Bus:
    """One NATS connection. With no URL it is a bus to nowhere: publish drops, subscribe never fires."""

    def __init__(self, client: Client | None) -> None:
        self._client = client
        self._was_reached = False
        self._waiting: list[Listening] = []

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    async def publish(self, session_id: str, event: str, message: Message) -> None:
        """Send once, with the current trace context; a lost event is counted, never raised."""
        labels = {"messaging.destination.name": event}
        if not self.is_connected or self._client is None:
            lost.add(1, labels)
            return
        headers: dict[str, str] = {}
        propagate.inject(headers)
        try:
            # nats-py refuses an empty header dict.
            await self._client.publish(
                subject(session_id, event), message.SerializeToString(), headers=headers or None
            )
            published.add(1, labels)
        except NatsError as error:
            lost.add(1, labels)
            log.warning("event %s not published: %s", event, error)

    async def subscribe(
        self,
        session_id: str,
        event: str,
        message_type: type[M],
        handle: Callable[[M, Context], Awaitable[None]],
    ) -> Callable[[], Awaitable[None]]:
        """Call `handle(message, trace context)` for each event; returns the way to unsubscribe.

        A payload that can't be read is logged and dropped.
        """

        async def nothing() -> None:
            return

        if self._client is None:
            return nothing
        listening = Listening(subject(session_id, event), _reader(message_type, handle))
        if self._was_reached:
            listening.subscription = await self._client.subscribe(listening.subject, cb=listening.on_message)
        else:
            self._waiting.append(listening)

        async def unsubscribe() -> None:
            if listening in self._waiting:
                self._waiting.remove(listening)
            elif (
                listening.subscription is not None and self._client is not None and not self._client.is_closed
            ):
                await listening.subscription.unsubscribe()  # while it is away, too: it must not come back

        return unsubscribe

    async def reached(self) -> None:
        """The server answers for the first time: subscribe to what was asked for meanwhile."""
        assert self._client is not None
        self._was_reached = True
        while self._waiting:
            listening = self._waiting.pop()
            listening.subscription = await self._client.subscribe(listening.subject, cb=listening.on_message)

    async def flush(self) -> None:
        """Wait until the server has seen what was sent."""
        if self.is_connected and self._client is not None:
            await self._client.flush(timeout=CONNECT_TIMEOUT_S)


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Bus]:
    """A bus while inside; connects by itself, at the start and again. An empty URL gives a bus to nowhere.

    A server that can't be reached, now or later, is a warning and not an end: calls go on without events.
    """
    if not url:
        yield Bus(None)
        return
    client = Client()
    bus = Bus(client)
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        first_try = asyncio.Event()
        connecting = tasks.create_task(_connect(client, bus, url, first_try), name="bus.connect")
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await first_try.wait()
        except TimeoutError:
            log.warning("nats at %s does not answer: events are off until it does", url)
        try:
            yield bus
        except Exception as error:  # raised below, where the group does not wrap it
            failure = error
        finally:
            connecting.cancel()
    if failure is not None:
        raise failure


async def _connect(client: Client, bus: Bus, url: str, first_try: asyncio.Event) -> None:
    """Connect, however long that takes; hold the connection until cancelled."""
    is_down = closing = False

    async def on_error(error: Exception) -> None:
        nonlocal is_down
        if client.is_connected:
            log.warning("nats: %s", error or type(error).__name__)
        elif not is_down:  # once: it is tried twice a second
            is_down = True
            log.warning("nats at %s: %s; events are off until it answers", url, error or type(error).__name__)
        first_try.set()

    async def on_disconnect() -> None:
        nonlocal is_down
        if not closing:  # nats-py calls this on an orderly close too
            is_down = True
            log.warning("nats: connection lost, events are off until it is back")

    async def on_reconnect() -> None:
        nonlocal is_down
        is_down = False
        log.info("nats: connected again")

    try:
        await client.connect(
            url,
            connect_timeout=CONNECT_TIMEOUT_S,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,  # type: ignore[arg-type]  # any number of seconds will do
            pending_size=1 << 20,
            error_cb=on_error,
            disconnected_cb=on_disconnect,
            reconnected_cb=on_reconnect,
        )
        if is_down:
            await on_reconnect()
        await bus.reached()
        first_try.set()
        await asyncio.Event().wait()
    finally:
        closing = True
        await client.close()
