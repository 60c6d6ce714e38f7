"""What a call costs the server where it draws the face, and where the viewer does.

    .venv/bin/python bench/drawn_face.py --seconds 20 --rounds 2

A stack of its own whose ear and mind are fakes (they cost the same in both paths); real voice, face and
gateway. Each round opens one call of either kind; the avatar first speaks, then rests. Printed are CPU
seconds of render and of the gateway for a second of call, and what reaches the viewer in kbit/s.
"""

import argparse
import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import mean
from typing import Any

import httpx
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from cpu import Meter
from visavis_cli.stack import Ports, Stack, running_stack

LIGHT = {"ASR_BACKEND": "fake", "BRAIN_BACKEND": "fake", "OTEL_SDK_DISABLED": "true"}
SETTLE_S = 2.0
STATE_TIMEOUT_S = 60.0
SPEECH = "The quick brown fox jumps over the lazy dog, and then it runs all the way home again. "
MAX_SPEECH = 2000  # characters
PROGRAMS = ("render", "gateway")
Table = dict[tuple[str, str, str], list[float]]  # path, phase, what


class Viewer:
    """Takes what comes and decodes nothing."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.peer = RTCPeerConnection()
        self.peer.addTrack(AudioStreamTrack())
        if path == "server":
            self.peer.addTransceiver("video", direction="recvonly")
        self.states: asyncio.Queue[str] = asyncio.Queue(maxsize=100)
        self.byte_count = 0
        self.session: dict[str, Any] = {}
        self.main = self.peer.createDataChannel("visavis")
        self.main.on("message", self._on_message)
        if path == "client":
            faces = self.peer.createDataChannel("visavis-face", ordered=False, maxRetransmits=0)
            faces.on("message", self._count)

    def _count(self, data: str) -> None:
        self.byte_count += len(data)

    def _on_message(self, data: str) -> None:
        message = json.loads(data)
        if message["type"] == "state":
            self.states.put_nowait(message["state"])

    async def open(self, http: httpx.AsyncClient) -> None:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        body = {"type": "offer", "sdp": self.peer.localDescription.sdp, "render": self.path}
        answer = await http.post("/api/sessions", json=body)
        answer.raise_for_status()
        self.session = answer.json()
        for transceiver in self.peer.getTransceivers():
            self._tap(transceiver.receiver, is_counted=transceiver.kind == "video")
        await self.peer.setRemoteDescription(RTCSessionDescription(self.session["sdp"], "answer"))

    def _tap(self, receiver: Any, *, is_counted: bool) -> None:
        async def on_packet(packet: Any, arrival_time_ms: int) -> None:
            self.byte_count += len(packet.payload) if is_counted else 0

        receiver._handle_rtp_packet = on_packet

    async def until(self, state: str) -> None:
        async with asyncio.timeout(STATE_TIMEOUT_S):
            while await self.states.get() != state:
                pass

    async def command(self, http: httpx.AsyncClient, what: str, body: dict[str, str]) -> None:
        url = f"/api/sessions/{self.session['session_id']}/{what}"
        headers = {"Authorization": f"Bearer {self.session['token']}"}
        (await http.post(url, json=body, headers=headers)).raise_for_status()


@asynccontextmanager
async def call(http: httpx.AsyncClient, path: str) -> AsyncIterator[Viewer]:
    viewer = Viewer(path)
    try:
        await viewer.open(http)
        yield viewer
        viewer.main.send('{"type": "bye"}')
        await asyncio.sleep(SETTLE_S)
    finally:
        await viewer.peer.close()


async def measure(stack: Stack, viewer: Viewer, phase: str, seconds: float, table: Table) -> None:
    meters = {name: Meter([pid]) for name in PROGRAMS if (pid := stack.pid(name))}
    before = viewer.byte_count
    await asyncio.sleep(seconds)
    for name, meter in meters.items():
        table[viewer.path, phase, name].append(meter.share())
    table[viewer.path, phase, "kbit/s"].append((viewer.byte_count - before) * 8 / 1000 / seconds)


async def one_call(stack: Stack, path: str, seconds: float, table: Table) -> None:
    async with (
        httpx.AsyncClient(base_url=stack.url, timeout=STATE_TIMEOUT_S) as http,
        call(http, path) as viewer,
    ):
        speech = (SPEECH * (MAX_SPEECH // len(SPEECH)))[:MAX_SPEECH]
        await asyncio.sleep(SETTLE_S)
        await viewer.command(http, "say", {"text": speech})
        await viewer.until("speaking")
        await asyncio.sleep(SETTLE_S)
        await measure(stack, viewer, "speaking", seconds, table)
        await viewer.command(http, "interrupt", {})
        await viewer.until("idle")
        await asyncio.sleep(SETTLE_S)
        await measure(stack, viewer, "idle", seconds, table)


def show(table: Table) -> None:
    print(f"\n{'path':8} {'phase':10} {'render':>8} {'gateway':>8} {'together':>9} {'to the viewer':>15}")
    for path in ("server", "client"):
        for phase in ("speaking", "idle"):
            render, gateway = (mean(table[path, phase, name]) for name in PROGRAMS)
            rate = mean(table[path, phase, "kbit/s"])
            print(
                f"{path:8} {phase:10} {render:8.3f} {gateway:8.3f} {render + gateway:9.3f} {rate:8.0f} kbit/s"
            )
    print("CPU seconds for a second of call; the rate is that of the face alone")


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20, help="of each phase")
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    table: Table = defaultdict(list)
    async with running_stack(Ports.ephemeral(), LIGHT) as stack:
        for number in range(args.rounds):
            for path in ("server", "client"):
                print(f"round {number + 1}: {path}", flush=True)
                await one_call(stack, path, args.seconds, table)
    show(table)


if __name__ == "__main__":
    asyncio.run(main())
