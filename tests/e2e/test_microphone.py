"""No microphone: the page says why and what to do, typing works, and speech as soon as it can."""

from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

NOTICE = "#notice:not([hidden])"
ALLOWS = ("--use-fake-ui-for-media-stream",)
# No flag of the browser makes a device that another program holds.
FAILS_WITH = """(name) => {
    window.__real ??= MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('', name));
}"""
WORKS = "void (MediaDevices.prototype.getUserMedia = __real)"
PLUGGED_IN = "void navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
IS_METERED = "Number(document.querySelector('#mute').style.getPropertyValue('--level')) > 0"


async def says(viewer, *words: str, again: bool = True) -> None:
    """The notice has these words, and offers another try or not."""
    notice = await viewer.page.inner_text(NOTICE)
    for each in words:
        assert each in notice
    assert await viewer.page.is_visible(f"{NOTICE} >> text=Try again") == again


async def is_answered(viewer, text: str = "What is two plus two?") -> None:
    """A typed question gets its answer, aloud."""
    await viewer.type(text)
    await viewer.until("visavis.turns.some((turn) => turn.origin === 'text' && turn.reply)", within_s=60)
    turn = next(turn for turn in await viewer.get("visavis.turns") if turn["origin"] == "text")
    assert turn["transcript"] == text
    assert turn["reply"].strip() in await viewer.page.inner_text("#captions")
    assert await viewer.page.is_hidden("#notice"), "whoever types has read it"


async def test_denied_then_allowed_in_the_middle_of_the_call(open_viewer, stack) -> None:
    async with open_viewer(viewport={"width": 390, "height": 844}, color_scheme="dark") as viewer:
        await viewer.start()
        await says(viewer, "not allowed", "Allow it in the address bar", "or just type")
        await viewer.shot("page-refused-phone")
        await viewer.page.context.grant_permissions(["microphone"], origin=stack.url)
        await viewer.page.wait_for_selector("text=The microphone is there now.")
        await viewer.until(IS_METERED)
        await viewer.page.wait_for_selector("#notice", state="hidden")


async def test_no_device(open_viewer) -> None:
    async with open_viewer(flags=ALLOWS, devices=False) as viewer:
        await viewer.start()
        await says(viewer, "No microphone was found. Plug one in, or just type.")
        await viewer.shot("page-no-microphone")
        await viewer.page.click("text=Try again")
        await viewer.page.wait_for_selector("text=No microphone was found.")
        await is_answered(viewer)


async def test_held_by_another_program_then_free(open_viewer) -> None:
    async with open_viewer(flags=ALLOWS) as viewer:
        await viewer.page.evaluate(FAILS_WITH, "NotReadableError")
        await viewer.start()
        await says(viewer, "Close the program that uses it", "or just type")
        await viewer.shot("page-microphone-held")
        await is_answered(viewer)
        await viewer.get(PLUGGED_IN)  # in vain: whoever types is not told again
        assert await viewer.page.is_hidden("#notice")
        await viewer.get(WORKS)
        await viewer.get(PLUGGED_IN)
        await viewer.until(IS_METERED)


async def test_page_without_https(open_viewer, stack) -> None:
    flags = ("--host-resolver-rules=MAP avatar.example 127.0.0.1",)
    url = f"http://avatar.example:{urlsplit(stack.url).port}"
    async with open_viewer(url=url, flags=flags, viewport={"width": 390, "height": 844}) as viewer:
        assert not await viewer.get("window.isSecureContext")
        await viewer.start()
        await says(viewer, "only to pages on https", "visavis up --tls", "or just type", again=False)
        await viewer.shot("page-insecure-phone")
        await is_answered(viewer)
