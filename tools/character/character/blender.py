"""Meshes and curves in Blender from arrays of this package's axes."""

from collections.abc import Mapping, Sequence
from typing import Any

import bpy
import numpy as np

from character.maths import Array
from character.strands import Strands


def to_blender(p: Array) -> Array:
    """x, y up, z to the camera -> Blender's axes."""
    return np.stack([p[..., 0], -p[..., 2], p[..., 1]], -1)


def from_blender(p: Array) -> Array:
    return np.stack([p[..., 0], p[..., 2], -p[..., 1]], -1)


def set_attribute(data: Any, name: str, values: Array) -> None:
    """A float or vector per vertex, for materials."""
    scalar = values.ndim == 1
    attribute = data.attributes.get(name) or data.attributes.new(
        name, "FLOAT" if scalar else "FLOAT_VECTOR", "POINT"
    )
    attribute.data.foreach_set("value" if scalar else "vector", values.astype(np.float32).ravel())


def add_mesh(
    name: str,
    points: Array,
    faces: Sequence[Sequence[int]],
    material: Any,
    attributes: Mapping[str, Array] | None = None,
    subdivide: int = 0,
) -> Any:
    """A smooth mesh object; `rest` is its shape as given."""
    data = bpy.data.meshes.new(name)
    data.from_pydata(to_blender(points).tolist(), [], [tuple(int(i) for i in face) for face in faces])
    data.polygons.foreach_set("use_smooth", [True] * len(data.polygons))
    for key, values in {"rest": points, **(attributes or {})}.items():
        set_attribute(data, key, np.asarray(values))
    data.materials.append(material)
    return link(name, data, subdivide)


def link(name: str, data: Any, subdivide: int = 0) -> Any:
    item = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(item)
    if subdivide:
        modifier = item.modifiers.new("subdivide", "SUBSURF")
        modifier.levels = modifier.render_levels = subdivide
        modifier.boundary_smooth = "PRESERVE_CORNERS"
    return item


def add_strands(name: str, strands: Strands, material: Any) -> Any:
    count, points, _ = strands.points.shape
    data = bpy.data.hair_curves.new(name)
    data.add_curves([points] * count)
    radius = data.attributes.get("radius") or data.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", strands.radii.astype(np.float32).ravel())
    data.materials.append(material)
    item = link(name, data)
    move_strands(item, strands.points)
    return item


def move_strands(item: Any, points: Array) -> None:
    values = to_blender(points).astype(np.float32).ravel()
    item.data.attributes["position"].data.foreach_set("vector", values)
    item.data.update_tag()


def move_mesh(item: Any, points: Array) -> None:
    item.data.vertices.foreach_set("co", to_blender(points).astype(np.float32).ravel())
    item.data.update()


def points_of(item: Any) -> Array:
    """Where the points of a mesh or of strands are now, in this package's axes."""
    curves = item.type == "CURVES"
    held = item.data.attributes["position"].data if curves else item.data.vertices
    values = np.zeros(len(held) * 3, np.float32)
    held.foreach_get("vector" if curves else "co", values)
    return from_blender(values.reshape(-1, 3)).astype(float)


def move(item: Any, points: Array) -> None:
    """Put the points of a mesh or of strands somewhere else."""
    (move_strands if item.type == "CURVES" else move_mesh)(item, points)


def evaluated(item: Any) -> tuple[Array, Array, Any]:
    """(points, normals, triangles) after the modifiers."""
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    shown = item.evaluated_get(graph)
    mesh = shown.to_mesh()
    points = np.zeros(len(mesh.vertices) * 3, np.float32)
    normals = np.zeros_like(points)
    mesh.vertices.foreach_get("co", points)
    mesh.vertex_normals.foreach_get("vector", normals)
    mesh.calc_loop_triangles()
    triangles = np.zeros(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", triangles)
    shown.to_mesh_clear()
    shape = from_blender(points.reshape(-1, 3)).astype(float)
    return shape, from_blender(normals.reshape(-1, 3)).astype(float), triangles.reshape(-1, 3)


def attribute_of(item: Any, name: str) -> Array:
    """A scalar attribute after the modifiers."""
    shown = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = shown.to_mesh()
    values = np.zeros(len(mesh.vertices), np.float32)
    mesh.attributes[name].data.foreach_get("value", values)
    shown.to_mesh_clear()
    return values.astype(float)
