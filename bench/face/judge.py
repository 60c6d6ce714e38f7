"""What came of a call: its decoded pictures against the animator's curve at the same pts."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import av
import numpy as np
from numpy.typing import NDArray
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.measure import av_offsets_ms
from visavis_render.animator import HELD_BY_EYES
from visavis_render.animator.eyes import GAZE_DEG
from visavis_render.engine import FaceState

from face.calls import Taken
from face.lips import Closures
from face.reader import Reader
from face.replay import Drawn, Floats, Story

FULL = 0.6  # the opening of a loud "a"
WINDOW_S, EVERY_S = 2.0, 1.0
LAGS_MS = np.arange(-160, 161, 5)
LIVELY = 0.05  # less movement in a window tells nothing of its time
ALIKE = 0.8
LATE_S = 0.04
BLOCK_S = 30.0
BLINKING = 0.5
AT_VIEWER_DEG = 2.5
SHIFT_DEG = 2.0
CLOSED = 0.1  # of a full opening
AFTER_CUT_US = 1_000_000

States = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Seen:
    """A received picture. offset_ms: of its arrival, positive = its sound came earlier."""

    pts_us: float
    arrival_s: float
    offset_ms: float
    read: dict[str, float]
    drawn: Drawn | None


@dataclass(frozen=True)
class Second:
    """How late the mouth in the pictures is around one second; by the tracks' clock, and as it arrived."""

    at_s: float
    by_clock_ms: float
    at_viewer_ms: float
    alike: float


def watched(taken: Taken, story: Story, reader: Reader, closures: Closures) -> list[Seen]:
    """Decode all that was received; every picture is read, and those of closed lips are looked at."""
    clock = taken.clock
    if clock is None:
        raise TalkError("the gateway never told its media clock")
    frames = sorted(taken.video, key=lambda frame: frame.rtp)
    pts_s = [clock.video_pts_s(frame.rtp) for frame in frames]
    offsets = av_offsets_ms(
        pts_s,
        [frame.arrival_s for frame in frames],
        [clock.audio_pts_s(packet.rtp) for packet in taken.packets],
        [packet.arrival_s for packet in taken.packets],
    )
    decoder, seen = av.VideoCodecContext.create("vp8", "r"), []
    for frame, at_s, offset in zip(frames, pts_s, offsets, strict=True):
        for decoded in decoder.decode(av.Packet(frame.data)):
            picture: NDArray[np.uint8] = decoded.to_ndarray(format="yuv420p")
            drawn = story.at(1e6 * at_s)
            if drawn is not None:
                closures.look(drawn, picture)
            seen.append(Seen(1e6 * at_s, frame.arrival_s, float(offset), reader.read(picture), drawn))
    return seen


def seconds_of(seen: Sequence[Seen], story: Story, least_hz: float = 20.0) -> list[Second]:
    """The lag of the mouth, a second at a time; only where it moves enough and was seen often enough."""
    pts = np.array([each.pts_us for each in seen])
    read = np.array([each.read["opening"] for each in seen])
    offsets = np.array([each.offset_ms for each in seen])
    found = []
    for at_s in np.arange(pts[0] / 1e6 + WINDOW_S / 2, pts[-1] / 1e6, EVERY_S):
        inside = np.abs(pts - 1e6 * at_s) <= 1e6 * WINDOW_S / 2
        if inside.sum() < WINDOW_S * least_hz or np.std(story.curve(pts[inside])) < LIVELY:
            continue
        lag, alike = lag_ms(pts[inside], read[inside], story)
        if alike >= ALIKE:
            viewer = lag + float(np.median(offsets[inside]))
            found.append(Second(round(float(at_s), 2), round(lag, 1), round(viewer, 1), round(alike, 3)))
    return found


def lag_ms(pts_us: Floats, read: Floats, story: Story) -> tuple[float, float]:
    """By how much the curve must be shifted to be most like what was read, and how like it then is."""
    with np.errstate(invalid="ignore", divide="ignore"):  # a mouth that stands still is like nothing
        likeness = np.array([np.corrcoef(read, story.curve(pts_us - 1000 * lag))[0, 1] for lag in LAGS_MS])
    likeness = np.nan_to_num(likeness, nan=-1.0)
    best = int(np.argmax(likeness))
    if not 0 < best < len(LAGS_MS) - 1:
        return float(LAGS_MS[best]), 0.0
    before, peak, after = likeness[best - 1 : best + 2]
    bend = before - 2 * peak + after
    part = 0.5 * (before - after) / bend if bend else 0.0
    return float(LAGS_MS[best] + 5 * part), float(peak)


