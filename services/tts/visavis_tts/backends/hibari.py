"""hibari: Kokoro's voice af_heart distilled to 6 M parameters, with the model's own phoneme times."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from hibari import dsp
from hibari.voices import voice_path
from numpy.typing import NDArray

from visavis_tts.backends.hibari_text import Pronouncer
from visavis_tts.config import Config
from visavis_tts.engine import Clause, Pause
from visavis_tts.languages import require_english
from visavis_tts.phoneme_speaker import RATE_HZ, PhonemeSpeaker
from visavis_tts.sound import Wave
from visavis_tts.timing import FRAME

# Samples a phoneme id lasts are a whole number of FRAMEs: this value of the graph holds the number.
DURATIONS = "/Cast_32_output_0"
# From 4 kHz up (bins of 20 Hz), the noise branch now and then hisses three times as loud as it should;
# this is the log level that 95 % of all frames keep to.
HISS_FROM_BIN = 200
HISS_CEILING = 1.5
# The model's own level leaves 9 dB unused.
GAIN = 1.9
# Longer than this the model was not trained for; a longer clause is several steps of it.
MAX_PHONEMES = 350


class Model:
    """The network and its vocoder: phoneme ids -> samples and how long each id lasts."""

    def __init__(self, path: Path, threads: int) -> None:
        graph = onnx.load(path)
        graph.graph.output.append(onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.INT64, None))
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, ids: list[int], speed: float) -> tuple[Wave, NDArray[np.int64]]:
        """Samples (float32, 24 kHz) and samples per id; same ids, same samples."""
        *outputs, durations = self._session.run(
            ["lh", "theta", "ln", "lr", "phi", "f0", DURATIONS],
            {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)},
        )
        lh, theta, ln, lr, phi, f0 = (o[0] for o in outputs)
        lr[HISS_FROM_BIN:] = np.minimum(lr[HISS_FROM_BIN:], HISS_CEILING)
        wave: Wave = dsp.synth(lh, theta, ln, lr, phi, f0, np.random.default_rng(0))
        return wave, durations.reshape(-1) * FRAME

    def stop(self) -> None:
        pass  # a step is over before it could be stopped


class HibariEngine:
    """One network for all replies; steps run one at a time."""

    name = "hibari"
    sample_rate_hz = RATE_HZ
    voices = ("af_heart",)

    def __init__(self, threads: int) -> None:
        self._model = Model(Path(voice_path("heart", download_missing=False)), threads)
        self._pronounce = Pronouncer()
        self.open(voice="", language_code="", speed=1).speak(
            Clause("Warming up, zyxophlonic.", 0, Pause.NONE)
        )

    def open(self, *, voice: str, language_code: str, speed: float) -> PhonemeSpeaker:
        require_english(language_code)
        return PhonemeSpeaker(self._model, self._pronounce, speed, gain=GAIN, max_phonemes=MAX_PHONEMES)

    def close(self) -> None:
        pass


def build(config: Config) -> HibariEngine:
    return HibariEngine(config.threads)
