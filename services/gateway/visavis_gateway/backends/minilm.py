"""all-MiniLM-L6-v2 in numpy: text -> 384 numbers whose angle tells how near two texts are in meaning.

It is small enough (6 layers, 22 M parameters) that a runtime would cost more than it saves: a question takes
some milliseconds on one core.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from visavis_gateway.knowledge import KnowledgeError

Vector = NDArray[np.float32]

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
SIZE, HEADS, LAYERS = 384, 12, 6
# As the model was trained; words beyond are not seen.
MAX_TOKENS = 256
EPSILON = 1e-12


class MiniLm:
    """The model; `embed` may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        try:
            self._weights = read_safetensors(folder / WEIGHTS)
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # noqa: BLE001 - tokenizers raises plain Exception
            advice = "run `visavis models pull --with knowledge`"
            raise KnowledgeError(f"no embedding model in {folder} ({error}): {advice}") from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def embed(self, text: str) -> Vector:
        """Shape (384,), length 1."""
        ids = self._tokenizer.encode(text).ids
        x = self._embedded(ids)
        for layer in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{layer}.")
        mean = x.mean(axis=0)
        vector: Vector = mean / np.linalg.norm(mean)
        return vector

    def _embedded(self, ids: Sequence[int]) -> Vector:
        tables = "embeddings.{}_embeddings.weight"
        x = self._weights[tables.format("word")][ids]
        x = x + self._weights[tables.format("position")][: len(ids)]
        x = x + self._weights[tables.format("token_type")][0]
        return self._normed(x, "embeddings.LayerNorm")

    def _layer(self, x: Vector, name: str) -> Vector:
        attended = self._linear(self._attention(x, f"{name}attention.self."), f"{name}attention.output.dense")
        x = self._normed(x + attended, f"{name}attention.output.LayerNorm")
        grown = gelu(self._linear(x, f"{name}intermediate.dense"))
        return self._normed(x + self._linear(grown, f"{name}output.dense"), f"{name}output.LayerNorm")

    def _attention(self, x: Vector, name: str) -> Vector:
        def heads(part: str) -> Vector:
            return self._linear(x, name + part).reshape(len(x), HEADS, -1).transpose(1, 0, 2)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(SIZE // HEADS)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed: Vector = (weights @ value).transpose(1, 0, 2).reshape(len(x), SIZE)
        return mixed

    def _linear(self, x: Vector, name: str) -> Vector:
        y: Vector = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return y

    def _normed(self, x: Vector, name: str) -> Vector:
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        y: Vector = centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return y


def gelu(x: Vector) -> Vector:
    """By erf as Abramowitz and Stegun have it (7.1.26), true to 1.5e-7."""
    z = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - series * np.exp(-z * z))
    y: Vector = (0.5 * x * (1 + erf)).astype(np.float32)
    return y


def read_safetensors(path: Path) -> dict[str, Vector]:
    """The float32 tensors of a safetensors file, by name."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + size])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            values = np.frombuffer(data, np.float32, (end - begin) // 4, 8 + size + begin)
            found[name] = values.reshape(entry["shape"])
    return found
