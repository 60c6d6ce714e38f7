import hashlib
import http.server
import io
import re
import threading
import zipfile
from pathlib import Path

import pytest
from rich.console import Console
from visavis_cli.manifest import Model, WeightFile
from visavis_cli.progress import Progress

WEIGHTS = bytes(range(256)) * 4000


def make_weight_file(data=WEIGHTS, path="toy/weights.bin", **where):
    """A manifest entry whose bytes are `data`."""
    return WeightFile(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest(), **where)


def make_model(*files, group="core"):
    return Model(
        name="toy", group=group, service="asr", role="a test", licence="MIT", publisher="us", file=files
    )


def make_wheel(**members):
    """The bytes of a wheel with some members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def weight_file():
    return make_weight_file


@pytest.fixture
def model_of():
    return make_model


@pytest.fixture
def wheel():
    return make_wheel


class FileServer(http.server.ThreadingHTTPServer):
    """Serves bytes by path, with ranges; `break_after` bytes of an answer it hangs up, once."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = {}
        self.asked = []
        self.break_after = None
        self.ignore_range = False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        requested = self.headers.get("Range")
        self.server.asked.append((self.path, requested))
        data = self.server.content.get(self.path)
        if data is None:
            self.send_error(404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", requested)[1]) if requested else 0
        if self.server.ignore_range:
            start = 0
        elif start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        stop, self.server.break_after = self.server.break_after, None
        self.wfile.write(data[start:] if stop is None else data[start : start + stop])

    def log_message(self, *args):
        pass


@pytest.fixture
def file_server():
    with FileServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def said():
    """What the command wrote: `said.getvalue()`."""
    return io.StringIO()


@pytest.fixture
def progress(said):
    return Progress(Console(file=said, width=300))


@pytest.fixture
def mirror(tmp_path):
    """A local directory that has the toy weights."""
    directory = tmp_path / "mirror"
    target = directory / "toy" / "weights.bin"
    target.parent.mkdir(parents=True)
    target.write_bytes(WEIGHTS)
    return directory


@pytest.fixture
def models_dir(tmp_path) -> Path:
    return tmp_path / "models"
