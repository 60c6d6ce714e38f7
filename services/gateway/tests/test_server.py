"""The HTTP border and the real WebRTC transport, with an aiortc viewer."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from rpckit.testing import until
from visavis_gateway.api import MAX_BODY_BYTES, event_stream
from visavis_gateway.backends.webrtc import WebRtcTransport
from visavis_gateway.config import Config
from visavis_gateway.personas import Personas
from visavis_gateway.server import build_app
from visavis_gateway.sessions import Sessions


@pytest.fixture
async def http(backstage) -> AsyncIterator[httpx.AsyncClient]:
    """The app without a socket: its lifespan and its routes."""
    config = Config(max_sessions=2, connect_timeout_s=5)
    sessions = Sessions(
        config, backstage.services, Personas(),
        lambda viewer, now_us: WebRtcTransport(viewer, [], now_us),
    )  # fmt: skip
    app = build_app(config, sessions, backstage.channels)
    async with sessions.running():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            client.sessions = sessions
            yield client


class Peer:
    """A viewer: offers, counts what arrives, keeps the messages."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection()
        self.pc.addTrack(AudioStreamTrack())
        self.pc.addTransceiver("video", direction="recvonly")
        self.channel = self.pc.createDataChannel("visavis")
        self.messages: list[dict[str, Any]] = []
        self.channel.on("message", lambda text: self.messages.append(json.loads(text)))
        self.packets = {"audio": 0, "video": 0}

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def accept(self, sdp: str) -> None:
        for transceiver in self.pc.getTransceivers():
            self._count(transceiver.kind, transceiver.receiver)
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))

    def _count(self, kind: str, receiver: Any) -> None:
        async def on_packet(packet: Any, arrival_time_ms: int) -> None:
            self.packets[kind] += 1

        receiver._handle_rtp_packet = on_packet

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["type"] == kind]


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer()
    yield made
    await made.pc.close()


async def start(http: httpx.AsyncClient, peer: Peer) -> dict[str, Any]:
    answer = await http.post("/api/sessions", json={"type": "offer", "sdp": await peer.offer()})
    assert answer.status_code == 201, answer.text
    await peer.accept(answer.json()["sdp"])
    return answer.json()


async def test_a_call_over_webrtc(http, peer, backstage):
    session = await start(http, peer)
    await until(lambda: peer.of_type("session"), "the session message")
    peer.channel.send('{"type": "shown"}')
    await until(lambda: peer.of_type("turn"), "the greeting was said")
    assert peer.packets["audio"] >= 45
    assert peer.packets["video"] > 20
    clock = peer.of_type("clock")[0]
    assert clock["audio"]["rate_hz"] == 48_000
    assert clock["video"]["rate_hz"] == 90_000
    assert any(r.WhichOneof("event") == "audio" for r in backstage.asr.requests), "the microphone is heard"
    headers = {"Authorization": f"Bearer {session['token']}"}
    url = f"/api/sessions/{session['session_id']}"
    assert (await http.delete(url)).status_code == 404, "only with the token"
    assert (await http.post(url + "/say", json={"text": "One two"}, headers=headers)).status_code == 202
    await until(lambda: len(peer.of_type("turn")) == 2, "said")
    assert peer.of_type("turn")[1]["heard"] == "One two"
    assert (await http.get(url + "/manifest")).status_code == 404, "only with the token"
    manifest = (await http.get(url + "/manifest", headers=headers)).json()
    assert manifest["ai_generated"] is True
    assert peer.of_type("manifest")[-1] == {"type": "manifest", **manifest}
    assert (await http.delete(url, headers=headers)).status_code == 204
    await until(lambda: http.sessions.open_count == 0, "the session is gone")
    await until(lambda: backstage.open_calls == 0, "every call ended")


async def test_a_viewer_that_hides_its_addresses_is_reached(http, peer):
    sdp = re.sub(r"(a=candidate:\S+ \d+ \S+ \d+) \S+", r"\1 b0e1.local", await peer.offer())
    assert ".local" in sdp
    answer = await http.post("/api/sessions", json={"type": "offer", "sdp": sdp})
    await peer.accept(answer.json()["sdp"])
    await until(lambda: peer.of_type("session"), "it is known by its own checks")


async def test_the_third_viewer_is_told_that_it_is_full(http):
    peers = [Peer() for _ in range(3)]
    try:
        for peer in peers[:2]:
            await start(http, peer)
        refused = await http.post("/api/sessions", json={"type": "offer", "sdp": await peers[2].offer()})
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert refused.json()["error"]["code"] == "full"
    finally:
        for peer in peers:
            await peer.pc.close()


