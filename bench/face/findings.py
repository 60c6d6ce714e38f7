"""What one call came to, as plain figures for the report."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from av_offset import clicks, flashes, pairs
from visavis_render.backends import load_avatar, with_background
from visavis_render.config import Config
from visavis_render.showcase.sheet import write_image

from face.calls import Taken
from face.judge import (
    FULL,
    Seen,
    blinks,
    closing_ms,
    cores_of,
    frames_of,
    gaze_by_state,
    movement_of,
    seconds_of,
    trend,
    watched,
)
from face.lips import Closures
from face.reader import fitted
from face.replay import Story, replayed

Progress = Callable[[str], None]
STRETCH_S = 6.0
CLOSURES = "closures.jpg"


def judge_call(taken: Taken, tape: Path, avatar: str, progress: Progress) -> dict[str, Any]:
    """One conversation. avatar: as `people.chosen` takes it."""
    progress(f"replaying {tape}")
    story = max(replayed(tape, avatar), key=lambda each: len(each.drawn))
    reader = fitted(story.directory, story.background, progress)
    dressed = with_background(story.directory, story.background)
    renderer = load_avatar(dressed, Config()).open(512, "AI")
    lips = Closures(story, renderer, reader.parts["mouth"])
    progress(f"decoding and reading {len(taken.video)} pictures")
    seen = watched(taken, story, reader, lips)
    if (strip := lips.strip()) is not None:
        write_image(tape.with_name(CLOSURES), strip)
    seconds = [asdict(each) for each in seconds_of(seen, story)]
    at_s = [each["at_s"] for each in seconds]
    return {
        "load": taken.load,
        "seconds": seconds,
        "trend_by_clock": trend(at_s, [each["by_clock_ms"] for each in seconds]),
        "trend_at_viewer": trend(at_s, [each["at_viewer_ms"] for each in seconds]),
        "movement": movement_of(seen, story),
        "frames": frames_of(seen, story),
        "lips": lips.summary(),
        "gaze": gaze_by_state([(each.behaviour, each.face) for each in story.drawn]),
        "blinks": {
            "drawn": blinks([each.drawn.face.blink for each in seen if each.drawn]),
            "read": blinks([each.read["lids"] for each in seen if each.drawn]),
        },
        "closing_ms": [closing_ms(seen, cut_us) for cut_us in story.cuts_us],
        "reopened": [reopened(seen, pts_us, off) for pts_us, off in story.reopened],
        "cores": cores_of(taken),
        "reader": reader.fit,
        "stretches": stretches(seen, story),
    }


def reopened(seen: list[Seen], pts_us: int, off: dict[str, float]) -> dict[str, Any]:
    """A stream that was opened again, and how long the picture stood still before."""
    before = max((each.pts_us for each in seen if each.pts_us < pts_us - 1000), default=float(pts_us))
    return {
        "pts_us": pts_us,
        "off": {name: round(value, 4) for name, value in off.items()},
        "without_pictures_ms": round((pts_us - before) / 1000),
    }


def stretches(seen: list[Seen], story: Story) -> dict[str, Any]:
    """Seconds of the call to look at: a story, an interrupt, a broken stream."""
    spoken = [each.pts_us for each in story.drawn if each.behaviour == "speaking"]
    marks = {"in a story": spoken[len(spoken) // 2 :][:1] if spoken else []}
    marks["around an interrupt"] = [float(each) for each in story.cuts_us[:1]]
    marks["around a broken stream"] = [float(pts_us) for pts_us, _ in story.reopened[:1]]
    return {name: stretch(seen, story, at[0]) for name, at in marks.items() if at}


def stretch(seen: list[Seen], story: Story, at_us: float) -> dict[str, Any]:
    low, high = at_us - 5e5 * STRETCH_S, at_us + 5e5 * STRETCH_S
    grid = np.arange(low, high, 10_000)
    return {
        "marks": [at_us / 1e6],
        "curve": [
            (round(t / 1e6, 3), round(v / FULL, 3)) for t, v in zip(grid, story.curve(grid), strict=True)
        ],
        "read": [
            (round(each.pts_us / 1e6, 3), round(each.read["opening"] / FULL, 3))
            for each in seen
            if low <= each.pts_us <= high
        ],
    }


def judge_clapper(taken: Taken) -> dict[str, Any]:
    """Flash against click: (second of the call, by RTP time, by arrival), ms."""
    record: Any = SimpleNamespace(received=taken.packets, video=taken.video, clock=taken.clock)
    clicked = clicks(record)
    rows = pairs(clicked, flashes(record))
    at_s = [row[0] for row in rows]
    return {
        "load": taken.load,
        "clicks": len(clicked),
        "rows": [[round(value, 2) for value in row] for row in rows],
        "trend_by_clock": trend(at_s, [row[1] for row in rows]),
        "trend_by_arrival": trend(at_s, [row[2] for row in rows]),
    }
