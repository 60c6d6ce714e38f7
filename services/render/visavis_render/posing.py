"""A session whose viewer draws: states of the face instead of encoded pictures."""

from dataclasses import dataclass

from visavis_render.drawing import faces_mended
from visavis_render.engine import FaceState, VideoSpec


@dataclass(frozen=True, slots=True)
class PosedFrame:
    """The face at one instant."""

    pts_us: int
    face: FaceState


class Posing:
    """What `Drawing` is to a viewer of pictures."""

    def __init__(self, spec: VideoSpec) -> None:
        self._wanted = spec
        self._good = FaceState()

    @property
    def wanted(self) -> VideoSpec:
        """Its frame rate is that of the states; the rest means nothing."""
        return self._wanted

    def request_keyframe(self) -> None:
        """Every state is complete in itself."""

    def configure(self, spec: VideoSpec) -> None:
        """Change the rate."""
        self._wanted = spec

    def frame(self, face: FaceState, pts_us: int) -> PosedFrame:
        """The face as it is to be sent; one that can't be drawn is replaced by the last good one."""
        if face.is_finite():
            self._good = face
        else:
            faces_mended.add(1)
        return PosedFrame(pts_us, self._good)

    def close(self) -> None:
        """Nothing is held."""
