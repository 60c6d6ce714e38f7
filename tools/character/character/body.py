"""CC0 head (MPFB2) + targets -> one shaped person with linear expression units. numpy only."""

import gzip
import json
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from character.maths import Array, rotation, smooth, turn_x

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data" / "mpfb2"
BODY_VERTICES = 13380  # the rest of the mesh are helpers: eyes, lashes, teeth, tongue, joints
EYE_LEVEL = 6.80
JAW_RAD = np.radians(16)
NECK_PIVOT = np.array([0.0, 5.85, 0.25])
NECK_LOW, NECK_HIGH = 5.05, 6.0  # the head's turn fades out between these heights
# Of the teeth's edges below the mouth's line, and of the arch behind the lips.
UPPER_EDGE, LOWER_EDGE, TEETH_BEHIND = 0.034, 0.022, 0.172
TOOTH_FRONT = 0.022  # of an incisor's face near its edge, before the arch
LIP_COVERS = 0.012  # of the upper teeth, where the lower lip lies against them
JAW_GROUPS = ("jaw", "special04", "oris01", "oris02", "oris06.L", "oris06.R", "oris07.L", "oris07.R")


def load_person(name: str) -> dict[str, Any]:
    """The parameters of people/NAME.toml."""
    return tomllib.loads((ROOT / "people" / f"{name}.toml").read_text())


def head_share(points: Array) -> Array:
    """How much of the head's turn a point takes part in: 0 at the chest, 1 above the chin."""
    return smooth(NECK_LOW, NECK_HIGH, points[..., 1])


def turned(points: Array, turn_deg: float, share: Array | float) -> Array:
    """Points of a head turned to the viewer's right; `share` of the turn is theirs."""
    away = points - NECK_PIVOT
    moved = away @ rotation(np.radians(turn_deg), 0.0, 0.0).T - away
    return points + np.asarray(share)[..., None] * moved


