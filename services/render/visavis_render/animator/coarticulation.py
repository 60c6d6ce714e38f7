"""Visemes in time -> mouth weights: each shape leans into its neighbours, and some shapes must be reached.

Dominance functions after Cohen and Massaro, "Modeling coarticulation in synthetic visual speech" (1993);
hard constraints after Edwards et al., "JALI" (2016): bilabials close, labiodentals touch, sibilants narrow
the jaw.
"""

import math
from collections.abc import Sequence

from visavis_render.animator.curves import ease
from visavis_render.animator.schedule import ARRIVAL_S, Cue
from visavis_render.engine import Viseme

V = Viseme
LEAD_S = 0.035  # lips are in place before the sound
REACH_S = 0.6
SILENCE = 0.55
SILENCE_RATE = 14.0
FAINT = 0.004

# Strength, and how fast it falls before and after the shape (1/s). Rounding starts early.
DOMINANCE: dict[Viseme, tuple[float, float, float]] = {
    V.SIL: (0.55, 14, 14),
    V.PP: (1.3, 26, 24),
    V.FF: (1.2, 22, 20),
    V.TH: (0.9, 20, 20),
    V.DD: (0.55, 22, 22),
    V.KK: (0.35, 18, 18),
    V.CH: (1.0, 14, 14),
    V.SS: (0.85, 18, 18),
    V.NN: (0.5, 20, 20),
    V.RR: (0.7, 14, 14),
    V.AA: (0.9, 13, 12),
    V.E: (0.8, 14, 13),
    V.I: (0.8, 14, 13),
    V.O: (1.0, 10, 10),
    V.U: (1.05, 9, 9),
}
# Lowest weight of a sibilant while it sounds.
NARROW = {V.SS: 0.72, V.CH: 0.65}
# Share of the shortest contact, and the ramp beside it (s), the weakest first: a later one wins.
CONTACT = {V.FF: (2 / 3, 0.060), V.PP: (1.0, 0.055)}
HOLD_S = 0.060


def _distance(t: float, start: float, end: float) -> float:
    return max(start - t, t - end, 0.0)


def _dominance(cue: Cue, t: float) -> float:
    """Strength of a cue at t, full in its central half."""
    strength, before, after = DOMINANCE[cue.viseme]
    start, duration = cue.start_us / 1e6, cue.duration_us / 1e6
    first, last = start + 0.25 * duration, start + 0.75 * duration
    if cue.viseme is V.SIL:
        strength *= min(1.0, 0.4 + 3 * duration)
    rate = before if t < first else after
    return strength * math.exp(-rate * _distance(t, first, last))


def _blend(cues: Sequence[tuple[Cue, float]], t: float) -> dict[Viseme, float]:
    """Dominance-weighted mean of all shapes, silence among them wherever no cue is."""
    total: dict[Viseme, float] = {}
    quiet = 1.0
    weight = 1e-6
    for cue, gain in cues:
        strength = _dominance(cue, t) * gain
        weight += strength
        away = _distance(t, cue.start_us / 1e6, cue.end_us / 1e6)
        quiet *= 1.0 - gain * math.exp(-SILENCE_RATE * away)
        if cue.viseme is not V.SIL:
            total[cue.viseme] = total.get(cue.viseme, 0.0) + strength * cue.intensity
    weight += SILENCE * quiet
    return {viseme: value / weight for viseme, value in total.items()}


def _raise(weights: dict[Viseme, float], viseme: Viseme, floor: float) -> None:
    """Bring one shape up to `floor` at the cost of the others."""
    now = weights.get(viseme, 0.0)
    if now >= floor:
        return
    others = sum(weights.values()) - now
    if others > 1 - floor:
        share = (1 - floor) / others
        for name in weights:
            weights[name] *= share
    weights[viseme] = floor


def _contact(cue: Cue, t: float, hold_s: float) -> float:
    """1 while the lips (or lip and teeth) must touch, with ramps beside; one that came late touches late."""
    share, ramp = CONTACT[cue.viseme]
    duration = cue.duration_us / 1e6
    half = max(share * hold_s, 0.7 * duration) / 2
    middle = cue.start_us / 1e6 + duration / 2
    if cue.known_us is not None:
        grown = cue.known_us / 1e6 + ARRIVAL_S + LEAD_S
        middle = max(middle, grown + share * hold_s / 2)
    return ease(1 - (abs(t - middle) - half) / ramp)


def _narrowing(cue: Cue, t: float) -> float:
    duration = cue.duration_us / 1e6
    away = abs(t - cue.start_us / 1e6 - duration / 2) - 0.3 * duration
    return NARROW[cue.viseme] * ease(1 - max(0.0, away) / 0.06)


def mouth_weights(cues: Sequence[Cue], t_us: int, hold_s: float = HOLD_S) -> dict[Viseme, float]:
    """Weight of each mouth shape at t; their sum is at most 1, the rest is the mouth at rest.

    hold_s: how long closed lips stay closed at least; not less than a frame, or no frame would show it.
    """
    t = t_us / 1e6 + LEAD_S
    seen = [(cue, gain) for cue in cues if (gain := cue.gain(t_us)) > 0]
    weights = _blend(seen, t)
    for cue, gain in seen:
        if cue.viseme in NARROW:
            _raise(weights, cue.viseme, _narrowing(cue, t) * gain)
    for viseme in CONTACT:
        floor = max((_contact(c, t, hold_s) * gain for c, gain in seen if c.viseme is viseme), default=0.0)
        _raise(weights, viseme, floor)
    return {viseme: min(1.0, value) for viseme, value in weights.items() if value > FAINT}
