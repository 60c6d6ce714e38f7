"""What it costs a viewer to draw a face by itself: bytes to fetch once, and the time of a picture.

    .venv/bin/python bench/viewer_face.py nora amos mira --size 512

Chromium without a window draws the states of a clip (waits, listens, thinks, speaks, is glad) at 60 pictures
for each second of it, as fast as it can, with WebGL in software on the processor: a graphics card takes less.
"""

import argparse
import asyncio
import base64
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles
from typing import Any, ClassVar

import visavis_gateway
from chromium import NAMES
from playwright.async_api import async_playwright
from visavis_render.avatar import by_name
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.engine import Asset, FaceState
from visavis_render.kit import packed
from visavis_render.manner import manner_of
from visavis_render.showcase.clip import faces, silent_speech

PAGE = Path(visavis_gateway.__file__).parent
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
STATE_HZ = 25
DRAW = """async ([url, files, states, size, rate_hz]) => {
  const { rendererOf } = await import(`${url}/face/face.js`);
  const { fetchKit } = await import(`${url}/face/kit.js`);
  const { States } = await import(`${url}/face/states.js`);
  const get = globalThis.fetch;
  globalThis.fetch = async (address) => {
    const bytes = Uint8Array.from(atob(files[address.split("/").at(-1)]), (each) => each.charCodeAt(0));
    return new Response(bytes);
  };
  const names = Object.fromEntries(Object.keys(files).map((name) => [name, name]));
  const began = performance.now();
  const { index, pictures } = await fetchKit(names, { base: "", token: "" });
  const decoded = performance.now();
  const canvas = document.createElementNS("http://www.w3.org/1999/xhtml", "canvas");
  const Renderer = await rendererOf(index.renderer);
  const renderer = new Renderer(canvas, index, pictures);
  renderer.resize(size);
  const gl = canvas.getContext("webgl2");
  const pixel = new Uint8Array(4);
  const drawn = (face) => {
    const at = performance.now();
    const isDrawn = renderer.draw(face);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // waits until it is there
    return isDrawn ? performance.now() - at : null;
  };
  drawn(states[0]);
  const ready = performance.now();
  const path = new States();
  const times = [];
  states.forEach((state) => path.list.push(state));
  const end = states.at(-1).pts_us;
  for (let pts_us = 0; pts_us < end; pts_us += 1e6 / rate_hz) times.push(drawn(path.at(pts_us)));
  return { decode_ms: decoded - began, start_ms: ready - decoded, times };
}"""


class Quiet(SimpleHTTPRequestHandler):
    """The page's files; says nothing."""

    extensions_map: ClassVar[dict[str, str]] = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
    }

    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def served() -> Iterator[str]:
    """The page's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(PAGE)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/page"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_message(number: int, face: FaceState) -> dict[str, Any]:
    """A state as the data channel carries it."""
    return {
        "pts_us": number * 1_000_000 // STATE_HZ,
        "visemes": {viseme.name.lower(): weight for viseme, weight in face.visemes.items()},
        "expression": dict(face.expression),
        "head": list(asdict(face.head).values()),
        "trail": list(asdict(face.trail).values()),
        "gaze": [face.gaze.x, face.gaze.y],
        "blink": face.blink,
        "breath": face.breath,
    }


def spread(times: list[float]) -> str:
    """Median and 95th percentile."""
    return f"{median(times):5.1f} {quantiles(times, n=20)[-1]:5.1f}"


def on_server(avatar: Any, states: list[FaceState], size: int) -> list[float]:
    """Milliseconds of each picture that render would draw; without its encoder."""
    renderer, times = avatar.open(size, "AI"), []
    for face in states:
        began = time.perf_counter()
        renderer.draw(face)
        times.append((time.perf_counter() - began) * 1000)
    return times


async def measure(tab: Any, url: str, name: str, size: int, rate_hz: int) -> None:
    directory = by_name(name)
    avatar: Any = load_avatar(directory, Config())
    assets: tuple[Asset, ...] = packed(avatar.kit(), "AI")
    states = list(faces(manner_of(directory, "", Config()), silent_speech()))
    files = {asset.name: base64.b64encode(asset.data).decode() for asset in assets}
    messages = [as_message(number, face) for number, face in enumerate(states)]
    told = await tab.evaluate(DRAW, [url, files, messages, size, rate_hz])
    drawn = [ms for ms in told["times"] if ms is not None]
    kilobytes = sum(len(asset.data) for asset in assets) / 1000
    print(
        f"{name:8} {kilobytes:7.0f} {told['decode_ms']:8.0f} {told['start_ms']:8.0f} {spread(drawn):>14}"
        f" {len(drawn) / len(told['times']):7.0%} {spread(on_server(avatar, states, size)):>16}",
        flush=True,
    )


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("avatars", nargs="*", default=["nora", "amos", "mira"])
    parser.add_argument("--size", type=int, default=512, help="of the canvas, pixels")
    parser.add_argument("--rate-hz", type=int, default=60, help="of the screen")
    args = parser.parse_args()
    browser_path = next(filter(None, map(shutil.which, NAMES)), None)
    if browser_path is None:
        raise SystemExit(f"no Chromium on PATH: one of {', '.join(NAMES)}")
    print(
        f"{args.size} px; ms are median and 95th percentile; drawn: of the screen's {args.rate_hz} a second"
    )
    print(
        f"{'avatar':8} {'kB':>7} {'decode':>8} {'start ms':>8} {'picture ms':>14}"
        f" {'drawn':>7} {'render ms':>16}"
    )
    with served() as url:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
            tab = await browser.new_page()
            await tab.goto(f"{url}/mark.svg")
            for name in args.avatars:
                await measure(tab, url, name, args.size, args.rate_hz)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
