"""Avatar and renderer over baked characters."""

import threading

import numpy as np

from visavis_render.avatar import AvatarDirectory
from visavis_render.backends.vector.baking import Baked, bake
from visavis_render.backends.vector.i420 import to_i420
from visavis_render.backends.vector.kit import kit_of
from visavis_render.backends.vector.mapping import controls_of
from visavis_render.backends.vector.player import Player
from visavis_render.backends.vector.rig.character import Character
from visavis_render.backends.vector.rig.files import load_character
from visavis_render.engine import I420, FaceState, HeadPose, Kit, Viseme
from visavis_render.label import Badge

FIRST_SIZE = 512
MAX_SIZES = 4


class VectorRenderer:
    """One session: draws, converts what changed, marks it."""

    def __init__(self, baked: Baked, label: str) -> None:
        self._player = Player(baked)
        self._badge = Badge(label, baked.size)
        self._picture = np.zeros((baked.size * 3 // 2, baked.size), np.uint8)

    def draw(self, face: FaceState) -> I420:
        rects = self._player.draw(controls_of(face))
        for rect in rects:
            self._convert(rect)
        box = self._badge.box
        if any(r[0] < box[2] and box[0] < r[2] and r[1] < box[3] and box[1] < r[3] for r in rects):
            self._convert(box)
            self._badge.stamp(self._picture)
        return self._picture

    def _convert(self, rect: tuple[int, int, int, int]) -> None:
        to_i420(self._player.pixels, self._picture.reshape(-1), self._player.size, *rect)


class VectorAvatar:
    """A character; baked once per size and shared."""

    def __init__(self, directory: AvatarDirectory) -> None:
        self._character = Character(load_character(directory))
        self._baked: dict[int, Baked] = {}
        self._baking = threading.Lock()
        self._kit: Kit | None = None
        self._warm_up()

    def _warm_up(self) -> None:
        """Compile every kernel and bake the usual size: a still face, a turn, a mouth, a blink."""
        renderer = self.open(FIRST_SIZE, "")
        renderer.draw(FaceState())
        renderer.draw(FaceState(blink=0.5, visemes={Viseme.AA: 1.0}))
        renderer.draw(FaceState(head=HeadPose(3.0, 1.0, 1.0)))

    def open(self, size_px: int, label: str) -> VectorRenderer:
        with self._baking:
            if size_px not in self._baked:
                while len(self._baked) >= MAX_SIZES:
                    self._baked.pop(next(size for size in self._baked if size != FIRST_SIZE))
                self._baked[size_px] = bake(self._character, size_px)
            baked = self._baked[size_px]
        return VectorRenderer(baked, label)

    def kit(self) -> Kit:
        """The baked layers as files, and the numbers of the live features."""
        with self._baking:
            if self._kit is None:
                self._kit = kit_of(self._baked[FIRST_SIZE])
            return self._kit
