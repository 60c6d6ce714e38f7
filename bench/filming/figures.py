"""What is worth knowing of a filmed call, and whether its clip may take the place of the one before."""

import json
import os
import subprocess
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from visavis_cli.talk.arrivals import VIDEO_RATE_HZ
from visavis_cli.talk.record import Record
from visavis_cli.talk.recording import Recorded
from visavis_cli.talk.report import report_of, state_at

from filming.shoot import Take

FILE = "figures.json"
MAX_SKIPPED = 0.02
LATE_S = 0.04

Figures = dict[str, Any]


def figures_of(take: Take, length_ms: int, voice: str) -> Figures:
    """Of one call; JSON can hold them."""
    report = report_of(take.record, Recorded(len(take.record.video)))
    skipped, frames = report["video"]["skipped"] or 0, len(take.record.video)
    return {
        "title": take.script.title,
        "voice": voice,
        "filmed_time": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": commit(),
        "cores": os.cpu_count(),
        "load": take.load,
        "seconds": round(length_ms / 1000, 1),
        "frames": frames,
        "skipped": skipped,
        "skipped_share": round(skipped / max(1, skipped + frames), 4),
        "late": late(take.record),
        "longest_gap_ms": longest_gap_ms(take.record),
        "av_offset_ms": report["av_offset_ms"],
        "greeting": str(take.record.greeting.get("reply", "")),
        "turns": turns_of(take, report["turns"]),
    }


def commit() -> str:
    """What was run."""
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return told.stdout.strip()


def late(record: Record) -> int:
    """How many frames came 40 ms later than the median of all."""
    transit = np.array([frame.arrival_s - frame.rtp / VIDEO_RATE_HZ for frame in record.video])
    return int(np.sum(transit > np.median(transit) + LATE_S)) if len(transit) else 0


def longest_gap_ms(record: Record) -> int:
    """The longest that one picture stood while the face had something to do."""
    frames = sorted(record.video, key=lambda frame: frame.rtp)
    ticks = [b.rtp - a.rtp for a, b in pairwise(frames) if state_at(a, record) != "idle"]
    return round(1000 * max(ticks, default=0) / VIDEO_RATE_HZ)


def turns_of(take: Take, told: list[dict[str, Any]]) -> list[Figures]:
    """What was said, what was heard of it, what was answered, and after how many milliseconds."""
    left, turns = list(told), []
    for text, question in zip(take.said, take.record.questions, strict=False):
        answers, left = left[: len(question.turns)], left[len(question.turns) :]
        turns.append(
            {
                "said": text,
                "transcript": " ".join(str(each["transcript"]).strip() for each in answers),
                "reply": " ".join(str(each["reply"]).strip() for each in answers),
                "voice_to_voice_ms": answers[-1]["voice_to_voice_ms"] if answers else None,
            }
        )
    return turns


def may_replace(new: Figures, old: Figures | None) -> bool:
    """A call of a busy machine does not drive out a better one."""
    share: float = new["skipped_share"]
    return old is None or share <= MAX_SKIPPED or share <= old["skipped_share"]


def kept_in(folder: Path) -> dict[str, Figures]:
    """Those of the clips that lie in a folder, by avatar."""
    path = folder / FILE
    found: dict[str, Figures] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {name: each for name, each in found.items() if (folder / f"{name}.mp4").exists()}


def keep(folder: Path, name: str, figures: Figures) -> dict[str, Figures]:
    """Add one; all that there are."""
    everything = kept_in(folder) | {name: figures}
    (folder / FILE).write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return everything


def told(figures: Figures) -> str:
    """In a line."""
    offset, (before, after) = figures["av_offset_ms"], figures["load"]
    return (
        f"{figures['seconds']:.0f} s, {figures['frames']} frames, {figures['skipped']} skipped "
        f"({100 * figures['skipped_share']:.1f} %), {figures['late']} late, longest hold "
        f"{figures['longest_gap_ms']} ms, A/V offset {offset['median']} ms (p95 {offset['p95']}), "
        f"load {before} before, {after} after"
    )
