"""A dark picture that flashes white while an `aa` cue sounds: anyone can measure the A/V offset with it.

The flash has no lead and no co-articulation: it begins with the frame that is nearest to the click.
"""

import numpy as np

from visavis_render.avatar import AvatarDirectory
from visavis_render.config import Config
from visavis_render.engine import I420, FaceState, Kit, Traits, Viseme
from visavis_render.label import Badge

TRAITS = Traits(lookahead_us=0, viewer_can_draw=True)
DARK, WHITE = 24, 235


class ClapperRenderer:
    """Two pictures, made once."""

    def __init__(self, size_px: int, label: str) -> None:
        badge = Badge(label, size_px)
        self._dark, self._white = (self._field(size_px, luma, badge) for luma in (DARK, WHITE))

    @staticmethod
    def _field(size_px: int, luma: int, badge: Badge) -> I420:
        picture = np.full((size_px * 3 // 2, size_px), 128, np.uint8)
        picture[:size_px] = luma
        badge.stamp(picture)
        return picture

    def draw(self, face: FaceState) -> I420:
        return self._white if face.sounding is Viseme.AA else self._dark


class ClapperAvatar:
    """Needs nothing."""

    def open(self, size_px: int, label: str) -> ClapperRenderer:
        return ClapperRenderer(size_px, label)

    def kit(self) -> Kit:
        """Two greys, 0 to 255."""
        dark, white = (round((luma - 16) * 255 / 219) for luma in (DARK, WHITE))
        return Kit({"renderer": "clapper", "dark": dark, "white": white})


def build(directory: AvatarDirectory, config: Config) -> ClapperAvatar:
    """The clapper takes no settings."""
    return ClapperAvatar()
