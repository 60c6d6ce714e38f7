import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest
from rpckit.channels import open_channel
from rpckit.serve import new_server
from visavis.render.v1 import render_service_pb2_grpc as pb_grpc
from visavis_render.config import Config
from visavis_render.label import Badge
from visavis_render.portrait.create import Wish, create_from_portrait
from visavis_render.portrait.picture import read_portrait
from visavis_render.server import RenderServicer
from visavis_render.studio import Studio

# Whose picture is CC0; what tools/portrait found in it, places as parts of its width.
DATA = Path(__file__).parent / "data"
PORTRAIT, LANDMARKS = DATA / "amos" / "base.webp", DATA / "amos-landmarks.npz"


@pytest.fixture(scope="session")
def portrait_wish(tmp_path_factory: pytest.TempPathFactory) -> Wish:
    """An avatar of Amos' picture, without a place to put it."""
    path = tmp_path_factory.mktemp("landmarks") / "amos.npz"
    with np.load(LANDMARKS) as stored:
        pixels = stored["faces"] * read_portrait(PORTRAIT).rgb.shape[1]
        np.savez(path, faces=pixels, person=stored["person"])
    return Wish(PORTRAIT, "Amos, who is made up, on paper", name="someone", landmarks=path)


@pytest.fixture(scope="session")
def portrait_avatar(portrait_wish: Wish, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of an avatar that was made from a portrait."""
    wish = replace(portrait_wish, into=tmp_path_factory.mktemp("portraits"))
    return create_from_portrait(wish, now=datetime(2026, 3, 1, 12, 30, tzinfo=UTC))


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = Studio(Config(avatar="fake", max_sessions=1))
    yield studio
    studio.close()


@pytest.fixture
async def stub(studio: Studio) -> AsyncIterator[pb_grpc.RenderServiceStub]:
    """A real server on a free port: wire, interceptor and servicer are all under test."""
    server = new_server()
    pb_grpc.add_RenderServiceServicer_to_server(RenderServicer(studio, idle_timeout_s=30), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield pb_grpc.RenderServiceStub(channel)
    await server.stop(grace=None)


class SlowThreads(ThreadPoolExecutor):
    """Draws like a machine that is too small."""

    def submit(self, fn, /, *args, **kwargs):
        def slowly():
            time.sleep(0.05)
            return fn(*args, **kwargs)

        return super().submit(slowly)


@pytest.fixture
def slow_threads(studio: Studio) -> None:
    """The studio draws on slow threads."""
    studio.threads.shutdown()
    studio.threads = SlowThreads()


def _luminances(picture):
    """WCAG's relative luminance of each pixel of an I420 picture."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
    share = frame.to_ndarray(format="rgb24").astype(float) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def _shares(size, text):
    """Pixels of the label that are wholly letter, and those that are wholly plate."""
    stamped = []
    for luma in (16, 235):
        picture = np.full((size * 3 // 2, size), luma, np.uint8)
        Badge(text, size).stamp(picture)
        stamped.append(picture[:size].astype(int))
    black, white = stamped
    shows = white - black  # of what is behind
    x0, y0, x1, y1 = Badge(text, size).box
    edge = max(2, size // 100)
    inner = np.zeros((size, size), bool)
    inner[y0 + edge : y1 - edge, x0 + edge : x1 - edge] = True
    return inner & (shows < 12) & (black > 200), inner & (shows > 55) & (shows < 65)


@pytest.fixture
def contrast() -> Callable[..., float]:
    """WCAG's ratio between the label's letters and the plate around them, in a picture that carries it."""

    def measure(picture: np.ndarray, text: str = "AI") -> float:
        letters, plate = _shares(picture.shape[1], text)
        light = _luminances(picture)
        return (np.median(light[letters]) + 0.05) / (np.median(light[plate]) + 0.05)

    return measure
