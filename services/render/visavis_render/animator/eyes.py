"""Where the eyes look, and when they blink."""

import math
from collections.abc import Iterator

from visavis_render.animator.chance import (
    BLINK_BLOCK_S,
    between,
    blink_starts,
    chance,
    slot,
)
from visavis_render.animator.curves import bump, ease
from visavis_render.animator.expression import thinking_side
from visavis_render.animator.timeline import Change, Track
from visavis_render.engine import Behaviour, Gaze

GAZE_DEG = 25.0  # degrees per unit of gaze
SACCADE_S, SACCADE_S_PER_DEG = 0.021, 0.0022
SWITCH_S = 0.06  # eyes of one behaviour -> eyes of the next
CONTACT_S = 1.2  # at the viewer, at least this long, when listening or speaking begins
CLOSE_S, HOLD_S, OPEN_S = 0.075, 0.030, 0.135
BLINK_S = CLOSE_S + HOLD_S + OPEN_S
ENDING_BLINKS = 0.6  # share of replies that end with a blink
LARGE_SHIFT = 10.0 / GAZE_DEG
BLINK, TINY, AWAY, DIRECTION, ENDING = 1, 2, 3, 4, 5

# Mean length of a bout (s), share of bouts that look away, and how far (x, lowest y, highest y).
BOUTS: dict[Behaviour, tuple[float, float, float, float, float]] = {
    Behaviour.IDLE: (2.8, 0.5, 0.40, -0.20, 0.15),
    Behaviour.LISTENING: (2.4, 0.25, 0.16, -0.10, 0.08),
    Behaviour.THINKING: (1.4, 1.0, 0.0, 0.0, 0.0),
    Behaviour.SPEAKING: (3.4, 0.45, 0.26, -0.18, 0.10),
}


def _toward(before: Gaze, after: Gaze, since: float) -> Gaze:
    """A saccade."""
    degrees = math.hypot(after.x - before.x, after.y - before.y) * GAZE_DEG
    k = ease(since / (SACCADE_S + SACCADE_S_PER_DEG * degrees))
    return Gaze(before.x + (after.x - before.x) * k, before.y + (after.y - before.y) * k)


def _tiny_target(seed: int, number: int) -> Gaze:
    reach = 1.2 / GAZE_DEG
    return Gaze(
        between(-reach, reach, seed, TINY, number, 0), between(-reach, reach, seed, TINY, number, 1) * 0.6
    )


def _bout_target(seed: int, behaviour: Behaviour, side: int, number: int) -> Gaze:
    """Where a bout looks, relative to the viewer."""
    if behaviour is Behaviour.THINKING:
        return Gaze(
            side * between(0.5, 0.8, seed, DIRECTION, number, 0),
            between(0.45, 0.75, seed, DIRECTION, number, 1),
        )
    _, share, reach, low, high = BOUTS[behaviour]
    kind = behaviour.value
    if chance(seed, AWAY, kind, number) >= share:
        return Gaze()
    direction = -1 if chance(seed, DIRECTION, kind, number, 2) < 0.5 else 1
    return Gaze(
        direction * between(0.35, 1.0, seed, DIRECTION, kind, number, 0) * reach,
        between(low, high, seed, DIRECTION, kind, number, 1),
    )


def _wandering(seed: int, change: Change[Behaviour], t_us: int) -> Gaze:
    """How one behaviour's eyes move about."""
    behaviour, t = change.value, t_us / 1e6
    side = thinking_side(seed, change)
    number, start, _ = slot(seed, AWAY * 16 + behaviour.value, t, BOUTS[behaviour][0])
    gaze = _toward(
        _bout_target(seed, behaviour, side, number - 1),
        _bout_target(seed, behaviour, side, number),
        t - start,
    )
    if behaviour in (Behaviour.LISTENING, Behaviour.SPEAKING):
        free = ease((t - change.at_us / 1e6 - CONTACT_S) / 0.05)
        return Gaze(gaze.x * free, gaze.y * free)
    return gaze


def gaze_target(track: Track[Gaze], t_us: int) -> Gaze:
    """Where the eyes were told to look."""
    x = y = 0.0
    for weight, change in track.mixed(t_us, SWITCH_S):
        x += weight * change.value.x
        y += weight * change.value.y
    return Gaze(x, y)


def gaze_at(seed: int, behaviours: Track[Behaviour], targets: Track[Gaze], t_us: int) -> Gaze:
    """The eyes' direction relative to the picture."""
    number, start, _ = slot(seed, TINY, t_us / 1e6, 0.9)
    tiny = _toward(_tiny_target(seed, number - 1), _tiny_target(seed, number), t_us / 1e6 - start)
    told = gaze_target(targets, t_us)
    x, y = tiny.x + told.x, tiny.y + told.y
    for weight, change in behaviours.mixed(t_us, SWITCH_S):
        wandering = _wandering(seed, change, t_us)
        x += weight * wandering.x
        y += weight * wandering.y
    return Gaze(max(-1.0, min(1.0, x)), max(-1.0, min(1.0, y)))


def _caused_blinks(
    seed: int, behaviours: Track[Behaviour], targets: Track[Gaze], t_us: int
) -> Iterator[float]:
    """Blinks with large gaze shifts and, often, at the end of speech."""
    previous = Behaviour.IDLE
    for change in behaviours.until(t_us):
        turns = change.value is Behaviour.THINKING and previous is not Behaviour.THINKING
        ends = (previous, change.value) == (Behaviour.SPEAKING, Behaviour.IDLE)
        if turns or (ends and chance(seed, ENDING, change.at_us) < ENDING_BLINKS):
            yield change.at_us / 1e6
        previous = change.value
    before = Gaze()
    for shift in targets.until(t_us):
        if math.hypot(shift.value.x - before.x, shift.value.y - before.y) > LARGE_SHIFT:
            yield shift.at_us / 1e6
        before = shift.value


def blink_at(seed: int, behaviours: Track[Behaviour], targets: Track[Gaze], t_us: int) -> float:
    """How far the lids are closed."""
    t = t_us / 1e6
    block = math.floor(t / BLINK_BLOCK_S)
    starts = [*blink_starts(seed, BLINK, block), *_caused_blinks(seed, behaviours, targets, t_us)]
    return max((bump(t - s, CLOSE_S, HOLD_S, OPEN_S) for s in starts if 0 <= t - s < BLINK_S), default=0.0)
