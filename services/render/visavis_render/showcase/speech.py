"""A spoken sentence from a file: sound and mouth shapes, as `visavis avatar preview` gets them from tts."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rpckit.errors import InvalidInput

from visavis_render.animator.schedule import Cue
from visavis_render.engine import Viseme

MAX_SECONDS = 120


@dataclass(frozen=True)
class Speech:
    """pcm: mono 16 bit. cues: from its first sample on."""

    pcm: NDArray[np.int16]
    rate_hz: int
    cues: tuple[Cue, ...]

    @property
    def duration_us(self) -> int:
        return len(self.pcm) * 1_000_000 // self.rate_hz


def read_speech(path: Path) -> Speech:
    """An .npz with pcm (int16), rate_hz, and cues: rows of viseme, offset_us, duration_us, intensity."""
    try:
        with np.load(path, allow_pickle=False) as data:
            pcm, rate_hz, rows = data["pcm"], int(data["rate_hz"]), data["cues"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"speech {path.name}: {error}") from None
    if pcm.dtype != np.int16 or pcm.ndim != 1 or not 8000 <= rate_hz <= 48000:
        raise InvalidInput(f"speech {path.name}: pcm must be mono int16 at 8000 to 48000 Hz")
    if (
        len(pcm) > MAX_SECONDS * rate_hz
        or rows.ndim != 2
        or rows.shape[1] != 4
        or not np.isfinite(rows).all()
    ):
        raise InvalidInput(f"speech {path.name}: at most {MAX_SECONDS} s, and four finite numbers a cue")
    cues = (Cue(Viseme(int(v)), int(o), int(d), float(min(1.0, max(0.0, i)))) for v, o, d, i in rows)
    return Speech(pcm, rate_hz, tuple(cues))
