"""Rendered keys -> the directory that the renderer `atlas` reads: `python -m character.pack nora DIRECTORY`.

Pictures of one part stand below each other in one WebP file, in the order of avatar.toml.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from character.body import NECK_PIVOT, ROOT, load_person
from character.crops import CROPS, crop_pixels
from character.maths import Array, smooth
from character.poses import BROWS, GAZE_PITCH, GAZE_YAW, LIDS, MOODS, TURN_DEG, VISEMES
from character.reliefs import relief

QUALITY = 90
MOUTHS = [*VISEMES, *MOODS]
LID_NAMES = [*(f"lid_{n}" for n in range(len(LIDS))), "lid_squint", "lid_wide"]
GAZE_NAMES = [f"gaze_{j}_{i}" for j in range(len(GAZE_PITCH)) for i in range(len(GAZE_YAW))]
MOVES = 0.3 / 768  # what moves less is still
NOTE = """name = "{name}"
renderer = "atlas"
licence = "CC0-1.0"
author = "visavis"
about = "{about}"

# Made by tools/character; the pictures of a part stand below each other in its WebP file.
[atlas]
format = 1
size_px = {size}

# Rows and columns of the picture that the parts cover: top, bottom, left, right.
[atlas.crops]
{crops}

[atlas.keys]
mouth = {mouth}
brows = {brows}
lid_closures = {lids}
gaze_yaw_rad = {yaw}
gaze_pitch_rad = {pitch}
turn_deg = {turns}
"""


def _stack(source: Path, names: Sequence[str], mode: str = "RGB") -> Image.Image:
    pictures = [Image.open(source / f"{name}.png").convert(mode) for name in names]
    width, height = pictures[0].size
    stacked = Image.new(mode, (width, height * len(pictures)))
    for number, picture in enumerate(pictures):
        stacked.paste(picture, (0, number * height))
    return stacked


def _turns(source: Path) -> list[float]:
    """The turns of the head, when all their pictures are there."""
    there = all((source / f"turn_{n}.png").exists() for n in range(len(TURN_DEG)))
    return list(TURN_DEG) if there else []


def _write_pictures(source: Path, target: Path) -> None:
    def save(picture: Image.Image, name: str) -> None:
        picture.save(target / f"{name}.webp", quality=QUALITY, method=6)

    save(_stack(source, ["base"]), "base")
    if _turns(source):
        save(_stack(source, [f"turn_{n}" for n in range(len(TURN_DEG))]), "turns")
    save(_stack(source, MOUTHS), "mouth")
    save(_stack(source, [f"inside_{name}" for name in MOUTHS]), "inside")
    save(_stack(source, list(BROWS)), "brows")
    save(_stack(source, GAZE_NAMES), "gaze")
    lids = np.asarray(_stack(source, LID_NAMES, "RGBA"), float)
    alpha = lids[..., 3:] / 255
    save(Image.fromarray((lids[..., :3] * alpha + 0.5).astype(np.uint8)), "lids")
    Image.fromarray(lids[..., 3].astype(np.uint8)).save(target / "lids_alpha.png", optimize=True)


def _loop(faces: Any, inner: Any) -> list[int]:
    """Vertices between inner and outer faces, in order around the mouth."""
    sides: dict[tuple[int, int], list[bool]] = {}
    for face, is_inner in zip(faces, inner, strict=True):
        for a, b in zip(face, np.roll(face, -1), strict=True):
            sides.setdefault((min(a, b), max(a, b)), []).append(bool(is_inner))
    beside: dict[int, list[int]] = {}
    for (a, b), kinds in sides.items():
        if sorted(kinds) == [False, True]:
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
    start = min(beside)
    walk, last = [start], -1
    while True:
        following = next(v for v in beside[walk[-1]] if v != last)
        if following == start:
            return walk
        last = walk[-1]
        walk.append(following)


def _fill(loop: list[int], base: Array) -> list[tuple[int, int, int]]:
    """Triangles between the upper and the lower lip's part of the loop."""
    turned = list(np.roll(loop, -int(np.argmin(base[loop, 0]))))
    right = int(np.argmax(base[turned, 0]))
    first, second = turned[: right + 1], [turned[0], *reversed(turned[right:])]
    upper, lower = (first, second) if base[first, 1].mean() < base[second, 1].mean() else (second, first)
    triangles, i, j = [], 0, 0
    while i < len(upper) - 1 or j < len(lower) - 1:
        behind = i * (len(lower) - 1) <= j * (len(upper) - 1)
        if j == len(lower) - 1 or (i < len(upper) - 1 and behind):
            triangles.append((upper[i], upper[i + 1], lower[j]))
            i += 1
        else:
            triangles.append((upper[i], lower[j + 1], lower[j]))
            j += 1
    return [t for t in triangles if len(set(t)) == 3]


