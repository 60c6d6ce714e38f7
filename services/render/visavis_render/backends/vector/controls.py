"""What can differ between two frames of a drawn character, in the drawing's own units."""

from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

from visavis_render.backends.vector.rig.eyes import Look
from visavis_render.backends.vector.rig.mouth import MouthShape

T = TypeVar("T", MouthShape, Look)


@dataclass(frozen=True, slots=True)
class Pose:
    """Head in units of the drawing (about -1..1): right, down, clockwise.

    swing: how far the tips of loose hair are off their place, in design units to the viewer's right.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    breath: float = 0.0
    swing: float = 0.0


@dataclass(frozen=True, slots=True)
class Controls:
    """One frame. Left and right are the viewer's."""

    mouth: MouthShape = field(default_factory=MouthShape)
    left: Look = field(default_factory=Look)
    right: Look = field(default_factory=Look)
    brow_left: float = 0.0
    brow_right: float = 0.0
    brow_inner: float = 0.0
    cheeks: float = 0.0  # how far a smile has lifted them, 0..1
    pose: Pose = field(default_factory=Pose)


def steps(value: float, per_unit: int) -> float:
    """`value` on a grid too fine to see: what does not change is not redrawn."""
    return round(value * per_unit) / per_unit


def _on_grid(value: T, per_unit: int) -> T:
    return replace(value, **{f.name: steps(getattr(value, f.name), per_unit) for f in fields(value)})


def quantised(controls: Controls) -> Controls:
    """The controls on their grids."""
    pose = controls.pose
    return Controls(
        mouth=_on_grid(controls.mouth, 50),
        left=_on_grid(controls.left, 80),
        right=_on_grid(controls.right, 80),
        brow_left=steps(controls.brow_left, 30),
        brow_right=steps(controls.brow_right, 30),
        brow_inner=steps(controls.brow_inner, 30),
        cheeks=steps(controls.cheeks, 30),
        pose=Pose(
            steps(pose.yaw, 150),
            steps(pose.pitch, 150),
            steps(pose.roll, 60),
            steps(pose.breath, 8),
            steps(pose.swing, 2),
        ),
    )
