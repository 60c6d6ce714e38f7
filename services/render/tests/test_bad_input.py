"""What is broken is refused by file and field, or clamped and counted; calls that are under way go on."""

import json
import shutil
import struct
import tracemalloc
import zlib

import av
import grpc
import numpy as np
import pytest
from rpckit.channels import open_channel
from rpckit.serve import new_server
from visavis.media.v1 import media_pb2 as media
from visavis.render.v1 import render_service_pb2 as pb
from visavis.render.v1 import render_service_pb2_grpc as pb_grpc
from visavis_render.avatar import MANIFEST, shipped
from visavis_render.config import Config
from visavis_render.server import RenderServicer
from visavis_render.studio import Studio

FRAME_US = 40_000
GOOD = 'name = "Nia"\nrenderer = "vector"\nlicence = "CC0-1.0"\nauthor = "A. Author"\n'
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + ']><svg xmlns="http://www.w3.org/2000/svg"><text>&i;</text></svg>'
).encode()


@pytest.fixture
def folder(tmp_path):
    """Avatars of one's own: Nia is drawn, Noa is rendered; to be broken."""
    (tmp_path / "nia").mkdir()
    (tmp_path / "nia" / MANIFEST).write_text(GOOD)
    (tmp_path / "nia" / "character.json").write_text('{"base": "mira"}')
    shutil.copytree(shipped() / "nora", tmp_path / "noa")
    return tmp_path


@pytest.fixture
async def stub(folder):
    """A real service, with a real face of its own."""
    studio = Studio(Config(avatar="fake", avatars_dir=folder, max_sessions=3))
    server = new_server()
    pb_grpc.add_RenderServiceServicer_to_server(RenderServicer(studio, idle_timeout_s=30), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield pb_grpc.RenderServiceStub(channel)
    await server.stop(grace=None)
    studio.close()


def start(**fields):
    return pb.RenderRequest(start=pb.StartRender(**{"session_id": "s1", "seed": 1, **fields}))


async def begin(stub):
    call = stub.Render()
    await call.write(start())
    assert (await call.read()).WhichOneof("event") == "started"
    return call


async def frame(call, number):
    await call.write(pb.RenderRequest(advance=pb.Advance(pts_us=number * FRAME_US)))
    return (await call.read()).frame


async def refusal(stub, **fields):
    """Why a session can't begin; one that is under way goes on drawing."""
    other = await begin(stub)
    await frame(other, 0)
    call = stub.Render()
    await call.write(start(**fields))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert (await frame(other, 1)).data
    other.cancel()
    return caught.value.code().name, caught.value.details()


def png(width, height):
    """A grey PNG of any size in few bytes."""
    rows = zlib.compressobj(9)
    row = bytes(1 + width)
    data = b"".join([rows.compress(row) for _ in range(height)] + [rows.flush()])
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", data),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks
    )


