"""FaceState -> controls of the drawing."""

from collections.abc import Mapping

from visavis_render.backends.vector.controls import Controls, Pose
from visavis_render.backends.vector.rig.eyes import Look
from visavis_render.backends.vector.rig.mouth import CONTROLS, MouthShape
from visavis_render.engine import FaceState, Viseme

V = Viseme
MOUTHS: dict[Viseme, dict[str, float]] = {
    V.SIL: {},
    V.PP: {"press": 1.0, "width": -0.1},
    V.FF: {"opening": 0.15, "tuck": 1.0, "upper": 0.75, "teeth": 1.0, "width": 0.04},
    V.TH: {
        "opening": 0.4,
        "tongue_out": 1.0,
        "upper": 0.5,
        "teeth": 0.55,
        "width": 0.06,
        "tongue": 0.3,
        "lower": 0.2,
    },
    V.DD: {"opening": 0.36, "width": 0.14, "upper": 0.45, "tongue": 0.95, "teeth": 0.55, "lower": 0.35},
    V.KK: {"opening": 0.4, "upper": 0.25, "tongue": 0.3, "teeth": 0.7, "width": 0.06},
    V.CH: {
        "opening": 0.24,
        "rounding": 0.6,
        "upper": 0.65,
        "lower": 0.6,
        "teeth": 1.0,
        "lower_teeth": 0.95,
        "width": -0.05,
    },
    V.SS: {
        "opening": 0.15,
        "width": 0.34,
        "upper": 0.55,
        "lower": 0.55,
        "teeth": 0.95,
        "lower_teeth": 0.9,
    },
    V.NN: {"opening": 0.3, "width": 0.1, "upper": 0.4, "tongue": 1.0, "teeth": 0.48, "lower": 0.3},
    V.RR: {"opening": 0.28, "rounding": 0.52, "upper": 0.35, "tongue": 0.45, "teeth": 0.4},
    V.AA: {"opening": 1.0, "width": 0.04, "upper": 0.45, "teeth": 1.0, "tongue": 0.08},
    V.E: {"opening": 0.56, "width": 0.26, "upper": 0.45, "teeth": 1.0, "tongue": 0.22},
    V.I: {"opening": 0.28, "width": 0.44, "upper": 0.5, "lower": 0.3, "teeth": 1.0, "tongue": 0.3},
    V.O: {"opening": 0.74, "rounding": 0.74, "teeth": 0.45, "upper": 0.3, "tongue": 0.05},
    V.U: {"opening": 0.28, "rounding": 1.0},
}
REST_SMILE = 0.4
FAINT_SMILE = 0.07
BLINK_DIP = 0.8
BLINK_FROWN = 0.35  # half way the brows come down a little
CLOSED_AT = 0.97  # lips pressed this much don't part
# Degrees per unit of the drawing.
YAW_DEG, PITCH_DEG, ROLL_DEG = 12.0, 10.0, 5.0
# How far the tips of loose hair go, in design units a degree: left behind by a turn, hanging down in a tilt.
SWING_PER_YAW, SWING_PER_ROLL, HANG_PER_ROLL, MAX_SWING = 3.0, 2.5, 0.8, 10.0
MAX_YAW, MAX_PITCH, MAX_ROLL = 1.25, 0.9, 1.6


def _pair(weights: Mapping[str, float], name: str) -> float:
    """Mean of a weight's two sides."""
    return (weights.get(f"{name}Left", 0.0) + weights.get(f"{name}Right", 0.0)) / 2


def mouth_shape(face: FaceState) -> MouthShape:
    """Weighted sum of the mouth targets, and what the expression adds."""
    shape = dict.fromkeys(CONTROLS, 0.0)
    for viseme, weight in face.visemes.items():
        for name, value in MOUTHS[viseme].items():
            shape[name] += weight * value
    feeling = face.expression
    shape["smile"] = REST_SMILE + 0.6 * _pair(feeling, "mouthSmile") - 0.9 * _pair(feeling, "mouthFrown")
    resting = 1.0 - min(1.0, sum(face.visemes.values()))
    shape["press"] += resting * _pair(feeling, "mouthPress")
    shape["opening"] += 1.2 * feeling.get("jawOpen", 0.0)
    shape["width"] -= resting * 0.5 * feeling.get("mouthPucker", 0.0)
    if shape["press"] > CLOSED_AT:
        shape["opening"] = 0.0
    return MouthShape(**shape)


def _quick(blink: float) -> float:
    """A blink that passes its middle in half the time."""
    eased = blink * blink * (3 - 2 * blink)
    return eased * eased * (3 - 2 * eased)


def _look(face: FaceState, smile: float) -> Look:
    """Lids that are half down look sleepy: they pass the middle fast."""
    feeling = face.expression
    blink = _quick(face.blink)
    return Look(
        blink=blink,
        squint=min(
            1.0,
            _pair(feeling, "eyeSquint")
            + 0.4 * _pair(feeling, "cheekSquint")
            + 0.2 * _pair(feeling, "mouthSmile"),
        ),
        wide=_pair(feeling, "eyeWide"),
        gaze_x=face.gaze.x,
        gaze_down=-face.gaze.y + BLINK_DIP * blink * (1 - blink),
        smile=max(0.3, smile),
    )


def _rise(feeling: Mapping[str, float], side: str) -> float:
    return (
        feeling.get(f"browOuterUp{side}", 0.0)
        + 0.35 * feeling.get("browInnerUp", 0.0)
        - 0.7 * feeling.get(f"browDown{side}", 0.0)
    )


def _lift(feeling: Mapping[str, float]) -> float:
    """How far the cheeks are up; the faint smile of a resting face leaves them where they are."""
    smile = 0.7 * _pair(feeling, "mouthSmile") + 0.45 * _pair(feeling, "cheekSquint")
    return min(1.0, max(0.0, smile - FAINT_SMILE))


def controls_of(face: FaceState) -> Controls:
    """The drawing of this face. ARKit's left is the face's own: the viewer's right."""
    mouth = mouth_shape(face)
    look = _look(face, mouth.smile)
    feeling = face.expression
    frown = BLINK_FROWN * look.blink * (1.4 - look.blink)
    return Controls(
        mouth=mouth,
        left=look,
        right=look,
        brow_left=_rise(feeling, "Right") - frown,
        brow_right=_rise(feeling, "Left") - frown,
        cheeks=_lift(feeling),
        brow_inner=0.8 * feeling.get("browInnerUp", 0.0) - 0.8 * _pair(feeling, "browDown"),
        pose=Pose(
            yaw=_limited(face.head.yaw_deg / YAW_DEG, MAX_YAW),
            pitch=_limited(face.head.pitch_deg / PITCH_DEG, MAX_PITCH),
            roll=_limited(face.head.roll_deg / ROLL_DEG, MAX_ROLL),
            breath=face.breath,
            swing=_limited(
                SWING_PER_YAW * face.trail.yaw_deg
                + SWING_PER_ROLL * face.trail.roll_deg
                + HANG_PER_ROLL * face.head.roll_deg,
                MAX_SWING,
            ),
        ),
    )


def _limited(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
