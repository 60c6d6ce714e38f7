"""The visible mark "AI": a small badge in a corner of every picture.

Letters are strokes on a 4 x 6 grid (x to the right, y down), so that the badge is sharp at every size.
"""

import unicodedata
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rpckit.errors import InvalidInput

from visavis_render.engine import I420

MAX_LENGTH = 16
DEFAULT = "AI"
Array = NDArray[np.float32]
Line = tuple[float, float, float, float]

# Strokes are separated by "/"; each is a run of points "xy".
GLYPHS = {
    "A": "06 20 46/14 34",
    "B": "00 06 36 45 44 33 03/33 42 41 30 00",
    "C": "41 30 10 01 05 16 36 45",
    "D": "00 06 26 45 41 20 00",
    "E": "40 00 06 46/03 33",
    "F": "40 00 06/03 33",
    "G": "41 30 10 01 05 16 36 45 43 23",
    "H": "00 06/40 46/03 43",
    "I": "20 26",
    "J": "40 45 36 16 05",
    "K": "00 06/40 03 46",
    "L": "00 06 46",
    "M": "06 00 23 40 46",
    "N": "06 00 46 40",
    "O": "10 01 05 16 36 45 41 30 10",
    "P": "06 00 30 41 42 33 03",
    "Q": "10 01 05 16 36 45 41 30 10/24 46",
    "R": "06 00 30 41 42 33 03/23 46",
    "S": "41 30 10 01 02 13 33 44 45 36 16 05",
    "T": "00 40/20 26",
    "U": "00 05 16 36 45 40",
    "V": "00 26 40",
    "W": "00 16 22 36 40",
    "X": "00 46/40 06",
    "Y": "00 23 40/23 26",
    "Z": "00 40 06 46",
    "И": "00 06 40 46",
    "\u0406": "20 26",
    "Ш": "00 06 46 40/20 26",
    "0": "10 01 05 16 36 45 41 30 10",
    "1": "11 20 26/16 36",
    "2": "01 10 30 41 42 06 46",
    "3": "01 10 30 41 42 33 44 45 36 16 05/13 33",
    "4": "36 30 04 44",
    "5": "40 00 03 33 44 45 36 06",
    "6": "40 10 01 05 16 36 45 44 33 03",
    "7": "00 40 16",
    "8": "10 01 02 13 33 44 45 36 16 05 04 13/33 42 41 30 10",
    "9": "06 36 45 41 30 10 01 02 13 43",
    "-": "13 33",
    "+": "13 33/22 24",
    ".": "26 26",
    ":": "22 22/25 25",
    "'": "20 22",
    "/": "06 40",
    "!": "20 24/26 26",
    "·": "23 23",
    " ": "",
}
# Accents by Unicode combining character; y is a letter of HEIGHTS above the letter.
MARKS = {
    "\u0300": "1a 2b",
    "\u0301": "3a 2b",
    "\u0302": "1b 2a 3b",
    "\u0303": "1b 2a 2b 3a",
    "\u0308": "1a 1a/3a 3a",
    "\u030a": "2a 2a",
    "\u030c": "1a 2b 3a",
    "\u0327": "26 27",
}
PLATE_ALPHA, PLATE_LUMA = 0.72, 34.0
RING_ALPHA, TEXT_LUMA = 0.45, 232.0
HEIGHTS = {"a": -2.0, "b": -1.0}
WIDTHS = {"I": 0.0, "\u0406": 0.0, ".": 0.0, ":": 0.0, "'": 0.0, "!": 0.0, "·": 0.0, " ": 1.0}


def _strokes(code: str) -> list[Line]:
    lines = []
    for run in filter(None, code.split("/")):
        points = [(float(p[0]), HEIGHTS[p[1]] if p[1] in HEIGHTS else float(p[1])) for p in run.split()]
        lines += [(*a, *b) for a, b in pairwise(points)]
    return lines


