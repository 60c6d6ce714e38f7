"""How long a click on the page takes to become a call, and a face.

    .venv/bin/python bench/connect.py --calls 20

Chromium opens the real page of a stack of its own and clicks, again and again: after the pointer has rested
on the button for 0, 150 and 400 ms, as people's do (a touch has less). Printed: from the click to
the open call and to the first frame on the screen, as the page notes it, in milliseconds (median, 90th
percentile, worst).
"""

import argparse
import asyncio
import shutil
import sys

import numpy as np
from chromium import FLAGS, NAMES
from playwright.async_api import Page, async_playwright
from visavis_cli.stack import Ports, StackError, running_stack

RESTS_MS = (0, 150, 400)
WITHIN_MS = 30_000
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
TIMES = "({clicked, live, picture}) => [live - clicked, picture - clicked]"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=20, help="for each rest of the pointer (default: 20)")
    args = parser.parse_args()
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.exit("bench/connect: no Chromium on PATH")
    try:
        asyncio.run(measure(found, args.calls))
    except StackError as error:
        sys.exit(f"bench/connect: {error}")
    return 0


async def measure(chromium: str, calls: int) -> None:
    """One line for each rest of the pointer."""
    async with running_stack(Ports.ephemeral()) as stack, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *MICROPHONE])
        tabs = await browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
        page = await tabs.new_page()
        print("pointer rests | call: median, p90, worst | face: median, p90, worst (ms)")
        for rest_ms in RESTS_MS:
            taken = np.array([await one(page, stack.url, rest_ms) for _ in range(calls)])
            call, face = (", ".join(f"{x:.0f}" for x in summary(column)) for column in taken.T)
            print(f"{rest_ms:10d} ms | {call} | {face}", flush=True)
        await browser.close()


async def one(page: Page, url: str, rest_ms: int) -> tuple[float, float]:
    """One call from a page that has just been opened."""
    await page.goto(url, wait_until="networkidle")
    await page.wait_for_function("window.visavis && document.querySelector('#picture').naturalWidth")
    await page.wait_for_timeout(500)  # people look before they click
    await page.hover("#start")
    await page.wait_for_timeout(rest_ms)
    await page.mouse.down()
    await page.mouse.up()
    await page.wait_for_function("visavis.times.picture", timeout=WITHIN_MS)
    live, picture = await page.evaluate(f"({TIMES})(visavis.times)")
    await page.click("#end")
    await page.wait_for_function("visavis.phase === 'ended'", timeout=WITHIN_MS)
    return live, picture


def summary(values: np.ndarray) -> tuple[float, float, float]:
    return float(np.median(values)), float(np.quantile(values, 0.9)), float(values.max())


if __name__ == "__main__":
    sys.exit(main())
