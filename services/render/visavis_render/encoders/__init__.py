"""Codec name -> encoder. Each is imported only when chosen."""

from importlib import import_module

from rpckit.errors import InvalidInput

from visavis_render.engine import Encoder, VideoSpec

ENCODERS = {"vp8": "visavis_render.encoders.vp8"}


def require_codec(spec: VideoSpec) -> None:
    """InvalidInput unless this service has an encoder for the codec."""
    if spec.codec not in ENCODERS:
        raise InvalidInput(f"format.codec {spec.codec.upper()} is not available: use VP8")


def open_encoder(spec: VideoSpec) -> Encoder:
    """A warm encoder: its first frame is as fast as the others."""
    encoder: Encoder = import_module(ENCODERS[spec.codec]).build(spec)
    return encoder
