"""The face over time: real calls over WebRTC, their pictures decoded and read, against the animator's curve.

    .venv/bin/python bench/face_report.py --out out/face

Five parts. `calls`: a conversation with each avatar (questions, stories rich in closed lips, an interrupt, a
broken stream of pictures); the mouth, the lids and the eyes are read from the decoded pictures and compared
with what the animator asked for at the same pts, which a tape of the render service's requests tells exactly.
`clapper`: a click and a flash a second, through the whole chain. `drawn`: the same two for the face that the
page draws, read from its canvas in Chromium. `habits`: blinks and glances of each profile, minutes of each
state. `costs`: milliseconds a frame of every avatar. `portrait` among the avatars is one made of a picture.

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

from chromium import BrowserError
from face.calls import ready
from face.costs import costs_of
from face.drawn import drawn_clapper, drawn_conversation
from face.drawn_judge import judge_drawn, judge_drawn_clapper
from face.findings import CLOSURES, judge_call, judge_clapper
from face.habits import every_habit
from face.pages import clapper_chart, cost_chart, drawn_charts, habit_chart, mouth_charts, write_pages
from face.people import chosen, people, places_of
from face.portrait import NAME as PORTRAIT
from face.reader import fitted
from face.verdicts import (
    DRAW_MS,
    Row,
    call_rows,
    clapper_rows,
    cost_rows,
    drawn_clapper_rows,
    drawn_rows,
    first_row,
    habit_rows,
)
from visavis_cli.stack import StackError
from visavis_cli.talk.errors import TalkError

PARTS = ("calls", "clapper", "drawn", "habits", "costs")
DRAWN = "drawn-"  # before the names of calls whose face the page drew


def main() -> int:
    args = parser().parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    args.places = places_of(args.avatars + args.drawn, args.out.resolve() / "avatars")
    try:
        if not args.again:
            asyncio.run(take(args))
        figures = judged(args)
    except (StackError, TalkError, BrowserError) as error:
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
    everybody = [*people(), PORTRAIT]
    add("--avatars", nargs="+", choices=everybody, default=["mira", "nora"], help="whom to talk to")
    add("--drawn", nargs="+", choices=everybody, default=["mira"], help="whom the page draws")
    add("--minutes", type=float, default=5.0, help="of each conversation (default 5)")
    add("--clapper-minutes", type=float, default=5.0, help="of clicks (default 5)")
    add("--drawn-minutes", type=float, default=2.0, help="of a call whose face the page draws (default 2)")
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
            async with ready(folder(args, avatar), args.places[avatar], progress) as calls:
                if avatar == args.avatars[0]:
                    keep(args, "first", await calls.first_pictures(args.connects))
                keep(args, avatar, await calls.conversation(args.minutes))
    if "clapper" in args.only:
        async with ready(folder(args, "clapper"), "mira", progress) as calls:
            keep(args, "clapper", await calls.clapper(args.clapper_minutes))
    if "drawn" in args.only:
        await take_drawn(args)


async def take_drawn(args: argparse.Namespace) -> None:
    """The calls whose face the page draws."""
    for avatar in args.drawn:
        reader, place = fitted(chosen(args.places[avatar]), "", progress), folder(args, DRAWN + avatar)
        async with ready(place, args.places[avatar], progress) as calls:
            taken = await drawn_conversation(calls, reader.parts, args.drawn_minutes, place, progress)
            keep(args, DRAWN + avatar, (taken, reader))
    place = folder(args, DRAWN + "clapper")
    async with ready(place, "mira", progress) as calls:
        clicks = round(60 * args.drawn_minutes)
        keep(args, DRAWN + "clapper", await drawn_clapper(calls, clicks, place, progress))


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
            tape = args.out / avatar / "tape.bin"
            figures["calls"][avatar] = judge_call(taken, tape, args.places[avatar], progress)
    if "calls" in args.only:
        figures["first_ms"] = kept(args, "first") or []
    if "clapper" in args.only and (taken := kept(args, "clapper")):
        progress("looking for clicks and flashes")
        figures["clapper"] = judge_clapper(taken)
    if "drawn" in args.only:
        figures |= judged_drawn(args)
    if "habits" in args.only:
        progress("habits of every profile, minutes of each state")
        figures["habits"] = every_habit()
    if "costs" in args.only:
        progress("what every avatar costs")
        figures["costs_load"] = round(os.getloadavg()[0], 2)
        figures["costs"] = {name: costs_of(name) for name in args.costs_of or people()}
    return figures


def judged_drawn(args: argparse.Namespace) -> dict[str, Any]:
    """Those of the calls whose face the page drew."""
    figures: dict[str, Any] = {"drawn": {}}
    for avatar in args.drawn:
        if (found := kept(args, DRAWN + avatar)) is not None:
            tape = args.out / (DRAWN + avatar) / "tape.bin"
            figures["drawn"][avatar] = judge_drawn(found[0], tape, args.places[avatar], found[1], progress)
    if (taken := kept(args, DRAWN + "clapper")) is not None:
        figures["drawn_clapper"] = judge_drawn_clapper(taken)
    return figures


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
        before, after = clapper["load"]
        sections[f"Clapper (load {before} before, {after} after)"] = clapper_rows(clapper)
        charts |= clapper_chart(clapper["rows"])
    drawn_sections(figures, sections, charts)
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


def drawn_sections(figures: dict[str, Any], sections: dict[str, list[Row]], charts: dict[str, str]) -> None:
    """Adds what was seen of faces that the page drew."""
    for name, call in figures.get("drawn", {}).items():
        before, after = call["load"]
        title = f"{name}, drawn by the page in Chromium (load {before} before, {after} after)"
        sections[title] = drawn_rows(call)
        charts |= drawn_charts(name, call)
    if clapper := figures.get("drawn_clapper"):
        before, after = clapper["load"]
        title = f"Clapper, drawn by the page in Chromium (load {before} before, {after} after)"
        sections[title] = drawn_clapper_rows(clapper)


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
        "Positive = the sound comes first. Where the page draws, the same reading is applied to its canvas, "
        "looked at some 30 times a second, at the media time that it was drawn for; what the colours of the "
        "browser add to it on the whole is taken off. Chromium drew without a GPU.",
    ]


if __name__ == "__main__":
    sys.exit(main())
