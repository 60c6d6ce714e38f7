"""FaceState as the 52 blendshape weights of ARKit.

The recipes are starting values reconciled from public viseme tables, which differ by half.
"""

from collections.abc import Mapping

from visavis_render.engine import Gaze, Viseme

V = Viseme
# Shapes that move on both sides together.
PAIRS = {
    "browDown": ("browDownLeft", "browDownRight"),
    "browOuterUp": ("browOuterUpLeft", "browOuterUpRight"),
    "cheekSquint": ("cheekSquintLeft", "cheekSquintRight"),
    "eyeSquint": ("eyeSquintLeft", "eyeSquintRight"),
    "eyeWide": ("eyeWideLeft", "eyeWideRight"),
    "mouthFrown": ("mouthFrownLeft", "mouthFrownRight"),
    "mouthPress": ("mouthPressLeft", "mouthPressRight"),
    "mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
}
ARKIT = frozenset(
    (
        *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
        *("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight"),
        *("eyeBlinkLeft", "eyeBlinkRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight"),
        *("eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
        *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
        *("jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel", "mouthPucker"),
        *("mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthLeft"),
        *("mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthRight"),
        *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft"),
        *("mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft"),
        *("mouthUpperUpRight", "tongueOut"),
    )
)


def _both(name: str, value: float) -> dict[str, float]:
    return {f"{name}Left": value, f"{name}Right": value}


RECIPES: dict[Viseme, dict[str, float]] = {
    V.SIL: {},
    V.PP: {**_both("mouthPress", 0.5), "mouthRollLower": 0.2, "mouthRollUpper": 0.15},
    V.FF: {"mouthRollLower": 0.55, **_both("mouthUpperUp", 0.2), "jawOpen": 0.08},
    V.TH: {
        "jawOpen": 0.16,
        "tongueOut": 0.45,
        **_both("mouthLowerDown", 0.18),
        **_both("mouthUpperUp", 0.12),
    },
    V.DD: {
        "jawOpen": 0.18,
        **_both("mouthLowerDown", 0.2),
        **_both("mouthUpperUp", 0.12),
        **_both("mouthStretch", 0.1),
    },
    V.KK: {"jawOpen": 0.25, **_both("mouthLowerDown", 0.15)},
    V.CH: {"mouthFunnel": 0.5, "mouthPucker": 0.2, "jawOpen": 0.12},
    V.SS: {
        "jawOpen": 0.04,
        **_both("mouthStretch", 0.35),
        **_both("mouthLowerDown", 0.2),
        **_both("mouthSmile", 0.15),
    },
    V.NN: {"jawOpen": 0.15, **_both("mouthLowerDown", 0.15)},
    V.RR: {"mouthFunnel": 0.3, "mouthPucker": 0.3, "jawOpen": 0.15},
    V.AA: {"jawOpen": 0.6, **_both("mouthLowerDown", 0.2), **_both("mouthUpperUp", 0.1)},
    V.E: {"jawOpen": 0.35, **_both("mouthStretch", 0.3), **_both("mouthSmile", 0.15)},
    V.I: {"jawOpen": 0.18, **_both("mouthStretch", 0.35), **_both("mouthSmile", 0.35)},
    V.O: {"jawOpen": 0.45, "mouthFunnel": 0.55, "mouthPucker": 0.2},
    V.U: {"mouthPucker": 0.75, "mouthFunnel": 0.35, "jawOpen": 0.2},
}


def _look(gaze: Gaze) -> dict[str, float]:
    """ARKit's left is the face's own left: the viewer's right."""
    right, left = max(0.0, gaze.x), max(0.0, -gaze.x)
    up, down = max(0.0, gaze.y), max(0.0, -gaze.y)
    return {
        "eyeLookOutLeft": right,
        "eyeLookInRight": right,
        "eyeLookInLeft": left,
        "eyeLookOutRight": left,
        **_both("eyeLookUp", up),
        **_both("eyeLookDown", down),
    }


def arkit_weights(
    visemes: Mapping[Viseme, float], expression: Mapping[str, float], gaze: Gaze, blink: float
) -> dict[str, float]:
    """All weights above 0, each at most 1."""
    weights = {**expression}
    for name, value in {**_look(gaze), **_both("eyeBlink", blink)}.items():
        weights[name] = weights.get(name, 0.0) + value
    for viseme, weight in visemes.items():
        for name, value in RECIPES[viseme].items():
            weights[name] = weights.get(name, 0.0) + weight * value
    return {name: min(1.0, value) for name, value in weights.items() if value > 0}
