"""Codec name -> encoder. Each is imported only when chosen."""

from importlib import import_module

import av
from rpckit.errors import InvalidInput

from visavis_render.engine import Codec, Encoder, VideoSpec

ENCODERS: dict[Codec, tuple[str, str]] = {
    "vp8": ("visavis_render.encoders.vp8", "libvpx"),
    "h264": ("visavis_render.encoders.h264", "libx264"),
}


def require_codec(spec: VideoSpec) -> None:
    """InvalidInput unless this installation has an encoder for the codec."""
    _, library = ENCODERS[spec.codec]
    if library not in av.codecs_available:
        raise InvalidInput(f"format.codec {spec.codec.upper()} is not available here: {library} is missing")


def open_encoder(spec: VideoSpec) -> Encoder:
    """A warm encoder: its first frame is as fast as the others."""
    encoder: Encoder = import_module(ENCODERS[spec.codec][0]).build(spec)
    return encoder
