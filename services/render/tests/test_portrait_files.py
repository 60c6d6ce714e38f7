"""Files of portraits: what is read, how it is turned, what is refused before it is decoded."""

import struct
from hashlib import sha256

import av
import numpy as np
import pytest
from rpckit.errors import InvalidInput
from visavis_render.portrait.pack import write_picture
from visavis_render.portrait.picture import read_portrait


def png(width, height):
    """The begin and the end of a PNG file."""
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0" + b"IEND" * 2
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no picture that can be read"),
        (b"Dear diary", "give a JPEG, PNG or WebP file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "give a JPEG, PNG or WebP file"),
        (png(10_000, 10_000), "has 10000 x 10000 pixels, at most 40 megapixels"),
        (png(2**31 - 1, 2**31 - 1), "at most 40 megapixels"),
        (png(100, 600), "at least 256 each way"),
        (png(600, 600), "can't be read as a picture"),
        (png(600, 600)[:20], "cut off in the middle"),
        (b"\xff\xd8\xff\xe0\x00", "cut off in the middle"),
        (b"\xff\xd8\xff\xe0\x00\x00aaaa", "the JPEG file is damaged"),
        (b"RIFF\x00\x10\x00\x00WEBPVP8 ", "cut off in the middle"),
    ],
)
def test_files_that_are_no_pictures_are_refused(tmp_path, content, says):
    path = tmp_path / "portrait.jpg"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=says):
        read_portrait(path)


def test_a_file_that_is_missing_or_too_large_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="there is no such file"):
        read_portrait(tmp_path / "nothing.jpg")
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(40 << 20)
    with pytest.raises(InvalidInput, match="has 40 MB, at most 32"):
        read_portrait(tmp_path / "large.png")


def written(path, rgb):
    """A picture's file: PNG, JPEG or WebP by its name."""
    if path.suffix == ".webp":
        write_picture(path, rgb)
        return path
    codec, kind = {".png": ("png", "rgb24"), ".jpg": ("mjpeg", "yuvj420p")}[path.suffix]
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = rgb.shape[1], rgb.shape[0], kind
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        container.mux(stream.encode(frame.reformat(format=kind)))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def quarters():
    """Red, green, blue and white quarters, 400 wide and 300 high."""
    rgb = np.zeros((300, 400, 3), np.uint8)
    rgb[:150, :200], rgb[:150, 200:], rgb[150:, :200], rgb[150:, 200:] = (
        (250, 0, 0),
        (0, 250, 0),
        (0, 0, 250),
        (250, 250, 250),
    )
    return rgb


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_picture_is_read_whole_or_refused(tmp_path, quarters, suffix):
    path = written(tmp_path / f"q{suffix}", quarters)
    portrait = read_portrait(path)
    assert portrait.rgb.shape == (300, 400, 3)
    assert np.abs(portrait.rgb.astype(int) - quarters)[20:130, 20:180].mean() < 6
    assert portrait.digest == sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    with pytest.raises(InvalidInput, match="cut off in the middle"):
        read_portrait(path)


@pytest.mark.parametrize(("orientation", "corner"), [(1, 0), (2, 1), (3, 3), (4, 2), (6, 2), (8, 1)])
def test_a_picture_is_turned_as_the_camera_was_held(tmp_path, quarters, orientation, corner):
    path = written(tmp_path / "q.jpg", quarters)
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 3, 1, orientation) + b"\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    rgb = read_portrait(path).rgb
    assert rgb.shape == ((400, 300, 3) if orientation >= 5 else (300, 400, 3))
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 250)]
    assert np.abs(rgb[20:80, 20:80].mean((0, 1)) - colours[corner]).max() < 12


def test_a_large_picture_is_made_smaller(tmp_path):
    path = written(tmp_path / "large.png", np.zeros((2500, 300, 3), np.uint8))
    assert read_portrait(path).rgb.shape == (2048, 246, 3)
