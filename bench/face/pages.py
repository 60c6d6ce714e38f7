"""The report as files: an HTML page, a README with the same tables, and the charts as SVG."""

import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from face.plots import Band, Series, bars, chart
from face.verdicts import Figures, Row

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:860px;margin:2em auto;padding:0 1em;color:#23292f}"
    "table{border-collapse:collapse;width:100%;margin:1em 0}td,th{padding:.3em .6em;text-align:left;"
    "border-bottom:1px solid #dfe3e8;vertical-align:top}.no{color:#b3261e;font-weight:600}.yes{color:#2e7d32}"
    "svg,img{width:100%;height:auto}"
)
Charts = Mapping[str, str]
MARKS = {True: "yes", False: "**no**", None: ""}
AROUND_S = 1.2


def mouth_charts(name: str, call: Figures) -> dict[str, str]:
    """Of one conversation."""
    seconds = call["seconds"]
    made = {
        f"{name}-sync": chart(
            f"{name}: how late the mouth is in received pictures",
            [
                Series("by the tracks' clock", [(s["at_s"], s["by_clock_ms"]) for s in seconds], "dots"),
                Series("at the viewer", [(s["at_s"], s["at_viewer_ms"]) for s in seconds], "dots"),
            ],
            "seconds of the call", "ms, positive = sound first", (-45, 45), y_range=(-90, 90),
        )
    }  # fmt: skip
    return made | stretch_charts(name, call)


def drawn_charts(name: str, call: Figures) -> dict[str, str]:
    """Of a conversation whose face the page drew."""
    points = [(s["at_s"], s["by_clock_ms"]) for s in call["seconds"]]
    title = f"{name}, drawn by the page: how late the mouth is in the canvas"
    sync = chart(title, [Series("by media time", points, "dots")], "seconds of the call",
                 "ms, positive = sound first", (-45, 45), y_range=(-90, 90))  # fmt: skip
    return {f"{name}-drawn-sync": sync, **stretch_charts(f"{name}-drawn", call)}


def stretch_charts(name: str, call: Figures) -> dict[str, str]:
    """Seconds to look at: the animator's curve and what was read."""
    made = {}
    for title, stretch in call["stretches"].items():
        series = [
            Series("animator", [(at, value) for at, value in stretch["curve"]]),
            Series("read from pictures", [(at, value) for at, value in stretch["read"]], "dots"),
        ]
        bands = [Band(title, at, at + 0.02) for at in stretch["marks"]]
        made[f"{name}-{title.replace(' ', '-')}"] = chart(
            f"{name}: the mouth, {title}",
            series,
            "seconds of the call",
            "of a full opening",
            (),
            bands,
            (-0.1, 1.1),
        )
    return made


def clapper_chart(rows: Sequence[tuple[float, float, float]]) -> dict[str, str]:
    """Flash against click."""
    series = [
        Series("by RTP time", [(at, clock) for at, clock, _ in rows], "dots"),
        Series("by arrival", [(at, arrival) for at, _, arrival in rows], "dots"),
    ]
    title = "clapper: flash after click"
    return {
        "clapper": chart(title, series, "seconds of the call", "ms, positive = sound first", (-45, 45),
                         y_range=(-90, 90))
    }  # fmt: skip


def cost_chart(
    costs: Mapping[str, Mapping[str, Mapping[str, float]]], limits: Mapping[str, float]
) -> dict[str, str]:
    """Drawing and encoding, by avatar."""
    rows = []
    for name, states in costs.items():
        rows.append((f"{name}: draw, speaking", states["speaking"]["draw"], limits.get(name)))
        rows.append((f"{name}: encode", states["speaking"]["encode"], 4.0))
        rows.append((f"{name}: draw, idle", states["idle"]["draw"], None))
    return {"costs": bars("milliseconds a frame, one core", rows, "ms")}


def habit_chart(habits: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, str]:
    """Eyes of the house profile."""
    rows = [
        (f"{profile}, {state}", round(100 * values["at_viewer"]), None)
        for profile, states in habits.items()
        for state, values in states.items()
    ]
    return {"gaze": bars("eyes at the viewer, share of the time", rows, "%")}


def write_pages(
    folder: Path,
    head: Sequence[str],
    sections: Mapping[str, Sequence[Row]],
    charts: Mapping[str, str],
    pictures: Mapping[str, Path],
) -> None:
    """report.html and README.md beside the charts and pictures (caption -> file)."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = {}
    for caption, path in pictures.items():
        name = f"{path.parent.name}-{path.name}"
        shutil.copy(path, folder / name)
        shown[caption] = name
    for name, text in charts.items():
        (folder / f"{name}.svg").write_text(text, "utf-8")
    (folder / "README.md").write_text(_markdown(head, sections, charts, shown), "utf-8")
    (folder / "report.html").write_text(_html(head, sections, charts, shown), "utf-8")


def _markdown(
    head: Sequence[str], sections: Mapping[str, Sequence[Row]], charts: Charts, pictures: Charts
) -> str:
    lines = ["# The face, measured over time", ""]
    for line in head:
        lines += [line, ""]
    for title, rows in sections.items():
        lines += [f"## {title}", "", "| | measured | must | reached |", "|---|---|---|---|"]
        lines += [f"| {row.what} | {row.measured} | {row.must} | {MARKS[row.ok]} |" for row in rows]
        lines.append("")
    lines += ["## Charts", ""]
    for name in charts:
        lines += [f"![{name}]({name}.svg)", ""]
    for caption, file in pictures.items():
        lines += [caption, "", f"![{caption}]({file})", ""]
    return "\n".join(lines)


def _html(
    head: Sequence[str], sections: Mapping[str, Sequence[Row]], charts: Charts, pictures: Charts
) -> str:
    parts = [f"<p>{escape(line)}</p>" for line in head]
    for title, rows in sections.items():
        parts.append(f"<h2>{escape(title)}</h2><table><tr><th><th>measured<th>must<th></tr>")
        parts += [_html_row(row) for row in rows]
        parts.append("</table>")
    parts += list(charts.values())
    parts += [f'<p>{escape(text)}</p><img src="{file}" alt="">' for text, file in pictures.items()]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>The face, measured over time</title>'
        f"<style>{STYLE}</style><h1>The face, measured over time</h1>{''.join(parts)}</html>\n"
    )


def _html_row(row: Row) -> str:
    mark = {True: '<td class="yes">yes', False: '<td class="no">no', None: "<td>"}[row.ok]
    return f"<tr><td>{escape(row.what)}<td>{escape(row.measured)}<td>{escape(row.must)}{mark}</tr>"
