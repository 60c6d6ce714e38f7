"""VP8 through libvpx: realtime, one thread, no lag, so that each picture comes out as one frame at once."""

from fractions import Fraction

import av
import numpy as np
from av.video.frame import PictureType

from visavis_render.engine import I420, EncodedPicture, VideoSpec

# Negative: libvpx takes just this speed. A positive one lets it choose by how long the last pictures took, so
# that the same pictures are encoded in another way on a busy machine.
SPEED = "-5"
MICROSECOND = Fraction(1, 1_000_000)
WARM_UP_US = 1_000_000  # the warm-up picture lies this far before the session's zero


class Vp8Encoder:
    """One stream. The rate is fixed for the life of an encoder: libvpx's wrapper can't change it."""

    def __init__(self, spec: VideoSpec) -> None:
        context = av.CodecContext.create("libvpx", "w")
        rate = str(spec.bitrate_bps)
        context.options = {
            "deadline": "realtime",
            "cpu-used": SPEED,
            "lag-in-frames": "0",
            "error-resilient": "1",
            "auto-alt-ref": "0",
            "static-thresh": "1",
            "bufsize": rate,
            "minrate": rate,
            "maxrate": rate,
            "undershoot-pct": "100",
            "overshoot-pct": "15",
            # A keyframe is as large as so many percent of an average frame: at a low rate it must be small.
            "max-intra-rate": "450",
        }
        # Finer than 14 can't be seen in drawn pictures (45 dB) and costs a third of the rate.
        context.qmin, context.qmax = 14, 56
        context.width = context.height = spec.size_px
        context.pix_fmt = "yuv420p"
        context.bit_rate = spec.bitrate_bps
        context.framerate = Fraction(spec.frame_rate_hz, 1)
        context.time_base = MICROSECOND
        context.gop_size = 1 << 20  # keyframes only when asked for
        context.thread_count = 1
        self._context = context
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
        """Never: libvpx's wrapper reads the rate once."""
        return False

    def close(self) -> None:
        """The context is freed with its last reference."""
        del self._context


def build(spec: VideoSpec) -> Vp8Encoder:
    """A warm encoder."""
    return Vp8Encoder(spec)
