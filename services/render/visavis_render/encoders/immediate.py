"""What the encoders have in common: one thread, no lag, so that each picture comes out at once."""

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.frame import PictureType

from visavis_render.engine import I420, EncodedPicture, VideoSpec

MICROSECOND = Fraction(1, 1_000_000)
WARM_UP_US = 1_000_000  # the warm-up picture lies this far before the session's zero


class ImmediateEncoder:
    """One warm stream; the quantiser stays within `quantisers`, keyframes come only when asked for."""

    def __init__(
        self, spec: VideoSpec, codec: str, options: Mapping[str, str], quantisers: tuple[int, int]
    ) -> None:
        context = cast(av.VideoCodecContext, av.CodecContext.create(codec, "w"))
        context.options = dict(options)
        context.qmin, context.qmax = quantisers
        context.width = context.height = spec.size_px
        context.pix_fmt = "yuv420p"
        context.bit_rate = spec.bitrate_bps
        context.framerate = Fraction(spec.frame_rate_hz, 1)
        context.time_base = MICROSECOND
        context.gop_size = 1 << 20
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

    def close(self) -> None:
        """The context is freed with its last reference."""
        del self._context
