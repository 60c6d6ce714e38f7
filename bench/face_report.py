"""The face over time: real calls over WebRTC, their pictures decoded and read, against the animator's curve.

    .venv/bin/python bench/face_report.py --out out/face

Four parts. `calls`: a conversation with each avatar (questions, stories rich in closed lips, an interrupt, a
broken stream of pictures); the mouth, the lids and the eyes are read from the decoded pictures and compared
with what the animator asked for at the same pts, which a tape of the render service's requests tells exactly.
`clapper`: a click and a flash a second, through the whole chain. `habits`: blinks and glances of each
profile, minutes of each state. `costs`: milliseconds a frame of every avatar.

Written: report.html (open it), README.md with the charts as SVG, report.json. What the calls brought is kept
in --out: `--again` judges it once more without a call. Run it on a quiet machine; the load is in the report.
Exit status 1 when something was not reached.
"""

import argparse
import asyncio
import json
import os
import pickle
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from face.calls import ready
from face.costs import chosen, costs_of
from face.findings import CLOSURES, judge_call, judge_clapper
from face.habits import every_habit
from face.pages import clapper_chart, cost_chart, habit_chart, mouth_charts, write_pages
from face.verdicts import DRAW_MS, Row, call_rows, cost_rows, first_row, habit_rows, sync_row
from visavis_cli.stack import StackError
from visavis_cli.talk.errors import TalkError
from visavis_render.avatar import by_name, names

PARTS = ("calls", "clapper", "habits", "costs")


def main() -> int:
    args = parser().parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        if not args.again:
            asyncio.run(take(args))
        figures = judged(args)
    except (StackError, TalkError) as error:
        sys.exit(f"bench/face_report: {error}")
    sections, charts = composed(figures)
    write_pages(args.out / "report", heading(figures), sections, charts, pictures(args, figures))
    (args.out / "report.json").write_text(json.dumps(figures, indent=1))
    for title, rows in sections.items():
        print(f"\n{title}")
        for row in rows:
            must = f"  (must be {row.must})" if row.must else ""
            print(f"  {'no ' if row.ok is False else '   '}{row.what}: {row.measured}{must}")
    progress(f"open {args.out / 'report' / 'report.html'}")
    return 1 if any(row.ok is False for rows in sections.values() for row in rows) else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--avatars", nargs="+", choices=drawn_avatars(), default=["mira", "nora"], help="whom to talk to")
    add("--minutes", type=float, default=5.0, help="of each conversation (default 5)")
    add("--clapper-minutes", type=float, default=5.0, help="of clicks (default 5)")
    add("--connects", type=int, default=5, help="connections whose first picture is timed (default 5)")
    add("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts alone")
    add("--costs-of", nargs="+", metavar="AVATAR", help="names or directories (default: all that ship)")
    add("--again", action="store_true", help="judge the calls that are in --out, hold none")
    add("--out", type=Path, default=Path("out/face"), help="where everything goes")
    return made


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# -- what is held -------------------------------------------------------------------------------------------


async def take(args: argparse.Namespace) -> None:
    """Hold the calls; each is kept in a folder of its own."""
    if "calls" in args.only:
        for avatar in args.avatars:
            async with ready(folder(args, avatar), avatar, progress) as calls:
                if avatar == args.avatars[0]:
                    keep(args, "first", await calls.first_pictures(args.connects))
                keep(args, avatar, await calls.conversation(args.minutes))
    if "clapper" in args.only:
        async with ready(folder(args, "clapper"), "mira", progress) as calls:
            keep(args, "clapper", await calls.clapper(args.clapper_minutes))


def folder(args: argparse.Namespace, name: str) -> Path:
    path: Path = args.out / name
    path.mkdir(exist_ok=True)
    return path


def keep(args: argparse.Namespace, name: str, what: object) -> None:
    (folder(args, name) / "taken.pickle").write_bytes(pickle.dumps(what))


def kept(args: argparse.Namespace, name: str) -> Any:
    """What `keep` kept; None if it never did."""
    path = args.out / name / "taken.pickle"
    return pickle.loads(path.read_bytes()) if path.exists() else None


