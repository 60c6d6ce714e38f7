"""What a viewer needs to draw an avatar by itself, as files; the label is one of them."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from visavis_render.engine import Asset, Kit
from visavis_render.label import Badge, require_label

INDEX = "face.json"
LABEL = "label.webp"
LABEL_SIZE_PX = 1024  # the picture that the label is made for
VERSION = 1

Rgba = NDArray[np.uint8]


def webp(name: str, image: Rgba) -> Asset:
    """(h, w, 4) of straight RGBA, without loss."""
    height, width, _ = image.shape
    encoder = av.CodecContext.create("libwebp", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "bgra"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"lossless": "1", "compression_level": "4"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgba").reformat(format="bgra")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return Asset(name, "image/webp", b"".join(bytes(packet) for packet in packets))


def packed(kit: Kit, label: str) -> tuple[Asset, ...]:
    """Every file of a kit, the label of the session included; the index comes last."""
    text = require_label(label)
    badge = Badge(text, LABEL_SIZE_PX)
    box = [edge / LABEL_SIZE_PX for edge in badge.box]
    index = {
        "version": VERSION,
        **kit.description,
        "label": {"text": text, "file": LABEL, "box": box},
    }
    return (*kit.files, webp(LABEL, badge.image()), _index(index))


def _index(index: Mapping[str, Any]) -> Asset:
    return Asset(INDEX, "application/json", json.dumps(index, separators=(",", ":")).encode())
