"""H.264 through libx264: constrained baseline, no lag, one thread, so that each picture comes out at once.

libx264 is under the GPL and comes inside the `av` wheel; nothing of it is imported unless a viewer asks for
H.264 (docs/adr/020).
"""

from fractions import Fraction

import av
import numpy as np
from av.video.frame import PictureType

from visavis_render.engine import I420, EncodedPicture, VideoSpec

MICROSECOND = Fraction(1, 1_000_000)
WARM_UP_US = 1_000_000  # the warm-up picture lies this far before the session's zero
BUFFER_S = 0.5  # of the rate: how far one picture may run ahead of it


class H264Encoder:
    """One stream, Annex B; every keyframe carries its parameter sets."""

    def __init__(self, spec: VideoSpec) -> None:
        context = av.CodecContext.create("libx264", "w")
        context.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "profile": "baseline",
            "forced-idr": "1",
            "sc_threshold": "0",
            "bufsize": str(round(spec.bitrate_bps * BUFFER_S)),
            "maxrate": str(spec.bitrate_bps),
        }
        # Finer can't be seen in drawn pictures and costs a third of the rate.
        context.qmin, context.qmax = 18, 46
        context.width = context.height = spec.size_px
        context.pix_fmt = "yuv420p"
        context.bit_rate = spec.bitrate_bps
        context.framerate = Fraction(spec.frame_rate_hz, 1)
        context.time_base = MICROSECOND
        context.gop_size = 1 << 20  # keyframes only when asked for
        context.thread_count = 1
        self._context, self._highest_bps = context, spec.bitrate_bps
        grey = np.full((spec.size_px * 3 // 2, spec.size_px), 128, np.uint8)
        self.encode(grey, -WARM_UP_US, keyframe=True)

    def encode(self, picture: I420, pts_us: int, keyframe: bool) -> EncodedPicture:
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = pts_us + WARM_UP_US
        frame.time_base = MICROSECOND
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        (packet,) = self._context.encode(frame)
        return EncodedPicture(bytes(packet), packet.is_keyframe)

    def follow(self, bitrate_bps: int) -> bool:
        """From the next picture on, up to the rate that it was opened with, which bounds its peaks."""
        if bitrate_bps > self._highest_bps:
            return False
        self._context.bit_rate = bitrate_bps
        return True

    def close(self) -> None:
        """The context is freed with its last reference."""
        del self._context


def build(spec: VideoSpec) -> H264Encoder:
    """A warm encoder."""
    return H264Encoder(spec)
