"""The face looking straight ahead: eyes, then the morphed mesh, in two working pictures."""

import math

import numpy as np

from visavis_render.backends.atlas.assets import Floats
from visavis_render.backends.atlas.corners import corners_of, take_corners
from visavis_render.backends.atlas.eye_kernels import eyes_chroma, eyes_luma
from visavis_render.backends.atlas.layers import Ints, Layers, Stack
from visavis_render.backends.atlas.mapping import Controls
from visavis_render.backends.atlas.mesh_kernels import blend_weights, draw_mesh
from visavis_render.backends.atlas.mouth_kernels import fill_chroma, fill_luma, soften_edges
from visavis_render.backends.atlas.sampling import Rect, copy_rect

PICTURE_KEYS = 6  # at most so many keys are blended; the faintest only move the mesh
SEEN = 0.08


class KeyTable:
    """All keys of the mesh in flat arrays; brow keys twice, for the viewer's left and right side."""

    def __init__(self, layers: Layers) -> None:
        mouths, brows = layers.keys
        count = len(mouths.luma)
        side = np.clip((layers.mesh[:, 0] / layers.size - 0.5) / 0.04 + 0.5, 0, 1).astype(np.float32)
        moves, shares = [*layers.moves[:count]], [layers.shares[0]] * count
        for number in range(len(brows.luma)):
            for part in (1 - side, side):
                moves.append(layers.moves[count + number] * part[:, None])
                shares.append(layers.shares[1] * part)
        self.moves = np.ascontiguousarray(moves, np.float32)
        self.shares = np.ascontiguousarray(shares, np.float32)
        # A key's picture lies where its whole key's mesh is, on both sides.
        self.places = layers.mesh + np.concatenate([layers.moves[:count], layers.moves[count:].repeat(2, 0)])
        self.flat = np.concatenate([mouths.luma.ravel(), brows.luma.ravel()])
        self.flat_chroma = np.concatenate([mouths.chroma.ravel(), brows.chroma.ravel()])
        rows = [_where(mouths, n, 0, 0) for n in range(count)]
        for n in range(len(brows.luma)):
            rows += [_where(brows, n, mouths.luma.size, mouths.chroma.size)] * 2
        self.where = np.array(rows, np.int64)
        reach = (np.abs(self.moves).max(axis=(0, 2)) > 0) | (self.shares.max(0) > 0)
        triangles = layers.triangles[reach[layers.triangles].any(1)]
        drawn = np.unique(triangles)  # the corners of a triangle that moves do not all move
        corners = np.concatenate([layers.mesh[drawn], self.places[:, drawn].reshape(-1, 2)])
        self.hole = np.unique(layers.triangles[: layers.hole_count])
        (left, top), (right, bottom) = corners.min(0), corners.max(0)
        self.rect = _even((left - 8, top - 8, right + 8, bottom + 8), layers.size)


