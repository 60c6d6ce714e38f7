"""Shader nodes as expressions: `colour = m.mix(m.ramp(noise, .3, .7), a, b)`."""

from __future__ import annotations

from typing import Any

import bpy

Colour = tuple[float, float, float]


class Value:
    """The output of a node; arithmetic makes math nodes."""

    def __init__(self, material: Material, socket: Any) -> None:
        self.material, self.socket = material, socket

    def _math(self, operation: str, other: Any = 0.0, swapped: bool = False) -> Value:
        a, b = (other, self) if swapped else (self, other)
        return self.material.node("Math", (a, b), operation=operation)

    def __add__(self, other: Any) -> Value:
        return self._math("ADD", other)

    def __radd__(self, other: Any) -> Value:
        return self._math("ADD", other)

    def __sub__(self, other: Any) -> Value:
        return self._math("SUBTRACT", other)

    def __rsub__(self, other: Any) -> Value:
        return self._math("SUBTRACT", other, swapped=True)

    def __mul__(self, other: Any) -> Value:
        return self._math("MULTIPLY", other)

    def __rmul__(self, other: Any) -> Value:
        return self._math("MULTIPLY", other)

    def __truediv__(self, other: Any) -> Value:
        return self._math("DIVIDE", other)

    def __pow__(self, other: Any) -> Value:
        return self._math("POWER", other)

    def __abs__(self) -> Value:
        return self._math("ABSOLUTE")

    def at_least(self, other: Any) -> Value:
        return self._math("MAXIMUM", other)

    def sqrt(self) -> Value:
        return self._math("SQRT")

    def sine(self) -> Value:
        return self._math("SINE")

    def fraction(self) -> Value:
        return self._math("FRACT")


class Material:
    """One material under construction; `finish` connects a shader and returns it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._material = bpy.data.materials.new(name)
        self._material.use_nodes = True
        self._tree = self._material.node_tree
        self._tree.nodes.clear()
        self._output = self._tree.nodes.new("ShaderNodeOutputMaterial")

    def raw(self, kind: str, **properties: Any) -> Any:
        """A node of ShaderNode<kind>."""
        node = self._tree.nodes.new(f"ShaderNode{kind}")
        for name, value in properties.items():
            setattr(node, name, value)
        return node

    def put(self, socket: Any, value: Any) -> None:
        """Connect or set an input."""
        if value is None:
            return
        if isinstance(value, Value):
            self._tree.links.new(value.socket, socket)
        elif isinstance(value, (tuple, list)) and len(value) == 3 and socket.type == "RGBA":
            socket.default_value = (*value, 1)
        else:
            socket.default_value = value

    def node(self, kind: str, inputs: tuple[Any, ...] = (), output: Any = 0, **properties: Any) -> Value:
        """A node with its inputs in order."""
        node = self.raw(kind, **properties)
        for socket, value in zip(node.inputs, inputs, strict=False):
            self.put(socket, value)
        return Value(self, node.outputs[output])

    def attribute(self, name: str, output: str = "Fac") -> Value:
        return self.node("Attribute", output=output, attribute_name=name)

    def vector(self, operation: str, a: Any, b: Any) -> Value:
        return self.node("VectorMath", (a, b), operation=operation)

    def ramp(
        self, value: Any, low: float, high: float, to_low: float = 0, to_high: float = 1, soft: bool = False
    ) -> Value:
        """`value` from low..high to to_low..to_high, clamped."""
        kind = "SMOOTHSTEP" if soft else "LINEAR"
        return self.node("MapRange", (value, low, high, to_low, to_high), interpolation_type=kind)

    def mix(self, share: Any, a: Any, b: Any, mode: str = "MIX") -> Value:
        return self.node("MixRGB", (share, a, b), blend_type=mode)

    def noise(
        self, at: Value, scale: float, detail: float = 3, rough: float = 0.55, out: str = "Fac"
    ) -> Value:
        node = self.raw("TexNoise")
        self.put(node.inputs["Vector"], at)
        for name, value in (("Scale", scale), ("Detail", detail), ("Roughness", rough)):
            node.inputs[name].default_value = value
        return Value(self, node.outputs[out])

    def cells(self, at: Value, scale: float) -> Value:
        node = self.raw("TexVoronoi", feature="F1")
        self.put(node.inputs["Vector"], at)
        node.inputs["Scale"].default_value = scale
        return Value(self, node.outputs["Distance"])

    def parts(self, vector: Value) -> list[Value]:
        node = self.raw("SeparateXYZ")
        self.put(node.inputs[0], vector)
        return [Value(self, output) for output in node.outputs]

    def join(self, x: Any, y: Any, z: Any = 0.0) -> Value:
        return self.node("CombineXYZ", (x, y, z))

    def bump(self, height: Value, strength: float, distance: float, normal: Value | None = None) -> Value:
        node = self.raw("Bump")
        inputs = {"Strength": strength, "Distance": distance, "Height": height, "Normal": normal}
        for name, value in inputs.items():
            self.put(node.inputs[name], value)
        return Value(self, node.outputs[0])

    def principled(self, **inputs: Any) -> Value:
        node = self.raw("BsdfPrincipled")
        for name, value in inputs.items():
            self.put(node.inputs[name.replace("_", " ")], value)
        return Value(self, node.outputs[0])

    def finish(self, shader: Value) -> Any:
        self._tree.links.new(shader.socket, self._output.inputs[0])
        return self._material


def scaled(colour: Any, *factors: float) -> Colour:
    """A colour times one factor, or one factor a channel."""
    each = factors * 3 if len(factors) == 1 else factors
    r, g, b = (c * f for c, f in zip(colour, each, strict=True))
    return r, g, b
