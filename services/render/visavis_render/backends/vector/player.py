"""Draws the frames of one session: redraws only what changed, and equals a full redraw bit for bit."""

import math
from dataclasses import replace

import numpy as np

from visavis_render.backends.vector import compositor as c
from visavis_render.backends.vector.baking import DESIGN, DOME, Baked, Stack, face_bottom
from visavis_render.backends.vector.controls import Controls, Pose, quantised, steps
from visavis_render.backends.vector.coverage import Floats
from visavis_render.backends.vector.features import Box, Features
from visavis_render.backends.vector.raster import CLIP_LEVELS, draw

PIVOT_X, PIVOT_Y = 256.0, 352.0  # the head turns about the neck
ROLL_DEG = 5.0  # degrees per unit of roll
BREATH_PX = 2.0
REACH = 30  # design units beyond the layers that a pose can touch


def merge(boxes: list[Box]) -> list[Box]:
    """Join boxes until none touches another."""
    joined: list[Box] = []
    for box in boxes:
        while touching := next((other for other in joined if _touch(box, other)), None):
            joined.remove(touching)
            box = (
                min(box[0], touching[0]),
                min(box[1], touching[1]),
                max(box[2], touching[2]),
                max(box[3], touching[3]),
            )
        joined.append(box)
    return joined


def _touch(a: Box, b: Box) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _maps(pose: Pose, scale: float) -> tuple[Floats, c.Pose]:
    """(design -> pixel, picture -> head with yaw and pitch) of a pose."""
    angle = math.radians(pose.roll * ROLL_DEG)
    cos, sin = math.cos(angle), math.sin(angle)
    x = PIVOT_X - cos * PIVOT_X + sin * PIVOT_Y + pose.yaw * 6.0
    y = PIVOT_Y - sin * PIVOT_X - cos * PIVOT_Y + pose.pitch * 4.0
    forward = np.array([cos, -sin, x, sin, cos, y]) * scale
    back = (cos, sin, -(cos * x + sin * y), -sin, cos, sin * x - cos * y, pose.yaw, pose.pitch, pose.swing)
    return forward, back


def _jaw(controls: Controls) -> float:
    """How far the chin is down, in design units."""
    mouth = controls.mouth
    return steps(steps(mouth.opening, 40) * 12.5 + max(0.0, mouth.rounding), 20)


class Player:
    """One session's picture of a baked character. Not for two threads at once."""

    def __init__(self, baked: Baked) -> None:
        size = baked.size
        self.size = size
        self._baked = baked
        self._scale = size / DESIGN
        self._features = Features(baked.character)
        self._pose: Pose | None = None
        self._jaw = 0.0
        self.picture = np.zeros((size, size, 4), np.uint8)
        self.pixels = self.picture.view(np.uint32)[:, :, 0]
        self._over = np.zeros((size, size), np.uint64)
        self._left = np.full((size, size), 256, np.uint32)
        self._out = np.zeros(size, np.uint64)
        self._row_left = np.zeros(size, np.uint32)
        self._ones = np.full(size, 256, np.uint32)
        self._spans = np.zeros(size // c.STEP + 1, np.uint8)
        self._covered = np.zeros((size, size // c.STEP + 1), np.uint8)
        self._scratch = np.zeros((size + 128, size + 128), np.float32)
        self._clips = np.zeros((CLIP_LEVELS, size, size), np.float32)

    def draw(self, controls: Controls, full: bool = False) -> list[c.Rect]:
        """Bring `picture` to these controls; returns the pixel rectangles that were redrawn."""
        controls = quantised(controls)
        pose, jaw = controls.pose, _jaw(controls)
        dirty = self._features.update(controls)
        if jaw != self._jaw:
            bottom = face_bottom(self._baked.character)
            dirty.append((150.0, 258.0, 362.0, bottom + 22.0))
        if full or self._pose is None:
            rects = [(0, 0, self.size, self.size)]
        elif replace(pose, breath=0.0) != replace(self._pose, breath=0.0):
            rects = [self._moving_rect(self._baked.top)]
        elif pose != self._pose:  # only the torso breathes
            rects = [self._moving_rect(self._baked.torso_top + REACH - 6)]
            rects += [box for box in self._pixel_rects(dirty, pose) if box[1] < rects[0][1]]
        else:
            rects = self._pixel_rects(dirty, pose)
        self._pose, self._jaw = pose, jaw
        self._redraw([r for r in rects if r[2] > r[0] and r[3] > r[1]], pose, jaw)
        return rects

    def _pixel_rects(self, dirty: list[Box], pose: Pose) -> list[c.Rect]:
        return [self._pixel_rect(box, pose) for box in merge(dirty)]

    def _moving_rect(self, top: float) -> c.Rect:
        """Everything below `top` that a moving head and a breathing torso touch."""
        left, right = self._baked.bounds
        s = self._scale
        return (
            max(0, int((left - REACH) * s)),
            max(0, int((top - REACH) * s)),
            min(self.size, int((right + REACH) * s)),
            self.size,
        )

    def _pixel_rect(self, box: Box, pose: Pose) -> c.Rect:
        m, _ = _maps(pose, self._scale)
        corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        xs = [m[0] * x + m[1] * y + m[2] for x, y in corners]
        ys = [m[3] * x + m[4] * y + m[5] for x, y in corners]
        dx = abs(pose.yaw) * 17 * self._scale + 2
        dy = abs(pose.pitch) * 14 * self._scale + 2
        return (
            max(0, int(min(xs) - dx)),
            max(0, int(min(ys) - dy)),
            min(self.size, int(max(xs) + dx) + 1),
            min(self.size, int(max(ys) + dy) + 1),
        )

    def _redraw(self, rects: list[c.Rect], pose: Pose, jaw: float) -> None:
        if not rects:
            return
        baked, unit = self._baked, 1.0 / self._scale
        forward, back = _maps(pose, self._scale)
        over, under = _moved(baked.over, pose), _moved(baked.under, pose)
        segments, ops = self._features.arrays()
        store, tiles = baked.store, baked.tiles
        for rect in rects:
            c.compose_over(
                store,
                tiles,
                over.grids,
                over.places,
                back,
                rect,
                unit,
                self._over,
                self._left,
                self._ones,
                self._covered,
            )
            c.compose_under(
                self.pixels,
                baked.background,
                store,
                tiles,
                under.grids,
                under.places,
                back,
                jaw,
                rect,
                unit,
                self._left,
                self._covered,
                self._out,
                self._row_left,
                self._spans,
            )
            draw(
                self.picture,
                segments,
                ops,
                forward,
                DOME,
                pose.yaw,
                pose.pitch,
                rect,
                self._scratch,
                self._clips,
                np.float32(0.5),
            )
            c.compose_finish(self.pixels, self._over, self._left, self._covered, rect)


def _moved(stack: Stack, pose: Pose) -> Stack:
    """The stack with its bounds widened, and its torso shifted, for a pose."""
    places = stack.places.copy()
    turns = places[:, c.ON_HEAD] > 0
    reach = np.where(turns, 14 + abs(pose.yaw) * 16 + abs(pose.roll) * 26 + abs(pose.swing), 4.0)
    places[:, c.LEFT] -= reach
    places[:, c.TOP] -= reach
    places[:, c.RIGHT] += reach
    places[:, c.BOTTOM] += reach + 14 * places[:, c.ON_JAW]
    places[~turns, c.SHIFT_X] = pose.yaw * 1.2
    places[~turns, c.SHIFT_Y] = -pose.breath * BREATH_PX
    return Stack(stack.grids, places)
