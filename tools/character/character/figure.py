"""A whole person in the scene, and how to pose it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from character import facial_hair, teeth
from character.blender import (
    add_mesh,
    add_strands,
    attribute_of,
    evaluated,
    move,
    move_mesh,
    move_strands,
    points_of,
    set_attribute,
)
from character.body import JAW_RAD, LOWER_EDGE, UPPER_EDGE, Body, head_share, turned
from character.clothes import above_neckline, jersey
from character.eyes import Eyes
from character.maths import Array, smooth, turn_x
from character.poses import Key
from character.skin import skin_material
from character.strands import Strands, Surface, scalp_weight
from character.styles import scalp_hair
from character.surfaces import (
    cavity_material,
    hair_material,
    soft_material,
    strand_material,
    tooth_material,
)

TONGUE_SHIFT = np.array([0.0, -0.045, -0.03])
LASH = (0.010, 0.007, 0.006)


def _bell(p: Array, at: tuple[float, float], size: tuple[float, float], front: float = 0.7) -> Array:
    """A soft spot on both sides of the face."""
    x = (np.abs(p[:, 0]) - at[0]) / size[0]
    return np.exp(-(x**2) - ((p[:, 1] - at[1]) / size[1]) ** 2) * (p[:, 2] > front)


def skin_masks(body: Body, used: Any, person: Mapping[str, Any]) -> dict[str, Array]:
    """What the skin's material needs, at the used vertices of the resting body."""
    p, (eye, _) = body.base[used], body.eyeball("l")
    mouth, nose_y = body.mouth[1], p[np.argmax(np.where(np.abs(p[:, 0]) < 0.05, p[:, 2], 0)), 1]
    ears, lids = body.mask("ears")[used], body.mask("eyelids")[used]
    nose = _bell(p, (0, nose_y - 0.02), (0.11, 0.10), 1.3)
    wings = _bell(p, (0.085, nose_y - 0.05), (0.05, 0.05), 1.15)
    cheek = _bell(p, (0.42, 6.44), (0.22, 0.17))
    red = 0.50 * cheek + 0.42 * nose + 0.38 * wings + 0.22 * _bell(p, (0, 5.93), (0.18, 0.10), 1.1)
    red = red + 0.40 * ears + 0.10 * lids + 0.08 * _bell(p, (0, 7.25), (0.5, 0.12), 0.9)
    under = 0.36 * _bell(p, (eye[0], eye[1] - 0.13), (0.16, 0.06), 0.9)
    above = 0.26 * _bell(p, (eye[0], eye[1] + 0.085), (0.17, 0.05), 0.9)
    corners = 0.22 * _bell(p, (0.13, eye[1]), (0.04, 0.07), 0.9)
    dark = under + above + corners + 0.35 * _bell(p, (0.24, mouth), (0.04, 0.03), 1.0)
    dark = dark + 0.14 * _bell(p, (0, mouth - 0.16), (0.14, 0.04), 1.1)
    crow = _bell(p, (eye[0] + 0.25, eye[1] - 0.01), (0.07, 0.09), 0.7)
    return {
        "lips": body.mask("lips")[used],
        "lip_line": np.exp(-(((p[:, 1] - mouth) / 0.022) ** 2)) * (p[:, 2] > 1.2),
        "inside": np.clip(body.mask("inside-mouth")[used] * 1.2, 0, 1),
        "red": np.clip(red, 0, 1),
        "dark": np.clip(dark, 0, 0.6),
        "scalp": scalp_weight(p, ears, person["hair"]["style"]),
        "shine": _bell(p, (0, 7.25), (0.35, 0.2), 0.8) * 0.7 + nose * 1.6 + 0.5 * cheek,
        "ears": ears,
        "forehead": smooth(7.02, 7.14, p[:, 1])
        * smooth(7.50, 7.36, p[:, 1])
        * smooth(0.6, 0.3, np.abs(p[:, 0])),
        "crow": crow,
    }


