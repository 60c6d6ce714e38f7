"""Seven numbers that tune the lips, under the names that users of other lip-sync engines know.

They work on the sequence of cues, before co-articulation; the closures that remain are always made.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from visavis_render.animator.arkit import RECIPES
from visavis_render.animator.schedule import Cue
from visavis_render.engine import Viseme

V = Viseme
CRITICAL = frozenset((V.PP, V.FF))  # what a lip reader misses first
# How much a shape tells the eye, 0 to 1.
TELLING = {
    **dict.fromkeys((V.PP, V.FF), 1.0),
    **dict.fromkeys((V.CH, V.U, V.O), 0.9),
    **dict.fromkeys((V.SS, V.TH, V.AA), 0.8),
    **dict.fromkeys((V.RR, V.I, V.E), 0.6),
    **dict.fromkeys((V.KK, V.DD, V.NN), 0.3),
    V.SIL: 0.0,
}
LONG_US = 100_000  # a shape as long as this counts in full


class LipTuning(BaseModel):
    """RENDER_LIPS__*, or [lips] in avatar.toml. The defaults change nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    # Shapes that begin closer together than this crowd each other: only the more telling one stays.
    min_interval_ms: float = Field(default=0.0, ge=0, le=200)
    # Shapes that look alike and begin within this of each other become one.
    merge_window_ms: float = Field(default=0.0, ge=0, le=500)
    # What decides between shapes that crowd each other: 0 = length and loudness, 1 = what the eye reads.
    key_preference: float = Field(default=0.5, ge=0, le=1)
    # Rests keep their time; otherwise one that crowds its neighbour is bridged.
    preserve_silence: bool = True
    # How alike (0 to 1, by their ARKit recipes) shapes must be to merge; 1 = the same shape.
    similarity_threshold: float = Field(default=0.7, ge=0, le=1)
    # Closed lips and lip on teeth are never dropped or merged into another shape.
    preserve_critical: bool = True
    # Closed lips stay closed at least this long; lip on teeth two thirds of it.
    critical_min_ms: float = Field(default=60.0, ge=0, le=150)


@cache
def similarity(a: Viseme, b: Viseme) -> float:
    """1 for shapes that look the same, 0 for those that share nothing."""
    if a is b:
        return 1.0
    first, second = RECIPES[a], RECIPES[b]
    apart = math.hypot(
        *(first.get(name, 0.0) - second.get(name, 0.0) for name in first.keys() | second.keys())
    )
    return 1 - apart / (math.hypot(*first.values()) + math.hypot(*second.values()))


def telling(cue: Cue, tuning: LipTuning) -> float:
    """What speaks for keeping a cue."""
    lasting = min(1.0, cue.duration_us / LONG_US) * cue.intensity
    return (1 - tuning.key_preference) * lasting + tuning.key_preference * TELLING[cue.viseme]


def tuned(cues: Sequence[Cue], tuning: LipTuning) -> list[Cue]:
    """The cues with crowded ones thinned out and alike ones joined; they cover the same time."""
    if not (tuning.min_interval_ms or tuning.merge_window_ms):
        return list(cues)
    kept: list[Cue] = []
    for cue in cues:
        joined = _joined(kept[-1], cue, tuning) if kept else None
        if joined is None:
            kept.append(cue)
        else:
            kept[-1] = joined
    return kept


def _joined(before: Cue, cue: Cue, tuning: LipTuning) -> Cue | None:
    """The one cue that two become; None when both stay."""
    apart_ms = (cue.start_us - before.start_us) / 1e3
    stays = _protected(before, cue, tuning)
    alike = similarity(before.viseme, cue.viseme)
    if before.viseme is cue.viseme and apart_ms <= tuning.merge_window_ms:
        stays = False
    merges = apart_ms <= tuning.merge_window_ms and alike >= tuning.similarity_threshold
    crowds = apart_ms < tuning.min_interval_ms
    if stays or not (merges or crowds):
        return None
    seen = max((before, cue), key=lambda one: (_is_critical(one, tuning), telling(one, tuning)))
    return replace(
        seen,
        start_us=before.start_us,
        duration_us=cue.end_us - before.start_us,
        intensity=max(before.intensity, cue.intensity) if merges else seen.intensity,
    )


def _is_critical(cue: Cue, tuning: LipTuning) -> bool:
    return tuning.preserve_critical and cue.viseme in CRITICAL


def _protected(before: Cue, cue: Cue, tuning: LipTuning) -> bool:
    """Whether joining these two would lose what must stay."""
    pair = (before, cue)
    silent = tuning.preserve_silence and any(one.viseme is V.SIL for one in pair)
    return silent or all(_is_critical(one, tuning) for one in pair)