def trend(at_s: Sequence[float], values: Sequence[float]) -> dict[str, float]:
    """Milliseconds a minute, and twice the error of that (95 % of chance lies within).

    From the means of half minutes: seconds beside each other share their delays, and the phase of a reply.
    """
    block = (np.asarray(at_s) // BLOCK_S).astype(int)
    if len(set(block.tolist())) < 3:
        return {"ms_per_minute": 0.0, "uncertain_by": 0.0}
    x = np.array([np.mean(np.asarray(at_s)[block == each]) / 60 for each in np.unique(block)])
    y = np.array([np.mean(np.asarray(values)[block == each]) for each in np.unique(block)])
    slope, start = np.polyfit(x, y, 1)
    rest = y - slope * x - start
    error = math.sqrt(np.sum(rest**2) / (len(x) - 2) / np.sum((x - x.mean()) ** 2))
    return {"ms_per_minute": round(float(slope), 2), "uncertain_by": round(2 * error, 2)}


def movement_of(seen: Sequence[Seen], story: Story) -> dict[str, float]:
    """How fast the mouth moves (full openings a second), and steps in pictures that the curve has not."""
    speed = np.abs(np.diff(story.fine)) / np.diff(story.fine_us) * 1e6 / FULL
    speed = speed[np.diff(story.fine_us) <= 5_000]
    read = np.array([each.read["opening"] for each in seen])
    curve = story.curve(np.array([each.pts_us for each in seen]))
    steps, wanted = np.diff(read) / FULL, np.diff(curve) / FULL
    return {
        "fastest": round(float(speed.max()), 1),
        "p999": round(float(np.percentile(speed, 99.9)), 1),
        "p99": round(float(np.percentile(speed, 99)), 1),
        "largest_step_read": round(float(np.abs(steps).max()), 2),
        "largest_step_unexplained": round(float(np.abs(steps - wanted).max()), 2),
        "read_error_p95": round(float(np.percentile(np.abs(read - curve) / FULL, 95)), 3),
    }


def frames_of(seen: Sequence[Seen], story: Story, rate_hz: float = 25.0) -> dict[str, float]:
    """Frames that did not come, and that came late."""
    gaps = [
        round((b.pts_us - a.pts_us) * rate_hz / 1e6) - 1
        for a, b in pairwise(seen)
        if a.drawn is not None and a.drawn.behaviour != "idle"  # fewer are asked for when nothing happens
    ]
    transit = np.array([each.arrival_s - each.pts_us / 1e6 for each in seen])
    late = int(np.sum(transit > np.median(transit) + LATE_S))
    return {
        "received": len(seen),
        "missing": max(0, len(story.drawn) + story.skipped - len(seen)),
        "skipped_by_render": story.skipped,
        "longest_gap_ms": round((1 + max(gaps, default=0)) * 1000 / rate_hz),
        "late": late,
        "late_share": round(late / max(1, len(seen)), 4),
    }


def looks_at_deg(face: FaceState) -> tuple[float, float]:
    """Where the eyes look, the turn of the head that they make up for taken off: degrees right and up."""
    return (
        GAZE_DEG * face.gaze.x + HELD_BY_EYES * face.head.yaw_deg,
        GAZE_DEG * face.gaze.y - HELD_BY_EYES * face.head.pitch_deg,
    )


def gaze_by_state(
    faces: Sequence[tuple[str, FaceState]], rate_hz: float = 25.0
) -> dict[str, dict[str, float]]:
    """For each state: share of time at the viewer, larger moves a minute, unrest between them in degrees."""
    found: States = {}
    for state, count in Counter(state for state, _ in faces).items():
        looks = np.array([looks_at_deg(face) for each, face in faces if each == state])
        steps = np.hypot(*np.diff(looks, axis=0).T) if len(looks) > 1 else np.zeros(1)
        still = steps[steps < SHIFT_DEG]
        moves = float(np.sum(np.diff(np.flatnonzero(steps >= SHIFT_DEG), prepend=-9) > 2))
        found[state] = {
            "seconds": round(count / rate_hz, 1),
            "at_viewer": round(float(np.mean(np.hypot(*looks.T) <= AT_VIEWER_DEG)), 2),
            "moves_per_minute": round(60 * moves * rate_hz / count, 1),
            "unrest_deg": round(float(np.sqrt(np.mean(still**2))), 2) if len(still) else 0.0,
        }
    return found


def blinks(values: Sequence[float]) -> int:
    """How often the lids close."""
    closed = np.asarray(values) > BLINKING
    return int(np.sum(closed[1:] & ~closed[:-1]))


def closing_ms(seen: Sequence[Seen], cut_us: int) -> float | None:
    """From a cut to the first picture of a mouth as it rests half a second later, if it stays so."""
    after = [each for each in seen if cut_us <= each.pts_us <= cut_us + AFTER_CUT_US]
    resting = [each.read["opening"] for each in after if each.pts_us > cut_us + AFTER_CUT_US / 2]
    if not resting:
        return None
    rest = float(np.median(resting))
    for number, each in enumerate(after):
        if all(abs(later.read["opening"] - rest) < CLOSED * FULL for later in after[number:]):
            return round((each.pts_us - cut_us) / 1000, 1)
    return None


def cores_of(taken: Taken) -> dict[str, float]:
    """Share of a core that the render process took, by state."""
    states = {state for state, _ in taken.cores}
    return {
        state: round(float(np.mean([share for each, share in taken.cores if each == state])), 3)
        for state in sorted(states)
    }
