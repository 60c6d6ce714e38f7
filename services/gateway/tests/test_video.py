"""What the viewer may ask for, which codec is agreed on, and which frames are asked for."""

import itertools

import pytest
from aiortc import RTCPeerConnection
from rpckit.errors import InvalidInput
from rpckit.testing import until
from visavis.render.v1 import render_service_pb2 as render_pb
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.config import Config
from visavis_gateway.frame_times import FrameTimes
from visavis_gateway.personas import Personas
from visavis_gateway.sessions import Sessions
from visavis_gateway.video import Video, agreed, codecs_in, video_of

USUAL = Video()
FRAME_US = 40_000
VP8 = "a=rtpmap:96 VP8/90000\r\n"
H264 = "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\n"


def test_nothing_asked_for_is_as_usual():
    assert video_of({}, USUAL) == USUAL


def test_each_field_can_be_asked_for():
    wish = {"size_px": 256, "rate_hz": 30, "bitrate_bps": 300_000, "codec": "h264"}
    assert video_of(wish, USUAL) == Video(256, 30, 300_000, "h264")


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ([], "video must be an object"),
        ("512", "video must be an object"),
        ({"size": 512}, "no field size; it has size_px, rate_hz, bitrate_bps, codec"),
        ({"size_px": 2000}, "video.size_px must be a whole number from 128 to 1024"),
        ({"size_px": 129}, "video.size_px must be even"),
        ({"size_px": True}, "video.size_px must be a whole number"),
        ({"size_px": 512.0}, "video.size_px must be a whole number"),
        ({"rate_hz": 4}, "video.rate_hz must be a whole number from 5 to 60"),
        ({"rate_hz": 61}, "video.rate_hz must be a whole number from 5 to 60"),
        ({"bitrate_bps": "fast"}, "video.bitrate_bps must be a whole number from 50000 to 5000000"),
        ({"bitrate_bps": 1e300}, "video.bitrate_bps"),
        ({"codec": "av1"}, "video.codec must be one of vp8, h264"),
        ({"codec": None}, "video.codec"),
        ({"codec": []}, "video.codec"),
    ],
)
def test_what_can_not_be_had_is_refused_with_its_range(wish, message):
    with pytest.raises(InvalidInput, match=message):
        video_of(wish, USUAL)


@pytest.mark.parametrize(
    ("wanted", "offer", "codec"),
    [
        ("vp8", VP8 + H264, "vp8"),
        ("h264", VP8 + H264, "h264"),
        ("h264", VP8, "vp8"),
        ("vp8", H264, "h264"),
        ("vp8", "", "vp8"),
    ],
)
def test_the_wanted_codec_wins_where_it_is_offered(wanted, offer, codec):
    assert agreed(Video(codec=wanted), offer).codec == codec


@pytest.mark.parametrize(
    "parameters",
    ["packetization-mode=0;profile-level-id=42e01f", "packetization-mode=1;profile-level-id=640c1f"],
)
def test_h264_in_a_form_that_is_not_made_does_not_count(parameters):
    assert codecs_in(f"a=rtpmap:102 H264/90000\r\na=fmtp:102 {parameters}\r\n") == set()


async def test_a_real_offer_has_both():
    pc = RTCPeerConnection()
    pc.addTransceiver("video", direction="recvonly")
    assert codecs_in((await pc.createOffer()).sdp) == {"vp8", "h264"}
    await pc.close()


def asked(times: FrameTimes, until_us: int, *, resting: bool, start_us: int = 0) -> list[int]:
    return [pts for now in range(start_us, until_us, 20_000) for pts in times.due(now, resting=resting)]


def test_every_frame_of_the_grid_is_asked_for_once():
    times = FrameTimes(25, 12)
    times.start(FRAME_US)
    assert asked(times, 1_000_000, resting=False) == [FRAME_US * n for n in range(1, 26)]


@pytest.mark.parametrize(
    ("rate_hz", "idle_rate_hz", "count"), [(25, 12, 13), (30, 12, 15), (60, 12, 12), (25, 25, 25)]
)
def test_at_rest_only_some_of_the_same_grid_are(rate_hz, idle_rate_hz, count):
    times = FrameTimes(rate_hz, idle_rate_hz)
    times.start(0)
    found = asked(times, 1_000_000 - times.frame_us, resting=True)
    assert count - 1 <= len(found) <= count
    assert all(pts % times.frame_us == 0 for pts in found)


def test_movement_gets_the_very_next_frame_even_one_that_was_left_out():
    times = FrameTimes(25, 12)
    times.start(0)
    seen = asked(times, 200_000, resting=True)
    assert seen == [0, 80_000, 160_000]
    assert list(times.due(190_000, resting=False)) == [200_000]
    assert list(times.due(200_000, resting=False)) == [240_000]


async def test_a_session_has_the_video_that_it_was_opened_with(backstage):
    made = Sessions(Config(), backstage.services, Personas(), lambda viewer, now_us: FakeTransport(viewer))
    async with made.running():
        session = await made.create("", VP8 + H264, Video(256, 50, 200_000, "h264"))
        assert session.answer.result().startswith("h264 answer")
        (start,) = backstage.render.of_kind("start")
        assert start.format == render_pb.VideoFormat(
            codec=render_pb.VIDEO_CODEC_H264,
            width_px=256,
            height_px=256,
            frame_rate_hz=50,
            bitrate_bps=200_000,
        )
        session.close("left")


async def test_an_idle_face_is_shown_half_as_often_and_a_speaking_one_always(backstage):
    made = Sessions(Config(), backstage.services, Personas(), lambda viewer, now_us: FakeTransport(viewer))
    async with made.running():
        session = await made.create("", VP8)
        session.on_connected()
        transport = session._transport
        session.on_message('{"type": "shown"}')
        await until(lambda: any(m["type"] == "turn" for m in transport.messages), "the greeting")
        await until(lambda: resting_steps(transport)[-8:] == [80_000] * 8, "a slow face")
        assert all(pts % 20_000 == 0 for pts, _, _ in transport.video)
        session.on_message('{"type": "text", "text": "Hello?"}')
        await until(lambda: len([m for m in transport.messages if m["type"] == "turn"]) == 2, "the answer")
        spoken = speaking_us(transport)
        shown = [pts for pts, _, _ in transport.video if spoken[0] < pts < spoken[1]]
        assert {b - a for a, b in itertools.pairwise(shown)} == {40_000}
        session.close("left")


def resting_steps(transport: FakeTransport) -> list[int]:
    pts = [at for at, _, _ in transport.video]
    return [b - a for a, b in itertools.pairwise(pts)]


def speaking_us(transport: FakeTransport) -> tuple[int, int]:
    """When the last answer was spoken."""
    states = [(m["state"], m["pts_us"]) for m in transport.messages if m["type"] == "state"]
    began = [at for state, at in states if state == "speaking"][-1]
    return began, next(at for state, at in states if state == "idle" and at > began)
