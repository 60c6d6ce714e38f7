"""One session's pictures: draws a face and encodes it, with keyframes and rate as asked for."""

import time
from dataclasses import dataclass, replace

from opentelemetry import metrics

from visavis_render import names
from visavis_render.encoders import open_encoder
from visavis_render.engine import MAX_SIZE_PX, MIN_SIZE_PX, Avatar, FaceState, VideoSpec

meter = metrics.get_meter(__name__)
faces_mended = meter.create_counter(names.FACES_MENDED, "{frame}", "Frames drawn with the last good face")

KEYFRAME_GAP_US = 300_000
# Where a new rate needs a new encoder, that begins with a keyframe: so not often, and not for little.
RATE_GAP_US = 2_000_000
RATE_CHANGE = 0.1
ANY_SIZE_PX = (MIN_SIZE_PX, MAX_SIZE_PX)


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture of the session."""

    pts_us: int
    keyframe: bool
    data: bytes
    duration_us: int


class Drawing:
    """Renderer and encoder of one session. Wishes may come from another thread than `frame` runs on."""

    def __init__(
        self, avatar: Avatar, label: str, spec: VideoSpec, sizes_px: tuple[int, int] = ANY_SIZE_PX
    ) -> None:
        self._avatar, self._label = avatar, label
        self.sizes_px = sizes_px  # the least and the greatest that the avatar can be drawn at
        self._spec = self._wanted = spec
        self._renderer = avatar.open(spec.size_px, label)
        self._encoder = open_encoder(spec)
        self._good = FaceState()
        self._opened_us: int | None = None
        self._keyframe_us: int | None = None
        self._keyframe_wanted = True

    @property
    def wanted(self) -> VideoSpec:
        """The video as last asked for."""
        return self._wanted

    def request_keyframe(self) -> None:
        """Make one of the next frames decodable alone: at once, or when the last keyframe is 0.3 s old."""
        self._keyframe_wanted = True

    def configure(self, spec: VideoSpec) -> None:
        """Change the video from the next frame on; a rate alone follows within two seconds."""
        self._wanted = spec

    def frame(self, face: FaceState, pts_us: int) -> Frame:
        """Draw and encode one instant; a face that can't be drawn is replaced by the last good one."""
        began = time.perf_counter()
        self._follow(pts_us)
        keyframe = self._keyframe_due(pts_us)
        if face.is_finite():
            self._good = face
        else:
            faces_mended.add(1)
        encoded = self._encoder.encode(self._renderer.draw(self._good), pts_us, keyframe)
        if encoded.keyframe:
            self._keyframe_us = pts_us
            self._keyframe_wanted = False
        spent_us = round((time.perf_counter() - began) * 1e6)
        return Frame(pts_us, encoded.keyframe, encoded.data, spent_us)

    def _keyframe_due(self, pts_us: int) -> bool:
        rested = self._keyframe_us is None or pts_us - self._keyframe_us >= KEYFRAME_GAP_US
        return self._keyframe_wanted and rested

    def _follow(self, pts_us: int) -> None:
        """Bring renderer and encoder to the wanted video when it is time."""
        now, wanted = self._spec, self._wanted
        if self._opened_us is None:
            self._opened_us = pts_us
        if self._follows_rate(wanted):
            self._spec = wanted
            return
        if wanted.size_px != now.size_px:
            self._renderer = self._avatar.open(wanted.size_px, self._label)
        elif not (self._differs(wanted) and pts_us - self._opened_us >= RATE_GAP_US):
            return
        self._encoder.close()
        self._encoder = open_encoder(wanted)
        self._spec, self._opened_us = wanted, pts_us
        self._keyframe_us, self._keyframe_wanted = None, True

    def _follows_rate(self, wanted: VideoSpec) -> bool:
        """The rate alone differs, and the encoder can take it in mid-stream."""
        rate_bps = wanted.bitrate_bps
        return replace(self._spec, bitrate_bps=rate_bps) == wanted and self._encoder.follow(rate_bps)

    def _differs(self, wanted: VideoSpec) -> bool:
        now = self._spec
        change = abs(wanted.bitrate_bps - now.bitrate_bps) / now.bitrate_bps
        return change > RATE_CHANGE or wanted.frame_rate_hz != now.frame_rate_hz

    def close(self) -> None:
        """Free encoder and pictures now: after a cancelled call its frames would hold them for a while."""
        self._encoder.close()
        del self._encoder, self._renderer
