"""Sessions whose viewer draws: the files, the states, and who may have them."""

import json
from typing import Any

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from rpckit.errors import NotFound
from rpckit.testing import until
from visavis.render.v1 import render_service_pb2 as render_pb
from visavis_gateway import faces
from visavis_gateway.backends.webrtc import WebRtcTransport
from visavis_gateway.config import Config
from visavis_gateway.disclosure import label_of
from visavis_gateway.faces import FaceStore
from visavis_gateway.inbox import take_report
from visavis_gateway.personas import Personas
from visavis_gateway.server import build_app
from visavis_gateway.sessions import Sessions


@pytest.fixture
async def http(backstage):
    config = Config(max_sessions=2, connect_timeout_s=30)
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


class DrawingPeer:
    """A viewer that draws: no video, and a channel of its own for the face."""

    def __init__(self, own_channel: bool = True, video: bool = False) -> None:
        self.pc = RTCPeerConnection()
        self.pc.addTrack(AudioStreamTrack())
        if video:
            self.pc.addTransceiver("video", direction="recvonly")
        self.messages: list[dict[str, Any]] = []
        self.faces: list[dict[str, Any]] = []
        self.channel = self.pc.createDataChannel("visavis")
        self.channel.on("message", lambda text: self.messages.append(json.loads(text)))
        if own_channel:
            channel = self.pc.createDataChannel("visavis-face", ordered=False, maxRetransmits=0)
            channel.on("message", lambda text: self.faces.append(json.loads(text)))

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["type"] == kind]

    async def start(self, http: httpx.AsyncClient) -> httpx.Response:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        body = {"type": "offer", "sdp": self.pc.localDescription.sdp, "render": "client"}
        response = await http.post("/api/sessions", json=body)
        if response.status_code == 201:
            await self.pc.setRemoteDescription(
                RTCSessionDescription(sdp=response.json()["sdp"], type="answer")
            )
        return response


@pytest.fixture
async def peers():
    made: list[DrawingPeer] = []

    def make(**kind) -> DrawingPeer:
        made.append(DrawingPeer(**kind))
        return made[-1]

    yield make
    for peer in made:
        await peer.pc.close()


async def kit_of(peer: DrawingPeer) -> dict[str, str]:
    """The files that the viewer is told of."""
    await until(lambda: peer.of_type("face_kit"), "the files are made")
    return peer.of_type("face_kit")[0]["files"]


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_a_call_without_video(http, peers, backstage):
    peer = peers()
    answer = await peer.start(http)
    assert answer.status_code == 201, answer.text
    assert "m=video" not in answer.json()["sdp"]
    start = backstage.render.of_kind("start")[0]
    assert (start.output, start.label) == (render_pb.RENDER_OUTPUT_FACE, "AI")
    await until(lambda: len(peer.faces) > 3, "faces come")
    face = peer.faces[0]
    assert face["visemes"] == {"aa": 0.1235}
    assert (face["expression"], face["head"], face["gaze"]) == (
        {"jawOpen": 0.5},
        [2.0, 0.0, 0.0],
        [0.0, -0.25],
    )
    assert face["sounding"] == "aa"
    assert peer.faces[1]["pts_us"] - face["pts_us"] == 40_000
    peer.channel.send('{"type": "shown"}')
    await until(lambda: peer.of_type("turn"), "the greeting was said")
    assert peer.of_type("face") == [], "the faces have their own channel"
    (clock,) = peer.of_type("clock")
    assert set(clock) == {"type", "audio"}
    assert answer.json()["face"]["files"] in ({}, (await kit_of(peer)))


async def test_without_a_channel_of_their_own_faces_come_over_the_first(http, peers):
    peer = peers(own_channel=False)
    await peer.start(http)
    await until(lambda: len(peer.of_type("face")) > 2, "faces come")