def torn(data):
    return data[: len(data) // 2]


def flipped(data):
    return data[:3000] + bytes([data[3000] ^ 0x55]) + data[3001:]


@pytest.mark.parametrize(
    ("who", "file", "content", "says"),
    [
        ("nia", MANIFEST, lambda _: b"name = ", "avatar nia: avatar.toml: Invalid value"),
        (
            "nia",
            MANIFEST,
            lambda text: text + b"colour = 1\n",
            "avatar nia: avatar.toml: colour: Extra inputs",
        ),
        ("nia", "character.json", None, "avatar nia: character.json: is missing"),
        ("nia", "character.json", lambda _: b"\xff\xfe", "avatar nia: character.json: is not UTF-8"),
        ("nia", "character.json", lambda _: BOMB, "avatar nia: character.json: line 1: Expecting value"),
        (
            "nia",
            "character.json",
            lambda _: b'{"a":' * 100_000,
            "avatar nia: character.json: is nested too deep",
        ),
        ("nia", "character.json", lambda _: b'{"base": "mira", "mouth": {"y": NaN}}', "NaN is no number"),
        ("nia", "character.json", lambda _: b'{"base": "mira", "mouth": {"y": 1e999}}', "mouth.y: "),
        (
            "nia",
            "character.json",
            lambda _: json.dumps(
                {"base": "mira", "face_shapes": [{"p": [[0, 0]], "ell": [3, 3], "fill": "@skin"}] * 5000}
            ).encode(),
            "avatar nia: character.json: face_shapes: List should have at most 240",
        ),
        ("nia", "character.json", lambda _: b" " * (2 << 20), "avatar nia: character.json: is too large"),
        ("noa", "mouth.webp", None, "avatar noa: mouth.webp: is missing"),
        ("noa", "mouth.webp", torn, "avatar noa: mouth.webp: "),
        ("noa", "lids_alpha.png", flipped, "avatar noa: lids_alpha.png: can't be read as a picture"),
        ("noa", "base.webp", lambda _: BOMB, "avatar noa: base.webp: is neither PNG nor WebP"),
        ("noa", "base.webp", lambda _: b"", "avatar noa: base.webp: is neither PNG nor WebP"),
        ("noa", "lids_alpha.png", lambda _: png(10_000, 10_000), "lids_alpha.png: is 10000 x 10000, must be"),
        ("noa", "mesh.npz", lambda _: b"\x93NUMPY\x01\x00", "avatar noa: mesh.npz: can't be read"),
        ("noa", "mesh.npz", torn, "avatar noa: mesh.npz: can't be read"),
    ],
)
async def test_a_broken_avatar_is_refused_by_file_and_field(stub, folder, who, file, content, says):
    path = folder / who / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content(path.read_bytes()))
    code, details = await refusal(stub, avatar=who)
    assert code == "INVALID_ARGUMENT", details
    assert says in details
    assert str(folder) not in details, "callers learn no path"


async def test_a_picture_of_100_megapixels_takes_no_memory(stub, folder):
    (folder / "noa" / "base.webp").write_bytes(png(10_000, 10_000))
    tracemalloc.start()
    code, details = await refusal(stub, avatar="noa")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code == "INVALID_ARGUMENT"
    assert "base.webp: is 10000 x 10000, must be 768 x 768" in details
    assert peak < 20e6


async def test_a_mesh_that_unpacks_to_gigabytes_is_refused(stub, folder):
    path = folder / "noa" / "mesh.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez_compressed(path, **{**arrays, "moves": np.zeros((3000, 3000), np.float64)})
    assert path.stat().st_size < 1 << 20
    code, details = await refusal(stub, avatar="noa")
    assert code == "INVALID_ARGUMENT"
    assert "mesh.npz: holds" in details


@pytest.mark.parametrize("size", [-2, 1, 64, 127, 513, 1025, 2048, 1 << 30])
async def test_a_size_that_cant_be_drawn_is_refused(stub, size):
    code, details = await refusal(stub, format=pb.VideoFormat(width_px=size))
    assert (code, "format.width_px" in details) == ("INVALID_ARGUMENT", True), details


def cue(offset_us, viseme=media.VISEME_AA, intensity=0.9):
    return media.VisemeCue(viseme=viseme, offset_us=offset_us, duration_us=100_000, intensity=intensity)


async def test_visemes_out_of_order_or_in_the_past_are_counted_and_the_call_goes_on(stub):
    call = await begin(stub)
    for number in range(10):
        await frame(call, number)
    late, order, nan = [cue(0), cue(50_000)], [cue(900_000), cue(700_000), cue(1_100_000)], cue(1_300_000)
    nan.intensity = float("nan")
    await call.write(pb.RenderRequest(visemes=pb.VisemeCues(cues=[*late, *order, nan])))
    decoder = av.CodecContext.create("vp8", "r")
    await call.write(pb.RenderRequest(keyframe=pb.RequestKeyframe()))
    brightness = {}
    for number in range(10, 45):
        data = (await frame(call, number)).data
        (picture,) = decoder.decode(av.Packet(data))
        brightness[number] = int(np.median(picture.to_ndarray(format="yuv420p")[280:360, 200:300]))
    assert max(brightness[n] for n in range(22, 30)) > 140, "the good ones are seen"
    assert brightness[44] < 100
    await call.write(pb.RenderRequest(advance=pb.Advance(pts_us=11_000_000)))
    await call.read()
    statistics = (await call.read()).statistics
    assert (statistics.dropped_cue_count, statistics.skipped_count) == (3, 0)
    assert statistics.frame_count >= 45
    call.cancel()
