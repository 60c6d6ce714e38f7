import errno
import io
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest
from visavis_cli import fetch
from visavis_cli.fetch import PullError, Source
from visavis_cli.models import Store

WEIGHTS = bytes(range(256)) * 4000  # as in conftest.py


@pytest.fixture
def store(models_dir):
    return Store(models_dir)


def part_of(store, file):
    path = store.directory / f"{file.path}.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_a_mirror_is_copied_and_verified(store, mirror, progress, said, weight_file, model_of):
    file = weight_file()
    assert store.pull([model_of(file)], [mirror], progress) == [file]
    assert (store.directory / file.path).read_bytes() == WEIGHTS
    assert store.state(file, rehash=True) == "present"
    assert str(mirror) in said.getvalue()
    assert list(store.directory.rglob("*.part")) == []


def test_nothing_is_done_when_all_is_there(store, mirror, progress, said, weight_file, model_of):
    models = [model_of(weight_file())]
    store.pull(models, [mirror], progress)
    said.truncate(0)
    begun = time.monotonic()
    assert store.pull(models, [], progress) == []
    assert time.monotonic() - begun < 1
    assert said.getvalue().strip("\0") == ""


def test_a_url_is_next_after_a_mirror_without_the_file(
    store, tmp_path, file_server, progress, weight_file, model_of
):
    file_server.content["/weights.bin"] = WEIGHTS
    file = weight_file(urls=(f"{file_server.url}/weights.bin",))
    store.pull([model_of(file)], [tmp_path / "nowhere"], progress)
    assert store.state(file) == "present"


def test_a_broken_connection_goes_on_where_it_stopped(store, file_server, progress, weight_file, model_of):
    file_server.content["/weights.bin"] = WEIGHTS
    file_server.break_after = 400_000
    file = weight_file(urls=(f"{file_server.url}/weights.bin",))
    store.pull([model_of(file)], [], progress)
    assert store.state(file, rehash=True) == "present"
    assert [asked for _, asked in file_server.asked] == [None, "bytes=400000-"]


def test_an_earlier_pull_is_resumed(store, file_server, progress, weight_file, model_of):
    file_server.content["/weights.bin"] = WEIGHTS
    file = weight_file(urls=(f"{file_server.url}/weights.bin",))
    part_of(store, file).write_bytes(WEIGHTS[:1000])
    store.pull([model_of(file)], [], progress)
    assert store.state(file, rehash=True) == "present"
    assert file_server.asked == [("/weights.bin", "bytes=1000-")]


def test_a_server_without_ranges_is_read_from_the_start(store, file_server, progress, weight_file, model_of):
    file_server.content["/weights.bin"] = WEIGHTS
    file_server.ignore_range = True
    file = weight_file(urls=(f"{file_server.url}/weights.bin",))
    part_of(store, file).write_bytes(WEIGHTS[:1000])
    store.pull([model_of(file)], [], progress)
    assert store.state(file, rehash=True) == "present"


def test_what_one_source_began_another_one_ends(store, mirror, progress, weight_file, model_of):
    file = weight_file()
    part_of(store, file).write_bytes(WEIGHTS[:5000])
    store.pull([model_of(file)], [mirror], progress)
    assert store.state(file, rehash=True) == "present"


def test_a_damaged_beginning_is_thrown_away(store, mirror, progress, weight_file, model_of):
    file = weight_file()
    part_of(store, file).write_bytes(b"x" * 5000)
    store.pull([model_of(file)], [mirror], progress)
    assert store.state(file, rehash=True) == "present"


@pytest.mark.parametrize("offered", [b"y" * len(WEIGHTS), WEIGHTS + b"more", WEIGHTS[:-1]], ids=len)
def test_wrong_bytes_are_refused_and_nothing_is_put_in_place(
    store, mirror, progress, offered, weight_file, model_of
):
    file = weight_file()
    (mirror / file.path).write_bytes(offered)
    with pytest.raises(PullError, match=r"can't be had"):
        store.pull([model_of(file)], [mirror], progress)
    assert store.state(file) == "missing"


def test_a_damaged_file_is_seen_and_mended(store, mirror, progress, weight_file, model_of):
    file = weight_file()
    store.pull([model_of(file)], [mirror], progress)
    (store.directory / file.path).write_bytes(b"z" * file.size)
    assert store.state(file) == "damaged"
    store.pull([model_of(file)], [mirror], progress)
    assert store.state(file, rehash=True) == "present"


