"""Renders the keys of a person: `python -m character.render nora --size 768 --samples 24`.

out/NAME/*.png are the pictures, out/NAME/geometry.npz the mesh of every key as the camera sees it. What is
there already is not rendered again. While the file of --pause exists, nothing new begins.
"""

import argparse
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import mathutils
import numpy as np

from character.blender import add_mesh, points_of, to_blender
from character.body import BODY_VERTICES, JAW_RAD, LOWER_EDGE, ROOT, UPPER_EDGE, head_share, load_person
from character.crops import CROPS, crop_pixels
from character.figure import Figure
from character.maths import Array, turn_x
from character.poses import Key, all_keys
from character.surfaces import backdrop_material

CAMERA, LOOK_AT = np.array([0.0, 6.72, 14.2]), np.array([0.0, 6.60, 0.4])
FIELD_DEG = 12.9
TARGET = (0.0, -0.6, 6.6)
GRID = 128  # of the depth that turns of the head need


def project(points: Array) -> Array:
    """(x, y) from 0 at the left and top to 1, and the depth, of points in the camera's picture."""
    forward = (LOOK_AT - CAMERA) / np.linalg.norm(LOOK_AT - CAMERA)
    right = np.cross(forward, [0, 1, 0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    away = points - CAMERA
    depth = away @ forward
    scale = 0.5 / math.tan(math.radians(FIELD_DEG) / 2)
    x, y = 0.5 + scale * (away @ right) / depth, 0.5 - scale * (away @ up) / depth
    return np.stack([x, y, depth], -1)


def _set_up(size: int, samples: int, settings: Mapping[str, Any]) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device, cycles.samples = "CPU", samples
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 7, 3, 3
    cycles.transmission_bounces, cycles.transparent_max_bounces = 6, 12
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.03
    cycles.sample_clamp_indirect = 4
    # Only what moved is built anew: a static tree would hold a million segments of hair again for every key.
    cycles.debug_bvh_type = "DYNAMIC_BVH"
    scene.cycles_curves.shape, scene.cycles_curves.subdivisions = "RIBBONS", 2
    render = scene.render
    render.resolution_x = render.resolution_y = size
    render.threads_mode, render.threads = "FIXED", os.cpu_count() or 2
    render.use_persistent_data = True
    view = scene.view_settings
    view.view_transform, view.look = "AgX", "AgX - Medium High Contrast"
    view.exposure = settings["exposure"]


def _light(at: Any, size: float, power: float, colour: Any) -> None:
    light = bpy.data.lights.new("light", "AREA")
    light.shape, light.size, light.energy, light.color = "DISK", size, power, colour
    item = bpy.data.objects.new("light", light)
    bpy.context.scene.collection.objects.link(item)
    item.location = at
    aim = mathutils.Vector(TARGET) - mathutils.Vector(at)
    item.rotation_euler = aim.to_track_quat("-Z", "Y").to_euler()


def _stage(settings: Mapping[str, Any]) -> None:
    """Lights, world, backdrop and camera."""
    _light((-5.4, -7.0, 10.2), 4.2, settings["key"], (1, 0.95, 0.89))
    _light((-1.3, -9.5, 8.3), 1.3, 45, (1, 0.98, 0.95))
    _light((6.5, -7.5, 6.6), 6.5, settings["fill"], (0.90, 0.95, 1))
    _light((4.2, 5.2, 10.2), 3.0, settings["rim"], (1, 0.92, 0.82))
    _light((-5.5, 4.5, 8.6), 3.5, settings["rim2"], (0.86, 0.93, 1))
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs[0].default_value = (0.78, 0.84, 0.92, 1)
    background.inputs[1].default_value = settings["world"]
    corners = np.array([(-30.0, -15, -14), (30, -15, -14), (30, 30, -14), (-30, 30, -14)])
    material = backdrop_material(settings["backdrop_light"], settings["backdrop_dark"])
    backdrop = add_mesh("backdrop", corners, [(0, 1, 2, 3)], material)
    backdrop.visible_diffuse = backdrop.visible_glossy = backdrop.visible_shadow = False
    camera = bpy.data.cameras.new("camera")
    camera.angle = math.radians(FIELD_DEG)
    item = bpy.data.objects.new("camera", camera)
    bpy.context.scene.collection.objects.link(item)
    bpy.context.scene.camera = item
    at, to = (mathutils.Vector(to_blender(p[None])[0]) for p in (CAMERA, LOOK_AT))
    item.location = at
    item.rotation_euler = (to - at).to_track_quat("-Z", "Y").to_euler()


def _frame(part: str, size: int) -> None:
    render = bpy.context.scene.render
    top, bottom, left, right = crop_pixels(part, size)
    render.use_border = render.use_crop_to_border = part in CROPS
    render.border_min_x, render.border_max_x = left / size, right / size
    render.border_min_y, render.border_max_y = 1 - bottom / size, 1 - top / size


def _show(figure: Figure, part: str) -> None:
    """Which objects the camera sees: lids without eyeballs, eyeballs alone, the mouth without skin."""
    balls, inside = figure.eyes.balls, [*figure.mouth_parts, figure.cavity]
    for item in bpy.context.scene.objects:
        if item.type in ("MESH", "CURVES"):
            shown = {"gaze": item in balls, "inside": item in inside}.get(part, item != figure.cavity)
            if item.visible_camera != shown:
                item.visible_camera = shown
    if figure.hair:
        # Its shadow does not reach there, and without it a key takes half as long, or less.
        figure.hair.hide_render = part in figure.hairless
    figure.cavity.hide_render = part != "inside"
    for ball in balls:
        ball.is_holdout = part == "lids"
    bpy.context.scene.render.film_transparent = part == "lids"
    bpy.context.scene.render.image_settings.color_mode = "RGBA" if part == "lids" else "RGB"


def _depth(figure: Figure, key: Key) -> tuple[Array, Array]:
    """(depth, share of the head's turn) on a grid of a key's picture; 0 depth where nothing is."""
    figure.pose(key)
    scene, graph = bpy.context.scene, bpy.context.evaluated_depsgraph_get()
    graph.update()
    forward = (LOOK_AT - CAMERA) / np.linalg.norm(LOOK_AT - CAMERA)
    right = np.cross(forward, [0, 1, 0])
    up = np.cross(right, forward)
    reach = math.tan(math.radians(FIELD_DEG) / 2)
    depth, share = np.zeros((GRID, GRID)), np.zeros((GRID, GRID))
    origin = mathutils.Vector(to_blender(CAMERA[None])[0])
    for row in range(GRID):
        for column in range(GRID):
            x, y = (column + 0.5) / GRID * 2 - 1, 1 - (row + 0.5) / GRID * 2
            ray = forward + reach * (x * right + y * up)
            hit, at, _, _, item, _ = scene.ray_cast(graph, origin, mathutils.Vector(to_blender(ray[None])[0]))
            if hit and item.name != "backdrop":
                p = np.array([at[0], at[2], -at[1]])
                depth[row, column] = (p - CAMERA) @ forward
                share[row, column] = 0.0 if item.name.startswith(("top", "collar")) else head_share(p)
    if figure.hair:
        points = points_of(figure.hair)
        seen = project(points)
        column, row = (np.clip((seen[:, i] * GRID).astype(int), 0, GRID - 1) for i in (0, 1))
        nearer = np.full((GRID, GRID), np.inf)
        np.minimum.at(nearer, (row, column), seen[:, 2])
        front = (nearer < depth) | ((depth == 0) & np.isfinite(nearer))
        depth[front], share[front] = nearer[front], 1.0
    return depth, share


def _write_geometry(figure: Figure, path: Path, keys: list[Key]) -> None:
    """The mesh of every key that moves the skin, masks, depth, and where the eyes turn."""
    moving = [key for key in keys if key.part in ("whole", "mouth", "brows")]
    values: dict[str, Any] = {f"mesh_{key.name}": project(figure.mesh_at(key)) for key in moving}
    values["triangles"] = figure.coarse_triangles
    body = figure.body
    inside = np.zeros(body.count)
    inside[:BODY_VERTICES] = body.mask("inside-mouth")
    values["inside"] = figure.coarse_attribute(inside)
    values["depth"], values["share"] = _depth(figure, Key("base", "whole"))
    turns = [_depth(figure, key) for key in keys if key.part == "turn"]
    values["turn_depth"], values["turn_share"] = (np.stack(grids) for grids in zip(*turns, strict=True))
    centre, radius = body.eyeball("l")
    values["eye"] = project(np.array([centre, centre + np.array([0, 0, radius])]))
    values["eye_radius"] = radius
    values["faces"] = figure.faces
    values["camera"], values["look_at"], values["field_deg"] = CAMERA, LOOK_AT, FIELD_DEG
    # Edges of the middle teeth: what is above stays, what is below rides on the jaw.
    edges = np.array([[0.0, body.mouth[1] - below, body.teeth_front] for below in (UPPER_EDGE, LOWER_EDGE)])
    values["teeth"] = project(edges)
    for key in keys:
        if key.part == "mouth":
            moved = turn_x(edges[1:], body.jaw_joint, key.units.get("jaw", 0.0) * JAW_RAD)
            values[f"jaw_{key.name}"] = (project(moved) - project(edges[1:]))[0]
    np.savez(path, **values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("person")
    parser.add_argument("--size", type=int, default=768)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--keys", help="names or parts, comma-separated; all when left out")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--pause", type=Path, default=Path("/nonexistent"))
    parser.add_argument("--set", action="append", default=[], help="a.b=1.5: change a number of the person")
    parser.add_argument("--no-hair", action="store_true")
    arguments = parser.parse_args()
    person = load_person(arguments.person)
    for change in arguments.set:
        where, _, value = change.partition("=")
        table, _, name = where.partition(".")
        person[table][name] = float(value)
    out = arguments.out or ROOT / "out" / arguments.person
    out.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _set_up(arguments.size, arguments.samples, person["scene"])
    figure = Figure(person, out / "hair.npz", hair=not arguments.no_hair)
    _stage(person["scene"])
    wanted = set(arguments.keys.split(",")) if arguments.keys else set()
    keys = [k for k in all_keys(person) if not wanted or {k.name, k.part} & wanted]
    if not arguments.keys or "geometry" in wanted:
        _write_geometry(figure, out / "geometry.npz", all_keys(person))
    for key in keys:
        path = out / f"{key.name}.png"
        while arguments.pause.exists():
            time.sleep(2)
        if path.exists():
            continue
        began = time.monotonic()
        figure.pose(key)
        _show(figure, key.part)
        _frame(key.part, arguments.size)
        bpy.context.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        print(f"{key.name} {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
