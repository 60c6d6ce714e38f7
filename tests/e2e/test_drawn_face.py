"""The face that the page draws is the one that render draws: the same shapes, pictures that look the same."""

import base64
import random
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
import pytest
import pytest_asyncio
import visavis_gateway
from visavis_render.animator.arkit import ARKIT
from visavis_render.avatar import by_name
from visavis_render.backends import load_avatar
from visavis_render.backends.vector.controls import Controls
from visavis_render.backends.vector.features import Features
from visavis_render.backends.vector.mapping import controls_of
from visavis_render.backends.vector.raster import CLIP, FILL, POP, STOPS
from visavis_render.backends.vector.rig.character import Character
from visavis_render.backends.vector.rig.files import load_character
from visavis_render.config import Config
from visavis_render.engine import FaceState, Gaze, HeadPose, Viseme
from visavis_render.kit import packed
from visavis_render.label import Badge
from visavis_render.showcase.sheet import rgb, write_image

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

OUT = Path(__file__).parents[2] / "out"
PAGE = Path(visavis_gateway.__file__).parent
CODES = {"fill": FILL, "clip": CLIP, "pop": POP}
PAINTS = {None: 0, "linear": 1, "radial": 2}
SECTIONS = ("face", "eyes", "brows", "nose", "mouth")
SIZE = 512
SMILE = {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5}
SHOWN = {
    "rest": FaceState(),
    "aa": FaceState(visemes={Viseme.AA: 1.0}, head=HeadPose(4, -2, 1)),
    "ff": FaceState(visemes={Viseme.FF: 1.0}, gaze=Gaze(0.6, 0.2)),
    "th": FaceState(visemes={Viseme.TH: 1.0}),
    "pp": FaceState(visemes={Viseme.PP: 1.0}, blink=0.5),
    "smile": FaceState(expression=SMILE, head=HeadPose(-6, 3, -4), trail=HeadPose(2, 0, 2), breath=1.0),
    "closed eyes": FaceState(blink=1.0, head=HeadPose(11, 8, 8)),
    "turned": FaceState(visemes={Viseme.O: 0.7, Viseme.SS: 0.3}, head=HeadPose(14, -4, 2)),
    "looking down": FaceState(gaze=Gaze(-0.7, -0.6), expression={"browInnerUp": 0.9, "browDownLeft": 0.7}),
    "surprised": FaceState(
        visemes={Viseme.U: 0.5, Viseme.E: 0.3},
        expression={"browOuterUpLeft": 1.0, "browOuterUpRight": 0.6, "eyeWideLeft": 1.0, "eyeWideRight": 1.0},
        gaze=Gaze(0.3, 0.7),
        head=HeadPose(-13, 5, -3),
        breath=0.6,
    ),
}
FACE = (slice(180, 600), slice(165, 603))  # rows and columns of 768


class Quiet(SimpleHTTPRequestHandler):
    """The page's files; says nothing."""

    extensions_map: ClassVar[dict[str, str]] = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
    }

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def files_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(PAGE)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/page"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(playwright, chromium, files_url) -> AsyncIterator[Any]:
    """A blank page that may import the page's modules; WebGL in software."""
    flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
    tab = await browser.new_page()
    await tab.goto(f"{files_url}/mark.svg")
    yield tab
    await browser.close()


def as_message(face: FaceState) -> dict[str, Any]:
    """A state as the data channel carries it."""
    return {
        "visemes": {viseme.name.lower(): weight for viseme, weight in face.visemes.items()},
        "expression": dict(face.expression),
        "head": list(asdict(face.head).values()),
        "trail": list(asdict(face.trail).values()),
        "gaze": [face.gaze.x, face.gaze.y],
        "blink": face.blink,
        "breath": face.breath,
    }


def chance_face(chance: random.Random) -> FaceState:
    def angles() -> HeadPose:
        return HeadPose(*(chance.uniform(-14, 14) for _ in range(3)))

    return FaceState(
        visemes={v: chance.random() for v in chance.sample(list(Viseme), chance.randint(0, 3))},
        expression={n: chance.random() for n in chance.sample(sorted(ARKIT), chance.randint(0, 12))},
        head=angles(),
        trail=angles(),
        gaze=Gaze(chance.uniform(-1, 1), chance.uniform(-1, 1)),
        blink=chance.choice([0.0, chance.random(), 1.0]),
        breath=chance.random(),
    )


def drawn(character: Character, controls: Controls) -> tuple[list[float], list[float]]:
    """What render fills: every number of the paths, and every number of the fills."""
    features = Features(character)
    features.update(controls)
    segments, ops = features.arrays()
    fills: list[float] = []
    for op in ops:
        fills.append(op[0])
        if op[0] == FILL:
            kind, stops = int(op[7]), int(op[STOPS - 1])
            place = op[8:12].tolist() if kind else []
            fills += [*op[3:5], op[6], kind, *place, *op[STOPS : STOPS + 5 * stops]]
    return segments.ravel().tolist(), fills


