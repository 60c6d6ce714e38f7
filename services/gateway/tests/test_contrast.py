"""The page's colours: what must be read or seen is far enough from what it stands on (WCAG 2.2, AA)."""

import re
from pathlib import Path

import pytest
import visavis_gateway

PAGE = Path(visavis_gateway.__file__).parent / "page"
TOKEN = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: pair for name, *pair in TOKEN.findall((PAGE / "theme.css").read_text())}

# (what, on what): text needs 4.5, marks and borders of controls 3 (1.4.3 and 1.4.11).
TEXTS = [
    ("ink", "ground"), ("ink", "panel"), ("ink", "raised"),
    ("soft", "ground"), ("soft", "panel"), ("soft", "raised"),
    ("avatar", "ground"), ("you", "ground"), ("on-accent", "accent"),
    ("problem", "panel"), ("panel", "problem"),
]  # fmt: skip
MARKS = [
    (name, ground)
    for name in ("edge", "accent", "avatar", "you", "good", "fair", "problem")
    for ground in ("ground", "panel")
]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("look", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("what", "on"), TEXTS, ids=lambda name: name)
def test_text_can_be_read(what, on, look):
    assert contrast(COLOURS[what][look], COLOURS[on][look]) >= 4.5


@pytest.mark.parametrize("look", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("what", "on"), MARKS, ids=lambda name: name)
def test_marks_can_be_seen(what, on, look):
    assert contrast(COLOURS[what][look], COLOURS[on][look]) >= 3


def test_every_colour_is_a_token():
    for sheet in ("style.css", "parts.css", "talk.css"):
        colours = re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", (PAGE / sheet).read_text())
        assert set(colours) <= {"#000"}, f"{sheet}: #000 is the mask's, all others belong into theme.css"
