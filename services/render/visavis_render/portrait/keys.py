"""Pictures of the portrait's mouth and brows: its own skin, moved and shaded as the donor's is."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from visavis_render.backends.atlas.assets import Crop
from visavis_render.portrait.donor import Donor
from visavis_render.portrait.frame import SIZE, Framed
from visavis_render.portrait.landmarks import CHIN, CORNERS, LOWER_LIP, UPPER_LIP
from visavis_render.portrait.raster import Array, blurred, filled, luma, sampled, smooth, traced

# Light and shade that are borrowed: the least and the greatest ratio, and how many pixels are too fine.
SHADE = {"mouth": (0.5, 1.25, 2.0), "brows": (0.88, 1.12, 5.0)}
# What these two hide of the donor's lips says nothing of others'.
TUCKED = {"PP": (0.86, 1.08, 2.0), "FF": (0.8, 1.08, 2.0)}
STEADY = 10.0  # added to both sides of a ratio: dark places have no reliable one
TOUCH = 0.85  # of the way down to the teeth's edge: a little of them is hidden
LIP = 3.2  # pixels from the line between the lips at which they are lip and not shade


@dataclass(frozen=True)
class Fitted:
    """The donor's mesh on the portrait's face; all places in pixels of the avatar's picture.

    lips, donor_lips: for each key, the way from `base`, and the donor's in its pixels, to places that are lip
    and not the line between the lips.
    """

    base: Array
    moves: Array
    lips: Array
    donor_base: Array
    donor_moves: Array
    donor_lips: Array


def crop_of(portrait: Framed, crop: Crop, whole: int) -> Crop:
    """The same part of the avatar's picture, even and inside it."""
    corners = portrait.placed(np.array([[crop.left, crop.top], [crop.right, crop.bottom]]) / whole) * SIZE
    (left, top), (right, bottom) = np.clip(np.round(corners / 2).astype(int) * 2, 0, SIZE)
    return Crop(int(top), int(bottom), int(left), int(right))


def reach_of(donor: Donor, portrait: Framed, landmarks: Array) -> float:
    """How much further the portrait's mouth moves than the donor's, from its width and its height."""

    def sizes(points: Array) -> Array:
        flat = points[:, :2]
        mouth = (flat[UPPER_LIP[5]] + flat[LOWER_LIP[5]]) / 2
        width = np.linalg.norm(flat[CORNERS[0]] - flat[CORNERS[1]])
        return np.array([width, np.linalg.norm(flat[CHIN] - mouth)])

    ratio = sizes(landmarks) / sizes(donor.landmarks) / portrait.zoom
    return float(np.clip(np.sqrt(ratio.prod()), 0.75, 1.3)) * portrait.zoom


def _apart(base: Array, fall: Array, landmarks: Array, size: int) -> Array:
    """The way from places near the line between the lips into the lip that they belong to.

    fall: how far each vertex goes down when the jaw does, of the most.
    """
    upper, lower = (landmarks[list(line), :2] * size for line in (UPPER_LIP, LOWER_LIP))
    middle = (upper + lower) / 2
    x, y = base[:, 0], base[:, 1]
    seam = np.interp(x, middle[:, 0], middle[:, 1])
    taper = smooth(middle[0, 0], middle[0, 0] + 8, x) * smooth(middle[-1, 0], middle[-1, 0] - 8, x)
    gap = LIP * size / SIZE * taper
    near = (np.abs(y - seam) < 5 * LIP) & (taper > 0)
    low = near & (fall > 0.45)
    high = near & ~low
    apart = np.zeros_like(base)
    apart[low, 1] = np.maximum(0, seam + gap - y)[low]
    apart[high, 1] = np.minimum(0, seam - gap - y)[high]
    return apart


def _openings(places: Array, hole: Array, fall: Array) -> Array:
    """How open the mouth is at each vertex: 0 where the lips touch, to 1; places: (vertices, 2)."""
    lines = []
    for part in (hole[fall[hole] <= 0.45], hole[fall[hole] > 0.45]):
        line = places[part][np.argsort(places[part, 0])]
        lines.append(np.interp(places[:, 0], line[:, 0], line[:, 1]))
    return smooth(0.5, 4.0, lines[1] - lines[0])


