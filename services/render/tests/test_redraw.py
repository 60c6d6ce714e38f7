"""What is redrawn in part equals what is drawn anew, whatever changes, in every renderer of people."""

import numpy as np
import pytest
from visavis_render.animator.arkit import ARKIT
from visavis_render.avatar import by_name, names, read_directory
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.engine import FaceState, Gaze, HeadPose, Viseme

PEOPLE = [name for name in sorted(names(None)) if by_name(name).manifest.renderer in ("atlas", "vector")]
STEPS = 60


@pytest.fixture(scope="module", params=[*PEOPLE, "a portrait"])
def avatar(request):
    if request.param in PEOPLE:
        return load_avatar(by_name(request.param), Config())
    return load_avatar(read_directory(request.getfixturevalue("portrait_avatar")), Config())


def changes(rng):
    """One part of a face, anywhere between rest and more than people do."""
    part = rng.integers(7)
    if part == 0:
        chosen = rng.choice(list(Viseme), rng.integers(0, 4), replace=False)
        return {"visemes": {viseme: float(rng.random()) for viseme in chosen}}
    if part == 1:
        chosen = rng.choice(sorted(ARKIT), rng.integers(0, 12), replace=False)
        return {"expression": {str(name): float(rng.random()) for name in chosen}}
    if part == 2:
        return {"gaze": Gaze(*rng.uniform(-1, 1, 2))}
    if part == 3:
        return {"blink": float(rng.choice([0.0, 1.0, rng.random()]))}
    if part == 4:
        return {"breath": float(rng.random())}
    if part == 5:
        return {"head": HeadPose(*rng.uniform(-5, 5, 3)) if rng.random() < 0.7 else HeadPose()}
    return {"head": HeadPose(*rng.uniform(-25, 25, 3)), "trail": HeadPose(*rng.uniform(-4, 4, 3))}


def wandering(steps, seed):
    """Faces that differ from the one before by a part or two."""
    rng = np.random.default_rng(seed)
    state = {}
    for _ in range(steps):
        for _ in range(rng.integers(1, 3)):
            state |= changes(rng)
        yield FaceState(**state)


@pytest.mark.parametrize("size", [512, 200])
def test_a_partial_redraw_equals_a_full_one(avatar, size):
    part = avatar.open(size, "AI")
    for number, face in enumerate(wandering(STEPS, seed=size)):
        picture, whole = part.draw(face), avatar.open(size, "AI").draw(face)
        rows = np.flatnonzero((picture != whole).any(1))
        apart = np.abs(picture.astype(int) - whole).max()
        assert not len(rows), f"step {number}: rows {rows.min()} to {rows.max()}, by up to {apart}, {face}"
