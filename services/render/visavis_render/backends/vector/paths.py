"""Paths in the 512 x 512 design space: lists of cubic (or straight) segments."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Four control points and 1 for a cubic, 0 for a straight line.
Segment = tuple[float, float, float, float, float, float, float, float, float]
Path = list[Segment]
Point = Sequence[float]
Polyline = NDArray[np.float64]

CIRCLE = 0.5523  # control length of a quarter circle drawn as one cubic


def line(x0: float, y0: float, x1: float, y1: float) -> Segment:
    """A straight segment."""
    return (x0, y0, x0, y0, x1, y1, x1, y1, 0)


def polygon(points: Sequence[Point]) -> Path:
    """Closed straight outline."""
    following = [*points[1:], points[0]]
    return [line(p[0], p[1], q[0], q[1]) for p, q in zip(points, following, strict=True)]


def outline(x: float, y: float, *pieces: Sequence[float]) -> Path:
    """Closed path from (x, y): pieces are cubics (x1, y1, x2, y2, x, y) or lines (x, y)."""
    path: Path = []
    first = (x, y)
    for piece in pieces:
        if len(piece) == 6:
            path.append((x, y, piece[0], piece[1], piece[2], piece[3], piece[4], piece[5], 1))
        else:
            path.append(line(x, y, piece[0], piece[1]))
        x, y = piece[-2], piece[-1]
    if (x, y) != first:
        path.append(line(x, y, *first))
    return path


def _tangent(points: Sequence[Point], index: int, close: bool) -> tuple[float, float]:
    """Catmull-Rom tangent, shortened where neighbours are unevenly far; none at a corner."""
    count = len(points)
    point = points[index % count]
    if len(point) > 2 and point[2]:
        return (0.0, 0.0)
    before = points[(index - 1) % count] if close else points[max(0, index - 1)]
    after = points[(index + 1) % count] if close else points[min(count - 1, index + 1)]
    d0 = math.hypot(point[0] - before[0], point[1] - before[1])
    d1 = math.hypot(after[0] - point[0], after[1] - point[1])
    span = math.hypot(after[0] - before[0], after[1] - before[1]) + 1e-6
    nearest = min(d0, d1) or max(d0, d1)
    scale = min(1.0, 2 * nearest / span * 1.15)
    return ((after[0] - before[0]) * 0.5 * scale, (after[1] - before[1]) * 0.5 * scale)


def smooth(points: Sequence[Point], close: bool = True) -> Path:
    """A smooth curve through points; a third value of 1 marks a corner."""
    count = len(points)
    path: Path = []
    for i in range(count if close else count - 1):
        p, q = points[i], points[(i + 1) % count]
        px, py = _tangent(points, i, close)
        qx, qy = _tangent(points, (i + 1) % count if close else i + 1, close)
        k = 1.33 / 3
        first = (p[0] + px * k, p[1] + py * k)
        second = (q[0] - qx * k, q[1] - qy * k)
        path.append((p[0], p[1], *first, *second, q[0], q[1], 1))
    return path


def ellipse(cx: float, cy: float, rx: float, ry: float) -> Path:
    """Four cubics around (cx, cy)."""
    kx, ky = rx * CIRCLE, ry * CIRCLE
    return outline(
        cx - rx,
        cy,
        (cx - rx, cy - ky, cx - kx, cy - ry, cx, cy - ry),
        (cx + kx, cy - ry, cx + rx, cy - ky, cx + rx, cy),
        (cx + rx, cy + ky, cx + kx, cy + ry, cx, cy + ry),
        (cx - kx, cy + ry, cx - rx, cy + ky, cx - rx, cy),
    )


def sample(path: Path, per_segment: int = 10) -> Polyline:
    """Points along a path, (n, 2)."""
    t = np.linspace(0, 1, per_segment, endpoint=False)[:, None]
    u = 1 - t
    pieces = []
    for segment in path:
        p = np.array(segment[:8], float).reshape(4, 2)
        if segment[8] == 0:
            pieces.append(p[:1])
        else:
            pieces.append(u**3 * p[0] + 3 * u * u * t * p[1] + 3 * u * t * t * p[2] + t**3 * p[3])
    pieces.append(np.array(path[-1][6:8], float)[None])
    return np.concatenate(pieces)


def resample(points: Polyline, count: int) -> Polyline:
    """The same line as `count` evenly spaced points."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    t = np.linspace(0, way[-1], count)
    return np.stack([np.interp(t, way, points[:, 0]), np.interp(t, way, points[:, 1])], axis=1)


def curve(points: Sequence[Point], per_segment: int = 12) -> Polyline:
    """Points along the smooth open curve through `points`."""
    return sample(smooth(points, close=False), per_segment)


def unit(vectors: Polyline, floor: float) -> Polyline:
    """Vectors of length one; `floor` keeps the zero vector finite."""
    return vectors / (np.hypot(vectors[:, 0], vectors[:, 1])[:, None] + floor)


def taper(line_points: ArrayLike, start: float, middle: float, end: float) -> Path:
    """Stroke along a polyline with these widths at its start, middle and end."""
    points = np.asarray(line_points, float)
    t = np.linspace(0, 1, len(points))
    bend = 2 * (2 * middle - 0.5 * (start + end))
    width = (start * (1 - t) ** 2 + bend * t * (1 - t) + end * t * t) * 0.5
    direction = unit(np.gradient(points, axis=0), 1e-9)
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1) * np.maximum(width, 0.02)[:, None]
    return polygon(np.concatenate([points + normal, (points - normal)[::-1]]).tolist())


def _normal(dx: float, dy: float, width: float) -> tuple[float, float]:
    length = math.hypot(dx, dy) + 1e-9
    return -dy / length * width * 0.5, dx / length * width * 0.5


def stroke(p0: Point, control: Point, p1: Point, start: float, middle: float, end: float) -> Path:
    """Tapered quadratic stroke as two cubics: cheap enough to rebuild on every frame."""
    (x0, y0), (cx, cy), (x1, y1) = p0, control, p1
    mx, my = 0.25 * x0 + 0.5 * cx + 0.25 * x1, 0.25 * y0 + 0.5 * cy + 0.25 * y1
    n0 = _normal(cx - x0, cy - y0, start)
    n1 = _normal(x1 - x0, y1 - y0, middle)
    n2 = _normal(x1 - cx, y1 - cy, end)

    def side(s: float) -> tuple[float, float, float, float, float, float]:
        ax, ay = x0 + s * n0[0], y0 + s * n0[1]
        bx, by = x1 + s * n2[0], y1 + s * n2[1]
        qx = 2 * (mx + s * n1[0]) - 0.5 * (ax + bx)
        qy = 2 * (my + s * n1[1]) - 0.5 * (ay + by)
        return ax, ay, qx, qy, bx, by

    ax, ay, qx, qy, bx, by = side(1)
    dx, dy, ex, ey, fx, fy = side(-1)
    k = 2 / 3
    return outline(
        ax,
        ay,
        (ax + k * (qx - ax), ay + k * (qy - ay), bx + k * (qx - bx), by + k * (qy - by), bx, by),
        (fx, fy),
        (fx + k * (ex - fx), fy + k * (ey - fy), dx + k * (ex - dx), dy + k * (ey - dy), dx, dy),
    )
