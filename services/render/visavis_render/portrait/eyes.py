"""Eyeballs and lids of a portrait: an iris that is whole and moves on its ball, lids that close over it."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from visavis_render.backends.atlas.assets import Crop
from visavis_render.portrait.eye_shape import BALL, MEET, EyeShape
from visavis_render.portrait.raster import Array, filled, sampled, smooth

LIMBUS = 1.16  # radii of the iris within which it fades into the white
LASHES = 2.5  # pixels inside the lids' edges where lashes and shade are, and no eyeball to copy
SHADED = 0.3
SQUINT, WIDE = (0.14, 0.42), (-0.22, -0.05)  # how much the upper and the lower lid close
LASH_LINE = (0.55, 0.022)  # how dark closed lashes are, and how wide, of the eye's width
BAND = 0.10  # of the eye's width: lashes and edge of a lid, which move without being stretched


def places_of(crop: Crop) -> tuple[Array, Array]:
    """Middles of a crop's pixels, x and y."""
    x, y = np.meshgrid(np.arange(crop.left, crop.right), np.arange(crop.top, crop.bottom))
    return x + 0.5, y + 0.5


def gaze_pictures(
    rgb: Array, crop: Crop, eyes: Sequence[EyeShape], yaws: Sequence[float], pitches: Sequence[float]
) -> Array:
    """Eyeballs alone at every gaze, row by row (n, height, width, 3)."""
    x, y = places_of(crop)
    around = rgb[crop.top : crop.bottom, crop.left : crop.right].astype(float)
    whites = np.zeros_like(around)
    nearer = np.abs(x - eyes[0].iris[0]) < np.abs(x - eyes[1].iris[0])
    for eye, mine in zip(eyes, (nearer, ~nearer), strict=True):
        whites[mine] = _white(around, eye, x, y)[mine]
    # What is seen of it in a lowered gaze is its upper part, out of the lid's shade.
    level, lowered = ([_whole_iris(rgb, eye, shaded) for eye in eyes] for shaded in (1.0, SHADED))
    pictures = []
    for pitch, yaw in product(pitches, yaws):
        picture = whites.copy()
        for eye, iris, mine in zip(eyes, lowered if pitch > 0 else level, (nearer, ~nearer), strict=True):
            seen, share = _turned(iris, eye, x, y, yaw, pitch)
            share = (share * mine)[..., None]
            picture = picture * (1 - share) + seen * share
        pictures.append(np.clip(picture, 0, 255))
    return np.stack(pictures)


def _white(around: Array, eye: EyeShape, x: Array, y: Array) -> Array:
    """The eyeball without its iris."""
    away = np.hypot(x - eye.iris[0], y - eye.iris[1]) / eye.iris_radius
    known = eye.opening(x, y, LASHES) * smooth(LIMBUS, LIMBUS + 0.12, away)
    if known.sum() < 20:
        known = eye.opening(x, y, 0.5)
    return filled(around, known)


def _whole_iris(rgb: Array, eye: EyeShape, upper: float) -> Array:
    """A square of 2 x LIMBUS radii with the whole iris: what lids cover is mirrored from below or above.

    upper: how much of the upper half, which lids shade, is used.
    """
    side = 2 * int(np.ceil(LIMBUS * eye.iris_radius)) + 2
    dx, dy = np.meshgrid(np.arange(side) + 0.5 - side / 2, np.arange(side) + 0.5 - side / 2)
    x = eye.iris[0] + dx
    direct, mirrored = (sampled(rgb, x, eye.iris[1] + sign * dy) for sign in (1, -1))
    seen, opposite = (eye.opening(x, eye.iris[1] + sign * dy, LASHES, 2.5) for sign in (1, -1))
    own = seen * np.where(dy < 0, 1 - opposite * (1 - upper), 1.0)
    away = np.hypot(dx, dy)
    rings = np.clip(away.astype(int), 0, side)
    weight = np.bincount(rings.ravel(), seen.ravel(), side + 1) + 1e-6
    ring = np.stack(
        [np.bincount(rings.ravel(), (seen * direct[..., c]).ravel(), side + 1) / weight for c in range(3)], -1
    )
    empty = weight < 0.5
    ring[empty] = ring[~empty].mean(0) if (~empty).any() else direct.mean((0, 1))
    guess = ring[rings]
    copied = (opposite * np.where(dy < 0, 1.0, upper))[..., None]
    other = copied * mirrored + (1 - copied) * guess
    return np.asarray(own[..., None] * direct + (1 - own[..., None]) * other)


