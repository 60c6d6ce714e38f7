from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
from visavis_render.backends.fake import FakeAvatar
from visavis_render.drawing import Drawing
from visavis_render.encoders import open_encoder
from visavis_render.engine import FaceState, HeadPose, VideoSpec, Viseme

FRAME_US = 40_000


def noise(seed, size=256):
    """A picture that is hard to compress."""
    random = np.random.default_rng(seed)
    picture = np.full((size * 3 // 2, size), 128, np.uint8)
    picture[:size] = random.integers(60, 190, (size // 8, size // 8)).repeat(8, 0).repeat(8, 1)
    return picture


def decode(decoder, data):
    (frame,) = decoder.decode(av.Packet(data))
    return frame.to_ndarray(format="yuv420p")


def test_pictures_come_back_alike():
    encoder = open_encoder(VideoSpec(size_px=256))
    decoder = av.CodecContext.create("vp8", "r")
    for number in range(5):
        picture = noise(1)
        picture[:256, : number * 20] = 200
        encoded = encoder.encode(picture, number * FRAME_US, keyframe=number == 0)
        back = decode(decoder, encoded.data)
        assert np.abs(back.astype(int) - picture).mean() < 6
        assert encoded.keyframe == (number == 0)


@pytest.mark.parametrize("pts", [[0, 1, 2], [0, 7, 40_000_000], [1 << 49, (1 << 49) + 1]])
def test_any_increasing_pts_is_encoded(pts):
    encoder = open_encoder(VideoSpec(size_px=128))
    assert all(encoder.encode(noise(1, 128), p, keyframe=False).data for p in pts)


def test_the_same_pictures_give_the_same_bytes_however_busy_the_machine_is():
    def encoded(disturb):
        encoder = open_encoder(VideoSpec(size_px=256))
        data = []
        for number in range(60):
            disturb()
            data.append(encoder.encode(noise(number % 9), number * FRAME_US, keyframe=number == 0).data)
        return data

    matrix = np.random.default_rng(1).random((300, 300))
    with ThreadPoolExecutor(8) as crowd:
        busy = encoded(lambda: [crowd.submit(np.linalg.svd, matrix) for _ in range(2)])
        crowd.shutdown(cancel_futures=True)
    assert busy == encoded(lambda: None)


def test_the_rate_is_kept():
    sizes = {}
    for rate in (150_000, 1_500_000):
        encoder = open_encoder(VideoSpec(size_px=256, bitrate_bps=rate))
        data = [encoder.encode(noise(n % 7), n * FRAME_US, keyframe=n == 0).data for n in range(75)]
        sizes[rate] = sum(len(d) for d in data[25:]) * 8 / 2
    assert sizes[150_000] < 260_000
    assert sizes[1_500_000] > 2 * sizes[150_000]


@pytest.fixture
def drawing():
    return Drawing(FakeAvatar(), "", VideoSpec(size_px=128))


def keyframes(drawing, count, start=0):
    frames = [drawing.frame(FaceState(), (start + n) * FRAME_US) for n in range(count)]
    return [n + start for n, frame in enumerate(frames) if frame.keyframe]


def test_keyframes_come_first_and_on_request_but_not_too_often(drawing):
    assert keyframes(drawing, 20) == [0]
    drawing.request_keyframe()
    drawing.request_keyframe()
    assert keyframes(drawing, 5, start=20) == [20]
    drawing.request_keyframe()
    assert keyframes(drawing, 20, start=25) == [28]  # 0.3 s after the last


def test_a_new_size_begins_with_a_keyframe(drawing):
    keyframes(drawing, 3)
    drawing.configure(VideoSpec(size_px=256))
    frame = drawing.frame(FaceState(), 4 * FRAME_US)
    assert frame.keyframe
    assert decode(av.CodecContext.create("vp8", "r"), frame.data).shape == (384, 256)


def test_rate_changes_are_gathered(drawing):
    keyframes(drawing, 1)
    found = []
    for number in range(1, 150):
        drawing.configure(VideoSpec(size_px=128, bitrate_bps=800_000 - 4_000 * number))
        found += keyframes(drawing, 1, start=number)
    assert found == [50, 100]


def test_a_small_rate_change_is_ignored(drawing):
    drawing.configure(VideoSpec(size_px=128, bitrate_bps=780_000))
    assert keyframes(drawing, 100) == [0]


def test_a_face_that_cant_be_drawn_leaves_the_last_good_one(drawing):
    good = FaceState(visemes={Viseme.AA: 1.0}, arkit={"jawOpen": 0.8})
    nan = float("nan")
    shown = [drawing.frame(good, 0)]
    for number, bad in enumerate(
        (FaceState(visemes={Viseme.AA: nan}), FaceState(blink=nan), FaceState(head=HeadPose(yaw_deg=nan))), 1
    ):
        shown.append(drawing.frame(bad, number * 40_000))
    decoder = av.CodecContext.create("vp8", "r")
    pictures = [decoder.decode(av.Packet(f.data))[0].to_ndarray(format="yuv420p") for f in shown]
    assert all(np.abs(p[64:96, 40:88].astype(int) - pictures[0][64:96, 40:88]).max() < 12 for p in pictures)
