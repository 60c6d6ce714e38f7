"""A drawn character for viewers that draw: baked layers as pictures, the live features as numbers."""

from typing import Any

import numpy as np

from visavis_render.backends.vector import compositor as c
from visavis_render.backends.vector.baking import DESIGN, DOME, OVERSAMPLE, Baked, Stack, draw_background
from visavis_render.backends.vector.coverage import Mask
from visavis_render.backends.vector.lanes import Pixels
from visavis_render.engine import Asset, Kit
from visavis_render.kit import Rgba, webp

# What the live features read of a character.
SECTIONS = ("face", "eyes", "brows", "nose", "mouth")
BACKGROUND = "background.webp"
OVER_NAMES, UNDER_NAMES = ("front", "glasses"), ("head", "torso", "back")


def kit_of(baked: Baked) -> Kit:
    """Everything of a baked character, in its design space of 512 x 512."""
    layers, files = [], []
    for stack, names in ((baked.over, OVER_NAMES), (baked.under, UNDER_NAMES)):
        for name, layer, picture in zip(names, _layers(stack), _pictures(baked.store, stack), strict=False):
            layers.append({"name": name, "file": f"{name}.webp", **layer})
            files.append(webp(f"{name}.webp", picture))
    files.append(_background(baked))
    character = baked.character
    description = {
        "renderer": "vector",
        "design": DESIGN,
        "dome": DOME.tolist(),
        "background": BACKGROUND,
        "layers": layers,
        "character": {"palette": character.palette, **{name: character[name] for name in SECTIONS}},
    }
    return Kit(description, tuple(files))


def _layers(stack: Stack) -> list[dict[str, Any]]:
    """Where each layer lies and how it moves; `compositor` explains the numbers."""
    return [
        {
            "x": place[c.X0],
            "y": place[c.Y0],
            "scale": place[c.SCALE],
            "dome": place[c.Z0 : c.RY + 1].tolist(),
            "turns": bool(place[c.ON_HEAD]),
            "jaw": [place[c.ON_JAW], place[c.JAW_Y], place[c.JAW_HEIGHT]],
            "loose": place[c.LOOSE : c.LOOSE_HEIGHT + 1].tolist(),
        }
        for place in stack.places
    ]


def _pictures(store: Pixels, stack: Stack) -> list[Rgba]:
    grids = [tuple(int(number) for number in row[:3]) for row in stack.grids]
    return [_straight(store[at : at + w * h].reshape(h, w)) for at, w, h in grids]


def _straight(pixels: Pixels) -> Rgba:
    """Premultiplied pixels -> straight RGBA."""
    planes = np.stack([(pixels >> np.uint32(8 * k)) & np.uint32(0xFF) for k in range(4)], axis=-1)
    alpha = planes[:, :, 3:].astype(np.float32)
    colour = np.where(alpha > 0, planes[:, :, :3] * 255 / np.maximum(alpha, 1), 0)
    return _bytes(np.concatenate([colour, alpha], axis=-1))


def _background(baked: Baked) -> Asset:
    """As large as the layers are baked. Without the noise against banding: the viewer adds its own."""
    return webp(BACKGROUND, _bytes(draw_background(baked.character, int(baked.size * OVERSAMPLE))))


def _bytes(image: Mask) -> Rgba:
    rounded: Rgba = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    rounded[:, :, 3] = np.where(image[:, :, 3] > 0, rounded[:, :, 3], 0)
    return rounded
