"""Avatar and renderer over a loaded person."""

import threading
from dataclasses import dataclass

from visavis_render.avatar import AvatarDirectory
from visavis_render.backends.atlas.assets import Person
from visavis_render.backends.atlas.face import KeyTable
from visavis_render.backends.atlas.head import Head
from visavis_render.backends.atlas.kit import kit_of
from visavis_render.backends.atlas.layers import Layers, make_layers
from visavis_render.backends.atlas.mapping import controls_of
from visavis_render.backends.atlas.player import Player
from visavis_render.engine import I420, FaceState, HeadPose, Kit, Viseme
from visavis_render.label import Badge

FIRST_SIZE = 512
MAX_SIZES = 4


@dataclass(frozen=True)
class Scaled:
    """What sessions of one size share."""

    layers: Layers
    table: KeyTable
    head: Head


class AtlasRenderer:
    """One session: draws and marks what changed."""

    def __init__(self, person: Person, scaled: Scaled, label: str) -> None:
        self._person = person
        self._player = Player(scaled.layers, scaled.table, scaled.head)
        self._badge = Badge(label, scaled.layers.size)

    def draw(self, face: FaceState) -> I420:
        rect = self._player.draw(controls_of(face, self._person))
        box, picture = self._badge.box, self._player.picture
        if rect and rect[0] < box[2] and box[0] < rect[2] and rect[1] < box[3] and box[1] < rect[3]:
            self._player.redraw(box)
            self._badge.stamp(picture)
        return picture


class AtlasAvatar:
    """A person; scaled once per size and shared."""

    def __init__(self, person: Person, directory: AvatarDirectory) -> None:
        self._person, self._directory = person, directory
        self._kit: Kit | None = None
        self._scaled: dict[int, Scaled] = {}
        self._scaling = threading.Lock()
        renderer = self.open(FIRST_SIZE, "")
        # Every kernel is compiled by these.
        renderer.draw(FaceState())
        renderer.draw(FaceState(blink=0.5, visemes={Viseme.AA: 1.0}))
        renderer.draw(FaceState(head=HeadPose(3.0, 1.0, 1.0)))
        renderer.draw(FaceState(head=HeadPose(-12.0, 1.0, 1.0)))

    def open(self, size_px: int, label: str) -> AtlasRenderer:
        with self._scaling:
            if size_px not in self._scaled:
                while len(self._scaled) >= MAX_SIZES:
                    self._scaled.pop(next(size for size in self._scaled if size != FIRST_SIZE))
                layers = make_layers(self._person, size_px)
                self._scaled[size_px] = Scaled(layers, KeyTable(layers), Head(layers, self._person))
            scaled = self._scaled[size_px]
        return AtlasRenderer(self._person, scaled, label)

    def kit(self) -> Kit:
        """The pictures as they are stored, and the mesh and the depth as numbers."""
        with self._scaling:
            if self._kit is None:
                self._kit = kit_of(self._person, self._directory)
            return self._kit
