"""Teeth, tongue and the dark of the mouth: the donor's, as large and as lit as the portrait's would be."""

from dataclasses import dataclass

import numpy as np

from visavis_render.backends.atlas.assets import Crop
from visavis_render.portrait.donor import Donor
from visavis_render.portrait.eye_shape import EyeShape
from visavis_render.portrait.eyes import places_of
from visavis_render.portrait.frame import SIZE
from visavis_render.portrait.landmarks import CHEEKS, LOWER_LIP, UPPER_LIP
from visavis_render.portrait.raster import Array, sampled

LIGHT = (0.55, 1.2)
TINT = 0.6  # of the difference in hue of the whites is the light's
PATCH = 6


@dataclass(frozen=True)
class Placed:
    """The donor's mouth in the avatar's picture: middle + reach * (place - donor_middle)."""

    middle: Array
    donor_middle: Array
    reach: float

    def __call__(self, places: Array) -> Array:
        return self.middle + self.reach * (places - self.donor_middle)


def place_inside(landmarks: Array, donor: Array, reach: float) -> Placed:
    """From landmarks of both, whose lips meet."""
    middles = [(p[UPPER_LIP[5], :2] + p[LOWER_LIP[5], :2]) / 2 for p in (landmarks, donor)]
    corners = [(p[UPPER_LIP[0], :2] + p[UPPER_LIP[-1], :2]) / 2 for p in (landmarks, donor)]
    middle, donor_middle = (np.array([c[0], m[1]]) for m, c in zip(middles, corners, strict=True))
    return Placed(middle, donor_middle, reach)


def white_of(rgb: Array, eyes: list[EyeShape]) -> Array:
    """The colour of the bright part of the eyes' whites."""
    found = []
    for eye in eyes:
        half = int(eye.width)
        x, y = np.meshgrid(np.arange(-half, half) + eye.iris[0], np.arange(-half, half) + eye.iris[1])
        away = np.hypot(x - eye.iris[0], y - eye.iris[1])
        seen = (eye.opening(x, y, 2.5) > 0.9) & (away > 1.25 * eye.iris_radius)
        found.append(sampled(rgb, x[seen], y[seen]))
    colours = np.concatenate(found)
    if len(colours) < 8:
        return np.array([190.0, 190.0, 190.0])
    bright = colours.mean(1) >= np.percentile(colours.mean(1), 60)
    return np.asarray(colours[bright].mean(0))


def skin_of(rgb: Array, landmarks: Array) -> Array:
    """The colour of the cheeks; landmarks in pixels."""
    patches = []
    for number in CHEEKS:
        x, y = np.round(landmarks[number, :2]).astype(int)
        patches.append(rgb[max(0, y - PATCH) : y + PATCH, max(0, x - PATCH) : x + PATCH].mean((0, 1)))
    return np.asarray(np.median(patches, axis=0))


def gain_of(white: Array, donor_white: Array, skin: Array, donor_skin: Array) -> tuple[Array, float]:
    """(gain of each colour, how colourful): the light as the eyes' whites show it, less in a grey picture."""
    light = float(np.clip(white.mean() / donor_white.mean(), *LIGHT))
    hue = (white / white.mean()) / (donor_white / donor_white.mean())
    colourful = [float(c.max() - c.min()) / max(1.0, float(c.max())) for c in (skin, donor_skin)]
    return light * (1 + TINT * (hue - 1)), float(np.clip(colourful[0] / max(0.02, colourful[1]) * 1.3, 0, 1))


def inside_pictures(donor: Donor, placed: Placed, gain: Array, colourful: float) -> tuple[Crop, Array]:
    """Where the mouth's inside is, and its pictures (n, height, width, 3)."""
    source, whole = donor.crop("inside"), donor.person.size
    edges = placed(np.array([[source.left, source.top], [source.right, source.bottom]]) / whole) * SIZE
    (left, top), (right, bottom) = np.clip(np.round(edges / 2).astype(int) * 2, 0, SIZE)
    crop = Crop(int(top), int(bottom), int(left), int(right))
    x, y = places_of(crop)
    back = placed.donor_middle + (np.stack([x, y], -1) / SIZE - placed.middle) / placed.reach
    at = back * whole - [source.left, source.top]
    pictures = []
    for key in donor.keys("inside"):
        picture = sampled(key, at[..., 0], at[..., 1]) * gain
        grey = picture.mean(-1, keepdims=True)
        pictures.append(np.clip(grey + (picture - grey) * colourful, 0, 255))
    return crop, np.stack(pictures)
