"""Chromium with a file as microphone, and an ear for what it received."""

import asyncio
import base64
import difflib
import re
import shutil
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from hibari import Hibari
from numpy.typing import NDArray
from playwright.async_api import Page, Playwright, Response, async_playwright
from visavis_asr.backends.moonshine import Moonshine
from visavis_cli import environment
from visavis_cli.stack import Stack

Samples = NDArray[np.float32]

OUT = environment.PROJECT / "out"
TAPS = (Path(__file__).parent / "taps.js").read_text()
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SPEECH_HZ = 24_000
EAR_HZ = 16_000
LOUD = 0.01  # of full scale: above a codec's noise, below any speech
# Never --autoplay-policy: a click has to be enough.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
INVENTED = "--use-fake-device-for-media-stream"
DEAF = {"ALSA_CONFIG_PATH": "/dev/null", "PULSE_SERVER": "unix:/dev/null"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path. Without one the tests fail: they are the proof that the page works."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        pytest.fail("no Chromium on PATH: install it (Debian, Ubuntu: `apt-get install chromium`), or Chrome")
    return found


@dataclass(frozen=True)
class Sound:
    """What a page received: samples at `rate_hz`, and when each of them came, on the page's clock."""

    rate_hz: int
    samples: Samples
    at_ms: NDArray[np.float64]

    @classmethod
    def of(cls, taken: dict[str, Any]) -> "Sound":
        """From what taps.js keeps."""
        rate_hz = taken["rate_hz"]
        pcm = np.frombuffer(base64.b64decode(taken["pcm"]), "<i2")
        # A chunk reaches the page when its last sample has come.
        offsets = [np.arange(-count, 0) * (1000 / rate_hz) for count in taken["counts"]]
        at_ms = [at + offset for at, offset in zip(taken["at_ms"], offsets, strict=True)]
        return cls(rate_hz, (pcm / 32768).astype(np.float32), np.concatenate(at_ms))

    def between(self, from_ms: float, to_ms: float) -> Samples:
        return self.samples[(self.at_ms >= from_ms) & (self.at_ms < to_ms)]

    def last_loud_ms(self, from_ms: float, to_ms: float) -> float:
        """When the last sample above LOUD came; `from_ms` when there is none."""
        inside = (self.at_ms >= from_ms) & (self.at_ms < to_ms) & (np.abs(self.samples) > LOUD)
        return float(self.at_ms[inside].max(initial=from_ms))


class Viewer:
    """A page of visavis in a browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.session: dict[str, str] = {}
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._keep_session)

    async def _keep_session(self, response: Response) -> None:
        if response.url.endswith("/api/sessions") and response.status == 201:
            self.session = await response.json()

    async def open(self) -> None:
        await self.page.goto(self.url)
        await self.until("window.visavis && document.querySelector('#title').textContent.startsWith('Meet')")

    async def untouched(self) -> "Viewer":
        """A second tab of which nobody has asked anything yet: Playwright's questions count as gestures."""
        other = Viewer(await self.page.context.new_page(), self.url)
        await other.page.goto(self.url, wait_until="networkidle")
        return other

    async def start(self) -> None:
        """Click Start and wait for the call; what is received is recorded from then on."""
        await self.page.click("#start")
        await self.started()

    async def started(self) -> None:
        await self.until("visavis.phase === 'live'")
        await self.page.evaluate("void __taps.recordSound()")

    async def until(self, condition: str, within_s: float = 20) -> None:
        """Wait until an expression holds in the page; the failure says what the page knew."""
        try:  # asked from here: the page's own policy forbids text that becomes code
            async with asyncio.timeout(within_s):
                while not await self.page.evaluate(f"Boolean({condition})"):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            facts = await self.page.evaluate(
                "({...window.visavis, messages: window.visavis?.messages.slice(-5),"
                " lead: document.querySelector('#lead').textContent})"
            )
            pytest.fail(f"not within {within_s} s: {condition}\npage: {facts}\nerrors: {self.complaints}")

    async def get(self, expression: str) -> Any:
        return await self.page.evaluate(expression)

    async def type(self, text: str) -> None:
        await self.page.fill("#text", text)
        await self.page.press("#text", "Enter")

    async def sound(self) -> Sound:
        """Everything received so far."""
        return Sound.of(await self.page.evaluate("__taps.takeSound()"))

    async def call(self, method: str, path: str = "", body: dict[str, str] | None = None) -> int:
        """The session's HTTP calls, as an application makes them; the status."""
        url = f"{self.url}/api/sessions/{self.session['session_id']}{path}"
        headers = {"Authorization": f"Bearer {self.session['token']}"}
        async with httpx.AsyncClient() as client:
            return (await client.request(method, url, headers=headers, json=body)).status_code

    async def shot(self, name: str) -> None:
        OUT.mkdir(exist_ok=True)
        await self.page.screenshot(path=OUT / f"{name}.png")


OpenViewer = Callable[..., Any]


@pytest.fixture(scope="session")
def open_viewer(playwright: Playwright, chromium: str, stack: Stack) -> OpenViewer:
    """`async with open_viewer(microphone=wav) as viewer`; without one it is refused, or not there."""

    @asynccontextmanager
    async def opened(
        microphone: Path | None = None,
        url: str = "",
        flags: tuple[str, ...] = (),
        *,
        devices: bool = True,
        **context: Any,
    ) -> AsyncIterator[Viewer]:
        flags = (*FLAGS, *([INVENTED] if devices else []), *flags)
        env = environment.current() | ({} if devices else DEAF)
        if microphone is not None:
            flags += ("--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(flags), env=env)
        try:
            context.setdefault("viewport", {"width": 1280, "height": 800})
            tabs = await browser.new_context(**context)
            await tabs.add_init_script(TAPS)
            viewer = Viewer(await tabs.new_page(), url or stack.url)
            await viewer.open()
            yield viewer
            for page in tabs.pages:
                await page.evaluate("document.querySelector('#end').click()")
            assert viewer.complaints == []
        finally:
            await browser.close()

    return opened


@pytest.fixture(scope="session")
def speak() -> Callable[[str], Samples]:
    """Text -> speech at 24 kHz, always the same samples."""
    voice = Hibari()

    def spoken(text: str) -> Samples:
        return np.asarray(voice(text, seed=0), np.float32)

    return spoken


@pytest.fixture(scope="session")
def microphone_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Stretches of speech (samples) and of silence (seconds) -> a WAV file, as loud as a voice near by."""

    def written(*stretches: Samples | float) -> Path:
        quiet = np.random.default_rng(0).normal(0, 1e-4, 60 * SPEECH_HZ).astype(np.float32)
        parts = [
            quiet[: int(s * SPEECH_HZ)] if isinstance(s, float) else s * (0.5 / np.abs(s).max())
            for s in stretches
        ]
        path = tmp_path_factory.mktemp("microphone") / "microphone.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SPEECH_HZ)
            file.writeframes((np.concatenate(parts) * 32767).astype("<i2").tobytes())
        return path

    return written


@pytest.fixture(scope="session")
def transcribe() -> Callable[[Sound, float, float], str]:
    """The words in a stretch of sound, read by the small recogniser sentence by sentence."""
    ear = Moonshine(environment.models_dir())

    def transcribed(sound: Sound, from_ms: float, to_ms: float) -> str:
        samples = at_ear_rate(sound.between(from_ms, to_ms), sound.rate_hz)
        return " ".join(filter(None, (ear.transcribe(part, lambda: False) for part in phrases(samples))))

    return transcribed


def at_ear_rate(samples: Samples, rate_hz: int) -> Samples:
    """A whole-number reduction to 16 kHz through a windowed sinc."""
    factor, rest = divmod(rate_hz, EAR_HZ)
    assert rest == 0, rate_hz
    taps = np.sinc(np.arange(-48, 49) / factor) * np.hanning(97)
    return np.convolve(samples, taps / taps.sum(), "same")[::factor].astype(np.float32)


def phrases(samples: Samples, longest_s: float = 9) -> list[Samples]:
    """Cut at the quietest moment wherever a piece would be longer than the recogniser likes."""
    pieces = []
    while len(samples) > longest_s * EAR_HZ:
        window = samples[int(3 * EAR_HZ) : int(longest_s * EAR_HZ)]
        loudness = np.convolve(np.abs(window), np.ones(EAR_HZ // 5), "same")
        cut = int(3 * EAR_HZ) + int(loudness.argmin())
        pieces.append(samples[:cut])
        samples = samples[cut:]
    return [*pieces, samples]


@pytest.fixture(scope="session")
def overlap() -> Callable[[str, str], float]:
    """The share of the first text's words that the second has, in the same order."""

    def words(text: str) -> list[str]:
        return re.findall(r"[a-z0-9']+", text.lower())

    def shared(expected: str, heard: str) -> float:
        matcher = difflib.SequenceMatcher(None, words(expected), words(heard), autojunk=False)
        return sum(block.size for block in matcher.get_matching_blocks()) / max(1, len(words(expected)))

    return shared
