"""A contact sheet: one small picture of everything that a face can do."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from visavis_render.avatar import AvatarDirectory, size_range
from visavis_render.backends import traits_of
from visavis_render.engine import I420, Avatar, FaceState
from visavis_render.label import Badge
from visavis_render.manner import Manner
from visavis_render.showcase.faces import sheet_faces

Rgb = NDArray[np.uint8]
COLUMNS, CELL_PX, CAPTION_PX, DRAW_PX = 8, 160, 22, 512
FACE = (0.09, 0.83, 0.13, 0.87)  # rows and columns that hold the face
WHOLE = (0.0, 1.0, 0.0, 1.0)
PAPER = 246
QUALITY = 7  # of mjpeg: 2 is best


def rgb(picture: I420) -> Rgb:
    """The picture in colours."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
    image: Rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    return image


def cell(picture: I420, part: tuple[float, float, float, float], caption: str) -> Rgb:
    """Part of a picture (top, bottom, left, right, as shares of it), made small, over its caption."""
    image = rgb(picture)
    top, bottom, left, right = (round(share * image.shape[0]) for share in part)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[top:bottom, left:right]), format="rgb24")
    small = frame.reformat(width=CELL_PX, height=CELL_PX, interpolation="AREA").to_ndarray()
    return np.concatenate([np.asarray(small, np.uint8), _caption(caption)])


def _caption(text: str) -> Rgb:
    """Dark letters on paper, in the strokes of the label."""
    blank = np.full((CELL_PX * 3 // 2, CELL_PX), 128, np.uint8)
    blank[:CELL_PX] = 0
    badge = Badge(text[:16], CELL_PX)
    badge.stamp(blank)
    x0, y0, x1, y1 = badge.box
    letters = blank[y0:y1, x0:x1].astype(np.float32)
    ink = np.clip((letters - 90) / 120, 0, 1)[2:-2, 4:-4]
    strip = np.full((CAPTION_PX, CELL_PX), PAPER, np.uint8)
    rows, columns = min(ink.shape[0], CAPTION_PX - 4), min(ink.shape[1], CELL_PX)
    strip[3 : 3 + rows, :columns] = PAPER - ink[:rows, :columns] * (PAPER - 50)
    return np.repeat(strip[:, :, None], 3, axis=2)


def write_image(path: Path, image: Rgb, codec: str = "mjpeg", quality: int = QUALITY) -> Path:
    """Write a picture as JPEG (quality 2, the best, to 31) or PNG by the codec library, without another."""
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height = image.shape[1], image.shape[0]
    context.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"
    context.time_base = Fraction(1, 25)
    if codec == "mjpeg":
        context.qmin = context.qmax = quality
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    packets = [*context.encode(frame.reformat(format=context.pix_fmt)), *context.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))
    return path


def sheet_cells(directory: AvatarDirectory, avatar: Avatar, manner: Manner) -> list[Rgb]:
    """All that a face can do, drawn: the whole picture first."""
    low, high = size_range(directory, traits_of(directory))
    renderer = avatar.open(min(high, max(low, DRAW_PX)), "")
    cells = [cell(renderer.draw(FaceState()), WHOLE, directory.manifest.name)]
    return cells + [cell(renderer.draw(face), FACE, caption) for caption, face in sheet_faces(manner)]


def in_rows(cells: Sequence[Rgb]) -> Rgb:
    """Cells side by side in rows, the last row filled up with paper."""
    filled = [*cells, *[np.full_like(cells[0], PAPER)] * (-len(cells) % COLUMNS)]
    rows = [np.concatenate(filled[at : at + COLUMNS], axis=1) for at in range(0, len(filled), COLUMNS)]
    return np.concatenate(rows)


def write_sheet(directory: AvatarDirectory, avatar: Avatar, manner: Manner, path: Path) -> Path:
    """Draw and write the sheet of one avatar."""
    return write_image(path, in_rows(sheet_cells(directory, avatar, manner)))
