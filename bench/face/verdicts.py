"""The measured against what the face must reach: one row each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from visavis_cli.talk.measure import median_and_p95

MEDIAN_MS, P95_MS = 20.0, 45.0
CONNECTED_MS = 300.0
DRAW_MS = {"vector": 5.0, "atlas": 7.0}
ENCODE_MS, ALL_IN, WAITING = 4.0, 0.30, 0.15
FASTEST, STEP = 40.0, 0.25  # full openings a second; of a full opening
CLOSED_MS = 160.0  # 120 ms to close, and a frame
BLINKS = (10.0, 25.0)
# Share of the time that the eyes are at the viewer, by state.
AT_VIEWER = {"listening": (0.65, 1.0), "speaking": (0.4, 0.9), "thinking": (0.0, 0.15)}
UNREST_DEG = 0.6
EXPLAINED = 0.8

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """What was measured, in words; what it must be; whether it is (None: nothing to compare with)."""

    what: str
    measured: str
    must: str
    ok: bool | None


def sync_row(what: str, values: Sequence[float], trend: Mapping[str, float]) -> Row:
    """Offsets in milliseconds: the median, the 95th percentile of their size, and no trend."""
    found = median_and_p95(list(values))
    if found["median"] is None or found["p95"] is None:
        return Row(what, "nothing was measured", "", False)
    slope, sure = trend["ms_per_minute"], trend["uncertain_by"]
    flat = abs(slope) <= max(sure, 1.0)
    return Row(
        what,
        f"median {found['median']:+.1f} ms, p95 {found['p95']:.1f} ms, trend {slope:+.2f} "
        f"(± {sure:.2f}) ms a minute, {len(values)} seconds",
        f"≤ {MEDIAN_MS:g} and {P95_MS:g} ms, no trend",
        abs(found["median"]) <= MEDIAN_MS and found["p95"] <= P95_MS and flat,
    )


def call_rows(call: Figures) -> list[Row]:
    """Of a conversation with one avatar."""
    lips, moves, frames = call["lips"], call["movement"], call["frames"]
    seconds = call["seconds"]
    rows = [
        sync_row("mouth in pictures vs curve, on the tracks' clock",
                 [each["by_clock_ms"] for each in seconds], call["trend_by_clock"]),
        sync_row("the same at the viewer, with the sound's arrival",
                 [each["at_viewer_ms"] for each in seconds], call["trend_at_viewer"]),
        Row("bilabials seen closed in at least one frame",
            f"{lips['closed']} of {lips['bilabials']} ({lips['drawn_closed']} of {lips['drawn']} where no "
            "frame was skipped)",
            "all", lips["closed"] == lips["bilabials"]),
        Row("fastest movement of the jaw", f"{moves['fastest']} full openings a second (p99 {moves['p99']})",
            f"≤ {FASTEST:g}", moves["fastest"] <= FASTEST),
        Row("largest step between two pictures that the curve has not",
            f"{moves['largest_step_unexplained']} of a full opening", f"≤ {STEP:g}",
            moves["largest_step_unexplained"] <= STEP),
        Row("frames missing", f"{frames['missing']} of {frames['received'] + frames['missing']}, "
            f"{frames['skipped_by_render']} of them skipped for lateness; longest hold "
            f"{frames['longest_gap_ms']} ms",
            "≤ 1 %", frames["missing"] <= 0.01 * frames["received"]),
        Row("frames more than 40 ms late", f"{frames['late']} ({100 * frames['late_share']:.2f} %)", "",
            None),
    ]  # fmt: skip
    return [*rows, *event_rows(call), *core_rows(call["cores"])]


def clapper_rows(clapper: Figures) -> list[Row]:
    """Of received clicks and flashes."""
    rows = clapper["rows"]
    return [
        sync_row("flash after click, by RTP time", [row[1] for row in rows], clapper["trend_by_clock"]),
        sync_row("flash after click, by arrival", [row[2] for row in rows], clapper["trend_by_arrival"]),
        Row("clicks with a flash", f"{len(rows)} of {clapper['clicks']}", "all",
            len(rows) == clapper["clicks"]),
    ]  # fmt: skip


def drawn_rows(call: Figures) -> list[Row]:
    """Of a conversation whose face the page drew."""
    lips, moves, pictures = call["lips"], call["movement"], call["pictures"]
    by_clock = [each["by_clock_ms"] for each in call["seconds"]]
    rows = [
        sync_row("mouth in the canvas vs curve, at the media time that it was drawn for", by_clock,
                 call["trend"]),
        Row("how much of the curve the mouth in the canvas follows (R squared)", f"{call['explained']:g}",
            f"≥ {EXPLAINED:g}", call["explained"] >= EXPLAINED),
        Row("bilabials read as closed", f"{lips['closed']} of {lips['bilabials']}", "all",
            lips["closed"] == lips["bilabials"] > 0),
        Row("largest step between two looks that the curve has not",
            f"{moves['largest_step_unexplained']} of a full opening", f"≤ {STEP:g}",
            moves["largest_step_unexplained"] <= STEP),
        Row("what the page said was wrong", "; ".join(call["complaints"]) or "nothing", "nothing",
            not call["complaints"]),
    ]  # fmt: skip
    states = call["states"]
    rows.append(
        Row("states of the face that were not sent",
            f"{states['skipped']} of {states['sent'] + states['skipped']}, skipped for lateness", "≤ 1 %",
            states["skipped"] <= 0.01 * states["sent"])
    )  # fmt: skip
    if pictures:
        rows.insert(
            1,
            Row("pictures drawn while it spoke",
                f"{pictures['per_second']:g} a second at {pictures['width_px']:.0f} px; longest without "
                f"a look {pictures['longest_ms']} ms", "", None),
        )  # fmt: skip
    return rows + event_rows({**call, "reopened": []})


def drawn_clapper_rows(clapper: Figures) -> list[Row]:
    """Of clicks and flashes as the page plays and shows them."""
    rows = clapper["rows"]
    return [
        sync_row("flash drawn after click played (the loudspeaker's latency counted in)",
                 [offset for _, offset in rows], clapper["trend"]),
        Row("clicks with a flash", f"{len(rows)} of {clapper['clicks']}", "all",
            len(rows) == clapper["clicks"]),
    ]  # fmt: skip


def event_rows(call: Figures) -> list[Row]:
    """What happened in it: an interrupt, a broken stream, blinks."""
    rows = [
        Row("interrupt: until the mouth is closed in a picture", f"{ms} ms", f"≤ {CLOSED_MS:g} ms",
            ms is not None and ms <= CLOSED_MS)
        for ms in call["closing_ms"]
    ]  # fmt: skip
    for each in call["reopened"]:
        worst = max(value for name, value in each["off"].items())
        rows.append(
            Row("broken stream: the new face against the one that would have been",
                f"{worst:g} apart at most; {each['without_pictures_ms']} ms without pictures", "0",
                worst < 0.02)
        )  # fmt: skip
    seen, true = call["blinks"]["read"], call["blinks"]["drawn"]
    rows.append(
        Row(
            "blinks seen in pictures", f"{seen} of {true}", "all but 5 %", abs(seen - true) <= 1 + 0.05 * true
        )
    )
    return rows


def core_rows(cores: Mapping[str, float]) -> list[Row]:
    """What the render process took, by state."""
    return [
        Row(f"render process, {state}", f"{100 * cores[state]:.0f} % of a core",
            f"≤ {100 * limit:g} %", cores[state] <= limit)
        for state, limit in (("speaking", ALL_IN), ("listening", WAITING), ("idle", WAITING))
        if state in cores
    ]  # fmt: skip


def cost_rows(name: str, renderer: str, costs: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Of one avatar."""
    speaking, limit = costs["speaking"], DRAW_MS.get(renderer)
    draw = Row(
        f"{name}: a frame drawn ({renderer})", f"{speaking['draw']} ms (p95 {speaking['draw_p95']})",
        f"≤ {limit:g} ms" if limit else "", None if limit is None else speaking["draw"] <= limit,
    )  # fmt: skip
    encode = Row(
        f"{name}: a frame encoded", f"{speaking['encode']} ms", f"≤ {ENCODE_MS:g} ms",
        speaking["encode"] <= ENCODE_MS,
    )  # fmt: skip
    shares = [
        Row(f"{name}: all in, {state}", f"{100 * costs[state]['core_share']:.1f} % of a core",
            f"≤ {100 * most:g} %", costs[state]["core_share"] <= most)
        for state, most in (("speaking", ALL_IN), ("listening", WAITING), ("idle", WAITING))
    ]  # fmt: skip
    return [draw, encode, *shares]


