"""Kokoro-82M: 54 voices of 9 languages, with the model's own phoneme times.

By the publisher's package with torch where that and its checkpoint are here, else by the int8 ONNX export.
"""

import logging
from collections.abc import Callable, Iterable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rpckit.errors import NotFound

from visavis_tts.backends.kokoro_g2p import pronouncer_of, require_g2p
from visavis_tts.backends.kokoro_networks import CHECKPOINT, CONFIG, ONNX, Onnx, Run, Style, Torch
from visavis_tts.config import Config
from visavis_tts.engine import Clause, Pause
from visavis_tts.languages import primary_of
from visavis_tts.phoneme_speaker import RATE_HZ, PhonemeSpeaker
from visavis_tts.roster import KOKORO, Voice
from visavis_tts.sound import Wave
from visavis_tts.units import Phoneme, Unit
from visavis_tts.visemes import Shapes

log = logging.getLogger(__name__)

FOLDER = "kokoro-82m"
CHECKPOINT_FOLDER = "kokoro-82m-checkpoint"
# A style for each number of phonemes, 1 to 510.
STYLES = (510, 256)
# Longer than this a step takes too long, and the voice hurries; a longer clause is several steps.
MAX_PHONEMES = 200
# RMS of speech in every voice: about that of hibari.
LEVEL = 0.13


class Spoken:
    """A network in one voice; `stop`, from any thread, ends the step in flight unheard."""

    def __init__(self, run: Run, styles: NDArray[np.float32]) -> None:
        self._run = run
        self._styles = styles

    def __call__(self, ids: list[int], speed: float) -> tuple[Wave, NDArray[np.int64]]:
        style: Style = self._styles[min(len(ids) - 2, len(self._styles)) - 1]
        return self._run(ids, style, speed)

    def stop(self) -> None:
        self._run.stop()


class Later:
    """A G2P that is loaded where it is first needed: on the model's thread, not where replies are opened."""

    def __init__(self, tag: str) -> None:
        self._tag = tag

    @property
    def shapes(self) -> Shapes:
        return pronouncer_of(self._tag).shapes

    def __call__(self, text: str) -> list[Unit]:
        return pronouncer_of(self._tag)(text)

    def ids(self, phonemes: Iterable[Phoneme]) -> list[int]:
        return pronouncer_of(self._tag).ids(phonemes)


class KokoroEngine:
    """One network for all replies; steps run one at a time. Voices are read when first asked for."""

    name = "kokoro"
    sample_rate_hz = RATE_HZ

    def __init__(self, folder: Path, network: Onnx | Torch) -> None:
        self._folder = folder
        self._network = network
        self._roster = {voice.name: voice for voice in KOKORO if (folder / f"{voice.name}.bin").is_file()}
        if not self._roster:
            raise SystemExit(missing(folder, "no voices"))
        self.voices = tuple(self._roster)
        self._styles: Callable[[str], NDArray[np.float32]] = cache(partial(read_styles, folder))
        self.open(voice=self.voices[0], language_code="", speed=1).speak(Clause("Warm.", 0, Pause.NONE))

    def open(self, *, voice: str, language_code: str, speed: float) -> PhonemeSpeaker:
        known = self._roster[voice or self.voices[0]]
        self._require_language(known, language_code)
        spoken = Spoken(self._network.start(), self._styles(known.name))
        tag = language_code if known.has_region(language_code) else known.language
        require_g2p(tag)
        gain = LEVEL / known.level
        return PhonemeSpeaker(spoken, Later(tag), speed, gain=gain, max_phonemes=MAX_PHONEMES)

    def _require_language(self, voice: Voice, language_code: str) -> None:
        wanted = primary_of(language_code)
        if not wanted or wanted == primary_of(voice.language):
            return
        others = [name for name, each in self._roster.items() if primary_of(each.language) == wanted]
        advice = f"voices that speak {wanted}: {', '.join(others)}" if others else f"none speaks {wanted}"
        raise NotFound(f"the voice {voice.name} speaks {voice.language}; {advice}")

    def close(self) -> None:
        pass


def read_styles(folder: Path, voice: str) -> NDArray[np.float32]:
    """The style vectors of a voice, shape (510, 256). Exits when the file is not one."""
    values = np.fromfile(folder / f"{voice}.bin", "<f4")
    if values.size != STYLES[0] * STYLES[1] or not np.isfinite(values).all():
        raise SystemExit(missing(folder, f"{voice}.bin is damaged"))
    return values.reshape(STYLES)


def missing(folder: Path, what: str) -> str:
    """What is wrong and what to do about it."""
    return f"kokoro: {what} in {folder}: run `visavis models pull --with kokoro`"


def network_in(models_dir: Path, config: Config) -> Onnx | Torch:
    """The checkpoint by torch, or the ONNX export; TTS_KOKORO_RUNTIME decides where both can be had."""
    checkpoint = models_dir / CHECKPOINT_FOLDER
    has_torch = find_spec("kokoro") is not None and find_spec("torch") is not None
    has_checkpoint = (checkpoint / CHECKPOINT).is_file() and (checkpoint / CONFIG).is_file()
    if config.kokoro_runtime == "torch" or (config.kokoro_runtime == "auto" and has_torch and has_checkpoint):
        if not has_torch:
            raise SystemExit(
                "kokoro: TTS_KOKORO_RUNTIME=torch wants torch and kokoro (services/tts/README.md)"
            )
        if not has_checkpoint:
            raise SystemExit(
                f"kokoro: no checkpoint in {checkpoint}: `visavis models pull --with kokoro-torch`"
            )
        return Torch(checkpoint, config.device, config.threads)
    path = models_dir / FOLDER / ONNX
    if not path.is_file():
        raise SystemExit(missing(path.parent, "no model"))
    return Onnx(path, config.threads)


def build(config: Config) -> KokoroEngine:
    network = network_in(config.models_dir, config)
    log.info("kokoro speaks by %s", network)
    return KokoroEngine(config.models_dir / FOLDER, network)
