"""Chance without memory: a number that depends on a seed and a key alone, and events in time made of it."""

import math
from functools import lru_cache

MASK = (1 << 64) - 1
BLINK_BLOCK_S = 60.0
BLINK_GAP_S = 0.6
DOUBLE_AFTER_S = 0.32


@lru_cache(maxsize=8192)  # every frame of a posture, a bout or a slot asks for the same few numbers
def chance(seed: int, *key: int) -> float:
    """Uniform in [0, 1) (splitmix64 over the key)."""
    state = seed & MASK
    for part in key:
        state = (state + 0x9E3779B97F4A7C15 + (part & MASK) * 0xD1342543DE82EF95) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state / 2**64


def between(low: float, high: float, seed: int, *key: int) -> float:
    """Uniform in [low, high)."""
    return low + (high - low) * chance(seed, *key)


def _border(seed: int, kind: int, number: int, period: float) -> float:
    return (number + between(-0.3, 0.3, seed, kind, number)) * period


def slot(seed: int, kind: int, t: float, period: float) -> tuple[int, float, float]:
    """(number, start, end) of the stretch of time that holds t.

    Stretches last `period` seconds on average, from 0.4 to 1.6 times that.
    """
    number = math.floor(t / period) + 1
    end = _border(seed, kind, number + 1, period)
    while (start := _border(seed, kind, number, period)) > t:
        end = start
        number -= 1
    return number, start, end


def _normal(seed: int, *key: int) -> float:
    radius = math.sqrt(-2 * math.log(1 - chance(seed, *key, 0)))
    return radius * math.cos(2 * math.pi * chance(seed, *key, 1))


@lru_cache(maxsize=256)
def blink_starts(
    seed: int, kind: int, block: int, mean_s: float, spread: float, double: float
) -> tuple[float, ...]:
    """When blinks begin in block number `block`: log-normal intervals, a share of them double."""
    t = block * BLINK_BLOCK_S + BLINK_GAP_S
    t += between(0.0, min(mean_s, BLINK_BLOCK_S / 2), seed, kind, block, -1)
    end = (block + 1) * BLINK_BLOCK_S - BLINK_GAP_S
    mu = math.log(mean_s) - spread**2 / 2
    starts: list[float] = []
    number = 0
    while t < end:
        starts.append(t)
        if chance(seed, kind, block, number, 2) < double:
            starts.append(t + DOUBLE_AFTER_S)
        t += max(2 * BLINK_GAP_S, math.exp(mu + spread * _normal(seed, kind, block, number)))
        number += 1
    return tuple(starts)
