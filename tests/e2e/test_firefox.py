"""The page in Firefox: one click, a greeting that is heard and seen, a typed question, settings, the end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from visavis_cli import environment

from .firefox import Firefox, firefox

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

WITHIN_S = 60.0
OUT = environment.PROJECT / "out"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(stack, tmp_path_factory) -> AsyncIterator[Firefox]:
    profile: Path = tmp_path_factory.mktemp("firefox")
    async with firefox(profile) as driver:
        if driver is None:
            pytest.skip("no Firefox on PATH (Debian: `apt-get install firefox-esr`)")
        await driver.command("WebDriver:Navigate", url=stack.url)
        yield driver


async def shot(browser: Firefox, name: str) -> None:
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.png").write_bytes(await browser.picture())


async def until(browser: Firefox, condition: str) -> None:
    try:
        async with asyncio.timeout(WITHIN_S):
            while not await browser.get(f"Boolean({condition})"):
                await asyncio.sleep(0.1)
    except TimeoutError:
        knows = "({...visavis, messages: visavis.messages.slice(-5)})"
        pytest.fail(f"not within {WITHIN_S} s: {condition}\npage: {await browser.get(knows)}")


async def test_a_conversation(browser) -> None:
    await until(browser, "window.visavis && document.querySelector('#title').textContent.startsWith('Meet')")
    await until(browser, "document.querySelector('#picture').naturalWidth === 512")
    await browser.click("#start")
    await until(browser, "visavis.phase === 'live'")
    await until(browser, "visavis.turns.length === 1")
    assert await browser.get("document.querySelector('video').paused") is False
    stats = await browser.get("visavis.stats()")
    assert stats["video_in"]["framesDecoded"] > 20
    assert stats["audio_in"]["packetsReceived"] > 50
    assert stats["audio_out"]["packetsSent"] > 50
    await browser.click("#mute")  # Firefox's invented microphone hums, and a hum is no question
    await browser.type("#text", "What is the capital of Italy?")
    await until(browser, "visavis.turns.some((turn) => turn.origin === 'text' && turn.heard)")
    await until(browser, "document.querySelectorAll('.waterfall').length >= 2")
    await until(browser, "visavis.quality && visavis.quality.fps > 10")
    await browser.get("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    await shot(browser, "page-firefox")


async def test_settings_are_there(browser) -> None:
    await browser.click("#open-settings")
    await until(browser, "document.querySelector('#microphone').options.length > 1")
    await browser.click("#theme label:nth-child(3)")
    assert await browser.get("getComputedStyle(document.body).backgroundColor") == "rgb(21, 22, 20)"
    await shot(browser, "page-firefox-settings")
    await browser.click("#settings form button")
    await until(browser, "!document.querySelector('#settings').open")


async def test_end(browser) -> None:
    await browser.click("#end")
    await until(browser, "visavis.phase === 'ended'")
    assert await browser.get("document.querySelector('#title').textContent") == "Good-bye"
