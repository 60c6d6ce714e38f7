"""A session whose viewer draws: assets once, then one state of the face for each advance."""

import json
import zlib

import av
import grpc
import numpy as np
import pytest
from visavis.media.v1 import media_pb2 as media
from visavis.render.v1 import render_service_pb2 as pb
from visavis_render.avatar import by_name
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.engine import Asset, FaceState, VideoSpec
from visavis_render.kit import INDEX, packed
from visavis_render.label import Badge
from visavis_render.posing import Posing
from visavis_render.wire import MAX_PART_BYTES, asset_parts

FRAME_US = 40_000
FINISH = pb.RenderRequest(finish=pb.FinishRender())


def start(**fields):
    return pb.RenderRequest(start=pb.StartRender(session_id="s1", seed=1, **fields))


def advance(pts_us, skip=False):
    return pb.RenderRequest(advance=pb.Advance(pts_us=pts_us, skip=skip))


def visemes(*spans):
    """Open mouths; spans are (offset_us, duration_us)."""
    cues = [
        media.VisemeCue(viseme=media.VISEME_AA, offset_us=at, duration_us=length, intensity=0.9)
        for at, length in spans
    ]
    return pb.RenderRequest(visemes=pb.VisemeCues(cues=cues, turn_id="t1", generation=1))


FACE = start(avatar="clapper", output=pb.RENDER_OUTPUT_FACE)


def picture_of(asset):
    """A WebP as straight RGBA."""
    decoder = av.CodecContext.create("webp", "r")
    (frame,) = decoder.decode(av.Packet(asset.data))
    return frame.to_ndarray(format="rgba")


async def opened(stub, first=FACE):
    """The call, its answer to start, and its assets by name."""
    call = stub.Render()
    await call.write(first)
    started = (await call.read()).started
    assets = {}
    while first.start.output == pb.RENDER_OUTPUT_FACE and INDEX not in assets:
        part = (await call.read()).asset
        assert part.complete
        assets[part.name] = part
    return call, started, assets


async def ended(call):
    """Finish; True when nothing more came."""
    await call.write(FINISH)
    await call.done_writing()
    return await call.read() is grpc.aio.EOF


async def poses(call, count, before=None):
    """The answers to advances 0..count - 1; `before` maps a number to what is sent ahead of it."""
    answers = []
    for number in range(count):
        if before and number in before:
            await call.write(before[number])
        await call.write(advance(number * FRAME_US))
        answers.append((await call.read()).face)
    return answers


def openness(face):
    return sum(w.weight for w in face.visemes if w.viseme == media.VISEME_AA)


async def test_assets_come_first_and_the_index_names_them(stub):
    call, _, assets = await opened(stub)
    assert list(assets) == ["label.webp", INDEX]
    index = json.loads(assets[INDEX].data)
    assert (index["renderer"], index["label"]["text"], index["label"]["file"]) == (
        "clapper",
        "AI",
        "label.webp",
    )
    assert assets["label.webp"].media_type == "image/webp"
    assert await ended(call)


async def test_each_advance_is_answered_by_a_face_and_the_mouth_follows_the_cues(stub):
    call, _, _ = await opened(stub)
    await call.write(visemes((400_000, 400_000)))
    await call.write(pb.RenderRequest(keyframe=pb.RequestKeyframe()))  # means nothing here
    faces = await poses(call, 30)
    assert [face.pts_us for face in faces] == [n * FRAME_US for n in range(30)]
    assert max(openness(face) for face in faces[:4]) < 0.1
    assert min(openness(face) for face in faces[13:17]) > 0.5
    assert max(openness(face) for face in faces[26:]) < 0.1
    assert [face.sounding for face in faces[12:14]] == [media.VISEME_AA] * 2
    assert faces[2].sounding == media.VISEME_UNSPECIFIED
    await call.write(advance(30 * FRAME_US, skip=True))
    assert (await call.read()).skipped.pts_us == 30 * FRAME_US
    assert await ended(call)


async def test_a_cut_closes_the_mouth(stub):
    call, _, _ = await opened(stub)
    await call.write(visemes(*((n * 100_000, 100_000) for n in range(30))))
    faces = await poses(call, 20, {10: pb.RenderRequest(cut=pb.Cut(pts_us=10 * FRAME_US))})
    assert openness(faces[9]) > 0.5
    assert max(openness(face) for face in faces[14:]) < 0.05
    assert await ended(call)


async def test_the_rate_can_change_and_the_size_does_not_matter(stub):
    call, started, _ = await opened(stub, start(avatar="clapper", output=pb.RENDER_OUTPUT_FACE))
    assert started.format.frame_rate_hz == 25
    await call.write(pb.RenderRequest(configure=pb.Configure(format=pb.VideoFormat(frame_rate_hz=30))))
    assert len(await poses(call, 3)) == 3
    assert await ended(call)


