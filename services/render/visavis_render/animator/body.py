"""How the head rests, sways and nods, and how the body breathes."""

import math

from visavis_render.animator.chance import between, chance, slot
from visavis_render.animator.curves import cycles, ease
from visavis_render.animator.expression import BEHAVIOUR_FADE_S, Channels, add
from visavis_render.animator.timeline import Change, Track
from visavis_render.engine import Behaviour

POSTURE, NOD, BREATH = 11, 12, 13
# Mean time between changes of posture (s), how long one takes, how far it goes (yaw, pitch, roll in degrees).
POSTURES: dict[Behaviour, tuple[float, float, tuple[float, float, float]]] = {
    Behaviour.IDLE: (5.0, 1.3, (3.0, 1.2, 1.6)),
    Behaviour.LISTENING: (4.5, 1.1, (1.6, 1.0, 1.6)),
    Behaviour.THINKING: (2.8, 1.0, (1.2, 0.8, 1.0)),
    Behaviour.SPEAKING: (1.7, 0.9, (3.2, 1.4, 1.8)),
}
NOD_EVERY_S, NODS = 4.5, 0.4
NODS_AFTER_S = 1.0


def _posture(seed: int, behaviour: Behaviour, number: int) -> Channels:
    reach = POSTURES[behaviour][2]
    return {
        name: between(-size, size, seed, POSTURE, behaviour.value, number, axis)
        for axis, (name, size) in enumerate(zip(("yaw", "pitch", "roll"), reach, strict=True))
    }


def _sway(seed: int, behaviour: Behaviour, t: float) -> Channels:
    """People hold a posture, then move to another; between moves the head is still."""
    period, duration, _ = POSTURES[behaviour]
    number, start, end = slot(seed, POSTURE * 16 + behaviour.value, t, period)
    share = ease((t - start) / min(duration, end - start))
    pose: Channels = {}
    add(pose, _posture(seed, behaviour, number - 1), 1 - share)
    add(pose, _posture(seed, behaviour, number), share)
    return pose


def _nod(seed: int, change: Change[Behaviour], t: float) -> float:
    """Degrees down: now and then a listener nods."""
    number, start, _ = slot(seed, NOD, t, NOD_EVERY_S)
    since_listening = start - change.at_us / 1e6
    if since_listening < NODS_AFTER_S or chance(seed, NOD, number, 1) >= NODS:
        return 0.0
    count = 1 + int(between(0, 2, seed, NOD, number, 2))
    period = between(0.36, 0.44, seed, NOD, number, 3)
    return between(2.0, 4.0, seed, NOD, number, 4) * cycles(t - start, count, period, 0.6)


def body_pose(seed: int, behaviours: Track[Behaviour], t_us: int) -> Channels:
    """Sway and nods of what the avatar is doing."""
    t = t_us / 1e6
    pose: Channels = {}
    for weight, change in behaviours.mixed(t_us, 2 * BEHAVIOUR_FADE_S):
        add(pose, _sway(seed, change.value, t), weight)
        if change.value is Behaviour.LISTENING:
            add(pose, {"pitch": _nod(seed, change, t)}, weight)
    return pose


def breath_at(seed: int, t_us: int) -> float:
    """0 (out) to 1 (in), 3.5 to 4.2 seconds a breath."""
    t = t_us / 1e6
    period = between(3.65, 4.05, seed, BREATH)
    phase = t / period + 0.03 * math.sin(2 * math.pi * t / 23.0)
    return 0.5 - 0.5 * math.cos(2 * math.pi * phase)
