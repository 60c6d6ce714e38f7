"""The two ways to run Kokoro: the same phoneme ids and style give the same sound and the same durations."""

import json
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from visavis_tts.sound import Wave
from visavis_tts.timing import FRAME

ONNX = "kokoro-v1.0.int8.onnx"
CHECKPOINT = "kokoro-v1_0.pth"
CONFIG = "config.json"
REPOSITORY = "hexgrad/Kokoro-82M"
# How many FRAMEs each phoneme id lasts, inside the graph.
DURATIONS = "/encoder/Round_output_0"
STOPPED = "terminate flag"

Style = NDArray[np.float32]
Durations = NDArray[np.int64]


class Run(Protocol):
    """What one reply asks of a network."""

    def __call__(self, ids: list[int], style: Style, speed: float, /) -> tuple[Wave, Durations]:
        """Samples (float32, 24 kHz) and samples per id; nothing once stopped."""
        ...

    def stop(self) -> None:
        """From any thread: the step in flight ends early and unheard, later ones at once."""
        ...


class Onnx:
    """The export on a CPU."""

    def __init__(self, path: Path, threads: int) -> None:
        graph = onnx.load(path)
        graph.graph.output.append(onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.FLOAT, None))
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # a stopped run is no error
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = ort.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._threads = threads

    def __str__(self) -> str:
        return f"onnxruntime on {self._threads} thread(s)"

    def start(self) -> "OnnxRun":
        return OnnxRun(self.session)


class OnnxRun:
    """Runs of one reply, which stop together."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._options = ort.RunOptions()
        self._options.log_severity_level = 4

    def __call__(self, ids: list[int], style: Style, speed: float) -> tuple[Wave, Durations]:
        try:
            wave, durations = self._session.run(
                ["audio", DURATIONS],
                {
                    "tokens": np.asarray([ids], np.int64),
                    "style": style[np.newaxis],
                    "speed": np.asarray([speed], np.float32),
                },
                self._options,
            )
        except Exception as error:
            if STOPPED not in str(error):
                raise
            return np.zeros(0, np.float32), np.zeros(len(ids), np.int64)
        return wave, np.round(durations).astype(np.int64).reshape(-1) * FRAME

    def stop(self) -> None:
        self._options.terminate = True


def model_class() -> Any:
    """The publisher's KModel, without the G2P that its package imports beside it: spaCy, and eSpeak (GPL)."""
    if "kokoro" not in sys.modules:
        spec = find_spec("kokoro")
        assert spec is not None
        package = module_from_spec(spec)  # made, and not run
        sys.modules["kokoro"] = package
    return import_module("kokoro.model").KModel


class Torch:
    """The publisher's package with its checkpoint, on a GPU or a CPU. Nothing is fetched."""

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        import torch

        if device == "cuda" and not torch.cuda.is_available():
            raise SystemExit("TTS_DEVICE=cuda, but torch finds no GPU here")
        self._torch: Any = torch
        self._device = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
        torch.set_num_threads(threads)
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        model = model_class()(repo_id=REPOSITORY, config=config, model=str(folder / CHECKPOINT))
        self._model: Any = model.to(self._device).eval()

    def __str__(self) -> str:
        return f"torch on {self._device}"

    def start(self) -> "TorchRun":
        return TorchRun(self)

    def run(self, ids: list[int], style: Style, speed: float) -> tuple[Wave, Durations]:
        """One pass; the noise of the vocoder is seeded, so that the same text sounds the same."""
        torch = self._torch
        torch.manual_seed(0)
        wave, durations = self._model.forward_with_tokens(
            torch.tensor([ids], dtype=torch.long, device=self._device),
            torch.from_numpy(style.copy())[None].to(self._device),
            speed,
        )
        return wave.reshape(-1).float().cpu().numpy(), durations.reshape(-1).cpu().numpy() * FRAME


class TorchRun:
    """Runs of one reply; a step in flight is short on a GPU and runs to its end."""

    def __init__(self, network: Torch) -> None:
        self._network = network
        self._is_stopped = False

    def __call__(self, ids: list[int], style: Style, speed: float) -> tuple[Wave, Durations]:
        if self._is_stopped:
            return np.zeros(0, np.float32), np.zeros(len(ids), np.int64)
        return self._network.run(ids, style, speed)

    def stop(self) -> None:
        self._is_stopped = True
