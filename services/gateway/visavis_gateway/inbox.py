"""What comes in from outside a call: the viewer's messages, and applications over NATS."""

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from opentelemetry.context import Context
from rpckit.bus import Bus
from rpckit.errors import InvalidInput, NotFound, require
from visavis.events.v1 import events_pb2 as events

from visavis_gateway import names
from visavis_gateway.conversation import Conversation
from visavis_gateway.hearing import Hearing

MAX_MESSAGE_BYTES = 16 * 1024
MAX_TEXT = 2000
MAX_OFFSET_S = 10.0


class Guest(Protocol):
    """What a message may reach."""

    conversation: Conversation
    hearing: Hearing
    is_waiting: bool

    def begin(self) -> None: ...
    def now_us(self) -> int: ...
    def media_clock(self) -> dict[str, Any] | None: ...
    def tell(self, message: dict[str, Any]) -> None: ...
    def close(self, reason: str) -> None: ...
    def become(self, persona_name: str) -> None: ...


def text_of(message: dict[str, Any]) -> str:
    """The field `text`. Raises InvalidInput."""
    text = message.get("text")
    require(isinstance(text, str), "text must be a string")
    assert isinstance(text, str)
    require(0 < len(text.strip()) <= MAX_TEXT, f"text must have 1 to {MAX_TEXT} characters")
    return text.strip()


def handle(guest: Guest, raw: str) -> None:
    """One message of the viewer; a bad one is answered by an error and changes nothing."""
    try:
        require(
            0 < len(raw) <= MAX_MESSAGE_BYTES, f"a message must be text of 1 to {MAX_MESSAGE_BYTES} bytes"
        )
        message = json.loads(raw)
        typed = isinstance(message, dict) and isinstance(message.get("type"), str)
        require(typed, "a message must be an object with a type")
        _dispatch(guest, message)
    except (InvalidInput, ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, InvalidInput) else "a message must be JSON"
        guest.tell({"type": "error", "code": "invalid_message", "message": why})


def _dispatch(guest: Guest, message: dict[str, Any]) -> None:
    kind = message["type"]
    require(not guest.is_waiting or kind in ("begin", "bye"), "this session waits: send begin first")
    match kind:
        case "begin":
            guest.begin()
        case "shown":
            guest.conversation.greet(guest.now_us())
        case "text":
            guest.conversation.typed(guest.now_us(), text_of(message))
        case "interrupt":
            guest.conversation.interrupt(guest.now_us())
        case "report":
            if (clock := guest.media_clock()) is not None:
                take_report(guest, message, clock)
        case "bye":
            guest.close("left")


def take_report(guest: Guest, message: dict[str, Any], clock: dict[str, Any]) -> float | None:
    """What the viewer plays and shows: its delay, and the A/V offset in seconds, positive = audio early.

    None for a report that makes no sense.
    """
    shown_s = _shown_s(message, clock)
    heard = (message.get("audio_rtp"), message.get("output_latency_ms", 0))
    if shown_s is None or not all(map(_is_number, heard)):
        return None
    audio_rtp, latency_ms = (float(value) for value in heard if value is not None)
    heard_s = _media_s(audio_rtp, clock["audio"]) - latency_ms / 1000
    offset_s = heard_s - shown_s
    if abs(offset_s) > MAX_OFFSET_S:
        return None
    guest.hearing.report(guest.now_us(), round(heard_s * 1_000_000))
    direction = "audio_early" if offset_s > 0 else "audio_late"
    names.av_offset.record(abs(offset_s), {names.DIRECTION: direction})
    return offset_s


def _shown_s(message: dict[str, Any], clock: dict[str, Any]) -> float | None:
    """Session time of the face on the screen: a frame of the video, or a state that the viewer draws."""
    if "video" in clock:
        rtp = message.get("video_rtp")
        return _media_s(float(rtp), clock["video"]) if _is_number(rtp) and rtp is not None else None
    pts_us = message.get("face_pts_us")
    return float(pts_us) / 1_000_000 if _is_number(pts_us) and pts_us is not None else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _media_s(rtp: float, clock: dict[str, Any]) -> float:
    """Session time of a 32-bit RTP timestamp."""
    ticks = (rtp - clock["rtp"]) % 2**32
    return float(ticks / clock["rate_hz"] + clock["pts_us"] / 1_000_000)


@asynccontextmanager
async def listening(bus: Bus, session_id: str, guest: Guest) -> AsyncIterator[None]:
    """While inside, `say`, `interrupt` and `set_persona` on NATS reach this session."""

    async def on_say(say: events.Say, context: Context) -> None:
        try:
            guest.conversation.say(guest.now_us(), text_of({"text": say.text}))
        except InvalidInput:
            return  # published by an application: nobody waits for an answer

    async def on_persona(change: events.SetPersona, context: Context) -> None:
        with suppress(NotFound):
            guest.become(change.persona)

    async def on_interrupt(stop: events.Interrupt, context: Context) -> None:
        guest.conversation.interrupt(guest.now_us(), stop.turn_id, stop.generation)

    leave = [
        await bus.subscribe(session_id, "say", events.Say, on_say),
        await bus.subscribe(session_id, "set_persona", events.SetPersona, on_persona),
        await bus.subscribe(session_id, "interrupt", events.Interrupt, on_interrupt),
    ]
    try:
        yield
    finally:
        for unsubscribe in leave:
            await unsubscribe()
