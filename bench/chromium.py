"""A user in front of the real page: Chromium, with a microphone that is told when to say what.

A microphone file (`--use-file-for-fake-audio-capture`) is fixed in time, and answers are not: so the page's
`getUserMedia` gives a track that speaks WAV files on cue. All else is the page as it is shipped.
"""

import base64
import contextlib
import io
import json
import shutil
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Page, async_playwright
from playwright.async_api import TimeoutError as NotInTime

RIG = (Path(__file__).parent / "chromium.js").read_text()
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
AT_MOUTH = 0.5  # of full scale: the peaks of somebody who speaks close to the microphone
AUDIBLE = 0.02  # of the peak
GLIMPSE_MS = 3000
CAPTIONS = """[...document.querySelectorAll('#captions > li')].map((item) =>
    [item.classList[0], item.querySelector('.said').textContent])"""


class BrowserError(Exception):
    """The browser is missing, or the page did not do what it should."""


@dataclass(frozen=True)
class Sound:
    """What the page received: int16 samples, and when each of them came, on the page's clock."""

    rate_hz: int
    samples: NDArray[np.int16]
    at_ms: NDArray[np.float64]

    def between(self, from_ms: float, to_ms: float) -> NDArray[np.int16]:
        return self.samples[(self.at_ms >= from_ms) & (self.at_ms < to_ms)]


@dataclass
class Visit:
    """What is left when the user has gone. All times in milliseconds on the page's clock."""

    origin_ms: float  # of that clock, since 1970
    messages: list[dict[str, Any]]
    spoken: list[dict[str, Any]]  # {text, from_ms, to_ms}
    said: list[bytes]  # the WAV files of `spoken`
    sound: Sound
    captions: list[tuple[str, str]]  # (side: user or avatar, words) as they stood at the end


@dataclass
class User:
    """Speaks, waits, looks."""

    page: Page
    folder: Path
    complaints: list[str] = field(default_factory=list)
    shots: list[str] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)

    async def call(self) -> None:
        """Click Start, and wait until the avatar can be seen."""
        await self.page.click("#start")
        await self.until("visavis.phase === 'live'")
        await self.page.evaluate("void __rig.listen()")

    async def until(self, condition: str, within_s: float = 30) -> None:
        """Wait until an expression holds in the page."""
        try:
            await self.page.wait_for_function(condition, timeout=within_s * 1000, polling=50)
        except NotInTime:
            knows = await self.page.evaluate("({spoken: __rig.spoken, messages: __rig.messages})")
            (self.folder / "page.json").write_text(json.dumps(knows, indent=1))
            await self.shot("stuck")
            raise BrowserError(f"not within {within_s} s: {condition}; see {self.folder}/page.json") from None

    async def pause(self, seconds: float) -> None:
        """Say nothing for so long."""
        await self.page.wait_for_timeout(seconds * 1000)

    async def say(self, text: str, speech: Path) -> None:
        """Speak a file to its end."""
        made = loud(speech)
        self.said.append(made)
        wav = base64.b64encode(made).decode()
        await self.page.evaluate("([text, wav]) => __rig.say(text, wav)", [text, wav])

    async def shot(self, name: str) -> None:
        """Keep what the page looks like now."""
        self.shots.append(name)
        await self.page.screenshot(path=self.folder / f"{name}.png")

    async def glimpse(self, state: str) -> bool:
        """A picture of a short state, if it comes now and lasts long enough."""
        with contextlib.suppress(NotInTime):
            answers = f"['{state}', 'speaking'].includes(__rig.now.state)"
            await self.page.wait_for_function(answers, timeout=GLIMPSE_MS, polling=20)
        if await self.page.evaluate("__rig.now.state") != state:
            return False
        await self.page.screenshot(path=self.folder / f"{state}.png")
        if await self.page.evaluate("__rig.now.state") != state:
            return False
        self.shots.append(state)
        return True

    async def count(self) -> int:
        """How many turns have ended."""
        return int(await self.page.evaluate("__rig.now.turns"))

    async def leave(self) -> Visit:
        """Click End; everything that was seen and heard."""
        heard = await self.page.evaluate("__rig.heard()")
        captions = await self.page.evaluate(CAPTIONS)
        await self.page.click("#end")
        await self.until("visavis.phase === 'ended'")
        await self.shot("ended")
        return Visit(
            await self.page.evaluate("performance.timeOrigin"),
            await self.page.evaluate("__rig.messages"),
            await self.page.evaluate("__rig.spoken"),
            self.said,
            sound_of(heard),
            [(side, words) for side, words in captions],
        )


def sound_of(heard: dict[str, Any]) -> Sound:
    rate_hz = heard["rate_hz"]
    # A chunk reaches the page when its last sample has come.
    spans = [np.arange(-count, 0) * (1000 / rate_hz) for count in heard["counts"]]
    at_ms = [at + span for at, span in zip(heard["at_ms"], spans, strict=True)]
    pcm = np.frombuffer(base64.b64decode(heard["pcm"]), "<i2")
    return Sound(rate_hz, pcm, np.concatenate(at_ms))


def loud(speech: Path) -> bytes:
    """The file with its peak at AT_MOUTH, and cut after its last audible sample."""
    with wave.open(str(speech)) as file:
        form, pcm = file.getparams(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    level = np.abs(pcm.astype(np.int32))
    audible = pcm[: int(np.flatnonzero(level > AUDIBLE * level.max())[-1]) + 1]
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setparams(form)
        out.writeframes((audible * (AT_MOUTH * 32767 / level.max())).astype("<i2").tobytes())
    return made.getvalue()


@asynccontextmanager
async def user_at(url: str, folder: Path, flags: Sequence[str] = FLAGS) -> AsyncIterator[User]:
    """The page of a stack in a window of its own."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise BrowserError("no Chromium on PATH: install it (Debian, Ubuntu: `apt-get install chromium`)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(flags))
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": 800}, bypass_csp=True)
            user = User(page, folder)
            page.on("pageerror", lambda error: user.complaints.append(f"error: {error}"))
            page.on("console", lambda line: user.complaints.append(f"{line.type}: {line.text}"))
            page.on("requestfailed", lambda request: user.complaints.append(f"failed: {request.url}"))
            await page.add_init_script(RIG)
            await page.goto(url)
            await user.until(
                "window.visavis && document.querySelector('#title').textContent.startsWith('Meet')"
            )
            yield user
        finally:
            await browser.close()
