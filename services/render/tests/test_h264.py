import av
import numpy as np
import pytest
from rpckit.errors import InvalidInput
from visavis_render.backends.fake import FakeAvatar
from visavis_render.drawing import Drawing
from visavis_render.encoders import ENCODERS, open_encoder, require_codec
from visavis_render.engine import FaceState, VideoSpec

FRAME_US = 40_000
SPS, PPS, IDR = 7, 8, 5
H264 = VideoSpec(size_px=256, codec="h264")


def checkered(seed):
    """A picture that is hard to compress."""
    picture = np.full((384, 256), 128, np.uint8)
    blocks = np.random.default_rng(seed).integers(60, 190, (32, 32))
    picture[:256] = blocks.repeat(8, 0).repeat(8, 1)
    return picture


def unit_types(data):
    """The NAL unit types of an Annex B frame, in order."""
    return [unit[0] & 31 for unit in data.split(b"\0\0\1")[1:]]


def bits_per_s(encoder, start, count):
    data = [encoder.encode(checkered(n % 7), n * FRAME_US, False).data for n in range(start, start + count)]
    return sum(len(each) for each in data) * 8 / (count * FRAME_US / 1e6)


def test_pictures_come_back_alike_one_by_one():
    encoder, decoder = open_encoder(H264), av.CodecContext.create("h264", "r")
    decoder.flags |= av.codec.context.Flags.low_delay
    for number in range(5):
        picture = checkered(1)
        picture[:256, : number * 20] = 200
        encoded = encoder.encode(picture, number * FRAME_US, keyframe=number == 0)
        (back,) = decoder.decode(av.Packet(encoded.data))
        assert np.abs(back.to_ndarray(format="yuv420p").astype(int) - picture).mean() < 8
        assert encoded.keyframe == (number == 0)


def test_a_keyframe_can_be_decoded_by_who_joins_there():
    encoder = open_encoder(H264)
    encoder.encode(checkered(0), 0, keyframe=True)
    encoder.encode(checkered(1), FRAME_US, keyframe=False)
    joined = encoder.encode(checkered(2), 2 * FRAME_US, keyframe=True)
    types = unit_types(joined.data)
    assert types[:2] == [SPS, PPS]
    assert types[-1] == IDR


def test_it_is_constrained_baseline():
    data = open_encoder(H264).encode(checkered(0), 0, keyframe=True).data
    profile, constraints = data[data.index(b"\x67") + 1 : data.index(b"\x67") + 3]
    assert profile == 0x42
    assert constraints & 0x40


def test_the_rate_changes_in_mid_stream_without_a_keyframe():
    drawing = Drawing(FakeAvatar(), "", H264)
    drawing.frame(FaceState(), 0)
    keyframes = 0
    for number in range(1, 60):
        drawing.configure(VideoSpec(size_px=256, codec="h264", bitrate_bps=800_000 - 9_000 * number))
        keyframes += drawing.frame(FaceState(), number * FRAME_US).keyframe
    assert keyframes == 0

    encoder = open_encoder(H264)
    before = bits_per_s(encoder, 0, 50)
    assert encoder.follow(200_000)
    bits_per_s(encoder, 50, 25)  # it takes a second
    assert bits_per_s(encoder, 75, 50) < before / 2


def test_a_rate_over_the_first_one_needs_a_new_encoder():
    assert not open_encoder(H264).follow(2_000_000)


def test_the_same_pictures_make_the_same_stream():
    streams = []
    for _ in range(2):
        encoder = open_encoder(H264)
        streams.append([encoder.encode(checkered(n), n * FRAME_US, n == 0).data for n in range(10)])
    assert streams[0] == streams[1]


def test_an_installation_without_the_library_says_so(monkeypatch):
    monkeypatch.setitem(ENCODERS, "h264", ("visavis_render.encoders.h264", "libnothing"))
    with pytest.raises(InvalidInput, match=r"H264 is not available here: libnothing is missing"):
        require_codec(H264)
