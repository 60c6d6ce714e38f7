"""VP8 through libvpx, in its realtime mode."""

from visavis_render.encoders.immediate import ImmediateEncoder
from visavis_render.engine import VideoSpec

# Negative: libvpx takes just this speed. A positive one lets it choose by how long the last pictures took, so
# that the same pictures are encoded in another way on a busy machine.
SPEED = "-5"
# Finer than 14 can't be seen in drawn pictures (45 dB) and costs a third of the rate.
QUANTISERS = (14, 56)


class Vp8Encoder(ImmediateEncoder):
    """One stream. The rate is fixed for the life of an encoder: libvpx's wrapper can't change it."""

    def __init__(self, spec: VideoSpec) -> None:
        rate = str(spec.bitrate_bps)
        options = {
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
        super().__init__(spec, "libvpx", options, QUANTISERS)

    def follow(self, bitrate_bps: int) -> bool:
        """Never: libvpx's wrapper reads the rate once."""
        return False


def build(spec: VideoSpec) -> Vp8Encoder:
    """A warm encoder."""
    return Vp8Encoder(spec)
