"""How the animator behaves in each state over minutes: blinks, glances. No call is needed for that."""

from visavis_render.animator import Animator
from visavis_render.animator.profile import NAMES, shipped_profile
from visavis_render.engine import Behaviour

from face.judge import States, blinks, gaze_by_state

SEEDS, MINUTES, RATE_HZ = (1, 2), 2, 25


def habits_of(profile: str) -> States:
    """For each state: blinks a minute, and what `gaze_by_state` tells."""
    found: States = {}
    for behaviour in Behaviour:
        faces, count = [], 0
        for seed in SEEDS:
            animator = Animator(seed, shipped_profile(profile))
            animator.behaviours.set(behaviour, 0, 0)
            own = [animator.face_at(n * 1_000_000 // RATE_HZ) for n in range(60 * MINUTES * RATE_HZ)]
            count += blinks([face.blink for face in own])
            faces += own
        name = behaviour.name.lower()
        found[name] = gaze_by_state([(name, face) for face in faces])[name]
        found[name]["blinks_per_minute"] = round(count / (len(SEEDS) * MINUTES), 1)
    return found


def every_habit() -> dict[str, States]:
    """By profile."""
    return {name: habits_of(name) for name in NAMES}