@pytest.mark.parametrize(
    ("first", "code", "why"),
    [
        (
            start(avatar="fake", output=pb.RENDER_OUTPUT_FACE),
            "FAILED_PRECONDITION",
            "output: the avatar fake can't be drawn by a",
        ),
        (
            start(avatar="clapper", output=7),
            "INVALID_ARGUMENT",
            "output must be RENDER_OUTPUT_VIDEO or RENDER_OUTPUT_FACE",
        ),
        (
            start(avatar="clapper", output=pb.RENDER_OUTPUT_FACE, label="人"),
            "INVALID_ARGUMENT",
            "label can't show",
        ),
    ],
)
async def test_what_cannot_be_is_refused(stub, first, code, why):
    call = stub.Render()
    await call.write(first)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code().name == code
    assert why in caught.value.details()


async def test_pictures_come_to_those_who_ask_for_nothing_else(stub):
    call, _, _ = await opened(stub, start(output=pb.RENDER_OUTPUT_VIDEO))
    await call.write(advance(0))
    assert (await call.read()).WhichOneof("event") == "frame"
    assert await ended(call)


def test_a_face_that_cannot_be_drawn_is_replaced_by_the_last_good_one():
    posing = Posing(VideoSpec())
    good = FaceState(blink=0.5)
    assert posing.frame(good, 0).face is good
    assert posing.frame(FaceState(blink=float("nan")), 1).face is good


def test_large_files_come_in_parts():
    asset = Asset("a", "b", bytes(MAX_PART_BYTES + 1))
    parts = list(asset_parts([asset, Asset("empty", "b", b"")]))
    assert [(p.name, len(p.data), p.complete) for p in parts] == [
        ("a", MAX_PART_BYTES, False),
        ("a", 1, True),
        ("empty", 0, True),
    ]


def test_the_kit_of_a_drawn_character_holds_its_layers_exactly():
    avatar = load_avatar(by_name("mira"), Config())
    assets = {asset.name: asset for asset in packed(avatar.kit(), "KI")}
    index = json.loads(assets[INDEX].data)
    assert [layer["name"] for layer in index["layers"]] == ["front", "head", "torso", "back"]
    assert index["label"]["text"] == "KI"
    assert sum(len(asset.data) for asset in assets.values()) < 1 << 20
    for layer in index["layers"]:
        picture = picture_of(assets[layer["file"]])
        assert (picture[:, :, 3] == 255).sum() > 10_000
    assert picture_of(assets["background.webp"]).shape == (1024, 1024, 4)
    assert avatar.kit() is avatar.kit()


@pytest.mark.parametrize("name", ["nora", "amos"])
def test_the_kit_of_a_rendered_person_holds_its_pictures_and_its_mesh(name):
    directory = by_name(name)
    avatar = load_avatar(directory, Config())
    assets = {asset.name: asset for asset in packed(avatar.kit(), "AI")}
    index = json.loads(assets[INDEX].data)
    for file in index["pictures"].values():
        assert assets[file].data == directory.asset(file).read_bytes()
        assert assets[file].media_type == f"image/{file.split('.')[1]}"
    assert "turns" in index["pictures"]
    bits = np.frombuffer(zlib.decompress(assets[index["numbers"]["file"]].data), "<u2")

    def read(array):
        place = index["numbers"]["arrays"][array]
        stored = bits[place["at"] : place["at"] + place["count"]]
        return place["low"] + place["step"] * stored.astype(float)

    with np.load(directory.asset("mesh.npz")) as mesh:
        assert np.array_equal(read("triangles"), mesh["triangles"].ravel())
        assert np.array_equal(read("moves") * 65536, mesh["moves"].ravel())
        assert np.abs(read("base") - mesh["base"].ravel()).max() < 1e-5
        assert index["hole_count"] == mesh["hole_count"]
    assert bits.size == sum(place["count"] for place in index["numbers"]["arrays"].values())
    assert sum(len(asset.data) for asset in assets.values()) < 3 << 19
    assert avatar.kit() is avatar.kit()


@pytest.mark.parametrize("behind", [0, 60, 128, 200, 255])
def test_the_label_alone_contrasts_on_any_background(behind):
    """WCAG 2.1, 1.4.3: 4.5 to 1 between the letters and what is around them."""
    image = Badge("KI", 1024).image().astype(float)
    alpha = image[:, :, 3] / 255
    shown = image[:, :, 0] * alpha + behind * (1 - alpha)
    inside = shown[12:-12, 12:-12]
    light, dark = inside.max(), np.median(inside)
    assert (luminance(light) + 0.05) / (luminance(dark) + 0.05) > 4.5


def luminance(grey):
    """sRGB 0..255 -> relative luminance."""
    c = grey / 255
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
