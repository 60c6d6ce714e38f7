"""H.264 through libx264, constrained baseline.

libx264 is under the GPL and comes inside the `av` wheel; nothing of it is imported unless a viewer asks for
H.264 (docs/adr/020).
"""

from visavis_render.encoders.immediate import ImmediateEncoder
from visavis_render.engine import VideoSpec

BUFFER_S = 0.5  # of the rate: how far one picture may run ahead of it
# Finer can't be seen in drawn pictures and costs a third of the rate.
QUANTISERS = (18, 46)


class H264Encoder(ImmediateEncoder):
    """One stream, Annex B; every keyframe carries its parameter sets."""

    def __init__(self, spec: VideoSpec) -> None:
        options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "profile": "baseline",
            "forced-idr": "1",
            "sc_threshold": "0",
            "bufsize": str(round(spec.bitrate_bps * BUFFER_S)),
            "maxrate": str(spec.bitrate_bps),
        }
        self._highest_bps = spec.bitrate_bps
        super().__init__(spec, "libx264", options, QUANTISERS)

    def follow(self, bitrate_bps: int) -> bool:
        """From the next picture on, up to the rate that it was opened with, which bounds its peaks."""
        if bitrate_bps > self._highest_bps:
            return False
        self._context.bit_rate = bitrate_bps
        return True


def build(spec: VideoSpec) -> H264Encoder:
    """A warm encoder."""
    return H264Encoder(spec)
