"""Calls to the two systems under test: one microphone, one way to receive, two ways to connect."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import httpx
from aiortc import RTCPeerConnection, RTCSessionDescription
from visavis_cli.talk.arrivals import tap
from visavis_cli.talk.client import Call, open_call
from visavis_cli.talk.conversation import at_rest
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.microphone import Microphone
from visavis_cli.talk.record import Record

CONNECT_WITHIN_S = 20.0
GREETED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.02


class Line(Protocol):
    """An open call, as a trial sees it."""

    record: Record
    microphone: Microphone

    async def until(self, happened: Callable[[], bool], within_s: float, what: str) -> None:
        """Wait for something; TalkError when the call ends or time is up."""


Talk = Callable[[Line], Awaitable[None]]


async def call_visavis(
    url: str,
    record: Record,
    talk: Talk,
    progress: Callable[[str], None],
    on_open: Callable[[Call], object] = lambda call: None,
) -> None:
    """Hold a call with visavis; `on_open` comes before the greeting, `talk` begins when that has ended."""
    async with open_call(url, None, record, progress) as call:
        on_open(call)
        try:
            async with asyncio.TaskGroup() as group:
                reports = group.create_task(call.send_reports(), name="bench.reports")
                await call.until(
                    lambda: bool(record.greeting) and at_rest(call), GREETED_WITHIN_S, "no greeting"
                )
                await talk(call)
                reports.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None


class PeerCall:
    """A call with the peer: an audio track both ways, and Pipecat's messages on a data channel."""

    def __init__(self, peer: RTCPeerConnection, record: Record) -> None:
        self.record = record
        self.microphone = Microphone()
        record.sent = self.microphone.sent
        self._peer = peer
        tap(peer.addTransceiver(self.microphone, direction="sendrecv").receiver, record.audio)
        peer.createDataChannel("rtvi").on("message", self._on_message)

    async def until(self, happened: Callable[[], bool], within_s: float, what: str) -> None:
        deadline = time.monotonic() + within_s
        while not happened():
            if self._peer.connectionState in ("failed", "closed"):
                raise TalkError(f"the connection to the peer {self._peer.connectionState}")
            if time.monotonic() > deadline:
                raise TalkError(f"{what} within {within_s:g} s")
            await asyncio.sleep(LOOK_EVERY_S)

    def _on_message(self, data: str | bytes) -> None:
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            message = json.loads(data)
            said = str((message.get("data") or {}).get("text") or "")
            if message.get("type") == "user-transcription" and message["data"].get("final"):
                self._note("transcript", said + " ")
            elif message.get("type") == "bot-llm-text":
                self._note("reply", said)

    def _note(self, key: str, said: str) -> None:
        """Add to the one turn that each question has here."""
        if self.record.questions:
            turns = self.record.questions[-1].turns or [{"transcript": "", "reply": ""}]
            turns[0][key] += said
            self.record.questions[-1].turns = turns


async def call_peer(url: str, configuration: str, record: Record, talk: Talk) -> None:
    """Hold a call with the peer, which does not greet."""
    peer = RTCPeerConnection()
    try:
        call = PeerCall(peer, record)
        await peer.setLocalDescription(await peer.createOffer())
        answer = await offered(url, peer.localDescription.sdp, configuration)
        await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        await call.until(
            lambda: peer.connectionState == "connected" and record.audio.newest is not None,
            CONNECT_WITHIN_S,
            "no audio from the peer",
        )
        await talk(call)
    finally:
        await peer.close()


async def offered(url: str, sdp: str, configuration: str) -> dict[str, Any]:
    """The peer's answer to an offer."""
    body = {"sdp": sdp, "type": "offer", "configuration": configuration}
    try:
        async with httpx.AsyncClient(timeout=CONNECT_WITHIN_S, trust_env=False) as http:
            answer = await http.post(f"{url}/offer", json=body)
            answer.raise_for_status()
            content: dict[str, Any] = answer.json()
            return content
    except httpx.HTTPError as error:
        raise TalkError(f"the peer does not answer: {error or type(error).__name__}") from None
