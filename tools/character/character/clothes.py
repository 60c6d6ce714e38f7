"""A knitted jersey: the torso's surface, smoothed, offset, cut at the neckline; a ribbed collar."""

from typing import Any

import bmesh
import bpy
import numpy as np

from character.blender import add_mesh, from_blender, link, set_attribute, to_blender
from character.body import Body
from character.maths import Array, unit
from character.surfaces import knit_material

NECK = np.array([0.0, 5.22, 0.70])
UP = unit(np.array([0.0, 1.0, 0.50]))
PROFILE = ((0.012, -0.05), (0.034, -0.02), (0.040, 0.03), (0.030, 0.085), (0.006, 0.115), (-0.022, 0.105))
PROFILE += ((-0.030, 0.05), (-0.032, -0.04))
STITCHES = 26


def above_neckline(points: Array) -> Array:
    return (points - NECK) @ UP


def _torso(body: Body) -> Any:
    faces = [
        f
        for f in body.group_faces("body")
        if 4.2 < body.base[f][:, 1].mean() < 6.0 and abs(body.base[f][:, 0].mean()) < 2.9
    ]
    used, inverse = np.unique(np.concatenate(faces), return_inverse=True)
    data = bpy.data.meshes.new("top")
    data.from_pydata(to_blender(body.base[used]).tolist(), [], inverse.reshape(-1, 4).tolist())
    return data


def _offset_and_cut(data: Any) -> Array:
    """Reshape `data`; returns the edge of the neckline (n, 3)."""
    mesh = bmesh.new()
    mesh.from_mesh(data)
    bmesh.ops.subdivide_edges(mesh, edges=mesh.edges, cuts=1, use_grid_fill=True, smooth=0.0)
    for _ in range(14):
        inner = [v for v in mesh.verts if not v.is_boundary]
        bmesh.ops.smooth_vert(
            mesh, verts=inner, factor=0.5, use_axis_x=True, use_axis_y=True, use_axis_z=True
        )
    mesh.normal_update()
    for vertex, normal in [(v, v.normal.copy()) for v in mesh.verts]:
        vertex.co += normal * 0.075
    plane, normal = to_blender(NECK[None])[0], to_blender(UP[None])[0]
    geometry = mesh.verts[:] + mesh.edges[:] + mesh.faces[:]
    bmesh.ops.bisect_plane(
        mesh, geom=geometry, plane_co=plane.tolist(), plane_no=normal.tolist(), clear_outer=True
    )
    edge = [
        v.co[:]
        for v in mesh.verts
        if v.is_boundary and abs((np.array(v.co) - plane) @ normal) < 1e-4 and abs(v.co.x) < 1.2
    ]
    mesh.to_mesh(data)
    mesh.free()
    loop = from_blender(np.array(edge))
    return loop[np.argsort(np.arctan2(loop[:, 0], loop[:, 2] - 0.2))]


def _smooth_loop(loop: Array, n: int = 160) -> Array:
    closed = np.r_[loop, loop[:1]]
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))]
    s = np.linspace(0, length[-1], n, endpoint=False)
    even = np.stack([np.interp(s, length, closed[:, i]) for i in range(3)], 1)
    for _ in range(6):
        even = 0.5 * even + 0.25 * (np.roll(even, 1, 0) + np.roll(even, -1, 0))
    return even


def _collar(loop: Array, colour: Any) -> None:
    centre, n, k = loop.mean(0), len(loop), len(PROFILE)
    outward = loop - centre
    outward = unit(outward - (outward @ UP)[:, None] * UP)
    around = np.linalg.norm(np.roll(loop, -1, 0) - loop, axis=1).sum()
    points, knit = [], []
    for i in range(n):
        for a, b in PROFILE:
            points.append(loop[i] + outward[i] * (a - 0.02 - 0.35 * max(0, b)) + UP * b * 0.92)
            knit.append((i / n * round(around * STITCHES), b * 10, 0))
    faces = [
        (i * k + j, (i + 1) % n * k + j, (i + 1) % n * k + (j + 1) % k, i * k + (j + 1) % k)
        for i in range(n)
        for j in range(k)
    ]
    material = knit_material(colour, rib=True)
    add_mesh("collar", np.array(points), faces, material, {"knit": np.array(knit)}, 2)


def jersey(body: Body, colour: Any) -> None:
    """Add top and collar to the scene."""
    data = _torso(body)
    loop = _smooth_loop(_offset_and_cut(data))
    data.polygons.foreach_set("use_smooth", [True] * len(data.polygons))
    points = np.zeros(len(data.vertices) * 3, np.float32)
    data.vertices.foreach_get("co", points)
    where = from_blender(points.reshape(-1, 3))
    set_attribute(data, "knit", where * np.array([19.0, 26.0, 0.0]))
    data.materials.append(knit_material(colour, rib=False))
    link("top", data, 2)
    _collar(loop, colour)