async def test_files_are_for_those_in_a_session_and_keep(http, peers):
    peer = peers()
    answer = await peer.start(http)
    files = await kit_of(peer)
    assert set(files) == {"head.webp", "face.json"}
    url = f"/api/faces/{files['head.webp']}"
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        refused = await http.get(url, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")
    file = await http.get(url, headers=bearer(answer))
    assert (file.status_code, file.content, file.headers["content-type"]) == (200, b"head", "image/webp")
    assert "immutable" in file.headers["cache-control"]
    again = {**bearer(answer), "If-None-Match": file.headers["etag"]}
    assert (await http.get(url, headers=again)).status_code == 304
    assert (await http.get("/api/faces/" + "0" * 64, headers=bearer(answer))).status_code == 404


async def test_another_persona_brings_other_files(http, peers):
    peer = peers()
    answer = await peer.start(http)
    await kit_of(peer)
    session = f"/api/sessions/{answer.json()['session_id']}"
    await http.post(session + "/persona", json={"persona": "ada"}, headers=bearer(answer))
    await until(lambda: len(peer.of_type("face_kit")) == 2, "the new face")
    first, second = (m["files"] for m in peer.of_type("face_kit"))
    assert first["head.webp"] == second["head.webp"]
    assert first["face.json"] != second["face.json"]


async def test_a_persona_that_the_viewer_cannot_draw_leaves_the_old_face(http, peers, backstage):
    backstage.render.unknown.add(Personas().find("nora").avatar)
    peer = peers()
    answer = await peer.start(http)
    await until(lambda: peer.faces, "faces come")
    session = f"/api/sessions/{answer.json()['session_id']}"
    await http.post(session + "/persona", json={"persona": "nora"}, headers=bearer(answer))
    await until(lambda: [m for m in peer.of_type("error") if m["code"] == "no_face"], "the viewer is told")
    count = len(peer.faces)
    await until(lambda: len(peer.faces) > count + 5, "the old face goes on")
    assert not any(m.get("fatal") for m in peer.messages)


async def test_an_avatar_that_no_viewer_can_draw_is_refused(http, peers, backstage):
    backstage.render.unknown.add(Personas().find("").avatar)
    answer = await peers().start(http)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_client_face")


async def test_an_offer_with_video_is_refused(http, peers):
    answer = await peers(video=True).start(http)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_sdp")
    assert "one audio section and no video" in answer.json()["error"]["message"]


async def test_render_must_be_one_of_two(http):
    body = {"type": "offer", "sdp": "v=0", "render": "moon"}
    answer = await http.post("/api/sessions", json=body)
    assert answer.status_code == 400
    assert "render must be" in answer.json()["error"]["message"]


def test_the_store_drops_what_was_wanted_longest_ago(monkeypatch):
    monkeypatch.setattr(faces, "MAX_STORED_BYTES", 100)
    store = FaceStore()
    first, second = store.put("a/b", b"1" * 40), store.put("a/b", b"2" * 40)
    assert store.get(first).data == b"1" * 40
    store.put("a/b", b"3" * 40)
    assert store.get(first)
    with pytest.raises(NotFound):
        store.get(second)


def test_the_offset_of_a_drawn_face_is_measured():
    class Guest:
        class hearing:
            report = staticmethod(lambda now_us, playing_us: None)

        now_us = staticmethod(lambda: 0)

    clock = {"audio": {"rtp": 0, "pts_us": 0, "rate_hz": 48_000}}
    report = {"audio_rtp": 48_000, "face_pts_us": 990_000, "output_latency_ms": 20}
    assert take_report(Guest, report, clock) == pytest.approx(-0.01)
    for wrong in (None, "x", float("nan")):
        assert take_report(Guest, {**report, "face_pts_us": wrong}, clock) is None


@pytest.mark.parametrize(
    ("language", "label"), [("en-US", "AI"), ("de-AT", "KI"), ("FR", "IA"), ("", "AI"), ("ja", "AI")]
)
def test_the_label_speaks_the_language_of_the_persona(language, label):
    assert label_of(language) == label
