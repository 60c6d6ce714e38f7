"""Shapes of movement: every one is 0 outside its time and has no jump."""

import math


def ease(x: float) -> float:
    """0 below 0, 1 above 1, smooth between."""
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)


def bump(t: float, rise: float, hold: float, fall: float) -> float:
    """From 0 up to 1 and back, beginning at t = 0 (seconds)."""
    if t < rise:
        return ease(t / rise)
    return 1.0 - ease((t - rise - hold) / fall)


def cycles(t: float, count: float, period: float, decay: float) -> float:
    """`count` dips of `period` seconds from 0 to 1 and back, each `decay` times the one before."""
    if not 0 <= t < count * period:
        return 0.0
    return float(decay ** int(t / period)) * (1 - math.cos(2 * math.pi * t / period)) / 2
