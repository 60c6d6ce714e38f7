"""What came of a call whose face the page drew, as plain figures for the report."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from visavis_cli.talk.errors import TalkError

from face.drawn import DrawnTaken, as_cells
from face.findings import stretches
from face.judge import FULL, Seen, blinks, closing_ms, movement_of, seconds_of, trend
from face.lips import AFTER_US, BEFORE_US, BILABIAL
from face.reader import Floats, Reader
from face.replay import Story, replayed

Progress = Callable[[str], None]
READ_CLOSED = 0.12  # of a full opening
TOLD_US = 100_000  # every second state is sent while nothing happens
LEAST_HZ = 10.0  # fewer looks a second tell nothing of a mouth
APART_MS, PARTNERS_MS = 300.0, 400.0
LOUD, WHITE = 0.2, 200.0  # of the loudest sample; of 255


def judge_drawn(
    taken: DrawnTaken, tape: Path, avatar: str, reader: Reader, progress: Progress
) -> dict[str, Any]:
    """One conversation. avatar: as `people.chosen` takes it."""
    progress(f"replaying {tape}")
    story = max(replayed(tape, avatar), key=lambda each: len(each.drawn))
    seen = looks_of(taken, story, reader)
    seconds = [asdict(each) for each in seconds_of(seen, story, LEAST_HZ)]
    at_s = [each["at_s"] for each in seconds]
    true, read = curves_of(seen, story)
    return {
        "load": taken.load,
        "seconds": seconds,
        "trend": trend(at_s, [each["by_clock_ms"] for each in seconds]),
        "looks": len(seen),
        "states": {"sent": len(story.drawn), "skipped": story.skipped},
        "explained": round(1 - float(np.var(read - true)) / max(1e-9, float(np.var(true))), 3),
        "movement": movement_of(seen, story),
        "pictures": pictures_of(taken),
        "lips": closures(seen, story),
        "closing_ms": [closing_ms(seen, cut_us) for cut_us in story.cuts_us],
        "blinks": {
            "drawn": blinks([story_blink(story, each.pts_us) for each in seen]),
            "read": blinks([each.read["lids"] for each in seen]),
        },
        "stretches": stretches(seen, story),
        "complaints": taken.complaints,
    }


def looks_of(taken: DrawnTaken, story: Story, reader: Reader) -> list[Seen]:
    """Looks at the canvas, read; what the browser's colours add to the opening is taken off.

    Left out are those between two states that are far apart: what was skipped can't have been drawn.
    """
    at, cells = taken.shown.at, taken.shown.cells
    states = np.array([-math.inf, *(each.pts_us for each in story.drawn), math.inf])
    after = np.searchsorted(states, at[:, 0], side="left")
    told = np.flatnonzero(states[after] - states[after - 1] <= TOLD_US)
    read = [reader.read_cells({name: as_cells(each[n]) for name, each in cells.items()}) for n in told]
    if not read:
        raise TalkError("the page drew nothing that can be compared: is the machine busy?")
    off = float(np.median([each["opening"] for each in read] - story.curve(at[told, 0])))
    return [
        Seen(pts_us, shown_ms / 1000, 0.0, {**each, "opening": each["opening"] - off}, story.at(pts_us))
        for (pts_us, shown_ms), each in zip(at[told, :2], read, strict=True)
    ]


def curves_of(seen: Sequence[Seen], story: Story) -> tuple[Floats, Floats]:
    """The opening as it was asked for, and as it was read."""
    read = np.array([each.read["opening"] for each in seen])
    return story.curve(np.array([each.pts_us for each in seen])), read


def story_blink(story: Story, pts_us: float) -> float:
    """How far the lids were to be closed."""
    return float(np.interp(pts_us, [d.pts_us for d in story.drawn], [d.face.blink for d in story.drawn]))


def pictures_of(taken: DrawnTaken) -> dict[str, float]:
    """How many pictures a second were drawn while the avatar spoke, and the longest without a new look."""
    at = taken.shown.at
    speaking = [
        at[(at[:, 1] >= begun) & (at[:, 1] < ended)]
        for (begun, state), (ended, _) in pairwise([*taken.states, (float("inf"), "")])
        if state == "speaking"
    ]
    speaking = [each for each in speaking if len(each) > 1]
    if not speaking:
        return {}
    drawn = sum(float(each[-1, 2] - each[0, 2]) for each in speaking)
    lasted_ms = sum(float(each[-1, 1] - each[0, 1]) for each in speaking)
    return {
        "per_second": round(1000 * drawn / lasted_ms, 1),
        "looks_per_second": round(1000 * sum(len(each) - 1 for each in speaking) / lasted_ms, 1),
        "longest_ms": round(max(float(np.diff(each[:, 1]).max()) for each in speaking)),
        "width_px": float(np.median(at[:, 3])),
    }


def closures(seen: Sequence[Seen], story: Story) -> dict[str, int]:
    """Of the bilabials at which the canvas was looked at: how many were read as closed."""
    pts = np.array([each.pts_us for each in seen])
    read = np.array([each.read["opening"] for each in seen]) / FULL
    lowest = [
        read[(pts >= cue.start_us - BEFORE_US) & (pts <= cue.end_us + AFTER_US)]
        for cue in story.cues
        if cue.viseme is BILABIAL
    ]
    looked = [each for each in lowest if len(each) >= 3]
    return {"bilabials": len(looked), "closed": sum(bool(each.min() < READ_CLOSED) for each in looked)}


def judge_drawn_clapper(taken: DrawnTaken) -> dict[str, Any]:
    """Flash against click as the page shows and plays them: (second, ms), positive = sound first."""
    clicks, flashes = clicks_of(taken), flashes_of(taken)
    latency_ms = float(np.median(taken.shown.at[:, 4])) if len(taken.shown.at) else 0.0
    rows = []
    for click in clicks:
        away_ms = min((flash - click for flash in flashes), key=abs, default=math.inf)
        if abs(away_ms) < PARTNERS_MS:
            rows.append((round((click - clicks[0]) / 1000, 2), round(away_ms - latency_ms, 1)))
    return {
        "load": taken.load,
        "clicks": len(clicks),
        "rows": rows,
        "latency_ms": round(latency_ms, 1),
        "trend": trend([at for at, _ in rows], [offset for _, offset in rows]),
    }


def clicks_of(taken: DrawnTaken) -> list[float]:
    """When the first sample of each click reached the page's sink, ms."""
    if taken.sound is None or not len(taken.sound.samples):
        return []
    level = np.abs(taken.sound.samples.astype(np.int32))
    return firsts(taken.sound.at_ms[level > LOUD * level.max()])


def flashes_of(taken: DrawnTaken) -> list[float]:
    """When each flash was drawn, ms."""
    bright = taken.shown.cells["middle"].mean((1, 2, 3)) > WHITE
    return firsts(taken.shown.at[bright, 1])


def firsts(at_ms: Floats) -> list[float]:
    """The first of each group."""
    return [float(at) for n, at in enumerate(at_ms) if n == 0 or at - at_ms[n - 1] > APART_MS]
