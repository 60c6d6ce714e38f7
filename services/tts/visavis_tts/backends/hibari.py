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
from visavis_tts.engine import Clause, Pause, Speech
from visavis_tts.languages import require_english
from visavis_tts.sound import Wave, cut_out, limited, speech_bounds
from visavis_tts.timing import FRAME, Loudness, joined, sounds_of, words_of
from visavis_tts.units import Unit, phonemes_of, runs_of
from visavis_tts.visemes import Sound, cues_of

RATE_HZ = 24_000
# Samples a phoneme id lasts are a whole number of FRAMEs: this value of the graph holds the number.
DURATIONS = "/Cast_32_output_0"
# From 4 kHz up (bins of 20 Hz), the noise branch now and then hisses three times as loud as it should;
# this is the log level that 95 % of all frames keep to.
HISS_FROM_BIN = 200
HISS_CEILING = 1.5
# The model's own level leaves 9 dB unused.
GAIN = 1.9
CEILING = 0.8
LEAD_FIRST = RATE_HZ * 20 // 1000
LEAD = RATE_HZ * 30 // 1000
TAIL_LAST = RATE_HZ * 250 // 1000
FADE = RATE_HZ * 5 // 1000
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


class HibariSpeaker:
    """One reply; the first clause begins 20 ms before its first sound, the others 30 ms."""

    def __init__(self, model: Model, pronounce: Pronouncer, speed: float) -> None:
        self._model = model
        self._pronounce = pronounce
        self._speed = speed
        self._has_spoken = False

    def speak(self, clause: Clause) -> Speech | None:
        runs = runs_of(self._pronounce(clause.text), MAX_PHONEMES)
        spoken = (self._speak_run(run, clause, is_end=run is runs[-1]) for run in runs)
        return joined([speech for speech in spoken if speech is not None])

    def _speak_run(self, units: list[Unit], clause: Clause, *, is_end: bool) -> Speech | None:
        phonemes = phonemes_of(units)
        wave, durations = self._model(self._pronounce.ids(phonemes), self._speed)
        start, end = speech_bounds(wave)
        if start == end:
            return None
        sounds = sounds_of(phonemes, durations, wave, start, end)
        lead = LEAD if self._has_spoken else LEAD_FIRST
        self._has_spoken = True
        tail = self._tail(clause) if is_end else LEAD
        wave, shift = cut_out(wave, start, end, lead=lead, tail=tail, fade=FADE)
        wave = limited(wave, GAIN, CEILING)
        timed = [sound.moved(shift) for sound in sounds]
        return Speech(
            np.asarray(np.round(wave * 32767), dtype=np.int16),
            words_of(units, timed, clause.text_start),
            cues_of(
                [Sound("", 0, timed[0].start_sample), *timed, Sound("", len(wave) - tail, len(wave))],
                Loudness(wave),
            ),
        )

    def _tail(self, clause: Clause) -> int:
        """Samples after the last sound: with the next clause's lead they make its pause."""
        tail = round(clause.pause.value * RATE_HZ / 1000 / self._speed) - LEAD
        return max(tail, TAIL_LAST if clause.is_last else FADE)

    def close(self) -> None:
        pass


class HibariEngine:
    """One network for all replies; steps run one at a time."""

    sample_rate_hz = RATE_HZ
    voices = ("af_heart",)

    def __init__(self, threads: int) -> None:
        self._model = Model(Path(voice_path("heart", download_missing=False)), threads)
        self._pronounce = Pronouncer()
        self.open(voice="", language_code="", speed=1).speak(
            Clause("Warming up, zyxophlonic.", 0, Pause.NONE)
        )

    def open(self, *, voice: str, language_code: str, speed: float) -> HibariSpeaker:
        require_english(language_code)
        return HibariSpeaker(self._model, self._pronounce, speed)

    def close(self) -> None:
        pass


def build(config: Config) -> HibariEngine:
    return HibariEngine(config.threads)