def _under_teeth(places: Array, fall: Array, landmarks: Array, teeth: float) -> Array:
    """Places of lips of which the lower one touches the upper teeth's edge, and hides no more of them."""
    left, right = landmarks[UPPER_LIP[0], 0] * SIZE, landmarks[UPPER_LIP[-1], 0] * SIZE
    x, y = places[:, 0], places[:, 1]
    third = (right - left) / 3
    middle = smooth(left, left + third, x) * smooth(right, right - third, x) * (fall > 0.45)
    under = places.copy()
    under[:, 1] += TOUCH * middle * np.maximum(0, teeth - y)
    return under


def fitted(
    donor: Donor, portrait: Framed, landmarks: Array, seamed: Array, plate: Any, teeth: float
) -> Fitted:
    """The mesh of every key.

    landmarks, seamed: the portrait's and the donor's, with the lips' line; teeth: row of the upper ones.
    """
    mesh, person = donor.mesh, donor.person
    moves = mesh["moves"].astype(float) / 65536
    base = plate(mesh["base"].astype(float)) * SIZE
    count = len(person.mouths)
    reach = reach_of(donor, portrait, landmarks)
    scales = np.array([reach] * count + [portrait.zoom] * len(person.brows))
    opened = moves[person.mouths.index("AA"), :, 1]
    fall = opened / opened.max()
    whole = mesh["base"] * person.size
    hole = np.unique(mesh["triangles"][: int(mesh["hole_count"])])
    opening = np.stack([_openings(whole + move * person.size, hole, fall) for move in moves])[..., None]
    moved = moves * scales[:, None, None] * SIZE
    touching = person.mouths.index("FF")
    moved[touching] = _under_teeth(base + moved[touching], fall, landmarks, teeth * SIZE) - base
    return Fitted(
        base=base,
        moves=moved,
        lips=opening * _apart(base, fall, landmarks, SIZE),
        donor_base=whole,
        donor_moves=moves * person.size,
        donor_lips=opening * _apart(whole, fall, seamed, person.size),
    )


def key_pictures(donor: Donor, portrait: Framed, mesh: Fitted, part: str) -> tuple[Crop, Array]:
    """Where the part is, and its pictures (n, height, width, 3)."""
    person = donor.person
    first = 0 if part == "mouth" else len(person.mouths)
    source, target = donor.crop(part), crop_of(portrait, donor.crop(part), person.size)
    triangles = donor.mesh["triangles"].astype(np.int32)
    pictures = []
    plain = {fine: blurred(luma(donor.base), fine) for _, _, fine in [SHADE[part], *TUCKED.values()]}
    names = [*person.mouths, *person.brows]
    for number, key in enumerate(donor.keys(part), start=first):
        least, most, fine = TUCKED.get(names[number], SHADE[part])
        corner = np.array([target.left, target.top])
        now = mesh.base + mesh.moves[number] - corner
        numbers, weights = traced(triangles, now, target.height, target.width)
        corners = triangles[np.maximum(numbers, 0)]

        def at(places: Array, corners: Array = corners, weights: Array = weights) -> Array:
            return np.asarray((places[corners] * weights[..., None]).sum(2))

        skin = sampled(portrait.rgb, *np.moveaxis(at(mesh.base + mesh.lips[number]), -1, 0))
        there = at(mesh.donor_base + mesh.donor_moves[number]) - [source.left, source.top]
        light = sampled(blurred(luma(key), fine), *np.moveaxis(there, -1, 0)) + STEADY
        before = at(mesh.donor_base + mesh.donor_lips[number])
        still = sampled(plain[fine], *np.moveaxis(before, -1, 0)) + STEADY
        shade = np.clip(light / still, least, most)[..., None]
        drawn = (numbers >= int(donor.mesh["hole_count"]))[..., None]
        hole = ((numbers >= 0) & ~drawn[..., 0]).astype(float)
        around = portrait.rgb[target.top : target.bottom, target.left : target.right]
        picture = np.where(drawn, skin * shade, around)
        if hole.any():
            lips = filled(picture, 1 - hole, (1.5, 4, 10))
            picture = np.where(hole[..., None] > 0, lips, picture)
        pictures.append(np.clip(picture, 0, 255))
    return target, np.stack(pictures)
