"""A call with the gateway as docs/viewer.md tells it: HTTP, one peer connection, one data channel."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import av
import httpx
from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpCodecCapability,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, VideoFrame, VideoTap, tap
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.microphone import Microphone
from visavis_cli.talk.network import BadNetwork
from visavis_cli.talk.record import Clock, Message, Record
from visavis_cli.web import tls

HTTP_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 15.0
CLOSE_TIMEOUT_S = 5.0
REPORT_EVERY_S = 0.2
LOOK_EVERY_S = 0.1
VANISHED_AFTER_S = 5.0  # media never pauses, so this much silence on the wire is a dead server

Progress = Callable[[str], None]


class Call:
    """An open call: what it received goes to `record`, what it says comes from `microphone`."""

    def __init__(self, peer: RTCPeerConnection, record: Record, progress: Progress) -> None:
        self.record = record
        self.session: dict[str, Any] = {}  # the gateway's answer: session_id, token, resumed ...
        self.microphone = Microphone()
        record.sent = self.microphone.sent
        self.state = "idle"
        self._state_pts_us = 0.0
        self.ended: str | None = None
        self._progress = progress
        self._peer = peer
        self._news = asyncio.Event()
        self._seen = self._shown = False
        self.connected_s: float | None = None  # monotonic: when the peer connection was up
        self._video = VideoTap(self._on_frame)
        record.video, record.video_reports = self._video.frames, self._video.reports
        self.channel = peer.createDataChannel("visavis")
        self.channel.on("open", self._tell_shown)
        self.channel.on("message", self._on_message)
        self.channel.on("close", lambda: self._end("the connection was closed"))
        peer.on("connectionstatechange", self._on_connection_state)

    async def offer(self) -> str:
        """Add the tracks, gather candidates, and return the SDP to send."""
        microphone = self._peer.addTransceiver(self.microphone, direction="sendrecv")
        tap(microphone.receiver, self.record.audio)
        video = self._peer.addTransceiver("video", direction="recvonly")
        video.setCodecPreferences(vp8_only())
        tap(video.receiver, self._video)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return str(self._peer.localDescription.sdp)

    async def until(self, happened: Callable[[], bool], within_s: float, what: str) -> None:
        """Wait for something; TalkError when the call ends, the server vanishes, or time is up."""
        deadline = time.monotonic() + within_s
        while not happened():
            self._raise_if_over()
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TalkError(f"{what} within {within_s:g} s")
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(remaining, LOOK_EVERY_S))

    def _raise_if_over(self) -> None:
        if self.ended is not None:
            raise TalkError(self.ended)
        if self.connected_s is None:
            return
        newest = [self.connected_s]
        newest += [self.record.audio.newest.arrival_s] if self.record.audio.newest else []
        newest += [self.record.video[-1].arrival_s] if self.record.video else []
        if time.monotonic() - max(newest) > VANISHED_AFTER_S:
            raise TalkError(f"the server vanished: nothing came from it for {VANISHED_AFTER_S:g} s")

    async def send_reports(self) -> None:
        """Tell the gateway every 200 ms what is heard and seen, until cancelled."""
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            audio, frames = self.record.audio.newest, self.record.video
            if audio is not None and frames:
                heard = audio.rtp + round((frames[-1].arrival_s - audio.arrival_s) * AUDIO_RATE_HZ)
                self.send(
                    {
                        "type": "report",
                        "audio_rtp": heard % (1 << 32),
                        "video_rtp": frames[-1].rtp % (1 << 32),
                    }
                )

    def send(self, message: Message) -> None:
        """Send on the data channel, if it is open."""
        if self.channel.readyState == "open":
            self.channel.send(json.dumps(message))

    def connected(self) -> bool:
        """The media and the data channel are up."""
        return self._peer.connectionState == "connected" and self.channel.readyState == "open"

    def quiet_for(self, seconds: float) -> bool:
        """All audio from before the last change of state has come, and for that long none was to be heard."""
        clock, newest = self.record.clock, self.record.audio.newest
        if clock and newest and clock.audio_pts_s(newest.rtp) < self._state_pts_us / 1e6 - seconds:
            return False
        return time.monotonic() - self.record.audio.sounded_s >= seconds

    def _on_connection_state(self) -> None:
        if self._peer.connectionState == "connected":
            self.connected_s = time.monotonic()
        elif self._peer.connectionState == "failed":
            self._end("the connection failed")
        elif self._peer.connectionState == "closed":
            self._end("the connection was closed")
        self._news.set()

    def _end(self, why: str) -> None:
        self.ended = self.ended or why
        self._news.set()

    def _on_frame(self, frame: VideoFrame) -> None:
        self.record.video_packets_lost = self._video.lost_packets
        if not self._seen and decodable(frame):
            self._seen = True
            self._tell_shown()

    def _tell_shown(self) -> None:
        """Once both are there: the first picture and the channel to tell of it."""
        if self._seen and not self._shown and self.channel.readyState == "open":
            self.send({"type": "shown"})
            self._shown = True

    def _on_message(self, data: str | bytes) -> None:
        try:
            message = json.loads(data)
        except ValueError:
            return
        if isinstance(message, dict):
            self._take(message)
            self._news.set()

    def _take(self, message: Message) -> None:
        match message.get("type"):
            case "session" | "manifest" | "clock":
                self._note(message)
            case "state":
                self.state = str(message.get("state"))
                self._state_pts_us = as_number(message.get("pts_us"))
                self.record.states.append((self._state_pts_us / 1e6, self.state))
            case "turn":
                self._take_turn(message)
            case "error":
                self._progress(f"the server says: {message.get('message')}")
                if message.get("fatal") is True:
                    self._end(f"the server gave up: {message.get('message')}")
            case "bye":
                self._end(f"the server ended the session: {message.get('reason')}")

    def _note(self, message: Message) -> None:
        """What the call is like, for the record."""
        match message["type"]:
            case "session":
                self.record.session = message
            case "manifest":
                self.record.manifest = message
            case "clock":
                self.record.clock = clock_of(message)

    def _take_turn(self, message: Message) -> None:
        if message.get("origin") == "greeting":
            self.record.greeting = message
        elif message.get("origin") == "speech" and self.record.questions:
            self.record.questions[-1].turns.append(message)


def vp8_only() -> list[RTCRtpCodecCapability]:
    """What this viewer can show: VP8, and retransmissions of it."""
    capabilities = RTCRtpReceiver.getCapabilities("video")
    codecs = capabilities.codecs if capabilities else []
    return [codec for codec in codecs if codec.mimeType in ("video/VP8", "video/rtx")]


def decodable(frame: VideoFrame) -> bool:
    """A picture comes out of this frame alone."""
    if not frame.keyframe:
        return False
    try:
        return bool(av.VideoCodecContext.create("vp8", "r").decode(av.Packet(frame.data)))
    except av.FFmpegError:
        return False


def as_number(value: object) -> float:
    """A number from a message; 0 for anything else."""
    return float(value) if isinstance(value, int | float) else 0.0


def clock_of(message: Message) -> Clock | None:
    """The `clock` message; None if it lacks what it must have."""
    try:
        audio, video = message["audio"], message["video"]
        return Clock(int(audio["rtp"]), int(audio["pts_us"]), int(video["rtp"]), int(video["pts_us"]))
    except (KeyError, TypeError, ValueError):
        return None


@asynccontextmanager
async def open_call(
    url: str, persona: str | None, record: Record, progress: Progress,
    network: BadNetwork | None = None, resumes: Call | None = None,
) -> AsyncIterator[Call]:  # fmt: skip
    """Connect, or go on where `resumes` broke off; at the end leave nothing open, whatever happened."""
    async with httpx.AsyncClient(base_url=url, timeout=HTTP_TIMEOUT_S, trust_env=False, verify=tls()) as http:
        info = await ask(http, "GET", "/api/info")
        peer = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers(info)))
        try:
            call = Call(peer, record, progress)
            sdp = await call.offer()
            sdp = await network.through_offer(sdp) if network else sdp
            body: dict[str, Any] = {"type": "offer", "sdp": sdp, **({"persona": persona} if persona else {})}
            if resumes:
                body["resume"] = {name: resumes.session[name] for name in ("session_id", "token")}
            session = call.session = await ask(http, "POST", "/api/sessions", body)
            if network:
                session["sdp"] = network.through_answer(str(session.get("sdp")))
            try:
                await accept(peer, session)
                await call.until(call.connected, CONNECT_TIMEOUT_S, "no WebRTC connection")
                yield call
            finally:
                call.send({"type": "bye"})
                await hang_up(http, session)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await peer.close()


def ice_servers(info: dict[str, Any]) -> list[RTCIceServer]:
    """The servers that the gateway names; none means that there is a direct way."""
    try:
        return [RTCIceServer(urls=each["urls"]) for each in info.get("ice_servers", [])]
    except (KeyError, TypeError, AttributeError):
        raise TalkError("the gateway names its ICE servers in a way that can't be read") from None


async def accept(peer: RTCPeerConnection, session: dict[str, Any]) -> None:
    """Take the gateway's answer to the offer."""
    try:
        await peer.setRemoteDescription(RTCSessionDescription(session["sdp"], session["type"]))
    except (KeyError, ValueError, InvalidAccessError, InvalidStateError, OperationError) as error:
        raise TalkError(f"the gateway's answer to the offer can't be used: {error}") from None


async def ask(http: httpx.AsyncClient, method: str, path: str, body: object = None) -> dict[str, Any]:
    """One request to the gateway; TalkError in one line for whatever is not a good answer."""
    base = str(http.base_url).rstrip("/")
    try:
        answer = await http.request(method, path, json=body)
    except httpx.ConnectError:
        raise TalkError(f"nothing answers at {base}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TalkError(f"{base}: {error or type(error).__name__}") from None
    try:
        content = answer.json()
        if answer.is_success and isinstance(content, dict):
            return content
        raise TalkError(f"refused: {content['error']['message']} ({content['error']['code']})")
    except (ValueError, KeyError, TypeError):
        raise TalkError(f"{base}{path} is no visavis gateway (HTTP {answer.status_code})") from None


async def hang_up(http: httpx.AsyncClient, session: dict[str, Any]) -> None:
    """End the session; a server that is gone does not matter any more."""
    headers = {"Authorization": f"Bearer {session.get('token')}"}
    with contextlib.suppress(httpx.HTTPError):
        await http.delete(
            f"/api/sessions/{session.get('session_id')}", headers=headers, timeout=CLOSE_TIMEOUT_S
        )