class Figure:
    """Objects of one person; `pose` puts them where a key wants them."""

    def __init__(self, person: Mapping[str, Any], cache: Path, hair: bool = True) -> None:
        self.person, self.body = person, Body(person)
        self._is_turned = False
        self.hairless = {"inside", "gaze"} | ({"lids"} if person["hair"].get("far_from_eyes") else set())
        self._add_skin()
        self.eyes = Eyes(self.body, person["eyes"])
        self._add_mouth()
        self._add_strands(cache, hair)
        jersey(self.body, person["top"]["colour"])
        still = [item for item in (*self.mouth_parts, self.hair) if item is not None]
        self._upright = [(item, points_of(item)) for item in still]

    def _add_skin(self) -> None:
        body = self.body
        faces = [
            f
            for f in body.group_faces("body")
            if body.base[f][:, 1].mean() > 4.6
            and abs(body.base[f][:, 0].mean()) < 2.9
            and above_neckline(body.base[f].mean(0)) > -0.45
        ]
        self.used, inverse = np.unique(np.concatenate(faces), return_inverse=True)
        self.faces = inverse.reshape(-1, 4)
        rest = body.deform({})[self.used]
        masks = skin_masks(body, self.used, self.person)
        hair = self.person["hair"].get("scalp", (0.075, 0.042, 0.028))
        material = skin_material(self.person["skin"], hair)
        # Noise is fixed to the face without expression, so that it does not swim.
        self.skin = add_mesh("skin", rest, self.faces, material, masks, 2)
        flat = body.base[self.used].astype(np.float32).ravel()
        self.skin.data.attributes["rest"].data.foreach_set("vector", flat)
        points, normals, triangles = evaluated(self.skin)
        self.surface = Surface(points, normals, triangles, attribute_of(self.skin, "ears"))

    def _add_mouth(self) -> None:
        body, shade = self.body, self.person["skin"].get("teeth", 1.0)
        front, line = body.teeth_front, body.mouth[1]
        arch, lower_arch = (
            teeth.Arch(0.275, front, front - 0.40),
            teeth.Arch(0.258, front - 0.04, front - 0.42),
        )
        upper = teeth.row(line + 0.080, line - UPPER_EDGE, teeth.UPPER, arch)
        lower = teeth.row(line - 0.125, line - LOWER_EDGE, teeth.LOWER, lower_arch)
        enamel, flesh = tooth_material(shade), soft_material("gum", (0.46, 0.16, 0.15), 0.3, 0.6)
        self._jaw_parts, self.mouth_parts = [], []
        for row, moves in ((upper, False), (lower, True)):
            for name, points, faces, material, extra in (
                ("teeth", row.teeth, row.faces, enamel, {"along": row.along}),
                ("gum", row.gum, row.gum_faces, flesh, {}),
            ):
                item = add_mesh(name, points, faces, material, extra, 1)
                self.mouth_parts.append(item)
                if moves:
                    self._jaw_parts.append((item, points))
        self._tongue_ids = body.group("helper-tongue")
        index = {v: i for i, v in enumerate(self._tongue_ids)}
        faces = [[index[v] for v in f] for f in body.group_faces("helper-tongue")]
        flesh = soft_material("tongue", (0.50, 0.18, 0.17), 0.40, 0.7)
        self._tongue = add_mesh("tongue", body.base[self._tongue_ids] + TONGUE_SHIFT, faces, flesh, {}, 2)
        self.mouth_parts.append(self._tongue)
        x, y, z = 0.5, body.mouth[1], front - 0.55
        corners = np.array([(-x, y - 0.6, z), (x, y - 0.6, z), (x, y + 0.3, z), (-x, y + 0.3, z)])
        self.cavity = add_mesh("cavity", corners, [(0, 1, 2, 3)], cavity_material())

    def _add_strands(self, cache: Path, hair: bool) -> None:
        person, seed = self.person, self.person["seed"]
        self.hair = None
        if hair:
            settings = person["hair"]
            material = hair_material("hair", settings["melanin"], settings["redness"], settings["grey"])
            self.hair_strands = _cached(cache, lambda: scalp_hair(self.surface, settings, seed))
            self.hair = add_strands("hair", self.hair_strands, material)
        brows = facial_hair.brows(self.surface, person["brows"], seed)
        self._attached = [("brows", brows, person["brows"])]
        if person["beard"]["count"]:
            lips = attribute_of(self.skin, "lips")
            beard = facial_hair.beard(self.surface, person["beard"], self.body, lips, seed)
            self._attached.append(("beard", beard, person["beard"]))
        self._on_skin = []
        for name, strands, settings in self._attached:
            material = strand_material(name, settings["colour"], settings.get("grey", 0.0))
            item = add_strands(name, strands, material)
            self._on_skin.append((item, strands.points, facial_hair.nearest(self.surface, strands)))
        self._grids = self.body.lash_grids()
        first = facial_hair.lashes(self.body.deform({}), self._grids, seed)
        self.lashes = add_strands("lashes", first, strand_material("lash", LASH))

    @property
    def skin_hair(self) -> list[Any]:
        return [*(item for item, *_ in self._on_skin), self.lashes]

    def pose(self, key: Key) -> None:
        """Move everything to a key's pose."""
        for item, points in self._upright if self._is_turned else ():
            move(item, points)
        shape = self.body.deform(key.units)
        move_mesh(self.skin, shape[self.used])
        move_mesh(self._tongue, shape[self._tongue_ids] + TONGUE_SHIFT)
        opened = key.units.get("jaw", 0.0) * JAW_RAD
        for item, points in self._jaw_parts:
            move_mesh(item, turn_x(points, self.body.jaw_joint, opened))
        self.eyes.look(*key.gaze)
        self.eyes.follow(shape)
        surface, _, _ = evaluated(self.skin)
        for item, points, vertex in self._on_skin:
            moved = surface[vertex] - self.surface.points[vertex]
            move_strands(item, points + moved[:, None])
        move_strands(self.lashes, facial_hair.lashes(shape, self._grids, self.person["seed"]).points)
        self._is_turned = key.turn != 0.0
        if self._is_turned:
            self._turn(key.turn)

    def _turn(self, degrees: float) -> None:
        """Turn what a pose left upright. All hair of the head turns with it, however low it hangs."""
        parts = [self.skin, *self.mouth_parts, *self.eyes.balls, *self.eyes.lids, *self.skin_hair]
        for item in parts:
            points = points_of(item)
            move(item, turned(points, degrees, head_share(points)))
        if self.hair:
            move(self.hair, turned(points_of(self.hair), degrees, 1.0))

    def mesh_at(self, key: Key) -> Array:
        """The skin's points in a pose, subdivided once (`coarse_triangles` joins them)."""
        modifier = self.skin.modifiers[0]
        modifier.levels = 1
        move_mesh(self.skin, self.body.deform(key.units)[self.used])
        points, _, triangles = evaluated(self.skin)
        modifier.levels = 2
        self.coarse_triangles = triangles
        return points

    def coarse_attribute(self, values: Array) -> Array:
        """A per-vertex value of the body carried to the points of `mesh_at`."""
        modifier = self.skin.modifiers[0]
        set_attribute(self.skin.data, "carried", values[self.used])
        modifier.levels = 1
        carried = attribute_of(self.skin, "carried")
        modifier.levels = 2
        return carried


def _cached(path: Path, make: Any) -> Strands:
    """Strands take 20 seconds: keep them."""
    if path.exists():
        stored = np.load(path)
        return Strands(stored["points"].astype(float), stored["radii"].astype(float))
    strands: Strands = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, points=strands.points.astype(np.float32), radii=strands.radii.astype(np.float32))
    return strands