def _turned(iris: Array, eye: EyeShape, x: Array, y: Array, yaw: float, pitch: float) -> tuple[Array, Array]:
    """The iris on a ball that is turned right and down, and how much of each pixel it takes."""
    ball = BALL * eye.iris_radius
    dx, dy = x - eye.iris[0] - ball * np.sin(yaw), y - eye.iris[1] - ball * np.sin(pitch)
    dx, dy = dx / np.cos(yaw), dy / np.cos(pitch)
    share = smooth(LIMBUS, 0.98, np.hypot(dx, dy) / eye.iris_radius)
    half = iris.shape[0] / 2
    return sampled(iris, dx + half, dy + half), share


def lid_pictures(
    rgb: Array, crop: Crop, eyes: Sequence[EyeShape], closures: Sequence[float]
) -> tuple[Array, Array]:
    """(pictures, alpha 0 to 1): the lids at every closure, then squinting, then wide open."""
    phases = [(c, c * MEET) for c in closures] + [SQUINT, WIDE]
    skin = _without_eyes(rgb, crop, eyes)
    drawn = [_lids(rgb, skin, crop, eyes, upper, lower) for upper, lower in phases]
    return np.stack([picture for picture, _ in drawn]), np.stack([alpha for _, alpha in drawn])


def _without_eyes(rgb: Array, crop: Crop, eyes: Sequence[EyeShape]) -> Array:
    """The picture with lids' edges continued where the eyeballs are."""
    x, y = places_of(crop)
    whole = rgb.astype(float).copy()
    part = whole[crop.top : crop.bottom, crop.left : crop.right]
    opened = np.maximum(*(eye.opening(x, y, -0.5) for eye in eyes))
    part[:] = filled(part, 1 - opened, (1.5, 3, 6, 12))
    return whole


def _lids(
    rgb: Array, skin: Array, crop: Crop, eyes: Sequence[EyeShape], upper_closed: float, lower_closed: float
) -> tuple[Array, Array]:
    x, y = places_of(crop)
    picture, alpha = rgb[crop.top : crop.bottom, crop.left : crop.right].astype(float), np.ones(x.shape)
    for eye in eyes:
        t, high = eye.local(x, y)
        upper, lower = eye.lids(t)
        gap = upper - lower
        meet = 1.4 * max(0.0, upper_closed - 0.8) / 0.2
        now_upper = upper - gap * (upper_closed * (1 - MEET) if upper_closed > 0 else upper_closed) - meet
        now_lower = lower + gap * lower_closed
        hole = smooth(-0.9, 0.9, np.minimum(now_upper - high, high - now_lower))
        hole = hole * smooth(0.0, 0.03, t) * smooth(1.0, 0.97, t)
        middle = (now_upper + now_lower) / 2
        from_above = _stretched(high, upper, now_upper, eye.brow, BAND * eye.width)
        from_below = -_stretched(-high, -lower, -now_lower, 0.45 * eye.width - lower, BAND * eye.width)
        source = np.where(high > middle, from_above, from_below)
        mine = (t > 0) & (t < 1)
        sx, sy = eye.picture(t, np.where(mine, source, high))
        dark = _lashes(high - now_upper, t, eye) * max(0.0, upper_closed)
        picture = np.where(mine[..., None], sampled(skin, sx, sy) * (1 - dark)[..., None], picture)
        alpha = alpha * (1 - hole)
    return np.clip(picture, 0, 255), alpha


def _lashes(above: Array, t: Array, eye: EyeShape) -> Array:
    """How dark lashes lie along a lid's edge, 0 to 1."""
    strength, width = LASH_LINE
    line = np.exp(-((above / (width * eye.width)) ** 2))
    return np.asarray(strength * line * smooth(0.02, 0.15, t) * smooth(0.98, 0.85, t))


def _stretched(high: Array, edge: Array, now: Array, end: Array | float, band: float) -> Array:
    """Where the skin at `high` was before the lid's edge moved from `edge` to `now`; what is at `end` stays.

    A band along the edge moves as it is; the skin between is stretched evenly.
    """
    band_end = np.minimum(band, 0.6 * np.maximum(end - edge, 1.0))
    above = high - now
    rest_now, rest = np.maximum(end - now - band_end, 1e-3), np.maximum(end - edge - band_end, 1e-3)
    share = np.clip((above - band_end) / rest_now, 0, 1)
    eased = edge + band_end + rest * share
    return np.asarray(np.where(above < band_end, edge + above, np.where(high < end, eased, high)))