def _shares(base: Array, eye_y: float, part: str, moves: Array) -> Array:
    """How much of a key's picture, not only its movement, shows: none at eyes, edges and still places."""
    x, y = base[:, 0], base[:, 1]
    reach = np.linalg.norm(moves, axis=2).max(0) * 768
    if part == "mouth":
        shown = smooth(eye_y + 0.038, eye_y + 0.075, y) * smooth(0.91, 0.85, y)
        sides = smooth(0.275, 0.30, x) * smooth(0.725, 0.70, x)
    else:
        shown = smooth(eye_y - 0.030, eye_y - 0.046, y) * smooth(0.235, 0.265, y)
        sides = smooth(0.285, 0.31, x) * smooth(0.715, 0.69, x)
    return shown * sides * smooth(0.25, 1.5, reach)


def _mesh(geometry: Any) -> dict[str, Any]:
    """The moving part of the face: triangles (far ones first, the mouth's hole before them) and keys."""
    faces = geometry["faces"]
    count = int(faces.max()) + 1
    base = geometry["mesh_base"][:count]
    keys = np.stack([geometry[f"mesh_{name}"][:count] for name in [*MOUTHS, *BROWS]])
    inner = geometry["inside"][:count][faces].mean(1) > 0.3
    fill = np.array(_fill(_loop(faces, inner), keys[MOUTHS.index("AA")]))
    outer = faces[~inner]
    triangles = np.concatenate([outer[:, [0, 1, 2]], outer[:, [0, 2, 3]]])
    moving = (np.abs(keys - base)[..., :2].max((0, 2)) > MOVES)[triangles].any(1)
    every = np.concatenate([base[None], keys])[:, triangles][..., :2]
    (ax, ay), (bx, by) = (np.moveaxis(every[:, :, i] - every[:, :, 0], -1, 0) for i in (1, 2))
    # Faces run clockwise in a picture whose y points down when they face the camera.
    facing = (ax * by - ay * bx < 0).any(0)
    triangles = triangles[moving & facing]
    nearness = keys[:, triangles, 2].mean((0, 2))
    triangles = np.concatenate([fill, triangles[np.argsort(-nearness)]])
    used, index = np.unique(triangles, return_inverse=True)
    moves = (keys - base)[:, used, :2]
    eye_y, split = float(geometry["eye"][0, 1]), len(MOUTHS)
    shares = [
        _shares(base[used], eye_y, "mouth", moves[:split]),
        _shares(base[used], eye_y, "brows", moves[split:]),
    ]
    return {
        "triangles": index.reshape(-1, 3).astype(np.int16),
        "hole_count": np.int32(len(fill)),
        "base": base[used, :2].astype(np.float32),
        "moves": np.round(moves * 65536).astype(np.int16),
        "shares": np.stack(shares).astype(np.float16),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("person")
    parser.add_argument("target", type=Path)
    parser.add_argument("--source", type=Path)
    arguments = parser.parse_args()
    source = arguments.source or ROOT / "out" / arguments.person
    target: Path = arguments.target
    target.mkdir(parents=True, exist_ok=True)
    _write_pictures(source, target)
    geometry = np.load(source / "geometry.npz")
    size = Image.open(source / "base.png").width
    camera = {name: geometry[name] for name in ("camera", "look_at", "field_deg")}
    eye = {"eye": geometry["eye"][0, :2], "eye_radius": geometry["eye_radius"] / geometry["eye"][0, 2]}
    jaw = np.array([geometry[f"jaw_{name}"][:2] for name in MOUTHS])
    fixed = {"teeth": geometry["teeth"][:, :2], "jaw": jaw, "pivot": NECK_PIVOT}
    turns = _turns(source)
    depths = relief(source, geometry, turns)
    np.savez_compressed(target / "mesh.npz", **_mesh(geometry), **depths, **camera, **eye, **fixed)
    person = load_person(arguments.person)
    text = NOTE.format(
        name=person["name"],
        about=person["about"],
        size=size,
        crops="\n".join(f"{part} = {list(crop_pixels(part, size))}" for part in CROPS),
        mouth=str(MOUTHS).replace("'", '"'),
        brows=str(list(BROWS)).replace("'", '"'),
        lids=list(LIDS),
        yaw=list(GAZE_YAW),
        pitch=list(GAZE_PITCH),
        turns=turns,
    )
    (target / "avatar.toml").write_text(text)
    print(f"{sum(p.stat().st_size for p in target.iterdir()) / 1e6:.2f} MB in {target}")


if __name__ == "__main__":
    main()