def without(sdp: str, kind: str) -> str:
    """The offer less its m= section of this kind."""
    head, *sections = sdp.split("m=")
    return head + "".join("m=" + s for s in sections if not s.startswith(kind))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sdp: "garbage",
        lambda sdp: "v=0\r\n",
        lambda sdp: sdp[: len(sdp) // 2],
        lambda sdp: sdp.replace("a=fingerprint", "a=nothing"),
        lambda sdp: sdp.replace("a=ice-ufrag", "a=nothing"),
        lambda sdp: sdp.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        lambda sdp: sdp.replace("opus", "speex").replace("PCMU", "none").replace("PCMA", "none"),
        lambda sdp: sdp.replace("VP8", "XX8").replace("H264", "XX4"),
        lambda sdp: without(sdp, "video"),
        lambda sdp: without(sdp, "audio"),
        lambda sdp: without(sdp, "application"),
        lambda sdp: sdp.replace("m=audio", "m=audio 9 x\r\nm=audio", 1),
        lambda sdp: sdp.replace("a=mid:", "a=mid:\x00"),
        lambda sdp: "\x00" * 100,
    ],
)
async def test_a_bad_offer_is_refused_and_leaves_nothing(http, peer, backstage, spoil):
    refused = await http.post("/api/sessions", json={"type": "offer", "sdp": spoil(await peer.offer())})
    assert refused.status_code == 400, refused.text
    assert refused.json()["error"]["code"] == "invalid_sdp"
    await until(lambda: http.sessions.open_count == 0, "the session is gone")
    await until(lambda: backstage.open_calls == 0, "every call ended")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_body"),
        (b"{", 400, "invalid_body"),
        (b"[]", 400, "invalid_body"),
        (b'{"type": "answer", "sdp": "x"}', 400, "invalid_body"),
        (b'{"type": "offer"}', 400, "invalid_sdp"),
        (b'{"type": "offer", "sdp": 5}', 400, "invalid_sdp"),
        (b'{"type": "offer", "sdp": "x", "persona": 5}', 400, "invalid_body"),
        (b'{"type": "offer", "sdp": "x", "persona": "nobody"}', 404, "unknown_persona"),
        (b"x" * (MAX_BODY_BYTES + 1), 413, "too_large"),
        (b'{"a":' * 5000, 400, "invalid_body"),
        (b"\xff\xfe", 400, "invalid_body"),
    ],
)
async def test_a_bad_body_names_what_is_wrong(http, body, status, code):
    answer = await http.post("/api/sessions", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_info_and_health(http):
    info = (await http.get("/api/info")).json()
    assert info["personas"][0] == {"name": "mira", "title": "Mira", "avatar": "", "listed": True}
    health = await http.get("/api/health")
    assert health.status_code == 503, "the scripted services have no health service"
    assert set(health.json()["services"]) == {"asr", "brain", "tts", "render"}
    assert (await http.get("/")).headers["content-type"].startswith("text/html")
    assert (await http.get("/page/../server.py")).status_code == 404


async def test_an_application_drives_and_watches_a_session(http, peer, backstage):
    session = await start(http, peer)
    await until(lambda: peer.of_type("session"), "the session message")
    headers = {"Authorization": f"Bearer {session['token']}"}
    url = f"/api/sessions/{session['session_id']}"
    watched = []

    async def watch() -> None:
        async for message in http.sessions.find(session["session_id"], session["token"]).watch():
            watched.append(message["type"])

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        await asyncio.sleep(0)  # it listens before anything happens
        assert (
            await http.post(url + "/persona", json={"persona": "nobody"}, headers=headers)
        ).status_code == 404
        assert (
            await http.post(url + "/persona", json={"persona": "clapper"}, headers=headers)
        ).status_code == 202
        await until(lambda: len(peer.of_type("session")) == 2, "the viewer knows")
        assert peer.of_type("session")[1]["persona"]["avatar"] == "clapper"
        await until(
            lambda: [s.avatar for s in backstage.render.of_kind("start")][-1] == "clapper", "the face"
        )
        await http.post(url + "/say", json={"text": "One two three"}, headers=headers)
        await until(lambda: peer.of_type("turn"), "said")
        await http.delete(url, headers=headers)
    assert {"session", "state", "reply", "turn"} <= set(watched)
    assert watched[-1] == "bye"


async def test_the_description_names_every_route_and_no_other(http):
    described = {
        (path, method.upper())
        for path, item in (await http.get("/api/openapi.json")).json()["paths"].items()
        for method in item
        if method != "parameters"
    }
    app = build_app(Config(), http.sessions, {})
    served = {
        (route.path, method)
        for route in app.routes
        if route.path.startswith("/api")
        for method in route.methods - {"HEAD"}
    }
    assert described == served


async def test_the_event_stream_is_sse(http, peer):
    session = await start(http, peer)
    found = http.sessions.find(session["session_id"], session["token"])
    lines = event_stream(found.watch())
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(anext(lines))
        await asyncio.sleep(0)
        found.tell({"type": "state", "state": "idle"})
    assert first.result() == 'event: state\ndata: {"type": "state", "state": "idle"}\n\n'
    await lines.aclose()


async def test_a_service_that_is_away_is_named(http, peer, backstage):
    backstage.asr.is_full = True
    refused = await http.post("/api/sessions", json={"type": "offer", "sdp": await peer.offer()})
    assert refused.status_code == 503
    assert "recognizers" in refused.json()["error"]["message"]
