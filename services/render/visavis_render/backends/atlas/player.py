"""Draws the frames of one session: redraws only what changed, and equals a full redraw bit for bit."""

import numpy as np

from visavis_render.backends.atlas.face import Face, KeyTable, join
from visavis_render.backends.atlas.head import Flow, Head
from visavis_render.backends.atlas.layers import Layers
from visavis_render.backends.atlas.mapping import Controls
from visavis_render.backends.atlas.sampling import Rect, copy_out
from visavis_render.backends.atlas.warp_kernels import warp_chroma, warp_luma

Pose = tuple[float, float, float, float]


class Player:
    """One session's picture. Not for two threads at once."""

    def __init__(self, layers: Layers, table: KeyTable, head: Head) -> None:
        self._size, self._cell = layers.size, layers.reliefs[0].cell
        self._turns, self._turned_corners = layers.turns.luma, layers.turned_corners
        self._face, self._head = Face(layers, table), head
        self._pose: Pose | None = None
        self._flow: Flow | None = None
        self.picture = np.zeros((layers.size * 3 // 2, layers.size), np.uint8)

    def draw(self, controls: Controls) -> Rect | None:
        """Bring `picture` (I420) to these controls; returns the even rectangle that was redrawn."""
        changed = self._face.update(controls)
        rect = self._reached(changed) if changed else None
        pose = (controls.yaw, controls.pitch, controls.roll, controls.breath)
        if pose != self._pose:
            moved = self._turn(controls)
            rect = join(moved, self._reached(changed)) if changed else moved
        self._pose = pose
        if rect:
            self.redraw(rect)
        return rect

    def _turn(self, controls: Controls) -> Rect:
        """Take the pose; returns what it and the last one move."""
        before, self._flow = self._flow, self._head.flow(controls)
        tops = [flow.top for flow in (before, self._flow) if flow]
        top = 0 if self._pose is None else min(tops, default=self._size)
        return 0, top, self._size, self._size

    def _reached(self, rect: Rect) -> Rect:
        """Where the flow shows a part of the face."""
        far = 2 if self._flow is None else int(np.abs(self._flow.face).max()) + 3
        x0, y0, x1, y1 = rect
        size = self._size
        return (
            max(0, x0 - far) & ~1,
            max(0, y0 - far) & ~1,
            min(size, x1 + far + 1 & ~1),
            min(size, y1 + far + 1 & ~1),
        )

    def redraw(self, rect: Rect) -> None:
        """Bring an even rectangle of `picture` to the last controls, without its label."""
        face, flat = self._face, self.picture.reshape(-1)
        if self._flow is None:
            copy_out(face.luma, face.chroma, flat, rect)
        else:
            flow = self._flow
            luma, corners = face.luma, face.corners
            if flow.turned is not None:
                luma, corners = self._turns[flow.turned], self._turned_corners[flow.turned]
            how = (flow.face, flow.other, flow.weights, self._cell, flat, rect)
            warp_luma(face.luma, luma, *how)
            warp_chroma(face.chroma, face.corners, corners, *how)
