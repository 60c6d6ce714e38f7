"""A row of faces for a page: `python bench/row.py mira:evening theo:office nora --out row.jpg`.

Each smiles a little; NAME:BACKGROUND for one before another background than its own.
"""

import argparse
from pathlib import Path

import av
import numpy as np
from visavis_render.avatar import by_name
from visavis_render.backends import load_avatar, with_background
from visavis_render.config import Config
from visavis_render.engine import FaceState
from visavis_render.showcase.sheet import Rgb, rgb, write_image

SMILE = {"mouthSmileLeft": 0.4, "mouthSmileRight": 0.4, "cheekSquintLeft": 0.2, "cheekSquintRight": 0.2}


def portrait(spec: str, size: int) -> Rgb:
    """One face, labelled as in a call."""
    name, _, background = spec.partition(":")
    avatar = load_avatar(with_background(by_name(name), background), Config())
    picture = rgb(avatar.open(768, "").draw(FaceState(expression=SMILE)))
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    return np.asarray(frame.reformat(width=size, height=size, interpolation="AREA").to_ndarray(), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("avatars", nargs="+", metavar="NAME[:BACKGROUND]")
    parser.add_argument("--size", type=int, default=300, help="of a face, in pixels")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    faces = [portrait(spec, arguments.size) for spec in arguments.avatars]
    print(write_image(arguments.out, np.ascontiguousarray(np.concatenate(faces, 1))))


if __name__ == "__main__":
    main()
