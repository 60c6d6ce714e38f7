"""`?render=client`: no video is sent, the page draws, and its face follows the voice."""

from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
# Of the picture: around the lips, and the label.
MOUTH = {"left": 0.44, "top": 0.57, "width": 0.12, "height": 0.09}
LABEL = {"left": 0.035, "top": 0.035, "width": 0.07, "height": 0.06}
DARK = 70  # luma: the inside of an open mouth; lips and skin are lighter

WATCH = """([region, limit]) => {
  window.__mouth = [];
  const paper = new OffscreenCanvas(64, 48);
  const pen = paper.getContext("2d", { willReadFrequently: true });
  const onFrame = (at_ms) => {
    requestAnimationFrame(onFrame);
    const canvas = document.querySelector("#drawn-face");
    if (!canvas || at_ms - (window.__mouth.at(-1)?.at_ms ?? 0) < 80) return; // reading back is slow
    const { width: w, height: h } = canvas;
    const { left, top, width, height } = region;
    pen.drawImage(canvas, left * w, top * h, width * w, height * h, 0, 0, 64, 48);
    const { data } = pen.getImageData(0, 0, 64, 48);
    let dark = 0;
    for (let i = 0; i < data.length; i += 4) {
      dark += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2] < limit;
    }
    window.__mouth.push({ at_ms, dark, state: visavis.state });
  };
  requestAnimationFrame(onFrame);
}"""

PIXELS = """({ left, top, width, height }) => {
  const canvas = document.querySelector("#drawn-face");
  const { width: w, height: h } = canvas;
  const paper = new OffscreenCanvas(Math.round(width * w), Math.round(height * h));
  const pen = paper.getContext("2d");
  pen.drawImage(canvas, left * w, top * h, width * w, height * h, 0, 0, paper.width, paper.height);
  return [...pen.getImageData(0, 0, paper.width, paper.height).data];
}"""
OPEN = 40  # dark pixels of 64 x 48
CLOSED_FOR_MS = 1500


def closed_since(state: str) -> str:
    """Holds when the mouth has been closed for a while, in this state of the call."""
    return (
        f"visavis.state === '{state}' && __mouth.length > 0"
        f" && __mouth.filter((m) => m.at_ms > performance.now() - {CLOSED_FOR_MS}).length > 0"
        f" && __mouth.every((m) => m.at_ms < performance.now() - {CLOSED_FOR_MS} || m.dark < {OPEN})"
    )


async def test_the_page_draws_the_face_and_it_follows_the_voice(open_viewer, stack) -> None:
    offers: list[dict[str, Any]] = []
    async with open_viewer(url=f"{stack.url}/?render=client", flags=WEBGL) as viewer:
        viewer.page.on(
            "request", lambda r: r.url.endswith("/api/sessions") and offers.append(r.post_data_json)
        )
        viewer.url = stack.url  # for the API
        await viewer.page.evaluate(WATCH, [MOUTH, DARK])
        await viewer.start()
        await viewer.until("document.querySelector('#drawn-face')", 60)
        assert offers[0]["render"] == "client"
        assert "m=video" not in offers[0]["sdp"]
        assert "video_in" not in await viewer.get("visavis.stats()")
        await viewer.until("visavis.state === 'speaking'", 60)
        await viewer.until(f"__mouth.some((m) => m.dark >= {OPEN} && m.state === 'speaking')", 60)
        await viewer.shot("client-render")
        await viewer.until("visavis.turns.some((t) => t.origin === 'greeting')", 60)
        await viewer.until(closed_since("idle"), 60)
        assert len({m["dark"] for m in await viewer.get("__mouth")}) > 2, "several mouths were seen"
        await the_label_is_there(viewer)
        await interrupted(viewer)
        reports = [m for m in await viewer.get("__taps.sent") if m["type"] == "report"]
        assert any("face_pts_us" in report for report in reports)
        assert not await viewer.get("visavis.errors")


async def the_label_is_there(viewer: Any) -> None:
    assert await viewer.get("document.querySelector('#drawn-face').dataset.label") == "AI"
    assert "AI" in await viewer.get("document.querySelector('#drawn-face').ariaLabel")
    pixels = np.array(await viewer.page.evaluate(PIXELS, LABEL)).reshape(-1, 4)[:, :3]
    luma = pixels @ [0.299, 0.587, 0.114]
    assert luma.max() - np.median(luma) > 110


async def interrupted(viewer: Any) -> None:
    """A cut closes the mouth while there is a lot more to say."""
    assert (
        await viewer.call("POST", "/say", {"text": "One more apple and one more banana, please. " * 12})
        == 202
    )
    await viewer.until("visavis.state === 'speaking'", 60)
    await viewer.until(f"__mouth.at(-1).dark >= {OPEN}", 60)
    await viewer.page.click("#interrupt")
    await viewer.until("visavis.turns.some((t) => t.origin === 'say')", 60)
    await viewer.until(closed_since("idle"), 60)
    (said,) = [turn for turn in await viewer.get("visavis.turns") if turn["origin"] == "say"]
    assert said["interrupted"]


async def test_the_page_draws_a_rendered_person_too(open_viewer, stack) -> None:
    url = f"{stack.url}/?render=client&persona=nora"
    async with open_viewer(url=url, flags=WEBGL) as viewer:
        await viewer.start()
        await viewer.until("document.querySelector('#drawn-face')", 60)
        assert await viewer.get("document.querySelector('video').videoWidth") == 0
        await viewer.until("visavis.state === 'speaking'", 60)
        await viewer.shot("client-render-person")
        await the_label_is_there(viewer)
        assert not await viewer.get("visavis.errors")


async def test_without_webgl_the_server_draws(open_viewer, stack) -> None:
    flags = ("--disable-3d-apis",)
    async with open_viewer(url=f"{stack.url}/?render=client", flags=flags) as viewer:
        await viewer.start()
        await viewer.until("document.querySelector('video').videoWidth === 512", 60)
        assert await viewer.get("document.querySelector('#drawn-face')") is None
