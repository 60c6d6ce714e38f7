"""Unlabelled pairs of faces for eyes that do not know which is which.

`python bench/blind.py stills --ours mira,theo --theirs sheet.jpg:6x4 other.jpg:3x1 --out out/blind`
`python bench/blind.py strips --ours nora,amos --against mira,theo --speech speech.npz --out out/blind`
`python bench/blind.py count out/blind 1=left 2=right ...`

`stills` puts a frame of our talking avatars beside a cell of somebody's contact sheet (columns x rows);
`strips` puts two rows of frames of the same real speech (an .npz of sound and cues, as `visavis avatar
preview` makes it) one above the other. Sides and order come from the seed; the key stays unreadable until
`count` reads it together with the verdicts.
"""

import argparse
import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import av
import numpy as np
from numpy.typing import NDArray
from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import by_name
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.engine import Avatar, Behaviour, FaceState
from visavis_render.manner import manner_of
from visavis_render.showcase.clip import silent_speech
from visavis_render.showcase.sheet import FACE, rgb, write_image
from visavis_render.showcase.speech import Speech, read_speech

Rgb = NDArray[np.uint8]
DRAWN_PX, CELL_PX, GAP_PX = 512, 420, 12
MARGIN = 0.09  # of a picture's edges is cut away: captions and labels would tell
STRIP_FRAMES, STRIP_STEP_US, STRIP_CELL_PX = 7, 160_000, 230
EMPTY = 20.0  # less contrast has a cell without a face
KEY = "key"


def resized(picture: Rgb, size: int) -> Rgb:
    """A square picture without its margin."""
    cut = round(picture.shape[0] * MARGIN)
    inner = np.ascontiguousarray(picture[cut:-cut, cut:-cut])
    frame = av.VideoFrame.from_ndarray(inner, format="rgb24")
    small: Rgb = frame.reformat(width=size, height=size, interpolation="AREA").to_ndarray()
    return small


def cells_of(spec: str) -> Iterator[Rgb]:
    """The square pictures of `sheet.jpg:COLUMNSxROWS`, `:face` behind it when they show no shoulders."""
    path, grid = spec.removesuffix(":face").rsplit(":", 1)
    columns, rows = (int(v) for v in grid.split("x"))
    with av.open(path) as container:
        sheet = next(container.decode(video=0)).to_ndarray(format="rgb24")
    size = sheet.shape[1] // columns
    for row in range(rows):
        for column in range(columns):
            cell = sheet[row * size : (row + 1) * size, column * size : (column + 1) * size]
            if cell.shape[:2] == (size, size) and cell.std() > EMPTY:
                yield np.asarray(cell, np.uint8)


class Talker:
    """One of our avatars, saying something."""

    def __init__(self, name: str, speech: Speech, seed: int) -> None:
        directory, config = by_name(name), Config()
        manner = manner_of(directory, "", config)
        self._renderer = AVATARS.setdefault(name, load_avatar(directory, config)).open(DRAWN_PX, "")
        self._animator = Animator(seed, manner.profile, manner.lips, 25)
        self._animator.behaviours.set(Behaviour.SPEAKING, 0, 0)
        self._animator.restore([Cue(c.viseme, c.start_us, c.duration_us, c.intensity) for c in speech.cues])

    def at(self, pts_us: int) -> Rgb:
        face: FaceState = self._animator.face_at(pts_us)
        return rgb(self._renderer.draw(face).copy())


AVATARS: dict[str, Avatar] = {}


def stills(arguments: argparse.Namespace, speech: Speech, rng: Random) -> Iterator[tuple[str, Rgb]]:
    """(what is on the right or below, picture) of each pair."""
    sheets = [(spec, list(cells_of(spec))) for spec in arguments.theirs]
    for number in range(arguments.pairs):
        name = arguments.ours[number % len(arguments.ours)]
        sheet, cells = sheets[number % len(sheets)]
        ours = Talker(name, speech, rng.randrange(1000)).at(rng.randrange(speech.duration_us))
        if sheet.endswith(":face"):
            top, bottom, left, right = (round(share * DRAWN_PX) for share in FACE)
            ours = ours[top:bottom, left:right]
        pair = [(name, resized(ours, CELL_PX)), (Path(sheet).name, resized(rng.choice(cells), CELL_PX))]
        rng.shuffle(pair)
        gap = np.full((CELL_PX, GAP_PX, 3), 255, np.uint8)
        yield " | ".join(n for n, _ in pair), np.concatenate([pair[0][1], gap, pair[1][1]], 1)


