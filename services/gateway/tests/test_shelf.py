"""Where memories lie: sealed, bounded, for a while, and longer than the process."""

import logging
import os
from pathlib import Path

import pytest
from visavis_gateway.backends.shelf import MAX_KEPT, UNFINISHED_S, SealedShelf

WORDS = b"my dog is called Max"


class Clock:
    """A wall clock that the test turns."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "memory"


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_what_was_put_outlives_the_process(folder, clock):
    SealedShelf(folder, clock).put("a", "secret", WORDS, 10)
    assert SealedShelf(folder, clock).get("a", "secret") == WORDS
    SealedShelf(folder, clock).put("a", "secret", b"more", 10)
    assert SealedShelf(folder, clock).get("a", "secret") == b"more"
    assert len(files(folder)) == 1


def test_without_a_folder_it_is_kept_in_the_process(clock):
    shelf = SealedShelf(None, clock)
    shelf.put("a", "secret", WORDS, 10)
    assert shelf.get("a", "secret") == WORDS
    shelf.drop("a")
    assert shelf.get("a", "secret") is None


def test_nobody_reads_it_without_the_token(folder, clock):
    shelf = SealedShelf(folder, clock)
    shelf.put("a", "secret", WORDS, 10)
    (file,) = files(folder)
    assert WORDS not in file.read_bytes()
    assert b"Max" not in file.read_bytes()
    assert "secret" not in str(file)
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert os.stat(folder).st_mode & 0o777 == 0o700
    for either in (shelf, SealedShelf(folder, clock)):
        assert either.get("a", "guess") is None
        assert either.get("b", "secret") is None
        assert either.get("a", "secret") == WORDS, "a wrong guess costs nothing"


@pytest.mark.parametrize("name", ["../../etc/passwd", "\ud800", "", "\0", "a/b", "x" * 60_000])
def test_whatever_a_stranger_sends_is_only_a_name(folder, clock, name):
    shelf = SealedShelf(folder, clock)
    assert shelf.get(name, name) is None
    shelf.put(name, name, WORDS, 10)
    assert SealedShelf(folder, clock).get(name, name) == WORDS
    assert [file.parent for file in files(folder)] == [folder]


def test_it_fades(folder, clock):
    shelf = SealedShelf(folder, clock)
    shelf.put("a", "secret", WORDS, 10)
    shelf.put("b", "secret", WORDS, 20)
    clock.now_s += 10
    assert shelf.get("a", "secret") is None
    assert SealedShelf(folder, clock).get("b", "secret") == WORDS
    assert len(files(folder)) == 1, "a start tidies up"
    clock.now_s += 10
    shelf.tidy()
    assert files(folder) == []


def test_it_is_dropped(folder, clock):
    shelf = SealedShelf(folder, clock)
    shelf.put("a", "secret", WORDS, 10)
    shelf.drop("a")
    shelf.drop("a")
    assert shelf.get("a", "secret") is None
    assert files(folder) == []


def test_there_are_never_too_many(folder, clock):
    shelf = SealedShelf(folder, clock)
    for number in range(MAX_KEPT + 3):
        clock.now_s += 1
        shelf.put(str(number), "secret", WORDS, 1000)
    assert len(files(folder)) == MAX_KEPT
    for either in (shelf, SealedShelf(folder, clock)):
        assert either.get("2", "secret") is None
        assert either.get("3", "secret") == WORDS


def test_a_damaged_file_is_no_memory(folder, clock):
    SealedShelf(folder, clock).put("a", "secret", WORDS, 10)
    (file,) = files(folder)
    stat = file.stat()
    for damaged in (b"", b"short", file.read_bytes()[:-1], bytes(1000)):
        file.write_bytes(damaged)
        os.utime(file, (stat.st_mtime, stat.st_mtime))
        assert SealedShelf(folder, clock).get("a", "secret") is None


def test_what_a_killed_process_left_half_written_goes(folder, clock):
    folder.mkdir(parents=True)
    half, mine = folder / "a.new", folder / "notes.txt"
    for path, age_s in ((half, UNFINISHED_S + 1), (mine, 10_000)):
        path.write_text("x")
        os.utime(path, (clock.now_s - age_s, clock.now_s - age_s))
    SealedShelf(folder, clock)
    assert files(folder) == [mine], "and nothing that is not ours"


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path, clock, caplog):
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        shelf = SealedShelf(tmp_path / "file" / "memory", clock)
        shelf.put("a", "secret", WORDS, 10)
        shelf.put("b", "secret", WORDS, 10)
    assert shelf.get("a", "secret") == WORDS
    shelf.drop("a")
    assert shelf.get("a", "secret") is None
    assert [record.getMessage()[:52] for record in caplog.records] == [
        "memories of calls will not outlive this process: [Er"
    ]
