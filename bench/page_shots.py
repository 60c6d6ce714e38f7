"""The page in its states, at three sizes, light and dark, as WebP pictures.

    .venv/bin/python bench/page_shots.py --out docs/images/page

A call for each size with a stack of its own, in Chromium: before the call, while a question is heard, while
it is answered, with the times of the answer, with the settings open, while the connection is gone. A picture
counts only when the state still holds after it. On a busy machine the recogniser hears nothing until the user
is done: then the call is held again, TRIES times at most, and a slow answer is drawn as it was.
"""

import argparse
import asyncio
import base64
import shutil
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
from chromium import FLAGS, NAMES, RIG, BrowserError, User, loud
from hibari import Hibari
from playwright.async_api import Browser, Page, async_playwright
from visavis_cli.stack import Ports, StackError, running_stack

SIZES = {"desk": (1440, 900), "phone": (390, 844), "tablet": (820, 1180)}
SCHEMES = ("light", "dark")
RATE_HZ = 24_000
# Long enough to be seen while it is heard, and for an answer that is.
QUESTION = (
    "I was looking at a map with my daughter this morning, and she asked me something"
    " that I could not answer right away: what is the capital of Australia?"
)
SETTLED_MS = 350  # longer than any transition
READ_MS = 2500  # the connection is read every two seconds
WITHIN_S = 40.0
TRIES = 4
KEEP_CHANNELS = """
    window.__channels = [];
    const make = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...parameters) {
      const channel = make.apply(this, parameters);
      window.__channels.push(channel);
      return channel;
    };
"""
LOADED = (
    "document.querySelector('#picture').naturalWidth && [...document.images].every((one) => one.complete)"
)
LISTENS = "__rig.now.state === 'listening'"
HEARS = f"{LISTENS} && visavis.transcripts.some(({{text}}) => text.length > 20)"
UNDERSTOOD = "visavis.transcripts.some(({text}) => /Australia/.test(text))"
LIVE = "visavis.phase === 'live'"
ANSWERS = "__rig.now.state === 'speaking'"
LAST = "document.querySelector('li.avatar:last-child details')"
AS_WEBP = """async (png) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + png;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.86).split(',')[1];
}"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/page"))
    parser.add_argument("--url", default="", help="a stack that runs already")
    args = parser.parse_args()
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.exit("bench/page_shots: no Chromium on PATH")
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(shoot(found, args.out, args.url))
    except (StackError, BrowserError) as error:
        sys.exit(f"bench/page_shots: {error}")
    return 0


def write_question(path: Path) -> None:
    """QUESTION as a WAV file."""
    spoken = np.asarray(Hibari()(QUESTION, seed=0), np.float32)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((spoken / np.abs(spoken).max() * 32767).astype("<i2").tobytes())


async def shoot(chromium: str, out: Path, url: str) -> None:
    """All pictures, from the stack at `url` or one of our own."""
    if not url:
        async with running_stack(Ports.ephemeral()) as stack:
            await shoot(chromium, out, stack.url)
        return
    with tempfile.TemporaryDirectory() as folder:
        question = Path(folder) / "question.wav"
        write_question(question)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            for size in SIZES:
                await develop(browser, await tried(browser, size, url, out, question), out)
            await browser.close()


async def tried(browser: Browser, size: str, url: str, out: Path, question: Path) -> dict[str, bytes]:
    """The pictures of a call that went well; raises BrowserError when none did."""
    for left in reversed(range(TRIES)):
        try:
            return await visit(browser, size, url, out, question)
        except BrowserError as error:
            if not left:
                raise
            print(f"{size}: {error}; again", flush=True)
    raise AssertionError("TRIES is positive")


async def visit(browser: Browser, size: str, url: str, out: Path, question: Path) -> dict[str, bytes]:
    """One call: the pictures by name, as PNG."""
    width, height = SIZES[size]
    tabs = await browser.new_context(bypass_csp=True, viewport={"width": width, "height": height})
    for script in (RIG, KEEP_CHANNELS):
        await tabs.add_init_script(script)
    page = await tabs.new_page()
    one = Visit(page, User(page, out), size)
    try:
        await page.goto(url, wait_until="networkidle")
        await one.hold(question)
    finally:
        await tabs.close()
    return one.shots


async def develop(browser: Browser, shots: dict[str, bytes], out: Path) -> None:
    """PNG -> WebP files, in an empty page: no library of ours writes them."""
    darkroom = await browser.new_page()
    for name, png in shots.items():
        webp = await darkroom.evaluate(AS_WEBP, base64.b64encode(png).decode())
        (out / f"{name}.webp").write_bytes(base64.b64decode(webp))
    await darkroom.close()


class Visit:
    """One call at one size, and its pictures."""

    def __init__(self, page: Page, user: User, size: str) -> None:
        self.page = page
        self.user = user
        self.size = size
        self.shots: dict[str, bytes] = {}

    async def hold(self, question: Path) -> None:
        """From the first look to the lost connection."""
        await self.take("before", LOADED)
        await self.page.click("#start")
        await self.page.mouse.move(2, 2)
        await self.until("visavis.turns.length === 1 && __rig.now.state === 'idle'")
        wav = base64.b64encode(loud(question)).decode()
        await self.page.evaluate("([text, wav]) => void __rig.say(text, wav)", [QUESTION, wav])
        await self.take("listening", HEARS, LISTENS)
        await self.until(UNDERSTOOD)
        await self.take("speaking", f"{ANSWERS} && visavis.replies.at(-1).heard_end > 8", ANSWERS)
        await self.until("visavis.turns.length === 2 && visavis.state === 'idle'")
        await self.page.evaluate(f"{LAST}.open = true")
        await self.page.wait_for_timeout(READ_MS)
        await self.take("waterfall", LIVE, LIVE)
        await self.page.click("#open-settings")
        await self.page.mouse.move(2, 2)
        await self.page.wait_for_timeout(READ_MS)
        await self.take("settings", LIVE, LIVE)
        await self.page.keyboard.press("Escape")
        await self.page.evaluate(f"{LAST}.open = false")
        await self.lose_connection()

    async def lose_connection(self) -> None:
        """As a network does it that goes away, only sooner noticed."""
        await self.page.route("**/api/sessions", lambda route: route.abort())
        await self.page.evaluate("__channels.forEach((channel) => channel.close())")
        gone = "visavis.phase === 'reconnecting'"
        await self.take("reconnecting", gone, gone)

    async def until(self, condition: str) -> None:
        await self.user.until(condition, WITHIN_S)

    async def take(self, state: str, begins: str = "true", holds: str = "true") -> None:
        """The state, once it has begun, light and dark. Raises BrowserError when it was over too soon."""
        await self.until(begins)
        await self.page.evaluate("document.activeElement.blur()")
        for scheme in SCHEMES:
            await self.page.emulate_media(color_scheme=scheme)
            await self.page.wait_for_timeout(SETTLED_MS)
            await self.page.evaluate("document.querySelector('#captions').scrollTop = 1e6")
            self.shots[f"{state}-{self.size}-{scheme}"] = await self.page.screenshot()
            if not await self.page.evaluate(holds):
                raise BrowserError(f"{state} was over before its picture ({self.size}, {scheme}) was taken")
        print(f"{state} {self.size}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
