import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .peer import FakeGateway, running
from .peer_media import OpusEncoder, tone


@pytest.fixture
def fake_gateway() -> Callable[..., Any]:
    """`with fake_gateway(full=True) as (gateway, url): ...`"""

    @contextmanager
    def started(**options: Any) -> Iterator[tuple[FakeGateway, str]]:
        gateway = FakeGateway(**options)
        with running(gateway) as url:
            yield gateway, url

    return started


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """0.3 s of silence, 0.5 s of tone, 0.4 s of silence: 22.05 kHz, 16 bit, mono."""
    path = tmp_path / "question.wav"
    silence = np.zeros(round(0.3 * 22_050), np.int16), np.zeros(round(0.4 * 22_050), np.int16)
    write_wav(path, np.concatenate([silence[0], tone(0.5, rate_hz=22_050), silence[1]]), 22_050)
    return path


def write_wav(path: Path, samples: np.ndarray, rate_hz: int) -> None:
    """PCM16 mono."""
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate_hz, 0, "NONE", ""))
        out.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture
def opus() -> list[bytes]:
    """Five packets of a steady tone."""
    encoder, sound = OpusEncoder(), tone(0.1)
    return [encoder.encode(sound[at : at + 960]) for at in range(0, len(sound), 960)]
