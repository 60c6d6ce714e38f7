"""What render has to know of a session: who is seen, how, and with which label."""

from visavis.render.v1 import render_service_pb2 as pb

from visavis_gateway.engine import Persona
from visavis_gateway.video import Video

CODECS = {"vp8": pb.VIDEO_CODEC_VP8, "h264": pb.VIDEO_CODEC_H264}


def wear(start: pb.StartRender, persona: Persona) -> None:
    """Write into `start` what render has to know of a persona."""
    start.avatar, start.background, start.profile = persona.avatar, persona.background, persona.profile
    start.label = persona.label


def start_render(session_id: str, persona: Persona, video: Video, *, viewer_draws: bool) -> pb.StartRender:
    """How the session's face begins."""
    start = pb.StartRender(
        session_id=session_id,
        seed=int.from_bytes(session_id.encode()[:6], "big"),
        format=pb.VideoFormat(
            codec=CODECS[video.codec],
            width_px=video.size_px,
            height_px=video.size_px,
            frame_rate_hz=video.rate_hz,
            bitrate_bps=video.bitrate_bps,
        ),
        output=pb.RENDER_OUTPUT_FACE if viewer_draws else pb.RENDER_OUTPUT_VIDEO,
    )
    wear(start, persona)
    return start
