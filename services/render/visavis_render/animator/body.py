"""How the head rests, sways and nods, and how the body breathes."""

import math

from visavis_render.animator.chance import between, chance, slot
from visavis_render.animator.curves import cycles, ease
from visavis_render.animator.expression import BEHAVIOUR_FADE_S, Channels, add
from visavis_render.animator.profile import Breath, Nods, Profile
from visavis_render.animator.timeline import Change, Track
from visavis_render.engine import Behaviour

POSTURE, NOD, BREATH = 11, 12, 13


def _posture(seed: int, profile: Profile, behaviour: Behaviour, number: int) -> Channels:
    habit = profile.of(behaviour).posture
    reach = (habit.yaw_deg, habit.pitch_deg, habit.roll_deg)
    return {
        name: between(-size, size, seed, POSTURE, behaviour.value, number, axis)
        for axis, (name, size) in enumerate(zip(("yaw", "pitch", "roll"), reach, strict=True))
    }


def _sway(seed: int, profile: Profile, behaviour: Behaviour, t: float) -> Channels:
    """People hold a posture, then move to another; between moves the head is still."""
    habit = profile.of(behaviour).posture
    number, start, end = slot(seed, POSTURE * 16 + behaviour.value, t, habit.every_s)
    share = ease((t - start) / min(habit.move_s, end - start))
    pose: Channels = {}
    add(pose, _posture(seed, profile, behaviour, number - 1), 1 - share)
    add(pose, _posture(seed, profile, behaviour, number), share)
    return pose


def _nod(seed: int, habit: Nods, change: Change[Behaviour], t: float) -> float:
    """Degrees down: now and then a listener nods."""
    number, start, _ = slot(seed, NOD, t, habit.every_s)
    since_listening = start - change.at_us / 1e6
    if since_listening < habit.after_s or chance(seed, NOD, number, 1) >= habit.chance:
        return 0.0
    count = 1 + int(between(0, 2, seed, NOD, number, 2))
    period = between(0.36, 0.44, seed, NOD, number, 3)
    return between(habit.least_deg, habit.most_deg, seed, NOD, number, 4) * cycles(
        t - start, count, period, 0.6
    )


def body_pose(seed: int, profile: Profile, behaviours: Track[Behaviour], t_us: int) -> Channels:
    """Sway and nods of what the avatar is doing."""
    t = t_us / 1e6
    pose: Channels = {}
    for weight, change in behaviours.mixed(t_us, 2 * BEHAVIOUR_FADE_S):
        add(pose, _sway(seed, profile, change.value, t), weight)
        if change.value is Behaviour.LISTENING:
            add(pose, {"pitch": _nod(seed, profile.nod, change, t)}, weight)
    return pose


def breath_at(seed: int, habit: Breath, t_us: int) -> float:
    """0 (out) to 1 (in)."""
    t = t_us / 1e6
    period = habit.period_s * between(0.948, 1.052, seed, BREATH)
    phase = t / period + 0.03 * math.sin(2 * math.pi * t / 23.0)
    return habit.depth * (0.5 - 0.5 * math.cos(2 * math.pi * phase))
