"""The square picture of an avatar, cut from a portrait so that the face lies where the donor's does."""

from dataclasses import dataclass

import numpy as np
from rpckit.errors import InvalidInput

from visavis_render.portrait.landmarks import SKIN
from visavis_render.portrait.raster import Array, blurred, sampled

SIZE = 768
GRID = 128  # of what is coarse: who is before the background
MAX_MISSING = 0.05  # of the picture, beyond the portrait's edges
ZOOMS = np.linspace(1.0, 1.24, 5)
SHIFTS = (0.0, 0.03, -0.03, 0.06, -0.06, 0.09, -0.09, 0.12, -0.12)


@dataclass(frozen=True)
class Framed:
    """All places are parts of the picture, right and down from its corner.

    rgb: (SIZE, SIZE, 3) floats, person: (GRID, GRID) 0 to 1, landmarks: (478, 3); a place of the donor's
    picture is seen at zoom * (place - 0.5) + 0.5, and `down` further down.
    """

    rgb: Array
    person: Array
    landmarks: Array
    zoom: float
    down: float

    def placed(self, donor: Array) -> Array:
        """Places (..., 2) of the donor's picture in this one, when both had the same face."""
        return np.asarray(self.zoom * (donor - 0.5) + 0.5 + np.array([0.0, self.down]))

    def origin(self, place: Array) -> Array:
        """The inverse of `placed`."""
        return np.asarray((place - 0.5 - np.array([0.0, self.down])) / self.zoom + 0.5)


@dataclass(frozen=True)
class _Similarity:
    """place -> pixels of the portrait: turn @ place + at."""

    turn: Array
    at: Array

    def __call__(self, place: Array) -> Array:
        return np.asarray(place @ self.turn.T + self.at)

    def back(self, pixels: Array) -> Array:
        return np.asarray((pixels - self.at) @ np.linalg.inv(self.turn).T)


def _similarity(source: Array, target: Array) -> _Similarity:
    """The turn, scale and shift that bring `source` (n, 2) nearest to `target`."""
    a, b = source - source.mean(0), target - target.mean(0)
    real = (a * b).sum() / (a * a).sum()
    imaginary = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / (a * a).sum()
    turn = np.array([[real, -imaginary], [imaginary, real]])
    return _Similarity(turn, target.mean(0) - turn @ source.mean(0))


def _grid(count: int) -> Array:
    places = (np.arange(count) + 0.5) / count
    return np.stack(np.meshgrid(places, places), -1)


def _missing(pixels: Array, width: int, height: int) -> float:
    x, y = pixels[..., 0], pixels[..., 1]
    return float(((x < 0) | (y < 0) | (x >= width) | (y >= height)).mean())


def framed(rgb: Array, face: Array, person: Array, donor: Array) -> Framed:
    """Cut the avatar's picture; InvalidInput when the portrait leaves too little around the face.

    rgb: the portrait, face: its landmarks in pixels, person: a grid over all of it, donor: its landmarks.
    """
    height, width = rgb.shape[:2]
    fit = _similarity(donor[:SKIN, :2], face[:SKIN, :2])
    blank = Framed(rgb, person, donor, 1.0, 0.0)
    choices = [
        Framed(blank.rgb, blank.person, blank.landmarks, float(zoom), shift)
        for zoom in ZOOMS
        for shift in SHIFTS
    ]
    # The first of the best: the least zoomed and shifted one.
    lost = [round(_missing(fit(each.origin(_grid(64))), width, height), 2) for each in choices]
    best = int(np.argmin(lost))
    if lost[best] > MAX_MISSING:
        raise InvalidInput(
            f"there is too little around the face: {lost[best]:.0%} of the avatar's picture lies beyond the "
            "portrait's edges; leave half the face's height on every side"
        )
    cut = choices[best]
    scale = float(np.sqrt(np.linalg.det(fit.turn))) / (cut.zoom * SIZE)  # portrait's pixels in one of ours
    pixels = fit(cut.origin(_grid(SIZE)))
    sharp = rgb.astype(np.float32)
    source = blurred(sharp, 0.42 * scale) if scale > 1.2 else sharp
    coarse = fit(cut.origin(_grid(GRID))) / [width, height] * [person.shape[1], person.shape[0]]
    flat = cut.placed(fit.back(face[:, :2]))
    depth = face[:, 2:] / (scale * SIZE)
    return Framed(
        sampled(source, pixels[..., 0], pixels[..., 1]).astype(np.float32),
        sampled(person, coarse[..., 0], coarse[..., 1]),
        np.concatenate([flat, depth], 1),
        cut.zoom,
        cut.down,
    )
