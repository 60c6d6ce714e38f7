"""Every kind of WAV file is read; what is none is refused with a reason."""

import struct
from pathlib import Path

import numpy as np
import pytest
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.speech import read_speech

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


def wav(samples: np.ndarray, rate_hz: int, code: int, bits: int, channels: int = 1) -> bytes:
    """A WAV file of samples in -1..1."""
    if code == FLOAT:
        body = samples.astype("<f4" if bits == 32 else "<f8").tobytes()
    elif bits == 8:
        body = (samples * 127 + 128).astype(np.uint8).tobytes()
    elif bits == 24:
        body = (samples * 8_388_607).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    else:
        body = (samples * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes()
    step = channels * bits // 8
    form = struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * step, step, bits)
    if code == EXTENSIBLE:
        form += struct.pack("<HHI", 22, bits, 0) + b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def spoken(rate_hz: int, seconds: float = 0.5) -> np.ndarray:
    """0.25 s of silence, a tone, 0.25 s of silence."""
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(round(seconds * rate_hz)) / rate_hz)
    rest = np.zeros(rate_hz // 4)
    return np.concatenate([rest, tone, rest])


@pytest.mark.parametrize(
    ("rate_hz", "code", "bits", "channels"),
    [
        (48_000, PCM, 16, 1),
        (8_000, PCM, 8, 1),
        (44_100, PCM, 24, 2),
        (16_000, PCM, 32, 1),
        (22_050, FLOAT, 32, 1),
        (96_000, FLOAT, 64, 2),
        (48_000, EXTENSIBLE, 16, 2),
    ],
)
def test_formats(tmp_path: Path, rate_hz: int, code: int, bits: int, channels: int) -> None:
    path = tmp_path / "q.wav"
    path.write_bytes(wav(np.repeat(spoken(rate_hz), channels), rate_hz, code, bits, channels))
    speech = read_speech(path)
    assert speech.samples.dtype == np.int16
    assert len(speech.samples) == pytest.approx(48_000, abs=60)
    assert np.abs(speech.samples).max() == pytest.approx(16_384, rel=0.05)
    assert speech.last_speech_sample == pytest.approx(36_000, abs=240)


def test_a_header_that_promises_more_than_there_is(tmp_path: Path) -> None:
    path = tmp_path / "q.wav"
    path.write_bytes(wav(spoken(16_000), 16_000, PCM, 16)[:-4000])
    assert len(read_speech(path).samples) == pytest.approx(42_000, abs=60)


LONG = wav(spoken(8_000, 61), 8_000, PCM, 16)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a readable WAV file"),
        (b"ID3\x04 this is no wav", "not a readable WAV file"),
        (b"RIFF\0\0\0\0WAVE", "not a readable WAV file"),
        (wav(np.zeros(0), 16_000, PCM, 16), "holds no audio"),
        (wav(np.zeros(16_000), 16_000, PCM, 16), "no speech in it"),
        (LONG, "longer than 60 s"),
        (None, "no such file"),
    ],
)
def test_refused(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "q.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TalkError, match=reason) as refused:
        read_speech(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TalkError, match="no such file"):
        read_speech(tmp_path)