# -- what it comes to ---------------------------------------------------------------------------------------


def judged(args: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    figures: dict[str, Any] = {"about": about(), "calls": {}}
    for avatar in args.avatars if "calls" in args.only else ():
        taken = kept(args, avatar)
        if taken is not None:
            figures["calls"][avatar] = judge_call(taken, args.out / avatar / "tape.bin", avatar, progress)
    if "calls" in args.only:
        figures["first_ms"] = kept(args, "first") or []
    if "clapper" in args.only and (taken := kept(args, "clapper")):
        progress("looking for clicks and flashes")
        figures["clapper"] = judge_clapper(taken)
    if "habits" in args.only:
        progress("habits of every profile, minutes of each state")
        figures["habits"] = every_habit()
    if "costs" in args.only:
        progress("what every avatar costs")
        figures["costs_load"] = round(os.getloadavg()[0], 2)
        figures["costs"] = {name: costs_of(name) for name in args.costs_of or drawn_avatars()}
    return figures


def drawn_avatars() -> list[str]:
    """Those that are people."""
    return [name for name in sorted(names(None)) if by_name(name).manifest.renderer in DRAW_MS]


def about() -> dict[str, Any]:
    """When, where and on what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    return {
        "time": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": commit.strip(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
    }


# -- what is told -------------------------------------------------------------------------------------------


def composed(figures: dict[str, Any]) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """Tables and charts."""
    sections: dict[str, list[Row]] = {}
    charts: dict[str, str] = {}
    for name, call in figures["calls"].items():
        before, after = call["load"]
        sections[f"A conversation with {name} (load {before} before, {after} after)"] = call_rows(call)
        charts |= mouth_charts(name, call)
    if clapper := figures.get("clapper"):
        rows = clapper["rows"]
        sections[f"Clapper (load {clapper['load'][0]} before, {clapper['load'][1]} after)"] = [
            sync_row("flash after click, by RTP time", [row[1] for row in rows], clapper["trend_by_clock"]),
            sync_row("flash after click, by arrival", [row[2] for row in rows], clapper["trend_by_arrival"]),
            Row(
                "clicks with a flash",
                f"{len(rows)} of {clapper['clicks']}",
                "all",
                len(rows) == clapper["clicks"],
            ),
        ]
        charts |= clapper_chart(rows)
    if first := figures.get("first_ms"):
        sections["Connecting"] = [first_row(first)]
    if habits := figures.get("habits"):
        sections["Habits"] = habit_rows(habits)
        charts |= habit_chart(habits)
    if costs := figures.get("costs"):
        kinds = {name: chosen(name).manifest.renderer for name in costs}
        rows = [row for name in costs for row in cost_rows(name, kinds[name], costs[name])]
        sections[f"Costs, one thread (load {figures['costs_load']})"] = rows
        charts |= cost_chart(costs, {name: DRAW_MS.get(kind, 0.0) for name, kind in kinds.items()})
    return sections, charts


def pictures(args: argparse.Namespace, figures: dict[str, Any]) -> dict[str, Path]:
    """Received pictures to look at."""
    found = {name: args.out / name / CLOSURES for name in figures["calls"]}
    return {
        f"{name}: mouths of received pictures, one for each of the first bilabials": path
        for name, path in found.items()
        if path.exists()
    }


def heading(figures: dict[str, Any]) -> list[str]:
    """What was done, and when."""
    it = figures["about"]
    fits = [f"{name}: {call['reader']}" for name, call in figures["calls"].items()]
    return [
        f"Written by `bench/face_report.py` at {it['time']}, commit {it['commit']}, {it['cores']} cores. "
        "The load average stands beside each part: above 2, other work took part of the machine.",
        "The mouth in received, decoded VP8 pictures is read by a linear reading that was fitted on other "
        f"conversations (R squared on unseen ones: {'; '.join(fits) or 'no call'}) and compared with the "
        "animator's curve at the same pts, which the tape of the render service's requests gives exactly. "
        "Positive = the sound comes first.",
    ]


if __name__ == "__main__":
    sys.exit(main())