class Body:
    """A person's mesh: `base` at rest without expression, `units` of expression, `deform` to pose it."""

    def __init__(self, person: Mapping[str, Any]) -> None:
        self._load_mesh()
        self.count = len(self.base)
        self._rest: dict[str, float] = person["rest"]
        self._shape(person["body"])
        self.base[:, 1] += EYE_LEVEL - self.base[self.group("helper-l-eye")][:, 1].mean()
        weights = json.loads((DATA / "rigs/standard/weights.default.json").read_text())["weights"]
        self._weights = {name: np.array(pairs) for name, pairs in weights.items() if pairs}
        self.jaw_joint = self.base[self.group("joint-mouth")].mean(0)
        lips = self.base[:BODY_VERTICES][self.mask("lips") > 0.5]
        self.lips_low, self.lips_high = lips.min(0), lips.max(0)
        self.mouth = np.array([0.0, (self.lips_low[1] + self.lips_high[1]) / 2 + 0.005, self.lips_high[2]])
        self.teeth_front = self.lips_high[2] - TEETH_BEHIND
        self.units = self._units()

    def _load_mesh(self) -> None:
        vertices, texture, self.faces, self.groups = [], [], [], []
        self._uv_faces: list[list[int]] = []
        group = ""
        for line in (DATA / "3dobjs/base.obj").read_text().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "v":
                vertices.append([float(x) for x in rest.split()])
            elif kind == "vt":
                texture.append([float(x) for x in rest.split()[:2]])
            elif kind == "g":
                group = rest.split()[0]
            elif kind == "f":
                corners = [corner.split("/") for corner in rest.split()]
                self.faces.append([int(c[0]) - 1 for c in corners])
                self._uv_faces.append([int(c[1]) - 1 for c in corners])
                self.groups.append(group)
        self.base = np.array(vertices)
        self._texture = np.array(texture)

    def target(self, name: str) -> Array:
        """Offsets (count, 3) of one MPFB target."""
        offsets = np.zeros((len(self.base), 3))
        with gzip.open(DATA / "targets" / f"{name}.target.gz", "rt") as lines:
            for line in lines:
                words = line.split()
                if len(words) == 4 and words[0][0] != "#":
                    offsets[int(words[0])] = [float(x) for x in words[1:]]
        return offsets

    def _shape(self, body: Mapping[str, Any]) -> None:
        sex, old = body["sex"], body["age_old"]
        for age, share in (("young", 1 - old), ("old", old)):
            for heritage, weight in body["heritage"].items():
                self.base += share * weight * self.target(f"macrodetails/{heritage}-{sex}-{age}")
            build = f"averagemuscle-{body.get('weight', 'averageweight')}"
            self.base += share * self.target(f"macrodetails/universal-{sex}-{age}-{build}")
        for name, weight in body["targets"].items():
            for single in (name.replace("*", "l"), name.replace("*", "r")) if "*" in name else (name,):
                self.base += weight * self.target(single)

    def group(self, name: str) -> Any:
        """Sorted vertex ids of a group."""
        return np.unique(np.concatenate(self.group_faces(name)))

    def group_faces(self, name: str) -> list[list[int]]:
        return [face for face, group in zip(self.faces, self.groups, strict=True) if group == name]

    def weight(self, *bones: str) -> Array:
        """Summed rig weights (count,)."""
        total = np.zeros(self.count)
        for bone in bones:
            if bone in self._weights:
                pairs = self._weights[bone]
                total[pairs[:, 0].astype(int)] += pairs[:, 1]
        return total

    @cached_property
    def _uv(self) -> Array:
        uv = np.zeros((self.count, 2))
        for face, corners in zip(self.faces, self._uv_faces, strict=True):
            uv[face] = self._texture[corners]
        return uv

    def mask(self, name: str) -> Array:
        """A CC0 mask (lips, eyelids, ears, inside-mouth, face) at the body's vertices, 0..1."""
        image = np.asarray(Image.open(DATA / f"textures/mpfb_{name}.jpg").convert("L"), float) / 255
        height, width = image.shape
        x = np.clip((self._uv[:, 0] * width).astype(int), 0, width - 1)
        y = np.clip(((1 - self._uv[:, 1]) * height).astype(int), 0, height - 1)
        return image[y, x][:BODY_VERTICES]

    def _units(self) -> dict[str, Array]:
        """MPFB's units, and the jaw, tongue and lip movements that they lack."""
        jaw = self.weight(*JAW_GROUPS)
        tongue = self.group("helper-tongue")
        jaw[self.group("helper-lower-teeth")] = jaw[tongue] = 1
        units = {"jaw": (turn_x(self.base, self.jaw_joint, JAW_RAD) - self.base) * jaw[:, None]}
        folder = "expression/units/caucasian"
        for path in sorted((DATA / "targets" / folder).glob("*.target.gz")):
            name = path.name.removesuffix(".target.gz")
            units[name] = self.target(f"{folder}/{name}")
        lower = self._near_mouth(0.22, 0.07, -0.05) * np.clip(jaw * 1.3, 0, 1)
        self._lower_lip = self._near_mouth(0.30, 0.10, -0.04) * np.clip(jaw * 1.3, 0, 1)
        self._lower_rim = self._rim(jaw)
        upper = self._near_mouth(0.26, 0.06, 0.05) * np.clip(1 - jaw, 0, 1)
        units["lip_press"] = np.outer(lower, (0, 0.018, -0.035)) + np.outer(upper, (0, -0.016, -0.03))
        along = np.zeros(self.count)
        z = self.base[tongue, 2]
        along[tongue] = (z - z.min()) / np.ptp(z)
        inside = np.isin(np.arange(self.count), tongue)
        units["tongue_up"] = np.outer(along**2, (0, 0.24, 0.03))
        units["tongue_out"] = np.outer(along**1.2, (0, 0.045, 0.30))
        units["tongue_back"] = np.outer(np.exp(-(((along - 0.35) / 0.2) ** 2)) * inside, (0, 0.22, -0.04))
        return units

    def _rim(self, jaw: Array) -> Any:
        """Vertices of the lower lip's highest line, in the middle."""
        p, lips = self.base[:BODY_VERTICES], self.mask("lips") > 0.5
        own = lips & (np.abs(p[:, 0]) < 0.03) & (jaw[:BODY_VERTICES] > 0.3)
        return np.flatnonzero(own & (p[:, 1] > p[own, 1].max() - 0.008))

    def _to_teeth(self, shape: Array) -> Array:
        """Offsets that lay the lower lip's rim against the upper teeth, a little over their edge."""
        goal = np.array([self.mouth[1] - UPPER_EDGE + LIP_COVERS, self.teeth_front + TOOTH_FRONT])
        way = goal - shape[self._lower_rim, 1:].mean(0)
        return np.outer(self._lower_lip / self._lower_lip[self._lower_rim].mean(), (0, *way))

    def _near_mouth(self, width: float, height: float, above: float) -> Array:
        near = np.zeros(self.count)
        p = self.base[:BODY_VERTICES]
        bell = np.exp(-((p[:, 0] / width) ** 2) - ((p[:, 1] - self.mouth[1] - above) / height) ** 2)
        near[:BODY_VERTICES] = bell * (p[:, 2] > self.lips_high[2] - 0.35)
        return near

    def eyeball(self, side: str) -> tuple[Array, float]:
        """Centre and radius of the eye on side l (x > 0) or r."""
        p = self.base[self.group(f"helper-{side}-eye")]
        radius = np.ptp(p[:, 0]) / 2
        return np.array([p[:, 0].mean(), (p[:, 1].max() + p[:, 1].min()) / 2, p[:, 2].min() + radius]), radius

    def deform(self, weights: Mapping[str, float]) -> Array:
        """All vertices of the resting face with these units added; `lip_to_teeth` comes last."""
        total = dict(self._rest)
        for name, value in weights.items():
            total[name] = total.get(name, 0.0) + value
        touch = total.pop("lip_to_teeth", 0.0)
        shape = self.base + sum(value * self.units[name] for name, value in total.items())
        return shape + touch * self._to_teeth(shape) if touch else shape

    def lash_grids(self) -> dict[str, Any]:
        """Vertex ids (columns, 5) of the four lash strips, root first: l1, r1 below, l2, r2 above."""
        grids = {}
        for key in ("l1", "l2", "r1", "r2"):
            grid = _grid(self.group_faces(f"helper-{key[0]}-eyelashes-{key[1]}"))
            centre, _ = self.eyeball(key[0])
            away = np.linalg.norm(self.base[grid] - centre, axis=2).mean(0)
            grids[key] = grid[:, ::-1] if away[0] > away[-1] else grid
        return grids