def _layout(text: str) -> tuple[list[Line], float]:
    """Strokes of the whole text and its width, in grid units."""
    lines: list[Line] = []
    x = start = 0.0
    for character in unicodedata.normalize("NFD", text.upper()):
        if character in MARKS:
            strokes = _strokes(MARKS[character])
        elif character in GLYPHS:
            start = x - (2.0 if WIDTHS.get(character) == 0.0 else 0.0)
            strokes = _strokes(GLYPHS[character])
            x += WIDTHS.get(character, 4.0) + 2.2
        else:
            raise InvalidInput(f"label can't show {character!r}: use Latin letters, digits, ИШІ and -+.:'/!·")
        lines += [(a + start, b, c + start, d) for a, b, c, d in strokes]
    return lines, max(0.0, x - 2.2)


def _away(lines: list[Line], x: Array, y: Array) -> Array:
    """Distance of each pixel to the nearest stroke."""
    nearest = np.full(np.broadcast_shapes(x.shape, y.shape), 1e6, np.float32)
    for ax, ay, bx, by in lines:
        dx, dy = bx - ax, by - ay
        along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + 1e-9)
        along = np.clip(along, 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - ax - along * dx, y - ay - along * dy))
    return nearest


def _rounded_box(x: Array, y: Array, w: float, h: float, r: float) -> Array:
    """Signed distance to a box of w x h with corners of radius r; negative inside."""
    qx, qy = np.abs(x - w / 2) - w / 2 + r, np.abs(y - h / 2) - h / 2 + r
    outside = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0))
    distance: Array = outside + np.minimum(np.maximum(qx, qy), 0) - r
    return distance


def require_label(text: str) -> str:
    """The text to show; InvalidInput names `label` when it is too long or can't be drawn."""
    text = text or DEFAULT
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"label must have at most {MAX_LENGTH} characters")
    if not _layout(text)[0]:
        raise InvalidInput("label must show at least one letter")
    return text


class Badge:
    """The mark for pictures of one size. box: its even pixel rectangle (x0, y0, x1, y1)."""

    def __init__(self, text: str, size_px: int) -> None:
        lines, width = _layout(require_label(text))
        margin = max(4, round(size_px * 0.035))
        unit = min(max(size_px * 0.030, 7.5) / 6, (size_px - 2 * margin) / (width + 7.6))
        w, h = (width + 7.6) * unit, 12.0 * unit
        x0 = y0 = margin & ~1
        columns, rows = (int(np.ceil(side / 2)) * 2 for side in (w, h))
        self.box = (x0, y0, x0 + columns, y0 + rows)
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32) + 0.5
        edge = _rounded_box(x, y, w, h, 3.4 * unit)
        plate = np.clip(0.5 - edge, 0, 1) * PLATE_ALPHA
        ring = np.clip(1.0 - np.abs(edge + 1.0), 0, 1) * RING_ALPHA
        text_cover = np.clip(0.5 + (0.52 - _away(lines, x / unit - 3.8, y / unit - 3.0)) * unit, 0, 1)
        light = np.maximum(ring, text_cover)
        self._keep = (1 - plate) * (1 - light)
        self._add = PLATE_LUMA * plate * (1 - light) + TEXT_LUMA * light
        self._keep_chroma = self._keep.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))

    def image(self) -> NDArray[np.uint8]:
        """The mark alone, (rows, columns, 4) of straight RGBA, for those who draw it over a picture."""
        cover = 1 - self._keep
        grey = (self._add / np.maximum(cover, 1e-6) - 16) * 255 / 219  # full range, as screens count
        planes = np.stack([grey, grey, grey, cover * 255], axis=-1)
        rounded: NDArray[np.uint8] = np.clip(planes + 0.5, 0, 255).astype(np.uint8)
        return rounded

    def stamp(self, picture: I420) -> None:
        """Put the mark on a picture that does not carry it yet."""
        size = picture.shape[1]
        x0, y0, x1, y1 = self.box
        luma = picture[y0:y1, x0:x1]
        luma[:] = luma * self._keep + self._add + 0.5
        chroma = picture[size:].reshape(2, size // 2, size // 2)[:, y0 // 2 : y1 // 2, x0 // 2 : x1 // 2]
        chroma[:] = 128 + (chroma - 128.0) * self._keep_chroma + 0.5
