"""Whether a portrait can become a face that speaks."""

import math

import numpy as np
from rpckit.errors import InvalidInput

from visavis_render.portrait.landmarks import CORNERS, LOWER_LID, SIDES, SKIN, TEMPLES, UPPER_LID, Found
from visavis_render.portrait.raster import Array

MIN_FACE_PX = 150  # from temple to temple
MAX_YAW_DEG, MAX_PITCH_DEG, MAX_ROLL_DEG = 15.0, 18.0, 20.0
MAX_GAP = 0.045  # between the lips, of the mouth's width
MIN_EYE = 0.14  # an open eye's height, of its width
SMALL_FACE = 0.25  # of the largest one's width: somebody far behind
GAPS = ((81, 178), (82, 87), (13, 14), (312, 317), (311, 402))


def width_of(face: Array) -> float:
    """From temple to temple, pixels."""
    return float(np.linalg.norm(face[TEMPLES[0], :2] - face[TEMPLES[1], :2]))


def turn_of(face: Array, straight: Array) -> tuple[float, float, float]:
    """(yaw, pitch, roll) in degrees by which a face is turned from one that looks straight ahead."""
    here, there = (points[:SKIN] - points[:SKIN].mean(0) for points in (face, straight))
    u, _, vt = np.linalg.svd(there.T @ here)
    turn = (u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt).T
    yaw, pitch = math.atan2(turn[0, 2], turn[2, 2]), math.asin(max(-1.0, min(1.0, -turn[1, 2])))
    roll = math.atan2(turn[1, 0], turn[1, 1])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def the_face(found: Found, straight: Array) -> Array:
    """The only face (478, 3) of a picture, fit to be used; InvalidInput says why not."""
    faces = sorted(found.faces, key=width_of, reverse=True)
    if not faces:
        raise InvalidInput("no face was found in the picture")
    others = [face for face in faces[1:] if width_of(face) > SMALL_FACE * width_of(faces[0])]
    if others:
        raise InvalidInput(f"there are {1 + len(others)} faces in the picture: cut it to one person")
    face = faces[0]
    if width_of(face) < MIN_FACE_PX:
        raise InvalidInput(
            f"the face is too small: {width_of(face):.0f} pixels wide, at least {MIN_FACE_PX} are needed"
        )
    _require_straight(face, straight)
    _require_at_rest(face)
    return np.asarray(face)


def _require_straight(face: Array, straight: Array) -> None:
    yaw, pitch, roll = turn_of(face, straight)
    limits = (("to the side", yaw, MAX_YAW_DEG), ("up or down", pitch, MAX_PITCH_DEG))
    for where, angle, most in (*limits, ("over", roll, MAX_ROLL_DEG)):
        if abs(angle) > most:
            verb = "tilted" if where == "over" else "turned"
            what = f"the face is {verb} {where} by {abs(angle):.0f} degrees, at most {most:.0f}"
            raise InvalidInput(f"{what}: look straight into the camera")


def _require_at_rest(face: Array) -> None:
    flat = face[:, :2]
    mouth = np.linalg.norm(flat[CORNERS[0]] - flat[CORNERS[1]])
    gap = np.mean([np.linalg.norm(flat[a] - flat[b]) for a, b in GAPS]) / mouth
    if gap > MAX_GAP:
        raise InvalidInput(
            f"the mouth is open (by {gap:.0%} of its width, at most {MAX_GAP:.1%}): close the lips, "
            "a smile without teeth is fine"
        )
    for side in SIDES:
        upper, lower = flat[list(UPPER_LID[side])], flat[list(LOWER_LID[side])]
        height = np.linalg.norm(upper[4] - lower[4]) / np.linalg.norm(upper[0] - upper[-1])
        if height < MIN_EYE:
            raise InvalidInput(f"the eye at the picture's {side} is closed: look into the camera")
