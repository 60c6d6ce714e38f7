"""A peer that speaks docs/viewer.md without any service behind it: it answers tones with tones."""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import uvicorn
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .peer_media import OpusEncoder, PacedTrack, tone, vp8_frames

REPLY_S = 0.6
REPLY = "It is a tone."


class FakeCall:
    """One session."""

    def __init__(self, gateway: "FakeGateway") -> None:
        self.gateway = gateway
        self.peer = RTCPeerConnection()
        self.vanished = False
        self.begun_s: float | None = None
        self.to_speak = np.zeros(0, np.int16)
        self.channel: Any = None
        self.rtp: dict[int, int] = {}
        self.clock_sent = False
        self.opus = OpusEncoder()
        self.audio = PacedTrack("audio", self, 0.02, self.opus_packet)
        self.video = PacedTrack("video", self, 0.04, lambda count: vp8_frames()[count % 25])
        self.video.delay_s = gateway.video_late_s
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self) -> float:
        self.begun_s = self.begun_s or time.monotonic()
        return self.begun_s

    def opus_packet(self, count: int) -> bytes:
        now, self.to_speak = self.to_speak[:960], self.to_speak[960:]
        if len(now):
            self.gateway.tone_packets_s.append(time.monotonic())
        samples = np.zeros(960, np.int16)
        samples[: len(now)] = now
        return self.opus.encode(samples)

    async def answer(self, sdp: str) -> str:
        @self.peer.on("datachannel")
        def on_datachannel(channel: Any) -> None:
            self.channel = channel
            channel.on("message", lambda data: self.on_message(json.loads(data)))
            self.say({"type": "session", "session_id": "s1", "persona": {"name": "mira", "avatar": "mira"},
                      "disclosure": "AI", "ai": True, "frame_rate_hz": 25})  # fmt: skip

        @self.peer.on("track")
        def on_track(track: MediaStreamTrack) -> None:
            self.tasks.append(asyncio.get_running_loop().create_task(self.listen(track)))

        await self.peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        self.senders = [self.peer.addTrack(self.audio), self.peer.addTrack(self.video)]
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        self.watch_rtp()
        return self.peer.localDescription.sdp

    def watch_rtp(self) -> None:
        transport = self.senders[0].transport
        send = transport._send_rtp
        ssrcs = [sender._ssrc for sender in self.senders]

        async def watching(data: bytes) -> None:
            # a goodbye in RTCP has 8 bytes; an exception here would keep aiortc from ever closing
            timestamp, ssrc = struct.unpack("!II", data[4:12]) if len(data) >= 12 else (0, 0)
            if ssrc in ssrcs and not 200 <= data[1] <= 207:
                self.rtp.setdefault(ssrcs.index(ssrc), timestamp)
                if len(self.rtp) == 2 and not self.clock_sent and self.channel:
                    self.clock_sent = True
                    self.say({"type": "clock", "audio": {"rtp": self.rtp[0], "pts_us": 0, "rate_hz": 48000},
                              "video": {"rtp": self.rtp[1], "pts_us": 0, "rate_hz": 90000}})  # fmt: skip
            await send(data)

        transport._send_rtp = watching

    def say_state(self, state: str) -> None:
        self.say({"type": "state", "state": state, "pts_us": round(1e6 * (time.monotonic() - self.begin()))})

    def say(self, message: dict[str, Any]) -> None:
        if not self.vanished:
            self.channel.send(json.dumps(message))

    def on_message(self, message: dict[str, Any]) -> None:
        self.gateway.messages.append(message)
        if message["type"] == "shown" and self.gateway.greets:
            self.tasks.append(asyncio.get_running_loop().create_task(self.speak("greeting", "", 0.4)))

    async def listen(self, track: MediaStreamTrack) -> None:
        """A tone of 100 ms and 300 ms of silence after it are a question."""
        loud = quiet = 0
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if np.abs(frame.to_ndarray()).max() > 1000:
                loud, quiet = loud + 1, 0
                if loud == 5:
                    self.say_state("listening")
            elif loud >= 5:
                quiet += 1
                if quiet == 15:
                    loud = quiet = 0
                    await self.reply()

    async def reply(self) -> None:
        if self.gateway.vanishes:
            self.vanished = True
            return
        if self.gateway.last_words:
            self.say({"type": "bye", "reason": self.gateway.last_words})
            return
        await self.speak("speech", "what is it", REPLY_S)

    async def speak(self, origin: str, transcript: str, seconds: float) -> None:
        self.say_state("speaking")
        self.to_speak = tone(seconds)
        while len(self.to_speak):
            await asyncio.sleep(0.02)
        number = len(self.gateway.turns)
        turn = {"type": "turn", "turn_id": f"t{number}", "trace_id": f"{number:032x}", "origin": origin,
                "transcript": transcript, "reply": REPLY, "heard": REPLY, "interrupted": False,
                "voice_to_voice_ms": 500.0, "stages_ms": {"end_of_turn": 300.0}}  # fmt: skip
        self.gateway.turns.append(turn)
        self.say({"type": "something_new", "x": 1})
        self.say(turn)
        self.say_state("idle")

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.audio.stop()
        self.video.stop()
        await self.peer.close()


class FakeGateway:
    """Serves on a port of its own, in a thread of its own."""

    def __init__(
        self,
        *,
        greets: bool = True,
        full: bool = False,
        garbled: bool = False,
        vanishes: bool = False,
        last_words: str = "",
        video_late_s: float = 0.0,
    ) -> None:
        self.greets, self.full, self.vanishes, self.last_words = greets, full, vanishes, last_words
        self.video_late_s, self.garbled = video_late_s, garbled
        self.messages: list[dict[str, Any]] = []
        self.turns: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.tone_packets_s: list[float] = []
        self.call: FakeCall | None = None

    async def info(self, request: Request) -> Response:
        return JSONResponse({"personas": [], "disclosure": "AI", "ice_servers": []})

    async def open(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(f"POST {body.get('persona')}")
        if self.full:
            error = {"code": "full", "message": "all 4 sessions are taken"}
            return JSONResponse({"error": error}, 503, {"Retry-After": "5"})
        if self.garbled:
            return JSONResponse({"session_id": "s1", "token": "t", "type": "answer", "sdp": "v=0"}, 201)
        self.call = FakeCall(self)
        sdp = await self.call.answer(body["sdp"])
        return JSONResponse({"session_id": "s1", "token": "t", "type": "answer", "sdp": sdp}, 201)

    async def close(self, request: Request) -> Response:
        self.requests.append(f"DELETE {request.headers['authorization']}")
        return Response(status_code=204)

    async def serve(self, sock: socket.socket, stopping: asyncio.Event) -> None:
        routes = [
            Route("/api/info", self.info),
            Route("/api/sessions", self.open, methods=["POST"]),
            Route("/api/sessions/{id}", self.close, methods=["DELETE"]),
        ]
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="critical"))
        serving = asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
        await stopping.wait()
        if self.call:
            await self.call.close()
        server.should_exit = True
        await serving


@contextmanager
def running(gateway: FakeGateway) -> Iterator[str]:
    """The URL of a fake that serves until the block ends."""
    sock = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    stop: list[Callable[[], Any]] = []

    async def main() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(stopping.set))
        ready.set()
        await gateway.serve(sock, stopping)

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="fake-gateway")
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        stop[0]()
        thread.join(20)
