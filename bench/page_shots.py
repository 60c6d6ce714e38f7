"""The page in its states, at three sizes, light and dark, as WebP pictures.

    .venv/bin/python bench/page_shots.py --out docs/images/page

One conversation with a stack of its own, in Chromium: before the call, while a question is heard, while
it is answered, with the times of the answer, with the settings open, while the connection is gone. Wants a
machine that is not busy: a starved recogniser hears nothing, and a slow answer is drawn as it was.
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
from chromium import FLAGS, NAMES
from hibari import Hibari
from playwright.async_api import Page, TimeoutError, async_playwright
from visavis_cli.stack import Ports, StackError, running_stack

SIZES = {"desk": (1440, 900), "phone": (390, 844), "tablet": (820, 1180)}
SCHEMES = ("light", "dark")
RATE_HZ = 24_000
QUIET_S = 14.0  # the greeting
QUESTION = "I have been looking at a map and wondering about something. What is the capital of Australia?"
SETTLED_MS = 350  # longer than any transition
WITHIN_MS = 90_000
KEEP_CHANNEL = """
    const make = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...parameters) {
      return (window.__channel = make.apply(this, parameters));
    };
"""
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
    except (StackError, TimeoutError) as error:
        sys.exit(f"bench/page_shots: {error}")
    return 0


def write_question(path: Path) -> None:
    """The microphone: silence, the question, silence."""
    spoken = np.asarray(Hibari()(QUESTION, seed=0), np.float32)
    spoken *= 0.5 / np.abs(spoken).max()
    quiet = np.random.default_rng(0).normal(0, 1e-4, int(RATE_HZ * 60)).astype(np.float32)
    samples = np.concatenate([quiet[: int(RATE_HZ * QUIET_S)], spoken, quiet])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


async def shoot(chromium: str, out: Path, url: str) -> None:
    """All pictures, from the stack at `url` or one of our own."""
    if not url:
        async with running_stack(Ports.ephemeral()) as stack:
            await shoot(chromium, out, stack.url)
        return
    with tempfile.TemporaryDirectory() as folder:
        microphone = Path(folder) / "question.wav"
        write_question(microphone)
        flags = [
            *FLAGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}%noloop",
        ]  # fmt: skip
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
            tabs = await browser.new_context(bypass_csp=True)
            await tabs.add_init_script(KEEP_CHANNEL)
            await Visit(await tabs.new_page(), await tabs.new_page(), out).hold(url)
            await browser.close()


class Visit:
    """One conversation, and its pictures. `darkroom` is an empty page that turns PNG into WebP."""

    def __init__(self, page: Page, darkroom: Page, out: Path) -> None:
        self.page = page
        self.darkroom = darkroom
        self.out = out

    async def hold(self, url: str) -> None:
        """From the first look to the lost connection."""
        page = self.page
        await page.goto(url, wait_until="networkidle")
        await page.bring_to_front()
        await self.until("document.querySelector('#picture').naturalWidth")
        await self.take("before")
        await page.click("#start")
        await self.until("visavis.turns.length === 1")
        await self.until("visavis.state === 'listening' && visavis.transcripts[0]?.text.length > 20")
        await self.take("listening")
        await self.until("visavis.replies[1]?.heard_end > 8")
        await self.take("speaking")
        await self.until("visavis.turns.length === 2")
        await page.evaluate("document.querySelector('li.avatar:last-child details').open = true")
        await page.wait_for_timeout(2500)
        await self.take("waterfall")
        await page.click("#open-settings")
        await page.wait_for_timeout(2500)
        await self.take("settings")
        await page.keyboard.press("Escape")
        await page.evaluate("document.querySelector('li.avatar:last-child details').open = false")
        await page.route("**/api/sessions", lambda route: route.abort())
        await page.evaluate("__channel.close()")
        await self.until("visavis.phase === 'reconnecting'")
        await self.take("reconnecting")

    async def until(self, condition: str) -> None:
        await self.page.wait_for_function(condition, timeout=WITHIN_MS, polling=50)

    async def take(self, state: str) -> None:
        """The state at every size, light and dark."""
        await self.page.evaluate("document.activeElement.blur()")
        for size, (width, height) in SIZES.items():
            await self.page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                await self.page.emulate_media(color_scheme=scheme)
                await self.page.wait_for_timeout(SETTLED_MS)
                await self.page.evaluate("document.querySelector('#captions').scrollTop = 1e6")
                png = base64.b64encode(await self.page.screenshot()).decode()
                webp = base64.b64decode(await self.darkroom.evaluate(AS_WEBP, png))
                (self.out / f"{state}-{size}-{scheme}.webp").write_bytes(webp)
        print(state, flush=True)


if __name__ == "__main__":
    sys.exit(main())
