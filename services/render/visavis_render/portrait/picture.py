"""Reads a portrait's file; what is no whole, sane picture is refused before it is decoded."""

import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from rpckit.errors import InvalidInput

MAX_BYTES = 32 << 20
MAX_PIXELS = 40_000_000
MIN_SIDE = 256
WORK_SIDE = 2048  # larger pictures are made smaller: nobody sees more of them
KINDS = {"jpeg": ("mjpeg", "jpeg_pipe"), "png": ("png", "png_pipe"), "webp": ("webp", "webp_pipe")}
FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Portrait:
    """A picture as it is to be seen: RGB (height, width, 3), and what its file was."""

    rgb: NDArray[np.uint8]
    file: str
    digest: str


@dataclass(frozen=True)
class _Header:
    """What a file says about itself; orientation: EXIF's 1 to 8."""

    kind: str
    width: int
    height: int
    whole: bool
    orientation: int = 1


def read_portrait(path: Path) -> Portrait:
    """The picture in a file; InvalidInput says what is wrong with it."""
    if not path.is_file():
        raise InvalidInput(f"{path}: there is no such file")
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"{path.name}: has {path.stat().st_size >> 20} MB, at most {MAX_BYTES >> 20}")
    data = path.read_bytes()
    try:
        header = _header(data)
    except (struct.error, IndexError):
        raise InvalidInput(f"{path.name}: is cut off in the middle") from None
    _require_sane(header, path.name)
    rgb = _decoded(path, header)
    return Portrait(_oriented(rgb, header.orientation), path.name, sha256(data).hexdigest())


def _require_sane(header: _Header, name: str) -> None:
    width, height = header.width, header.height
    if width * height > MAX_PIXELS:
        limit = f"at most {MAX_PIXELS // 1_000_000} megapixels"
        raise InvalidInput(f"{name}: has {width} x {height} pixels, {limit}: make it smaller")
    if min(width, height) < MIN_SIDE:
        raise InvalidInput(f"{name}: has {width} x {height} pixels, at least {MIN_SIDE} each way are needed")
    if not header.whole:
        raise InvalidInput(f"{name}: is cut off in the middle: its end is missing")


def _header(data: bytes) -> _Header:
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        width, height = struct.unpack(">II", data[16:24])
        return _Header("png", width, height, b"IEND" in data[-64:])
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    raise InvalidInput("this is no picture that can be read: give a JPEG, PNG or WebP file")


def _webp(data: bytes) -> _Header:
    whole = struct.unpack("<I", data[4:8])[0] + 8 <= len(data)
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", data[26:30]))
    return _Header("webp", width, height, whole)


def _jpeg(data: bytes) -> _Header:
    """Walks the segments up to the picture itself: a thumbnail inside is not mistaken for it."""
    at, width, height, orientation = 2, 0, 0, 1
    while True:
        marker, length = struct.unpack(">HH", data[at : at + 4])
        body = data[at + 4 : at + 2 + length]
        if marker == 0xFFDA:
            return _Header("jpeg", width, height, data.find(b"\xff\xd9", at) > 0, orientation)
        if marker >> 8 != 0xFF or length < 2:
            break
        if marker & 0xFF in FRAMES:
            height, width = struct.unpack(">HH", body[1:5])
        elif marker == 0xFFE1 and body[:6] == b"Exif\0\0":
            orientation = _orientation(body[6:])
        at += 2 + length
    raise InvalidInput("this is no picture that can be read: the JPEG file is damaged")


def _orientation(tiff: bytes) -> int:
    """How a camera was held, 1 to 8; 1 when it doesn't say."""
    try:
        order = "<" if tiff[:2] == b"II" else ">"
        at = struct.unpack(order + "I", tiff[4:8])[0]
        for number in range(struct.unpack(order + "H", tiff[at : at + 2])[0]):
            tag, _, _, value = struct.unpack(
                order + "HHIH", tiff[at + 2 + 12 * number : at + 12 + 12 * number]
            )
            if tag == ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _decoded(path: Path, header: _Header) -> NDArray[np.uint8]:
    """RGB with at most WORK_SIDE pixels each way."""
    try:
        with av.open(str(path), format=KINDS[header.kind][1]) as container:
            frame = next(container.decode(video=0))
            if (frame.width, frame.height) != (header.width, header.height):
                raise InvalidInput(f"{path.name}: the file says two different sizes")
            scale = min(1.0, WORK_SIDE / max(frame.width, frame.height))
            width, height = round(frame.width * scale), round(frame.height * scale)
            small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
            return np.asarray(small.to_ndarray(), np.uint8)
    except (OSError, StopIteration, ValueError):
        raise InvalidInput(f"{path.name}: can't be read as a picture; is it damaged?") from None


def _oriented(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    if orientation >= 5:
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)
