"""Recorded human speech as turns: which part of which recording is an utterance.

The recordings are those of `visavis models pull --with tests --with bench`: a novel read aloud, commands and
playing cards said into a headset, prompted sentences, and a man who speaks freely and stops to think. Nothing
was chosen for how it ends: a sentence of the novel may be in the middle when the recording stops. No pause in
them is longer than 1 s. Where the room is as loud as faint speech, so that its level could not tell where the
last word ends, the recording is faded out after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from material import write_wav
from numpy.typing import NDArray
from visavis_asr.backends.silero import Silero, SileroVad
from visavis_asr.engine import RATE_HZ, WINDOW_SAMPLES
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.measure import speech_spans

STILL_SPEECH = 0.35
FADE_SAMPLES = RATE_HZ // 10  # the VAD lets go about as late

Pcm = NDArray[np.int16]


@dataclass(frozen=True)
class Utterance:
    """A part of a file under models/, cut where nobody speaks; seconds from its beginning."""

    file: str
    start_s: float = 0.0
    end_s: float = 60.0

    @property
    def name(self) -> str:
        """Tells it from the other parts of the same file."""
        path = Path(self.file)
        at = f"-{self.start_s:g}s" if self.start_s else ""
        return f"{path.parent.name}-{path.stem}{at}"


NOVEL = [
    Utterance(f"librivox-clips/sense_and_sensibility_01_austen_64kb-{number}.wav")
    for number in ("0870", "0880", "0890", "0920", "0930")
]
CARDS = [Utterance(f"card-clips/{number}.wav") for number in ("001", "002", "003", "004", "005")]
COMMANDS = [Utterance(f"sphinx-clips/{name}.raw") for name in ("goforward", "numbers", "something")]
SENTENCES = [
    Utterance("arctic-clips/arctic_a0007.wav"),
    Utterance("arctic-clips/arctic_a0009.wav"),
    Utterance("librispeech-clips/61-70968-0000.flac"),
    Utterance("librispeech-clips/ls_test.flac"),
    Utterance("mfa-clips/english_fast.wav"),
    Utterance("mfa-clips/english_slow.wav"),
    Utterance("mfa-clips/english_t.wav"),
]
FREE = [
    Utterance("mfa-clips/acoustic_corpus.wav", 0.80, 7.84),
    Utterance("mfa-clips/cold_corpus.wav", 1.50, 9.55),
    Utterance("mfa-clips/cold_corpus3.wav", 1.10, 6.32),
    Utterance("mfa-clips/acoustic_corpus.wav", 7.84, 14.32),
    Utterance("mfa-clips/cold_corpus.wav", 9.60, 17.50),
    Utterance("mfa-clips/cold_corpus3.wav", 6.32, 14.38),
    Utterance("mfa-clips/acoustic_corpus.wav", 14.32, 17.80),
    Utterance("mfa-clips/cold_corpus.wav", 19.30, 25.40),
    Utterance("mfa-clips/cold_corpus3.wav", 14.38, 18.15),
    Utterance("mfa-clips/acoustic_corpus.wav", 18.00, 26.20),
    Utterance("mfa-clips/cold_corpus3.wav", 18.15, 23.40),
]
HESITATIONS = [
    Utterance(f"mfa-clips/mfa_{name}.flac")
    for name in ("hes", "youknow", "reallylong", "erpause", "uh", "words", "whatscalled", "thoughts", "her")
]


def every_speaker(kinds: list[list[Utterance]]) -> Iterator[Utterance]:
    """All of them, one of each kind in turn, so that any first few are as mixed as the whole."""
    for number in range(max(len(kind) for kind in kinds)):
        yield from (kind[number] for kind in kinds if number < len(kind))


UTTERANCES = list(every_speaker([FREE, NOVEL, HESITATIONS, SENTENCES, CARDS, COMMANDS]))


def utterances(wanted: int, models_dir: Path, folder: Path) -> list[Path]:
    """Up to `wanted` utterances as WAV files in `folder`: always the same, in the same order."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for utterance in UTTERANCES[:wanted]:
        path = folder / f"{utterance.name}.wav"
        if not path.exists():
            pcm = part_of(utterance, models_dir / utterance.file)
            write_wav(path, clear_end(pcm, Silero(models_dir).open()), RATE_HZ)
        made.append(path)
    return made


def part_of(utterance: Utterance, path: Path) -> Pcm:
    """The utterance, mono at 16 kHz; TalkError when its recording is not here."""
    if not path.is_file():
        raise TalkError(f"{path} is missing: run `visavis models pull --with tests --with bench`")
    pcm = np.fromfile(path, "<i2") if path.suffix == ".raw" else decoded(path)
    return pcm[round(utterance.start_s * RATE_HZ) : round(utterance.end_s * RATE_HZ)]


def decoded(path: Path) -> Pcm:
    """A whole file of any format, mono at 16 kHz."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)


def clear_end(pcm: Pcm, vad: SileroVad) -> Pcm:
    """`pcm`, faded out where the VAD hears the last of the speech, if its level alone does not show that."""
    windows = pcm[: len(pcm) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    speech = [vad.step(window.astype(np.float32) / 32768) >= STILL_SPEECH for window in windows]
    end = WINDOW_SAMPLES * (1 + max(number for number, is_speech in enumerate(speech) if is_speech))
    if speech_spans(pcm, RATE_HZ)[-1].end <= end:
        return pcm
    gain = np.clip((end - np.arange(len(pcm))) / FADE_SAMPLES, 0, 1)
    return (pcm * gain)[:end].astype(np.int16)
