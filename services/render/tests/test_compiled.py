"""Compiled code that can't be kept, or was damaged where it is kept: the face is drawn all the same."""

import numba
import pytest
from numba.core import caching
from visavis_render.backends.vector import compiled
from visavis_render.backends.vector.compiled import kernel


def twice(x):
    return 2 * x


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "code"))
    compiled._tell_once.cache_clear()
    return tmp_path / "code"


def test_it_is_compiled_once(folder):
    assert kernel(twice)(21) == 42
    again = kernel(twice)
    assert again(21) == 42
    assert sum(again.stats.cache_hits.values()) == 1


def test_when_another_file_of_kernels_has_changed_it_is_made_anew(folder, monkeypatch):
    kernel(twice)(21)
    monkeypatch.setattr(compiled, "kernels_digest", lambda: "another")
    again = kernel(twice)
    assert again(21) == 42
    assert sum(again.stats.cache_hits.values()) == 0


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_damaged_code_is_made_anew(folder, caplog, suffix):
    kernel(twice)(1)
    (file,) = folder.rglob(f"*.{suffix}")
    file.write_bytes(file.read_bytes()[:-20] if suffix == "nbc" else b"no index")
    assert kernel(twice)(21) == 42
    assert "is damaged" in caplog.text
    mended = kernel(twice)
    assert mended(21) == 42
    assert sum(mended.stats.cache_hits.values()) == 1


def test_a_full_disk_costs_only_time(folder, caplog, monkeypatch):
    def is_full(self, name, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "_save_data", is_full)
    assert kernel(twice)(21) == 42
    assert kernel(twice)(2.0) == 4.0
    assert caplog.text.count("No space left on device): every start takes longer until there is room") == 1


def test_where_nothing_can_be_written_it_works_too(folder, caplog, monkeypatch):
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    assert kernel(twice)(21) == 42
    assert "every start takes longer" in caplog.text
