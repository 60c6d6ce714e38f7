"""What a PNG or WebP file says of its size, before a decoder takes memory for it."""

import struct
from pathlib import Path

HEAD_BYTES = 32
PNG, RIFF = b"\x89PNG\r\n\x1a\n", b"RIFF"


def size_of(path: Path) -> tuple[int, int] | None:
    """(width, height); None when the file is neither PNG nor WebP. Only the first bytes are read."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        return None
    if head.startswith(PNG) and head[12:16] == b"IHDR":
        width, height = struct.unpack(">II", head[16:24])
        return width, height
    if head.startswith(RIFF) and head[8:12] == b"WEBP":
        return _webp_size(head[12:16], head[20:])
    return None


def _webp_size(kind: bytes, data: bytes) -> tuple[int, int] | None:
    """Of its first chunk: lossy (RFC 6386), lossless, or extended."""
    if kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", data[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and data[:1] == b"\x2f":
        (bits,) = struct.unpack("<I", data[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (4, 7))
        return 1 + width, 1 + height
    return None
