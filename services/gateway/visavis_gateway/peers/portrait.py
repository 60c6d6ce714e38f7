"""A still picture of a face: one keyframe of render, as WebP (whose lossy payload is a VP8 keyframe)."""

import struct

from rpckit.errors import NotReady
from visavis.render.v1 import render_service_pb2 as pb
from visavis.render.v1.render_service_pb2_grpc import RenderServiceStub

from visavis_gateway.peers.duplex import Duplex

AT_US = 200_000
BITRATE_BPS = 5_000_000  # a picture is looked at for longer than a frame


async def portrait(stub: RenderServiceStub, start: pb.StartRender) -> bytes:
    """The face at rest as a WebP file. Raises a ServiceError."""
    wanted = pb.StartRender()
    wanted.CopyFrom(start)
    wanted.format.bitrate_bps = BITRATE_BPS
    call: Duplex[pb.RenderRequest, pb.RenderResponse] = Duplex("render")
    frames: list[bytes] = []

    async def take(response: pb.RenderResponse) -> None:
        if response.WhichOneof("event") == "frame":
            frames.append(response.frame.data)
            await call.end()

    call.send(pb.RenderRequest(keyframe=pb.RequestKeyframe()))
    call.send(pb.RenderRequest(advance=pb.Advance(pts_us=AT_US)))
    await call.run(stub.Render, pb.RenderRequest(start=wanted), take)
    if not frames:
        raise NotReady("render drew no picture")
    return as_webp(frames[0])


def as_webp(keyframe: bytes) -> bytes:
    """A VP8 keyframe in a RIFF container."""
    padded = keyframe + b"\0" * (len(keyframe) % 2)
    chunk = b"VP8 " + struct.pack("<I", len(keyframe)) + padded
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
