"""What every avatar must do."""

import av
import numpy as np
import pytest
from visavis_render.avatar import by_name, names, read_directory, size_range
from visavis_render.backends import RENDERERS, load_avatar, traits_of
from visavis_render.config import Config
from visavis_render.encoders import open_encoder
from visavis_render.engine import FaceState, Gaze, HeadPose, VideoSpec, Viseme

FACES = [
    FaceState(),
    FaceState(visemes={Viseme.AA: 1.0}, arkit={"jawOpen": 0.6}, sounding=Viseme.AA),
    FaceState(visemes={Viseme.PP: 1.0}, sounding=Viseme.PP),
    FaceState(head=HeadPose(7, 7, 7), blink=0.4, breath=1.0),
]
# Weights and angles that no animator would ask for: a renderer draws them as its own limits allow.
EXTREMES = [
    FaceState(visemes=dict.fromkeys(Viseme, 1.0), arkit={"jawOpen": 1.0}, blink=1.0),
    FaceState(head=HeadPose(90, -90, 180), gaze=Gaze(1, -1), breath=1.0),
    FaceState(expression={"mouthSmileLeft": 1.0, "mouthFrownRight": 1.0, "noSuchShape": 1.0}),
]
SHIPPED = sorted(names(None))


@pytest.fixture(scope="module", params=[*SHIPPED, "a portrait"])
def directory(request):
    if request.param in SHIPPED:
        return by_name(request.param)
    return read_directory(request.getfixturevalue("portrait_avatar"))


@pytest.fixture(scope="module")
def avatar(directory):
    return load_avatar(directory, Config())


def test_every_renderer_is_shown_by_an_avatar_that_ships():
    assert {by_name(name).manifest.renderer for name in SHIPPED} == set(RENDERERS)


def test_renderers_declare_what_they_need(directory):
    traits = traits_of(directory)
    assert traits.needs in ("parameters", "audio")
    assert 0 <= traits.lookahead_us <= 1_000_000
    low, high = size_range(directory, traits)
    assert 128 <= low <= 512 <= high <= 1024


def test_what_a_viewer_can_draw_has_a_kit_for_it(directory, avatar):
    assert traits_of(directory).viewer_can_draw == hasattr(avatar, "kit")


def test_whatever_is_asked_there_is_a_picture(avatar):
    renderer = avatar.open(128, "AI")
    for face in EXTREMES:
        assert renderer.draw(face).shape == (192, 128)


@pytest.mark.parametrize("size", [128, 130, 512])
def test_pictures_have_the_asked_size(avatar, size):
    renderer = avatar.open(size, "AI")
    for face in FACES:
        picture = renderer.draw(face)
        assert picture.shape == (size * 3 // 2, size)
        assert picture.dtype == np.uint8


def test_an_open_mouth_shows_and_goes_away_again(avatar):
    renderer = avatar.open(512, "AI")
    closed, opened, again = (renderer.draw(FACES[n]).copy() for n in (0, 1, 0))
    assert (np.abs(opened.astype(int) - closed) > 20).sum() > 300
    assert np.array_equal(closed, again)


def test_sessions_do_not_touch_each_other(avatar):
    first, second = avatar.open(512, "AI"), avatar.open(512, "KI")
    before = first.draw(FACES[0]).copy()
    second.draw(FACES[1])
    assert np.array_equal(first.draw(FACES[0]), before)


def test_every_picture_carries_the_label(avatar):
    with_ai, with_ki = avatar.open(512, "AI"), avatar.open(512, "KI")
    for face in FACES:
        a, b = with_ai.draw(face), with_ki.draw(face)
        corner = a[:64, :96]
        assert corner.max() - np.median(corner[24:40, 24:48]) > 60
        assert not np.array_equal(corner, b[:64, :96])


def test_the_label_can_be_read_as_people_see_it(avatar, contrast):
    picture = avatar.open(512, "AI").draw(FACES[0])
    encoded = open_encoder(VideoSpec()).encode(picture, 0, keyframe=True)
    (frame,) = av.CodecContext.create("vp8", "r").decode(av.Packet(encoded.data))
    for seen in (picture, frame.to_ndarray(format="yuv420p")):
        assert contrast(seen) >= 4.5, "WCAG 2 AA"


def test_the_same_face_gives_the_same_picture(avatar):
    pictures = []
    for order in (FACES, FACES[::-1]):
        renderer = avatar.open(512, "AI")
        drawn = [renderer.draw(face).copy() for face in order]
        pictures.append(drawn if order is FACES else drawn[::-1])
    assert all(np.array_equal(a, b) for a, b in zip(*pictures, strict=True))


def test_the_clapper_is_white_exactly_while_aa_sounds():
    renderer = load_avatar(by_name("clapper"), Config()).open(512, "AI")
    brightness = [int(np.median(renderer.draw(face)[:512])) for face in FACES]
    assert brightness == [24, 235, 24, 24]
