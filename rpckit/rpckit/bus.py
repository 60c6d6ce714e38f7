"""Control events over NATS with protobuf payloads. Losing NATS never stops a call: events are best effort."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import nats
from google.protobuf.message import DecodeError, Message
from nats.aio.client import Client
from nats.aio.msg import Msg
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


class Bus:
    """One NATS connection. With no URL it is a bus to nowhere: publish drops, subscribe never fires."""

    def __init__(self, client: Client | None) -> None:
        self._client = client

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

        async def on_message(raw: Msg) -> None:
            message = message_type()
            try:
                message.ParseFromString(raw.data)
            except DecodeError:
                log.warning("unreadable payload on %s dropped", raw.subject)
                return
            await handle(message, propagate.extract(raw.headers or {}, context=Context()))

        async def nothing() -> None:
            return

        if self._client is None:
            return nothing
        subscription = await self._client.subscribe(subject(session_id, event), cb=on_message)

        async def unsubscribe() -> None:
            if self.is_connected:
                await subscription.unsubscribe()

        return unsubscribe

    async def flush(self) -> None:
        """Wait until the server has seen what was sent."""
        if self.is_connected and self._client is not None:
            await self._client.flush(timeout=CONNECT_TIMEOUT_S)


async def _on_error(error: Exception) -> None:
    log.warning("nats: %s", error or type(error).__name__)


async def _on_reconnect() -> None:
    log.info("nats: connected again")


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Bus]:
    """A bus while inside; reconnects by itself, subscriptions included. An empty URL gives a bus to nowhere.

    A server that can't be reached at the start is a warning, not an end: the call goes on without events.
    """
    if not url:
        yield Bus(None)
        return
    closing = False

    async def on_disconnect() -> None:
        if not closing:  # nats-py calls this on an orderly close too
            log.warning("nats: connection lost, reconnecting")

    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S * 2):
            client = await nats.connect(
                url,
                connect_timeout=CONNECT_TIMEOUT_S,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.5,
                pending_size=1 << 20,
                error_cb=_on_error,
                disconnected_cb=on_disconnect,
                reconnected_cb=_on_reconnect,
            )
    except (NatsError, OSError, TimeoutError) as error:
        log.warning("nats at %s can't be reached (%s): events are off", url, error or type(error).__name__)
        yield Bus(None)
        return
    try:
        yield Bus(client)
    finally:
        closing = True
        await client.close()