def _grid(faces: list[list[int]]) -> Any:
    """Vertex ids of a strip of quads, five vertices across."""
    beside: dict[int, set[int]] = {}
    uses: dict[int, int] = {}
    for face in faces:
        for a, b in zip(face, face[1:] + face[:1], strict=True):
            beside.setdefault(a, set()).add(b)
            beside.setdefault(b, set()).add(a)
            uses[a] = uses.get(a, 0) + 1
    together = [set(face) for face in faces]
    corners = [v for v, n in uses.items() if n == 1]
    columns = [_edge(corner, next_, beside, uses, together) for corner in corners for next_ in beside[corner]]
    grid = [next(column for column in columns if len(column) == 5)]
    while True:
        seen = set(grid[-1]) | (set(grid[-2]) if len(grid) > 1 else set())
        following = [[v for v in beside[vertex] if v not in seen] for vertex in grid[-1]]
        if any(len(candidates) != 1 for candidates in following):
            return np.array(grid)
        grid.append([candidates[0] for candidates in following])


def _edge(
    corner: int, first: int, beside: dict[int, set[int]], uses: dict[int, int], together: list[set[int]]
) -> list[int]:
    """Vertices along the border from a corner to the next one."""
    walk = [corner, first]
    while uses[walk[-1]] != 1:
        around = [
            v
            for v in beside[walk[-1]]
            if v not in walk
            and uses[v] <= 2
            and not any({v, walk[-1], walk[-2]} <= face for face in together)
        ]
        if len(around) != 1:
            break
        walk.append(around[0])
    return walk