def strips(arguments: argparse.Namespace, speech: Speech, rng: Random) -> Iterator[tuple[str, Rgb]]:
    """Two rows of the same second of speech."""
    for number in range(arguments.pairs):
        names = [arguments.ours[number % len(arguments.ours)]]
        names.append(arguments.against[number // len(arguments.ours) % len(arguments.against)])
        rng.shuffle(names)
        start = rng.randrange(max(1, speech.duration_us - STRIP_FRAMES * STRIP_STEP_US))
        seed = rng.randrange(1000)
        rows = []
        for name in names:
            talker = Talker(name, speech, seed)
            frames = [talker.at(start + n * STRIP_STEP_US) for n in range(STRIP_FRAMES)]
            rows.append(np.concatenate([resized(frame, STRIP_CELL_PX) for frame in frames], 1))
        gap = np.full((GAP_PX, rows[0].shape[1], 3), 255, np.uint8)
        yield " | ".join(names), np.concatenate([rows[0], gap, rows[1]])


def make(arguments: argparse.Namespace) -> None:
    """Write the pairs and their key."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    speech = read_speech(arguments.speech) if arguments.speech else silent_speech()
    rng, key = Random(arguments.seed), []
    pairs = list((stills if arguments.what == "stills" else strips)(arguments, speech, rng))
    rng.shuffle(pairs)
    for number, (names, picture) in enumerate(pairs, 1):
        picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        write_image(arguments.out / f"{number:02d}.png", np.ascontiguousarray(picture), "png")
        key.append(names)
    hidden = base64.b64encode(zlib.compress(json.dumps({"ours": arguments.ours, "pairs": key}).encode()))
    (arguments.out / KEY).write_bytes(hidden)
    print(f"{len(key)} pairs in {arguments.out}")


def count(folder: Path, verdicts: Sequence[str]) -> None:
    """Open the key; verdicts: `1=left`, `2=right` (of strips: the upper one is left)."""
    opened = json.loads(zlib.decompress(base64.b64decode((folder / KEY).read_bytes())))
    won = 0
    for verdict in verdicts:
        number, _, side = verdict.partition("=")
        names = opened["pairs"][int(number) - 1].split(" | ")
        chosen = names[{"left": 0, "right": 1}[side]]
        won += chosen in opened["ours"]
        print(f"{number:>3}  {names[0]:>18} | {names[1]:18} chosen: {chosen}")
    print(f"ours ({', '.join(opened['ours'])}) chosen in {won} of {len(verdicts)}")


def listed(text: str) -> list[str]:
    return text.split(",")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="what", required=True)
    for what in ("stills", "strips"):
        command = commands.add_parser(what)
        command.add_argument("--ours", type=listed, required=True, metavar="NAME,NAME")
        command.add_argument("--out", type=Path, required=True)
        command.add_argument("--pairs", type=int, default=20)
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--speech", type=Path, help="sound and cues; mouth shapes of a test otherwise")
        if what == "stills":
            command.add_argument("--theirs", nargs="+", required=True, metavar="SHEET:COLUMNSxROWS[:face]")
        else:
            command.add_argument("--against", type=listed, required=True, metavar="NAME,NAME")
    counted = commands.add_parser("count")
    counted.add_argument("folder", type=Path)
    counted.add_argument("verdicts", nargs="+", metavar="N=left|right")
    arguments = parser.parse_args()
    if arguments.what == "count":
        count(arguments.folder, arguments.verdicts)
    else:
        make(arguments)


if __name__ == "__main__":
    main()
