"""FaceState -> controls of the morph."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from visavis_render.backends.atlas.assets import Person
from visavis_render.engine import FaceState

GAZE_RAD = math.radians(25.0)
# (exact up to here, never further): a head that is asked for more slows down and does not stop dead.
YAW_DEG, PITCH_DEG, ROLL_DEG = (15.0, 18.0), (10.0, 14.0), (12.0, 18.0)
ONE_PICTURE_YAW_DEG = (6.0, 12.0)  # depth alone tears the far cheek's edge beyond
LID_FOLLOWS = 0.34  # of a closed lid, when the eyes look down as far as they can
WIDE_FOLLOWS = 0.75
UPWARD = 0.65  # eyes that go further up than their lids show mostly white
BROW_REST = 0.05  # less of a raised brow is not seen, and would be drawn in every frame
LEFT, RIGHT = "Right", "Left"  # the viewer's left is the face's right


@dataclass(frozen=True, slots=True)
class Controls:
    """One frame, on grids too fine to see. brows: key by key, the viewer's left and right in turn."""

    mouth: tuple[float, ...]
    brows: tuple[float, ...]
    closed: float
    squint: float
    wide: float
    gaze_yaw: float
    gaze_pitch: float
    yaw: float
    pitch: float
    roll: float
    breath: float


def _pair(weights: Mapping[str, float], name: str) -> float:
    return (weights.get(f"{name}Left", 0.0) + weights.get(f"{name}Right", 0.0)) / 2


def _finite(value: float, low: float, high: float) -> float:
    """Within its range; what is no number is 0."""
    return min(high, max(low, value)) if math.isfinite(value) else 0.0


def _limited(degrees: float, limits: tuple[float, float]) -> float:
    exact, most = limits
    asked = _finite(degrees, -90.0, 90.0)
    beyond = abs(asked) - exact
    if beyond <= 0:
        return asked
    return math.copysign(exact + (most - exact) * math.tanh(beyond / (most - exact)), asked)


def _steps(value: float, per_unit: int) -> float:
    return round(value * per_unit) / per_unit


def _mouth(face: FaceState, names: Sequence[str]) -> tuple[float, ...]:
    """Weights of the mouth's keys, named as visemes or moods."""
    feeling = face.expression
    weights = {viseme.name: _finite(weight, 0.0, 1.0) for viseme, weight in face.visemes.items()}
    spoken = min(1.0, sum(weights.values()))
    resting = 1.0 - spoken
    contact = max(weights.get("PP", 0.0), weights.get("FF", 0.0))
    smile = _finite(_pair(feeling, "mouthSmile"), 0.0, 1.0)
    frown = _finite(_pair(feeling, "mouthFrown"), 0.0, 1.0)
    weights["smile"] = smile * (1.0 - 0.35 * spoken - 0.25 * contact)
    weights["frown"] = frown * (1.0 - 0.3 * spoken)
    weights["PP"] = weights.get("PP", 0.0) + 0.7 * resting * _finite(_pair(feeling, "mouthPress"), 0, 1)
    weights["U"] = weights.get("U", 0.0) + 0.35 * resting * _finite(feeling.get("mouthPucker", 0.0), 0, 1)
    return tuple(_steps(weights.get(name, 0.0), 60) for name in names)


def _brows(feeling: Mapping[str, float], names: Sequence[str]) -> tuple[float, ...]:
    weights = []
    for name in names:
        for side in (LEFT, RIGHT):
            value = {
                "brow_up": feeling.get(f"browOuterUp{side}", 0.0),
                "brow_inner": feeling.get("browInnerUp", 0.0),
                "brow_down": feeling.get(f"browDown{side}", 0.0),
            }.get(name, 0.0)
            weights.append(_steps(max(0.0, _finite(value, 0.0, 1.0) - BROW_REST) / (1 - BROW_REST), 40))
    return tuple(weights)


def controls_of(face: FaceState, person: Person) -> Controls:
    """What to draw for this face."""
    feeling = face.expression
    x, y = _finite(face.gaze.x, -1.0, 1.0), _finite(face.gaze.y, -1.0, 1.0)
    blink = _finite(face.blink, 0.0, 1.0)
    blink = blink * blink * (3 - 2 * blink)
    closed = max(blink, LID_FOLLOWS * max(0.0, -y))
    squint = _pair(feeling, "eyeSquint") + 0.5 * _pair(feeling, "cheekSquint")
    squint += 0.35 * _pair(feeling, "mouthSmile")
    wide = _pair(feeling, "eyeWide") + WIDE_FOLLOWS * max(0.0, y)
    head = face.head
    return Controls(
        mouth=_mouth(face, person.mouths),
        brows=_brows(feeling, person.brows),
        closed=_steps(closed, 80),
        squint=_steps(_finite(squint, 0.0, 1.0), 40),
        wide=_steps(_finite(wide, 0.0, 1.0), 40),
        gaze_yaw=_steps(x * GAZE_RAD, 250),
        gaze_pitch=_steps(-y * (UPWARD if y > 0 else 1.0) * GAZE_RAD, 250),
        yaw=_steps(_limited(head.yaw_deg, YAW_DEG if person.turn_deg else ONE_PICTURE_YAW_DEG), 20),
        pitch=_steps(_limited(head.pitch_deg, PITCH_DEG), 20),
        roll=_steps(_limited(head.roll_deg, ROLL_DEG), 20),
        breath=_steps(_finite(face.breath, 0.0, 1.0), 24),
    )
