"""The page without a mouse, and what it tells those who do not see it."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

FOCUSED = "(document.activeElement.id || document.activeElement.value)"


async def tab_to(viewer, wanted: str) -> list[str]:
    """Press Tab until `wanted` has the focus; what had it on the way."""
    passed: list[str] = []
    for _ in range(20):
        await viewer.page.keyboard.press("Tab")
        passed.append(await viewer.get(FOCUSED))
        if passed[-1] == wanted:
            return passed
    pytest.fail(f"no Tab leads to {wanted}: {passed}")


async def test_a_call_by_keyboard_alone(open_viewer) -> None:
    async with open_viewer() as viewer:
        passed = await tab_to(viewer, "start")
        assert passed == ["open-settings", "mira", "start"], (
            "one stop for all personas, as radio buttons have it"
        )
        await viewer.page.keyboard.press("Enter")
        await viewer.until("visavis.phase === 'live'")
        await viewer.until("visavis.state === 'speaking'")
        await viewer.page.keyboard.press("Escape")
        await viewer.until("visavis.turns.length === 1 && visavis.turns[0].interrupted")
        await viewer.page.keyboard.press("Alt+m")
        assert await viewer.get("document.querySelector('#mute').getAttribute('aria-pressed')") == "true"
        await tab_to(viewer, "end")
        await viewer.page.keyboard.press("Enter")
        await viewer.until("visavis.phase === 'ended'")
        assert await viewer.get(FOCUSED) == "start"


async def test_escape_in_the_settings_closes_only_them(open_viewer) -> None:
    async with open_viewer() as viewer:
        await viewer.start()
        await viewer.until("visavis.state === 'speaking'")
        await viewer.page.click("#open-settings")
        assert await viewer.get("document.querySelector('#settings').contains(document.activeElement)")
        await viewer.page.keyboard.press("Escape")
        await viewer.page.wait_for_selector("#settings", state="hidden")
        assert await viewer.get(FOCUSED) == "open-settings"
        await viewer.until("visavis.turns.length === 1")
        assert not await viewer.get("visavis.turns[0].interrupted")


async def test_everything_has_a_name(open_viewer) -> None:
    async with open_viewer() as viewer:
        await viewer.start()
        await viewer.page.click("#open-settings")
        tree = await viewer.page.locator("body").aria_snapshot()
        for role in ("button", "textbox", "combobox", "radio", "switch"):
            unnamed = [line for line in tree.splitlines() if line.strip() in (f"- {role}", f"- {role}:")]
            assert unnamed == [], f"{role} without a name in\n{tree}"
        assert 'dialog "Settings"' in tree
        assert 'radiogroup "Size of the captions"' in tree
        await viewer.page.keyboard.press("Escape")
        tree = await viewer.page.locator("body").aria_snapshot()
        assert 'log "Captions"' in tree
        assert "status" in tree
        for name in ("Mute", "Type to the avatar", "End", "Settings"):
            assert f'"{name}"' in tree


@pytest.mark.parametrize("viewport", [(320, 568), (390, 844), (844, 390), (820, 1180), (1440, 900)])
async def test_nothing_is_cut_off_at_any_size(open_viewer, viewport) -> None:
    width, height = viewport
    async with open_viewer(viewport={"width": width, "height": height}) as viewer:
        await fits(viewer, "#start", "#open-settings", ".portrait")
        await viewer.start()
        await viewer.until("visavis.turns.length === 1")
        await fits(viewer, "#mute", "#text", "#end", "#open-settings", ".portrait", "#captions")
        assert await viewer.get("document.querySelector('#captions').clientHeight") >= 60


async def fits(viewer, *selectors: str) -> None:
    """Each can be scrolled to, is not wider than the window, and the page itself does not scroll sideways."""
    assert await viewer.get("document.documentElement.scrollWidth <= innerWidth")
    for selector in selectors:
        await viewer.page.locator(selector).scroll_into_view_if_needed()
        box = await viewer.page.locator(selector).bounding_box()
        size = viewer.page.viewport_size
        assert box["x"] >= 0, selector
        assert box["x"] + box["width"] <= size["width"] + 0.5, selector
        assert box["y"] + min(box["height"], 44) <= size["height"] + 0.5, selector