def test_no_source_left_lists_what_was_tried(store, tmp_path, file_server, progress, weight_file, model_of):
    file = weight_file(urls=(f"{file_server.url}/gone.bin", "http://no-such-host.invalid/weights.bin"))
    with pytest.raises(PullError) as error:
        store.pull([model_of(file)], [tmp_path / "empty"], progress)
    message = str(error.value)
    assert "empty: No such file or directory" in message
    assert "127.0.0.1 answered 404" in message
    assert "no-such-host.invalid can't be reached" in message


def test_an_unreachable_host_is_asked_once(store, progress, said, weight_file, model_of):
    url = "http://no-such-host.invalid/a"
    files = [weight_file(path=f"toy/{name}", urls=(url,)) for name in "ab"]
    for file in files:
        with pytest.raises(PullError):
            store.pull([model_of(file)], [], progress)
    assert said.getvalue().count("can't be reached") == 2


class FullDisk(io.FileIO):
    """A file that takes nothing more: neither what is written nor what closing it would flush."""

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")


FULL = r"the disk is full: toy/weights.bin needs 1.0 MB. Make room and run"


@pytest.mark.parametrize("size", [len(WEIGHTS), 100], ids=["written through", "buffered until it is closed"])
def test_a_full_disk_says_what_to_do(store, progress, monkeypatch, weight_file, size):
    target = store.directory / "toy/weights.bin"
    monkeypatch.setattr(Path, "open", lambda path, mode: io.BufferedRandom(FullDisk(path, "a+")))
    source = Source("here", lambda offset: iter([WEIGHTS[:size]]))
    with pytest.raises(PullError, match=FULL):
        fetch.fetch(weight_file(), target, [source], progress)


def test_what_numpy_says_of_a_full_disk_is_understood(store, progress, monkeypatch, weight_file, model_of):
    def unlucky(source, made, advance):
        raise OSError("1024 requested and 512 written")

    monkeypatch.setattr("visavis_cli.models.fit_for_speech", unlucky)
    monkeypatch.setattr("visavis_cli.models.sources_of", lambda *_: [])
    monkeypatch.setattr(store.__class__, "_require_room", lambda *_: None)  # there was some when it began
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 0))
    original = weight_file(path="toy/original")
    (store.directory / ".downloads/toy").mkdir(parents=True)
    (store.directory / ".downloads/toy/original").write_bytes(WEIGHTS)
    with pytest.raises(PullError, match=FULL):
        store.pull([model_of(weight_file(made_from=original))], [], progress)


PULL = """
import sys
from pathlib import Path
from rich.console import Console
from visavis_cli.fetch import PullError, Source, fetch
from visavis_cli.manifest import WeightFile
from visavis_cli.progress import Progress

folder, blocks = Path(sys.argv[1]), 40
file = WeightFile(path="toy/weights.bin", size=1_024_000, sha256="0" * 64)
source = Source("here", lambda offset: (bytes(25_600) for _ in range(blocks)))
try:
    fetch(file, folder / file.path, [source], Progress(Console(stderr=True)))
except PullError as error:
    sys.exit(str(error))
"""


def test_a_disk_that_is_really_full(tmp_path):
    small = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
    mount = 'mount -t tmpfs -o size=512k none "$0" && exec "$@"'
    if shutil.which("unshare") is None or subprocess.run([*small, mount, tmp_path, "true"]).returncode != 0:
        pytest.skip("no small disk can be made here: it wants Linux and its user namespaces")
    command = [*small, mount, str(tmp_path), sys.executable, "-c", PULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("the disk is full: toy/weights.bin needs 1.0 MB. Make room")
    assert "Traceback" not in done.stderr


def test_too_little_room_is_said_before_anything_is_fetched(
    store, mirror, progress, monkeypatch, weight_file, model_of
):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    with pytest.raises(PullError, match=r"not enough room in .*: 51.0 MB needed, 0.0 kB free"):
        store.pull([model_of(weight_file())], [mirror], progress)


def test_a_directory_that_cant_be_made_is_a_clear_error(tmp_path, mirror, progress, weight_file, model_of):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PullError, match=r"can't write .*models: Not a directory"):
        Store(tmp_path / "file" / "models").pull([model_of(weight_file())], [mirror], progress)


def test_ctrl_c_keeps_what_was_received(store, progress, monkeypatch, weight_file, model_of):
    def interrupted(offset):
        yield WEIGHTS[:2000]
        raise KeyboardInterrupt

    file = weight_file()
    monkeypatch.setattr("visavis_cli.models.sources_of", lambda *_: [Source("slow", interrupted)])
    with pytest.raises(KeyboardInterrupt):
        store.pull([model_of(file)], [], progress)
    assert part_of(store, file).read_bytes() == WEIGHTS[:2000]
