"""A grey field with a bar as bright as the jaw is open: for tests, and for machines too small to draw."""

import numpy as np

from visavis_render.avatar import AvatarDirectory
from visavis_render.config import Config
from visavis_render.engine import I420, FaceState, Traits
from visavis_render.label import Badge

TRAITS = Traits()


class FakeRenderer:
    """Brightness follows the jaw, so that a test can read the mouth from a decoded picture."""

    def __init__(self, size_px: int, label: str) -> None:
        self._picture = np.full((size_px * 3 // 2, size_px), 128, np.uint8)
        self._size = size_px
        self._badge = Badge(label, size_px)

    def draw(self, face: FaceState) -> I420:
        size, quarter = self._size, self._size // 4
        self._picture[:size] = 90
        mouth = slice(2 * quarter, 3 * quarter)
        self._picture[mouth, quarter:-quarter] = 90 + round(140 * face.arkit.get("jawOpen", 0.0))
        self._picture[size:] = 128
        self._badge.stamp(self._picture)
        return self._picture


class FakeAvatar:
    """Needs nothing."""

    def open(self, size_px: int, label: str) -> FakeRenderer:
        return FakeRenderer(size_px, label)


def build(directory: AvatarDirectory, config: Config) -> FakeAvatar:
    """The fake takes no settings."""
    return FakeAvatar()