FLATTEN = """async ([url, character, faces]) => {
  const { controlsOf } = await import(`${url}/face/vector/controls.js`);
  const { drawFeatures } = await import(`${url}/face/vector/features.js`);
  const { rgba } = await import(`${url}/face/vector/display.js`);
  return faces.map((face) => {
    const controls = controlsOf(face);
    const ops = drawFeatures(character, controls).map((op) => ({
      ...op,
      kind: op.paint?.kind ?? null,
      stops: op.code === "fill" ? (op.paint.kind ? op.paint.stops : [[0, op.paint]]) : [],
    })).map((op) => ({ ...op, stops: op.stops.map(([at, colour]) => [at, ...rgba(colour)]) }));
    return { pose: controls.pose, ops };
  });
}"""


@pytest.mark.parametrize("name", ["mira", "theo", "ruth", "amara"])
async def test_the_page_fills_the_same_shapes_with_the_same_colours(page, files_url, name):
    character = Character(load_character(by_name(name)))
    data = {"palette": character.palette, **{section: character[section] for section in SECTIONS}}
    chance = random.Random(name)
    faces = [chance_face(chance) for _ in range(15)]
    flat = await page.evaluate(FLATTEN, [files_url, data, [as_message(face) for face in faces]])
    for face, theirs in zip(faces, flat, strict=True):
        controls = controls_of(face)
        segments, fills = drawn(character, controls)
        assert theirs["pose"] == pytest.approx(asdict(controls.pose))
        paths = [n for op in theirs["ops"] for segment in op.get("path", []) for n in segment]
        assert paths == pytest.approx(segments, abs=1e-6)
        numbers: list[float] = []
        for op in theirs["ops"]:
            numbers.append(CODES[op["code"]])
            if op["code"] == "fill":
                place = op["paint"]["place"] if op["kind"] else []
                stops = [n for stop in op["stops"] for n in stop]
                numbers += [op["blur"], op["z"], op["alpha"], PAINTS[op["kind"]], *place, *stops]
        assert numbers == pytest.approx(fills, abs=1e-6)


DRAW = """async ([url, files, faces, size]) => {
  const { rendererOf } = await import(`${url}/face/face.js`);
  const { fetchKit } = await import(`${url}/face/kit.js`);
  const get = globalThis.fetch;
  globalThis.fetch = async (address) => {
    const bytes = Uint8Array.from(atob(files[address.split("/").at(-1)]), (each) => each.charCodeAt(0));
    return new Response(bytes);
  };
  const digests = Object.fromEntries(Object.keys(files).map((name) => [name, name]));
  const { index, pictures } = await fetchKit(digests, { base: "", token: "" });
  globalThis.fetch = get;
  const canvas = document.createElementNS("http://www.w3.org/1999/xhtml", "canvas");
  const Renderer = await rendererOf(index.renderer);
  const renderer = new Renderer(canvas, index, pictures);
  renderer.resize(size);
  return faces.map((face) => {
    renderer.draw(face);
    return canvas.toDataURL().split(",")[1];
  });
}"""


def decoded(png: str) -> Any:
    (frame,) = av.CodecContext.create("png", "r").decode(av.Packet(base64.b64decode(png)))
    return frame.to_ndarray(format="rgb24")


async def pairs_of(page: Any, files_url: str, avatar: Any, size: int) -> list[tuple[str, Any, Any]]:
    """(what is shown, render's picture, the page's), both RGB."""
    kit = {asset.name: base64.b64encode(asset.data).decode() for asset in packed(avatar.kit(), "AI")}
    faces = list(SHOWN.values())
    theirs = await page.evaluate(DRAW, [files_url, kit, [as_message(face) for face in faces], size])
    renderer = avatar.open(size, "AI")
    ours = [rgb(renderer.draw(face)).astype(int) for face in faces]
    return [(title, a, decoded(b).astype(int)) for title, a, b in zip(SHOWN, ours, theirs, strict=True)]


def write_pairs(name: str, pairs: list[tuple[str, Any, Any]]) -> None:
    """A sheet: render's picture, the page's."""
    OUT.mkdir(exist_ok=True)
    rows = [np.concatenate([ours, theirs], axis=1) for _, ours, theirs in pairs]
    write_image(OUT / f"drawn-face-{name}.png", np.concatenate(rows).astype(np.uint8), "png")


async def test_the_pictures_of_a_drawn_face_look_the_same(page, files_url):
    pairs = await pairs_of(page, files_url, load_avatar(by_name("mira"), Config()), SIZE)
    write_pairs("mira", pairs)
    for title, ours, theirs in pairs:
        off = np.abs(theirs - ours).mean(axis=2)
        close_up = off[150:330, 150:362]
        assert off.mean() < 2.5, title
        assert np.percentile(off, 99) < 16, title
        assert (close_up > 20).mean() < 0.012, title


@pytest.mark.parametrize("name", ["nora", "amos"])
async def test_the_pictures_of_a_rendered_face_look_the_same(page, files_url, name):
    """At the size that its keys have: no resizing comes between."""
    avatar = load_avatar(by_name(name), Config())
    size = 768
    pairs = await pairs_of(page, files_url, avatar, size)
    write_pairs(name, pairs)
    x0, y0, x1, y1 = Badge("AI", size).box
    for title, ours, theirs in pairs:
        off = np.abs(theirs - ours).mean(axis=2)
        face = off[FACE]
        assert off.mean() < 2.0, title
        assert face.mean() < 2.0, title
        assert (face > 24).mean() < 0.003, title
        letters = [int((picture[y0:y1, x0:x1].min(axis=2) > 200).sum()) for picture in (ours, theirs)]
        assert letters == pytest.approx([letters[0]] * 2, rel=0.2), title
