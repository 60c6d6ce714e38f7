"""The element on somebody else's page: the example of docs/embed.md, as a browser sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page
from visavis_cli import environment

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

EXAMPLE = environment.PROJECT / "examples" / "embed" / "index.html"
ALLOWED = "http://localhost:8999/"  # tests/conftest.py tells the gateway so
OTHER = "http://localhost:8998/"
LOADS = "script-src 'unsafe-inline' {0}; style-src 'unsafe-inline'; connect-src {0}; img-src {0}"
POLICY = "default-src 'none'; " + LOADS
# A page that the test makes up counts as one from the internet, and Chrome asks its user before
# such a page may reach this machine.
FLAGS = ("--disable-features=LocalNetworkAccessChecks",)
AVATAR = "document.querySelector('visavis-avatar')"


@asynccontextmanager
async def example(open_viewer, stack, address: str, text: str = "") -> AsyncIterator[Page]:
    """The example, served at `address` under a policy that trusts the gateway alone."""
    text = text or EXAMPLE.read_text().replace("http://localhost:8080", stack.url)
    headers = {"Content-Type": "text/html", "Content-Security-Policy": POLICY.format(stack.url)}
    async with open_viewer(flags=FLAGS) as viewer:
        tab = await viewer.page.context.new_page()
        await tab.route(address, lambda route: route.fulfill(body=text, headers=headers))
        await tab.goto(address)
        yield tab
        await tab.close()


async def until(tab: Page, condition: str, within_s: float = 40) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not await tab.evaluate(f"Boolean({condition})"):
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"not within {within_s} s: {condition}; {await tab.evaluate(AVATAR + '.state')}")


async def test_allowed_page_holds_a_conversation(open_viewer, stack) -> None:
    async with example(open_viewer, stack, ALLOWED) as tab:
        assert await tab.evaluate("location.origin") != stack.url
        await tab.click("text=Talk with Ada")
        await until(tab, f"{AVATAR}.call?.live && {AVATAR}.shadowRoot.querySelector('.seen')")
        assert await tab.is_visible("text=You are talking to an AI.")
        await until(tab, "document.querySelector('#last').textContent.startsWith('Hello')")
        await tab.click("text=How does a sundial work?")
        await until(tab, f"{AVATAR}.state === 'speaking' || {AVATAR}.state === 'thinking'")
        await until(tab, "!document.querySelector('#last').textContent.startsWith('Hello')", 60)
        await tab.screenshot(path=environment.PROJECT / "out" / "embed.png")
        await tab.evaluate(f"{AVATAR}.end()")
        await tab.wait_for_selector("text=Start again")
        assert await tab.evaluate(f"{AVATAR}.state") == "ended"


async def test_other_page_gets_nothing(open_viewer, stack) -> None:
    async with example(open_viewer, stack, OTHER) as tab:
        await tab.wait_for_load_state("networkidle")
        assert not await tab.evaluate(f"Boolean({AVATAR}.shadowRoot)")
        refused = f"fetch('{stack.url}/api/info').then(() => 'read', () => 'refused')"
        assert await tab.evaluate(refused) == "refused"


@pytest.mark.parametrize(("address", "framed"), [(ALLOWED, True), (OTHER, False)])
async def test_only_an_allowed_page_may_frame_ours(open_viewer, stack, address, framed) -> None:
    text = f'<!doctype html><iframe src="{stack.url}" allow="microphone; autoplay"></iframe>'
    async with open_viewer(flags=FLAGS) as viewer:
        tab = await viewer.page.context.new_page()
        await tab.route(address, lambda route: route.fulfill(body=text, content_type="text/html"))
        await tab.goto(address, wait_until="networkidle")
        inside = tab.frames[1]
        assert (inside.url.startswith(stack.url) and await inside.title() == "visavis") is framed
        await tab.close()
