import pytest
from rpckit.loading import available_bytes, loading


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"x" * 1000)
    return path


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            RuntimeError("ORT model\nverification failed"),
            "may be damaged.*models verify.*ORT model verification failed",
        ),
        (ValueError(), "may be damaged.*ValueError"),
        (MemoryError(), "not enough memory to load .*model.onnx .*close other programs"),
        (RuntimeError("std::bad_alloc"), "not enough memory"),
        (RuntimeError("Failed to allocate memory for requested buffer"), "not enough memory"),
        (FileNotFoundError(2, "gone"), "is missing: run `visavis models pull`"),
    ],
)
def test_whatever_goes_wrong_ends_with_advice(weights, error, message):
    with pytest.raises(SystemExit, match=message), loading(weights):
        raise error


def test_a_model_that_can_not_fit_is_told_from_a_damaged_one(weights, monkeypatch):
    monkeypatch.setattr("rpckit.loading.available_bytes", lambda: 500)
    with pytest.raises(SystemExit, match=r"not enough memory .* 0\.0 GB can be had"), loading(weights):
        raise RuntimeError("Failed to init server")


def test_this_machine_has_memory():
    assert (available_bytes() or 1 << 30) > 1 << 20


def test_what_goes_well_is_left_alone(weights):
    with loading(weights):
        pass
