"""What it costs a viewer to draw a face by itself: bytes to fetch once, and the time of a picture.

    .venv/bin/python bench/viewer_face.py nora amos mira --size 512

Chromium without a window draws some seconds of speech at 60 pictures for each, as fast as it can, with
WebGL in software on the processor: a graphics card takes less. "CPU ms" is the browser's for a picture drawn,
"in render" what the service would take for it (and then encode it).
"""

import argparse
import asyncio
import base64
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any, ClassVar

import visavis_gateway
from chromium import NAMES
from cpu import TICKS_PER_S, descendants, ticks
from playwright.async_api import async_playwright
from visavis_render.avatar import by_name
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.engine import Asset, FaceState
from visavis_render.kit import packed
from visavis_render.manner import Manner, manner_of
from visavis_render.showcase.clip import RATE_HZ, SPEAKS_US, faces, silent_speech

PAGE = Path(visavis_gateway.__file__).parent
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
PREPARE = """async ([url, files, states, size]) => {
  const { rendererOf } = await import(`${url}/face/face.js`);
  const { fetchKit } = await import(`${url}/face/kit.js`);
  const { States } = await import(`${url}/face/states.js`);
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
  const path = new States();
  states.forEach((state) => path.list.push(state));
  globalThis.clip = { drawn, path, end: states.at(-1).pts_us };
  return { decode_ms: decoded - began, start_ms: performance.now() - decoded };
}"""
DRAW = """(rate_hz) => {
  const times = [];
  const { drawn, path, end } = clip;
  for (let pts_us = 0; pts_us < end; pts_us += 1e6 / rate_hz) times.push(drawn(path.at(pts_us)));
  return times;
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
        "pts_us": number * 1_000_000 // RATE_HZ,
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


def on_server(avatar: Any, states: list[FaceState], size: int) -> float:
    """CPU milliseconds of a picture that render would draw, without its encoder."""
    renderer = avatar.open(size, "AI")
    began = time.thread_time()
    for face in states:
        renderer.draw(face)
    return (time.thread_time() - began) * 1000 / len(states)


def browser_s() -> float:
    """CPU seconds of all that this process has started."""
    return sum(ticks(pid) for pid in descendants(os.getpid())) / TICKS_PER_S


def speaking(manner: Manner, seconds: float) -> list[FaceState]:
    """The states of a clip from its first word on."""
    first = SPEAKS_US * RATE_HZ // 1_000_000
    return list(islice(faces(manner, silent_speech()), first, first + round(seconds * RATE_HZ)))


async def measure(tab: Any, url: str, name: str, args: argparse.Namespace) -> None:
    directory = by_name(name)
    avatar: Any = load_avatar(directory, Config())
    assets: tuple[Asset, ...] = packed(avatar.kit(), "AI")
    states = speaking(manner_of(directory, "", Config()), args.seconds)
    files = {asset.name: base64.b64encode(asset.data).decode() for asset in assets}
    messages = [as_message(number, face) for number, face in enumerate(states)]
    told = await tab.evaluate(PREPARE, [url, files, messages, args.size])
    before_s = browser_s()
    times = await tab.evaluate(DRAW, args.rate_hz)
    drawn = [ms for ms in times if ms is not None]
    cpu_ms = (browser_s() - before_s) * 1000 / len(drawn)
    kilobytes = sum(len(asset.data) for asset in assets) / 1000
    print(
        f"{name:8} {kilobytes:6.0f} {told['decode_ms']:9.0f} {told['start_ms']:8.0f} {spread(drawn):>14}"
        f" {len(drawn) / len(times):6.0%} {cpu_ms:7.1f} {on_server(avatar, states, args.size):9.1f}",
        flush=True,
    )


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("avatars", nargs="*", default=["nora", "amos", "mira"])
    parser.add_argument("--size", type=int, default=512, help="of the canvas, pixels")
    parser.add_argument("--rate-hz", type=int, default=60, help="of the screen")
    parser.add_argument("--seconds", type=float, default=3, help="of speech")
    args = parser.parse_args()
    browser_path = next(filter(None, map(shutil.which, NAMES)), None)
    if browser_path is None:
        raise SystemExit(f"no Chromium on PATH: one of {', '.join(NAMES)}")
    print(
        f"{args.size} px; ms are median and 95th percentile; drawn: of the screen's {args.rate_hz} a second"
    )
    print(
        f"{'avatar':8} {'kB':>6} {'decode ms':>9} {'start ms':>8} {'picture ms':>14}"
        f" {'drawn':>6} {'CPU ms':>7} {'in render':>9}"
    )
    with served() as url:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
            tab = await browser.new_page()
            await tab.goto(f"{url}/mark.svg")
            for name in args.avatars:
                await measure(tab, url, name, args)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
