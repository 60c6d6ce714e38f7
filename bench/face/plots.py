"""Small charts as SVG text: lines, dots, bars. No library, so that a report needs none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 244
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 44, 36
INK, FAINT, GRID = "#23292f", "#67717b", "#dfe3e8"
COLOURS = ("#2563a8", "#c4551b", "#3f8f4f", "#8b4fa8")
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Series:
    """One set of points. kind: "line" or "dots"."""

    name: str
    points: Points
    kind: str = "line"


@dataclass(frozen=True)
class Band:
    """A stretch of the x axis with a name: what was going on."""

    name: str
    start: float
    end: float


def chart(
    title: str,
    series: Sequence[Series],
    x_name: str,
    y_name: str,
    limits: Sequence[float] = (),
    bands: Sequence[Band] = (),
    y_range: tuple[float, float] | None = None,
) -> str:
    """Series over x; `limits` are dashed lines across."""
    xs = [x for each in series for x, _ in each.points] or [0.0, 1.0]
    ys = [y for each in series for _, y in each.points] or [0.0]
    low, high = y_range or _padded(min(ys + list(limits)), max(ys + list(limits)))
    frame = _Frame(min(xs), max(max(xs), min(xs) + 1e-9), low, high)
    parts = [*_bands(bands, frame), *_axes(frame, x_name, y_name)]
    parts += [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{frame.y(at):.1f}" y2="{frame.y(at):.1f}" '
        f'stroke="{FAINT}" stroke-dasharray="5 4"/>'
        for at in limits
        if low <= at <= high
    ]
    for number, each in enumerate(series):
        parts += _drawn(each, COLOURS[number % len(COLOURS)], frame)
    return _svg(title, parts, [each.name for each in series])


def bars(title: str, rows: Sequence[tuple[str, float, float | None]], unit: str) -> str:
    """(name, value, limit): horizontal bars, each with a mark at its limit."""
    longest = max([value for _, value, _ in rows] + [limit for _, _, limit in rows if limit] + [1e-9])
    left, step = 240, 24
    scale = (WIDTH - left - 110) / longest
    parts = []
    for number, (name, value, limit) in enumerate(rows):
        y = TOP + 8 + number * step
        colour = COLOURS[1] if limit is not None and value > limit else COLOURS[0]
        parts.append(_text(left - 8, y + 12, name, "end"))
        parts.append(
            f'<rect x="{left}" y="{y}" width="{max(1.0, value * scale):.1f}" height="15" fill="{colour}"/>'
        )
        beyond = max(value, limit or 0.0) * scale
        of = f" (limit {limit:g})" if limit is not None else ""
        parts.append(_text(left + beyond + 7, y + 12, f"{value:g} {unit}{of}", "start", FAINT))
        if limit is not None:
            x = left + limit * scale
            parts.append(f'<path d="M{x:.1f} {y - 3}v21" stroke="{INK}" stroke-width="2"/>')
    return _svg(title, parts, [], TOP + 16 + len(rows) * step)


@dataclass(frozen=True)
class _Frame:
    x0: float
    x1: float
    y0: float
    y1: float

    def x(self, value: float) -> float:
        return LEFT + (value - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        inside = min(self.y1, max(self.y0, value))
        return HEIGHT - BOTTOM - (inside - self.y0) / (self.y1 - self.y0) * (HEIGHT - TOP - BOTTOM)


def _padded(low: float, high: float) -> tuple[float, float]:
    room = 0.08 * (high - low or 1.0)
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(each for each in (1, 2, 5, 10) if (high - low) / (step * each) <= 6)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _axes(frame: _Frame, x_name: str, y_name: str) -> list[str]:
    parts = []
    for at in _ticks(frame.y0, frame.y1):
        y = frame.y(at)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(_text(LEFT - 7, y + 4, f"{at:g}", "end", FAINT))
    parts += [
        _text(frame.x(at), HEIGHT - BOTTOM + 16, f"{at:g}", "middle", FAINT)
        for at in _ticks(frame.x0, frame.x1)
    ]
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 5, x_name, "end", FAINT))
    parts.append(_text(10, TOP - 10, y_name, "start", FAINT))
    return parts


def _bands(bands: Sequence[Band], frame: _Frame) -> list[str]:
    parts = []
    for each in bands:
        start, end = max(frame.x0, each.start), min(frame.x1, each.end)
        if end > start:
            x, width = frame.x(start), frame.x(end) - frame.x(start)
            parts.append(
                f'<rect x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}" '
                f'fill="#f1ede2"/>'
            )
            parts.append(_text(x + 3, TOP + 11, each.name, "start", FAINT))
    return parts


def _drawn(series: Series, colour: str, frame: _Frame) -> list[str]:
    places = [(frame.x(x), frame.y(y)) for x, y in series.points]
    if series.kind == "dots":
        return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{colour}"/>' for x, y in places]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>']


def _text(x: float, y: float, text: str, anchor: str, colour: str = INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _svg(title: str, parts: Sequence[str], names: Sequence[str], height: int = HEIGHT) -> str:
    legend, x = [], float(WIDTH - RIGHT)
    for number in reversed(range(len(names))):
        legend.append(_text(x, 15, names[number], "end", COLOURS[number % len(COLOURS)]))
        x -= 7.2 * len(names[number]) + 22
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="12" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<text x="10" y="16" font-size="14" font-weight="600" fill="{INK}">{escape(title)}</text>'
        f"{''.join(legend)}{''.join(parts)}</svg>\n"
    )