def _where(stack: Stack, number: int, offset: int, chroma_offset: int) -> list[int]:
    _, height, width = stack.luma.shape
    area = height * width
    return [offset + number * area, chroma_offset + number * area // 2, height, width, stack.top, stack.left]


def _even(box: tuple[float, float, float, float], size: int) -> Rect:
    x0, y0 = (max(0, int(v)) & ~1 for v in box[:2])
    x1, y1 = (min(size, (int(v) + 2) & ~1) for v in box[2:])
    return x0, y0, x1, y1


class Face:
    """One session's face. Not for two threads at once."""

    def __init__(self, layers: Layers, table: KeyTable) -> None:
        self._layers, self._table = layers, table
        base = layers.base
        self._eyed, self._eyed_chroma = base.luma[0].copy(), base.chroma[0].copy()
        self.luma, self.chroma = base.luma[0].copy(), base.chroma[0].copy()
        self.corners = corners_of(self.chroma)
        self._kind = np.zeros_like(self.luma)
        self._scratch = np.zeros_like(self.luma)
        lids = layers.lids
        _, height, width = lids.luma.shape
        self._eye_rect = (lids.left, lids.top, lids.left + width, lids.top + height)
        self._eyes: tuple[float, ...] | None = None
        self._mesh: tuple[float, ...] | None = None

    def update(self, controls: Controls) -> Rect | None:
        """Bring the face to these controls; returns the rectangle that changed."""
        eyes = (controls.closed, controls.squint, controls.wide, controls.gaze_yaw, controls.gaze_pitch)
        mesh = (*controls.mouth, *controls.brows)
        eyes_changed, mesh_changed = eyes != self._eyes, mesh != self._mesh
        if not (eyes_changed or mesh_changed):
            return None
        if eyes_changed:
            self._draw_eyes(controls)
        rect = self._table.rect if any(mesh) or mesh_changed else self._eye_rect
        if eyes_changed and any(mesh) | mesh_changed:
            rect = join(rect, self._eye_rect)
        copy_rect(self._eyed, self._eyed_chroma, self.luma, self.chroma, rect)
        if any(mesh):
            self._draw_mesh(np.array(mesh, np.float32))
        take_corners(self.chroma, self.corners, rect)
        self._eyes, self._mesh = eyes, mesh
        return rect

    def _draw_eyes(self, controls: Controls) -> None:
        layers = self._layers
        lids, gaze = layers.lids, layers.gaze
        lid_keys, lid_weights = self._lids(controls)
        ball_keys, ball_weights, shifts = self._gaze(controls.gaze_yaw, controls.gaze_pitch)
        chosen = (layers.lids_alpha, lid_keys, lid_weights)
        seen = (ball_keys, ball_weights, shifts)
        eyes_luma(self._eyed, lids.top, lids.left, lids.luma, *chosen, gaze.luma, *seen)
        eyes_chroma(self._eyed_chroma, lids.top, lids.left, lids.chroma, *chosen, gaze.chroma, *seen)

    def _lids(self, controls: Controls) -> tuple[Ints, Floats]:
        """Keys and weights: two phases of closing, and squint and wide as differences from open."""
        closures = np.array(self._layers.person.lid_closures, np.float32)
        count = len(closures)
        weights = np.zeros(count + 2, np.float32)
        low = min(int(np.searchsorted(closures, controls.closed, side="right")) - 1, count - 2)
        share = (controls.closed - closures[low]) / (closures[low + 1] - closures[low])
        weights[low], weights[low + 1] = 1 - share, share
        opened = max(0.0, 1 - controls.closed / 0.4)
        for key, value in ((count, controls.squint), (count + 1, controls.wide)):
            weights[key] = value * opened
            weights[0] -= value * opened
        keys = np.flatnonzero(weights).astype(np.int32)
        return keys, weights[keys]

    def _gaze(self, yaw: float, pitch: float) -> tuple[Ints, Floats, Floats]:
        """The four nearest eyeball pictures, their weights, and the pixels that each is short of the gaze."""
        person = self._layers.person
        radius = float(person.mesh["eye_radius"]) * self._radius_scale
        keys, weights, shifts = [], [], []
        for j, row_weight, below in _beside(pitch, person.gaze_pitch):
            for i, column_weight, aside in _beside(yaw, person.gaze_yaw):
                if row_weight * column_weight > 0:
                    keys.append(j * len(person.gaze_yaw) + i)
                    weights.append(row_weight * column_weight)
                    shifts.append((aside * radius, below * radius))
        return np.array(keys, np.int32), np.array(weights, np.float32), np.array(shifts, np.float32)

    @property
    def _radius_scale(self) -> float:
        """Radius over depth -> pixels."""
        return self._layers.size * 0.5 / float(np.tan(np.radians(self._layers.person.mesh["field_deg"]) / 2))

    def _draw_mesh(self, active: Floats) -> None:
        layers, table = self._layers, self._table
        used = np.flatnonzero(active)
        now = layers.mesh + np.tensordot(active[used], table.moves[used], 1)
        shown = used[np.argsort(-active[used])][:PICTURE_KEYS]
        weights = np.empty((len(shown) + 1, len(now)), np.float32)
        blend_weights(active[shown], table.shares[shown], weights)
        moved = (np.abs(now - layers.mesh).max(1) >= SEEN) | (weights[0] < 1)
        draw_mesh(
            layers.triangles,
            layers.hole_count,
            now,
            np.concatenate([layers.mesh[None], table.places[shown]]),
            weights,
            moved,
            np.concatenate([[[0, 0, layers.size, layers.size, 0, 0]], table.where[shown]]),
            self._eyed.reshape(-1),
            self._eyed_chroma.reshape(-1),
            table.flat,
            table.flat_chroma,
            self.luma,
            self.chroma,
            self._kind,
            table.rect,
        )
        self._draw_mouth(active[: len(layers.jaw)], now)
        soften_edges(self.luma, self._kind, self._scratch, table.rect)

    def _draw_mouth(self, active: Floats, now: Floats) -> None:
        layers = self._layers
        if not active.any():
            return
        around = now[self._table.hole]
        (left, top), (right, bottom) = around.min(0), around.max(0)
        box = _even((left - 2, top - 2, right + 2, bottom + 2), layers.size)
        chosen: Ints = np.argsort(-active)[:4].astype(np.int32)
        chosen = chosen[active[chosen] > 0]
        weights = active[chosen] * (0.15 + layers.jaw[chosen] / max(1.0, float(layers.jaw.max())))
        jaw = float(active @ layers.jaw)
        upper, lower = layers.teeth
        inside = layers.inside
        shares: Floats = (weights / weights.sum()).astype(np.float32)
        drops: Floats = (layers.jaw[chosen] - jaw).astype(np.float32)
        blend = (chosen, shares, drops)
        where = ((inside.top, inside.left), (upper, lower + np.float32(jaw)), box)
        fill_luma(self.luma, self._kind, inside.luma, *blend, *where)
        fill_chroma(self.chroma, self._kind, inside.chroma, *blend, *where)


def _beside(angle: float, angles: tuple[float, ...]) -> list[tuple[int, float, float]]:
    """The two nearest of `angles`: (index, weight, how much further across the picture the angle is)."""
    angle = min(max(angle, angles[0]), angles[-1])
    low = min(int(np.searchsorted(angles, angle, side="right")) - 1, len(angles) - 2)
    share = (angle - angles[low]) / (angles[low + 1] - angles[low])
    gaps = [math.sin(angle) - math.sin(angles[low + n]) for n in (0, 1)]
    return [(low, 1 - share, gaps[0]), (low + 1, share, gaps[1])]


def join(a: Rect, b: Rect) -> Rect:
    """The smallest rectangle around both."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
