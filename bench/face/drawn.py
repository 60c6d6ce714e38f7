"""Calls whose face the page draws (`?render=client`): Chromium shows it, its canvas is read back."""

import base64
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from chromium import FLAGS, Sound, User, user_at
from numpy.typing import NDArray

from face.calls import PARAGRAPHS, QUESTIONS, Calls, Progress
from face.reader import CELLS, SIZE, Floats, Part

WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
EYE = Path(__file__).with_name("drawn.js").read_text()
EVERY_MS = 30.0  # reading back is slow: most frames of the screen are left out
MIDDLE = Part(224, 224, 64)
SPOKEN_WITHIN_S, INTERRUPT_AFTER_S, REST_S = 120.0, 2.0, 1.5
GREETED = "visavis.turns.some((t) => t.origin === 'greeting') && visavis.state === 'idle'"
# BT.601, as the codec has it.
LUMA, BLUE, RED = (65.738, 129.057, 25.064), (-37.945, -74.494, 112.439), (112.439, -94.154, -18.285)


@dataclass
class Shown:
    """What stood in the canvas, look by look; cells are means of RGB."""

    # Media time in us, page time in ms, pictures drawn by then, width in px, the loudspeaker's latency in ms.
    at: Floats = field(default_factory=lambda: np.zeros((0, 5)))
    cells: dict[str, NDArray[np.uint8]] = field(default_factory=dict)


@dataclass
class DrawnTaken:
    """A call. states: (page time in ms, state)."""

    shown: Shown = field(default_factory=Shown)
    sound: Sound | None = None
    states: list[tuple[float, str]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    load: tuple[float, float] = (0.0, 0.0)


async def drawn_conversation(
    calls: Calls, parts: dict[str, Part], minutes: float, folder: Path, progress: Progress
) -> DrawnTaken:
    """A spoken question, then stories; the second one is interrupted."""
    taken = DrawnTaken()
    async with _visit(calls, "mira", parts, folder, taken) as user:
        await user.until(GREETED, SPOKEN_WITHIN_S)
        progress(f"asking: {QUESTIONS[0]}")
        turns = await user.count()
        await user.say(QUESTIONS[0], calls.speaker.spoken("face-0", QUESTIONS[0]))
        await _answered(user, turns)
        count = max(2, round(minutes * 60 / 15))  # a story takes about 15 seconds
        for number in range(count):
            progress(f"story {number + 1} of {count}")
            turns = await user.count()
            await calls.say(await _session(user), PARAGRAPHS[number % len(PARAGRAPHS)])
            if number == 1:
                await user.until("visavis.state === 'speaking'", SPOKEN_WITHIN_S)
                await user.pause(INTERRUPT_AFTER_S)
                progress("  interrupting it")
                await user.page.click("#interrupt")
            await _answered(user, turns)
    return taken


async def drawn_clapper(calls: Calls, clicks: int, folder: Path, progress: Progress) -> DrawnTaken:
    """Clicks, one a second, beside those of the greeting."""
    taken = DrawnTaken()
    async with _visit(calls, "clapper", {"middle": MIDDLE}, folder, taken) as user:
        await user.until(GREETED, SPOKEN_WITHIN_S)
        progress(f"{clicks} clicks more")
        turns = await user.count()
        await calls.say(await _session(user), " ".join(["click"] * clicks))
        await _answered(user, turns)
    return taken


@asynccontextmanager
async def _visit(
    calls: Calls, persona: str, parts: dict[str, Part], folder: Path, taken: DrawnTaken
) -> AsyncIterator[User]:
    """A call in the page; in the end `taken` has what was seen and heard."""
    before = os.getloadavg()[0]
    url = f"{calls.url}/?render=client&persona={persona}"
    async with user_at(url, folder, (*FLAGS, *WEBGL)) as user:
        places = [{"x": part.x, "y": part.y, "side": part.side} for part in parts.values()]
        await user.page.evaluate(EYE, [places, SIZE, CELLS, EVERY_MS])
        await user.call()
        yield user
        await user.pause(REST_S)
        await user.shot(f"drawn-{persona}")
        taken.shown = shown_of(await user.page.evaluate("__eye.take()"), list(parts))
        visit = await user.leave()
    taken.sound = visit.sound
    taken.complaints = [line for line in user.complaints if line.startswith("error")]
    states = [each for each in visit.messages if each["type"] == "state"]
    taken.states = [(each["at_ms"], each["state"]) for each in states]
    taken.load = (round(before, 2), round(os.getloadavg()[0], 2))


async def _answered(user: User, turns: int) -> None:
    await user.until(f"__rig.now.turns > {turns} && __rig.now.state === 'idle'", SPOKEN_WITHIN_S)
    await user.pause(REST_S)


async def _session(user: User) -> str:
    return str(await user.page.evaluate("visavis.session.session_id"))


def shown_of(told: dict[str, Any], names: Sequence[str]) -> Shown:
    """What the page kept."""
    at = np.asarray(told["at"], np.float64).reshape(-1, 5)
    bytes_ = np.frombuffer(base64.b64decode(told["cells"]), np.uint8)
    table = bytes_.reshape(len(at), len(names), CELLS, CELLS, 3)
    return Shown(at, {name: table[:, number] for number, name in enumerate(names)})


def as_cells(rgb: NDArray[np.uint8]) -> Floats:
    """Means of cells (CELLS, CELLS, 3) as `Part.cells` has them of a received picture."""
    planes = [(base + rgb @ np.array(mix) / 256) / 255 for base, mix in ((16, LUMA), (128, BLUE), (128, RED))]
    half = [plane.reshape(CELLS // 2, 2, CELLS // 2, 2).mean((1, 3)) for plane in planes[1:]]
    return np.concatenate([planes[0].reshape(-1), *(plane.reshape(-1) for plane in half)])
