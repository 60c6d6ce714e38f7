"""The keys of a face: which pictures are rendered, in which pose, and which part of each is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def both(name: str, weight: float) -> dict[str, float]:
    """A unit of the left and the right side."""
    return {name.replace("*", side): weight for side in ("left", "right")}


SMILE = "mouth-corner-puller"
VISEMES: dict[str, dict[str, float]] = {
    "PP": {"mouth-compression": 0.42, "mouth-pursing": 0.10, "lip_press": 1.5, SMILE: -0.15},
    "FF": {"jaw": 0.10, "lip_to_teeth": 1.0, "mouth-parling": 0.55, "mouth-retraction": 0.12},
    "TH": {"jaw": 0.25, "tongue_out": 0.80, "tongue_up": 0.22, "mouth-parling": 0.55},
    "DD": {"jaw": 0.22, "tongue_up": 0.85, "mouth-retraction": 0.25, "mouth-parling": 0.6},
    "KK": {"jaw": 0.28, "tongue_back": 0.9, "mouth-parling": 0.55},
    "CH": {
        "jaw": 0.06,
        "mouth-protusion": 0.42,
        "mouth-pursing": 0.34,
        "mouth-eversion": 0.22,
        "mouth-parling": 0.25,
        SMILE: -0.30,
    },
    "SS": {
        "jaw": 0.02,
        "mouth-retraction": 0.42,
        "mouth-upward-retraction": 0.12,
        "mouth-parling": 0.50,
        "mouth-depression-retraction": 0.14,
    },
    "NN": {"jaw": 0.17, "tongue_up": 1.0, "mouth-retraction": 0.15, "mouth-parling": 0.6},
    "RR": {"jaw": 0.15, "mouth-pursing": 0.36, "mouth-protusion": 0.22, "tongue_up": 0.45, SMILE: -0.25},
    "AA": {"jaw": 0.72, "mouth-parling": 0.7, SMILE: -0.05},
    "E": {"jaw": 0.40, "mouth-retraction": 0.42, "mouth-upward-retraction": 0.12, "mouth-parling": 0.65},
    "I": {"jaw": 0.18, "mouth-retraction": 0.66, "mouth-upward-retraction": 0.18, "mouth-parling": 0.5},
    "O": {
        "jaw": 0.46,
        "mouth-pursing": 0.50,
        "mouth-protusion": 0.20,
        "mouth-eversion": 0.12,
        "mouth-parling": 0.40,
        SMILE: -0.36,
        "mouth-retraction": -0.06,
    },
    "U": {
        "jaw": 0.06,
        "mouth-pursing": 0.74,
        "mouth-protusion": 0.36,
        "mouth-parling": 0.06,
        SMILE: -0.36,
        "mouth-retraction": -0.06,
    },
}
MOODS: dict[str, dict[str, float]] = {
    "smile": {SMILE: 0.30, "mouth-retraction": 0.26, "mouth-upward-retraction": 0.20, "jaw": 0.02},
    "frown": {SMILE: -0.42, "mouth-depression": 0.38, "mouth-elevation": 0.12},
}
BROWS: dict[str, dict[str, float]] = {
    "brow_up": {**both("eyebrows-*-up", 0.90), **both("eyebrows-*-extern-up", 0.25)},
    "brow_inner": {**both("eyebrows-*-inner-up", 0.95)},
    "brow_down": {**both("eyebrows-*-down", 0.80), "nose-compression": 0.12},
}
LIDS = (0.0, 0.16, 0.32, 0.48, 0.64, 0.80, 0.91, 1.0)
GAZE_YAW = (-0.44, -0.22, 0.0, 0.22, 0.44)
GAZE_PITCH = (-0.30, 0.0, 0.30)
TURN_DEG = (-15.0, 15.0)


@dataclass(frozen=True)
class Key:
    """One picture. part: whole, turn, mouth, inside, brows, lids or gaze; gaze: radians right and down.

    turn: the head's, degrees to the viewer's right.
    """

    name: str
    part: str
    units: Mapping[str, float] = field(default_factory=dict)
    gaze: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0


def lid_units(closed: float, rest: Mapping[str, float]) -> dict[str, float]:
    """A closing lid also gives up what opens it at rest."""
    opened = {f"eye-{s}-opened-up": -closed * rest.get(f"eye-{s}-opened-up", 0.0) for s in ("left", "right")}
    return {**both("eye-*-closure", closed), **opened}


def all_keys(person: Mapping[str, Any]) -> list[Key]:
    """Every key of a person, the whole face first."""
    mouths = {**VISEMES, **MOODS}
    keys = [Key("base", "whole")]
    keys += [Key(f"turn_{n}", "turn", turn=degrees) for n, degrees in enumerate(TURN_DEG)]
    keys += [Key(name, "mouth", units) for name, units in mouths.items()]
    keys += [Key(name, "brows", units) for name, units in BROWS.items()]
    keys += [Key(f"lid_{n}", "lids", lid_units(c, person["rest"])) for n, c in enumerate(LIDS)]
    keys += [
        Key("lid_squint", "lids", both("eye-*-slit", 0.55)),
        Key("lid_wide", "lids", both("eye-*-opened-up", 0.55)),
    ]
    keys += [Key(f"inside_{name}", "inside", units) for name, units in mouths.items()]
    return keys + [
        Key(f"gaze_{j}_{i}", "gaze", gaze=(yaw, pitch))
        for j, pitch in enumerate(GAZE_PITCH)
        for i, yaw in enumerate(GAZE_YAW)
    ]
