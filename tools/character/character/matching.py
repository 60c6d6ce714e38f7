"""Where one picture of a head shows what another shows of it: dense, smooth displacements.

Depth alone does not tell: a rounded head's outline is not the same hair in two views, and would be seen twice
when one picture fades into the other.
"""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from character.maths import Array

# Pixels, coarse to fine: what is blurred as far finds what is as far away.
BLURS = (12.0, 6.0, 3.0, 1.5)
STEPS, SWEEPS = 4, 30
REACH = 2.0  # of one sweep
STIFF = 0.02  # against the pictures' contrast, at a blur of one pixel
TRUST = 1.0  # in depth, where it is right
FURTHEST = 0.08  # of the picture's width
LOCAL = 12.0  # light that changes over more than this is not of the thing but of its side


def features(luma: Array, person: Array) -> Array:
    """(h, w, 2) of a picture from 0 to 1: what is person, and detail without slow changes of light."""
    return np.stack([person, 2 * (luma - gaussian_filter(luma, LOCAL))], -1)


def shift_to_match(own: Array, other: Array, place: Array, known: Array) -> Array:
    """(h, w, 2) pixels right and down to add to `place`, where depth says that `other` shows `own`'s pixels.

    own, other: `features`; known: (h, w), 1 where depth is right and nothing is to be added, else 0.
    """
    shift = np.zeros_like(place)
    most = FURTHEST * len(own)
    for blur in BLURS:
        mine, theirs = (gaussian_filter(each, (blur, blur, 0)) for each in (own, other))
        slopes = np.stack([np.gradient(theirs, axis=1), np.gradient(theirs, axis=0)], -1)
        for _ in range(STEPS):
            slope = _seen_at(slopes, place + shift)
            missing = _seen_at(theirs, place + shift) - mine
            shift = np.clip(_relaxed(shift, slope, missing, TRUST * known, STIFF / blur**2), -most, most)
    return shift


def _seen_at(picture: Array, place: Array) -> Array:
    """A picture (h, w, ...) at places (h, w, [x, y]) in its pixels."""
    flat = picture.reshape(*picture.shape[:2], -1)
    at = [place[..., 1], place[..., 0]]
    seen = [map_coordinates(flat[..., n], at, order=1, mode="nearest") for n in range(flat.shape[2])]
    return np.stack(seen, -1).reshape(picture.shape)


def _relaxed(shift: Array, slope: Array, missing: Array, zero: Array, stiff: float) -> Array:
    """The smooth shift that takes away most of what is missing; `zero` pulls to none.

    Horn and Schunck, "Determining optical flow" (1981), over two channels.
    """
    matrix = np.einsum("yxci,yxcj->yxij", slope, slope)
    wanted = np.einsum("yxij,yxj->yxi", matrix, shift) - np.einsum("yxci,yxc->yxi", slope, missing)
    inverse = np.linalg.inv(matrix + (zero + stiff)[..., None, None] * np.eye(2))
    for _ in range(SWEEPS):
        around = gaussian_filter(shift, (REACH, REACH, 0))
        shift = np.einsum("yxij,yxj->yxi", inverse, wanted + stiff * around)
    return shift
