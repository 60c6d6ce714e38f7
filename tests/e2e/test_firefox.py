"""The page in Firefox: one click, a greeting heard and seen, a question aloud and one typed, the end."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from visavis_cli import environment

from .conftest import Sound
from .firefox import Firefox, firefox

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

WITHIN_S = 60.0
OUT = environment.PROJECT / "out"
MOUTH = (Path(__file__).parent / "mouth.js").read_text()
QUESTION = "What is the capital of Australia?"
LATER_MS = 800  # the jitter buffer, and the caption that comes before its words


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


async def test_a_conversation(browser, speak, microphone_file, transcribe, overlap) -> None:
    await until(browser, "window.visavis && document.querySelector('#title').textContent.startsWith('Meet')")
    await until(browser, "document.querySelector('#picture').naturalWidth === 512")
    await browser.command("WebDriver:ExecuteScript", script=MOUTH, args=[], sandbox=None)
    await browser.click("#start")
    await until(browser, "visavis.phase === 'live'")
    await browser.get("void __mouth.listen()")
    await until(browser, "visavis.turns.length === 1 && visavis.state === 'idle'")
    question = base64.b64encode(microphone_file(speak(QUESTION)).read_bytes()).decode()
    await browser.get(f"void __mouth.say('{question}')")
    await until(browser, "visavis.turns.some((turn) => turn.origin === 'speech' && turn.heard)")
    greeting, answer = (await browser.get("visavis.turns"))[:2]
    assert overlap(QUESTION, answer["transcript"]) >= 0.8
    assert answer["transcript"] in await browser.get("document.querySelector('#captions').textContent")
    await asyncio.sleep(LATER_MS / 1000)
    sound = Sound.of(await browser.get("__mouth.heard()"))
    asked = await browser.get("visavis.messages.find(({type}) => type === 'transcript').at_ms")
    over = await browser.get("visavis.messages.findLast(({type}) => type === 'turn').at_ms")
    for turn, span in ((greeting, (0, asked)), (answer, (asked, over + LATER_MS))):
        heard = transcribe(sound, *span)
        assert overlap(turn["heard"], heard) >= 0.8, f"said {turn['heard']!r}, heard {heard!r}"


async def test_its_sound_and_picture_are_counted(browser) -> None:
    assert await browser.get("document.querySelector('video').paused") is False
    stats = await browser.get("visavis.stats()")
    assert stats["video_in"]["framesDecoded"] > 20
    assert stats["audio_in"]["packetsReceived"] > 50
    assert stats["audio_out"]["packetsSent"] > 50


async def test_a_typed_question(browser) -> None:
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