def first_row(values_ms: Sequence[float]) -> Row:
    """First pictures."""
    listed = ", ".join(f"{value:.0f}" for value in values_ms)
    return Row("connected → first picture", f"{listed} ms", f"≤ {CONNECTED_MS:g} ms",
               max(values_ms) <= CONNECTED_MS)  # fmt: skip


def habit_rows(habits: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[Row]:
    """Blinks while listening, and how steady the eyes are in each state, by profile."""
    low, high = BLINKS
    rows = [
        Row(f"{profile}: blinks a minute, listening", f"{states['listening']['blinks_per_minute']}",
            f"{low:g} to {high:g}", low <= states["listening"]["blinks_per_minute"] <= high)
        for profile, states in habits.items()
    ]  # fmt: skip
    return rows + [
        gaze_row(f"{p}, {state}", it, state) for p, by in habits.items() for state, it in by.items()
    ]


def gaze_row(who: str, it: Mapping[str, float], state: str) -> Row:
    """Eyes of one state; between two glances they must be still."""
    low, high = AT_VIEWER.get(state, (0.0, 1.0))
    return Row(
        f"{who}: eyes",
        f"{100 * it['at_viewer']:.0f} % at the viewer, {it['moves_per_minute']:g} glances a minute, "
        f"unrest between them {it['unrest_deg']:g}° a frame",
        f"{100 * low:g} to {100 * high:g} %, ≤ {UNREST_DEG:g}°",
        low <= it["at_viewer"] <= high and it["unrest_deg"] <= UNREST_DEG,
    )
