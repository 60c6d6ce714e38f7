"""A toy GGUF with Qwen's kind of tokenizer, fitted for speech."""

import hashlib

import numpy as np
import pytest
from gguf import GGMLQuantizationType as Quantization
from gguf import GGUFReader, GGUFWriter, quants
from visavis_cli.fetch import PullError
from visavis_cli.models import Store
from visavis_cli.spoken import fit_for_speech

SPACE = "\u0120"
TOKENS = [
    *("h", "i", "!", SPACE, "{", "\u4f60", "hi", f"{SPACE}h", f"{SPACE}hi", f"{SPACE}hihi", "hiHi", "123"),
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_middle|>"),
]
TYPES = [1] * 12 + [3] * 4
MERGES = ["h i", f"{SPACE} h", f"{SPACE}h i", f"{SPACE}hi hi", "hi Hi"]
KEPT = ["h", "i", "!", SPACE, "{", "\u4f60", "hi", f"{SPACE}h", f"{SPACE}hi", f"{SPACE}hihi"]
WIDTH = 32


def weights(rows):
    return np.random.default_rng(rows).normal(0, 1, (rows, WIDTH)).astype(np.float32)


@pytest.fixture
def toy(tmp_path):
    path = tmp_path / "toy.gguf"
    writer = GGUFWriter(path, "qwen2")
    writer.add_token_list(TOKENS)
    writer.add_token_types(TYPES)
    writer.add_token_merges(MERGES)
    writer.add_eos_token_id(14)
    writer.add_name("toy")
    for name, kind, rows in (
        ("output.weight", Quantization.Q8_0, len(TOKENS)),
        ("blk.0.ffn_up.weight", Quantization.Q5_0, 8),
    ):
        writer.add_tensor(name, quants.quantize(weights(rows), kind), raw_dtype=kind)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def fitted(toy, tmp_path):
    target = tmp_path / "spoken.gguf"
    fit_for_speech(toy, target, lambda count: None)
    return target


def test_words_and_bytes_stay_and_the_rest_goes(toy, tmp_path):
    fields = GGUFReader(fitted(toy, tmp_path)).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert tokens == [*KEPT, "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    assert fields["tokenizer.ggml.merges"].contents() == MERGES[:4]
    assert tokens[fields["tokenizer.ggml.eos_token_id"].contents()] == "<|im_end|>"
    assert fields["general.name"].contents() == "toy"


def test_every_token_keeps_its_row(toy, tmp_path):
    before, after = ({t.name: t for t in GGUFReader(path).tensors} for path in (toy, fitted(toy, tmp_path)))
    rows = [*range(10), 12, 13, 14]
    assert np.array_equal(before["output.weight"].data[rows], after["output.weight"].data)
    assert np.array_equal(before["output_norm.weight"].data, after["output_norm.weight"].data)


def test_slow_blocks_become_fast_ones_that_say_nearly_the_same(toy, tmp_path):
    tensor = next(t for t in GGUFReader(fitted(toy, tmp_path)).tensors if "ffn" in t.name)
    assert tensor.tensor_type == Quantization.Q4_0
    error = quants.dequantize(tensor.data, Quantization.Q4_0) - weights(8)
    assert np.sqrt(np.mean(error**2)) < 0.15


def test_the_same_bytes_every_time(toy, tmp_path):
    digests = {hashlib.sha256(fitted(toy, tmp_path).read_bytes()).hexdigest() for _ in range(2)}
    assert len(digests) == 1


def test_pull_gets_the_original_and_makes_the_file(
    toy, tmp_path, models_dir, progress, weight_file, model_of
):
    made = fitted(toy, tmp_path).read_bytes()
    original = weight_file(toy.read_bytes(), path="toy/toy.gguf")
    file = weight_file(made, path="toy/spoken.gguf", made_from=original)
    mirror = tmp_path / "mirror"
    (mirror / "toy").mkdir(parents=True)
    toy.rename(mirror / "toy/toy.gguf")
    store = Store(models_dir)
    assert store.pull([model_of(file)], [mirror], progress) == [file]
    assert store.state(file, rehash=True) == "present"
    left = sorted(p.name for p in models_dir.rglob("*") if p.is_file() and not p.name.startswith("."))
    assert left == ["spoken.gguf"], "the original is not kept"


def test_an_original_that_is_no_model_is_said_so(tmp_path, models_dir, progress, weight_file, model_of):
    original = weight_file(b"no model" * 100, path="toy/toy.gguf")
    file = weight_file(b"x" * 50, path="toy/spoken.gguf", made_from=original)
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/toy.gguf").write_bytes(b"no model" * 100)
    with pytest.raises(PullError, match=r"spoken\.gguf can't be had(.|\n)*can't be made"):
        Store(models_dir).pull([model_of(file)], [tmp_path], progress)
