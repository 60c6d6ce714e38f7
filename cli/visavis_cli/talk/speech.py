"""Spoken questions: WAV files as the samples that the microphone will send."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.measure import Pcm, speech_spans

RATE_HZ = 48_000
LONGEST_S = 60


@dataclass(frozen=True)
class Speech:
    """One question: mono PCM16 at 48 kHz, and the index of the last sample in it that is speech."""

    path: Path
    samples: Pcm
    last_speech_sample: int


def read_speech(path: Path) -> Speech:
    """Read a WAV file of any sample format, rate and channel count; TalkError says what is wrong with it."""
    if not path.is_file():
        raise TalkError(f"{path}: no such file")
    try:
        samples = _decode(path)
    except OSError as error:
        raise TalkError(f"{path}: can't be read: {error.strerror}") from None
    except (av.FFmpegError, ValueError):
        raise TalkError(f"{path}: not a readable WAV file") from None
    if len(samples) == 0:
        raise TalkError(f"{path}: holds no audio")
    if len(samples) > LONGEST_S * RATE_HZ:
        raise TalkError(f"{path}: longer than {LONGEST_S} s")
    spans = speech_spans(samples, RATE_HZ)
    if not spans:
        raise TalkError(f"{path}: no speech in it, only silence")
    return Speech(path, samples, spans[-1].end - 1)


def _decode(path: Path) -> Pcm:
    """Mono 48 kHz PCM16 of the whole file, or of a little more than the longest that is allowed."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    chunks: list[NDArray[np.int16]] = []
    count = 0
    with av.open(str(path), format="wav") as container:
        if not container.streams.audio:
            raise ValueError("no audio stream")
        for frame in container.decode(container.streams.audio[0]):
            for out in resampler.resample(frame):
                chunks.append(out.to_ndarray().reshape(-1).astype(np.int16))
                count += out.samples
            if count > (LONGEST_S + 1) * RATE_HZ:
                break
        for out in resampler.resample(None):
            chunks.append(out.to_ndarray().reshape(-1).astype(np.int16))
    return np.concatenate(chunks) if chunks else np.zeros(0, np.int16)
