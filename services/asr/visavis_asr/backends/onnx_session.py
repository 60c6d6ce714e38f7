"""How every ONNX model is opened: one thread, no spinning, a clear word when it is missing."""

from pathlib import Path

import onnxruntime as ort
from rpckit.loading import loading


def open_session(path: Path) -> ort.InferenceSession:
    """The model at `path`; exits with advice when the file is not there."""
    if not path.is_file():
        raise SystemExit(f"{path} is missing: run `visavis models pull`, or set ASR_MODELS_DIR")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A spinning thread would take a core from the other services.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with loading(path):
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
