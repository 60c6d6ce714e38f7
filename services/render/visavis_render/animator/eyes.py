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
from visavis_render.animator.profile import Blinks, GazeHabit, Profile, Tiny
from visavis_render.animator.timeline import Change, Track
from visavis_render.engine import Behaviour, Gaze

GAZE_DEG = 25.0  # degrees per unit of gaze
SACCADE_S, SACCADE_S_PER_DEG = 0.021, 0.0022
SWITCH_S = 0.06  # eyes of one behaviour -> eyes of the next
CLOSE_S, HOLD_S, OPEN_S = 0.075, 0.030, 0.135
BLINK_S = CLOSE_S + HOLD_S + OPEN_S
LARGE_SHIFT = 10.0 / GAZE_DEG
BLINK, TINY, AWAY, DIRECTION, ENDING = 1, 2, 3, 4, 5


def _toward(before: Gaze, after: Gaze, since: float) -> Gaze:
    """A saccade."""
    degrees = math.hypot(after.x - before.x, after.y - before.y) * GAZE_DEG
    k = ease(since / (SACCADE_S + SACCADE_S_PER_DEG * degrees))
    return Gaze(before.x + (after.x - before.x) * k, before.y + (after.y - before.y) * k)


def _tiny_target(seed: int, habit: Tiny, number: int) -> Gaze:
    reach = habit.reach_deg / GAZE_DEG
    return Gaze(
        between(-reach, reach, seed, TINY, number, 0), between(-reach, reach, seed, TINY, number, 1) * 0.6
    )


def _bout_target(seed: int, habit: GazeHabit, behaviour: Behaviour, side: int, number: int) -> Gaze:
    """Where a bout looks, relative to the viewer; a thought keeps to its side."""
    kind = behaviour.value
    if chance(seed, AWAY, kind, number) >= habit.away:
        return Gaze()
    if behaviour is not Behaviour.THINKING:
        side = -1 if chance(seed, DIRECTION, kind, number, 2) < 0.5 else 1
    return Gaze(
        side * between(habit.near, habit.far, seed, DIRECTION, kind, number, 0),
        between(habit.low, habit.high, seed, DIRECTION, kind, number, 1),
    )


def _wandering(seed: int, profile: Profile, change: Change[Behaviour], t_us: int) -> Gaze:
    """How one behaviour's eyes move about."""
    behaviour, t = change.value, t_us / 1e6
    habit = profile.of(behaviour).gaze
    side = thinking_side(seed, change)
    number, start, _ = slot(seed, AWAY * 16 + behaviour.value, t, habit.bout_s)
    gaze = _toward(
        _bout_target(seed, habit, behaviour, side, number - 1),
        _bout_target(seed, habit, behaviour, side, number),
        t - start,
    )
    if behaviour in (Behaviour.LISTENING, Behaviour.SPEAKING):
        free = ease((t - change.at_us / 1e6 - profile.contact_s) / 0.05)
        return Gaze(gaze.x * free, gaze.y * free)
    return gaze


def gaze_target(track: Track[Gaze], t_us: int) -> Gaze:
    """Where the eyes were told to look."""
    x = y = 0.0
    for weight, change in track.mixed(t_us, SWITCH_S):
        x += weight * change.value.x
        y += weight * change.value.y
    return Gaze(x, y)


def gaze_at(
    seed: int, profile: Profile, behaviours: Track[Behaviour], targets: Track[Gaze], t_us: int
) -> Gaze:
    """The eyes' direction relative to the picture."""
    habit = profile.tiny
    number, start, _ = slot(seed, TINY, t_us / 1e6, habit.every_s)
    before, after = (_tiny_target(seed, habit, n) for n in (number - 1, number))
    tiny = _toward(before, after, t_us / 1e6 - start)
    told = gaze_target(targets, t_us)
    x, y = tiny.x + told.x, tiny.y + told.y
    for weight, change in behaviours.mixed(t_us, SWITCH_S):
        wandering = _wandering(seed, profile, change, t_us)
        x += weight * wandering.x
        y += weight * wandering.y
    return Gaze(max(-1.0, min(1.0, x)), max(-1.0, min(1.0, y)))


def _caused_blinks(
    seed: int, after_reply: float, behaviours: Track[Behaviour], targets: Track[Gaze], t_us: int
) -> Iterator[float]:
    """Blinks with large gaze shifts and, often, at the end of speech."""
    previous = Behaviour.IDLE
    for change in behaviours.until(t_us):
        turns = change.value is Behaviour.THINKING and previous is not Behaviour.THINKING
        ends = (previous, change.value) == (Behaviour.SPEAKING, Behaviour.IDLE)
        if turns or (ends and chance(seed, ENDING, change.at_us) < after_reply):
            yield change.at_us / 1e6
        previous = change.value
    before = Gaze()
    for shift in targets.until(t_us):
        if math.hypot(shift.value.x - before.x, shift.value.y - before.y) > LARGE_SHIFT:
            yield shift.at_us / 1e6
        before = shift.value


def blink_at(
    seed: int, habit: Blinks, behaviours: Track[Behaviour], targets: Track[Gaze], t_us: int
) -> float:
    """How far the lids are closed."""
    t = t_us / 1e6
    block = math.floor(t / BLINK_BLOCK_S)
    usual = blink_starts(seed, BLINK, block, habit.mean_s, habit.spread, habit.double)
    starts = [*usual, *_caused_blinks(seed, habit.after_reply, behaviours, targets, t_us)]
    return max((bump(t - s, CLOSE_S, HOLD_S, OPEN_S) for s in starts if 0 <= t - s < BLINK_S), default=0.0)
