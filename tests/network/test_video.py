"""H.264 and a size of one's own, from the drawn picture to a decoded one, through a real gateway."""

import asyncio
import itertools

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

WITHIN_S = 60
FRAMES = 12


def only(codec: str) -> list:
    capabilities = RTCRtpReceiver.getCapabilities("video").codecs
    return [each for each in capabilities if each.mimeType in (codec, "video/rtx")]


@pytest.mark.parametrize(
    ("offered", "wish", "codec"),
    [
        ("video/H264", {"size_px": 256}, "H264"),
        ("video/VP8", {"size_px": 192, "codec": "h264"}, "VP8"),
    ],
)
async def test_a_viewer_sees_what_it_asked_for(stack, offered, wish, codec):
    pc = RTCPeerConnection()
    pc.addTrack(AudioStreamTrack())
    video = pc.addTransceiver("video", direction="recvonly")
    video.setCodecPreferences(only(offered))
    pc.createDataChannel("visavis")
    await pc.setLocalDescription(await pc.createOffer())
    body = {"type": "offer", "sdp": pc.localDescription.sdp, "video": wish}
    async with httpx.AsyncClient(base_url=stack.url, timeout=WITHIN_S, trust_env=False) as http:
        session = (await http.post("/api/sessions", json=body)).json()
        assert session["video"]["codec"] == codec
        await pc.setRemoteDescription(RTCSessionDescription(session["sdp"], session["type"]))
        async with asyncio.timeout(WITHIN_S):
            frames = [await video.receiver.track.recv() for _ in range(FRAMES)]
        headers = {"Authorization": f"Bearer {session['token']}"}
        await http.delete(f"/api/sessions/{session['session_id']}", headers=headers)
    await pc.close()
    assert {(frame.width, frame.height) for frame in frames} == {(wish["size_px"], wish["size_px"])}
    steps = {after.pts - before.pts for before, after in itertools.pairwise(frames)}
    assert all(step > 0 and step % 3600 == 0 for step in steps), "90 kHz, on the grid of 25 a second"


async def test_a_wish_out_of_range_is_refused_with_the_range(stack):
    async with httpx.AsyncClient(base_url=stack.url, timeout=WITHIN_S, trust_env=False) as http:
        body = {"type": "offer", "sdp": "v=0", "video": {"size_px": 4000}}
        refused = await http.post("/api/sessions", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "video.size_px must be a whole number from 128 to 1024"
