"""From microphone packets to the chunks that the ear wants: order, decode, conceal, 48 -> 16 kHz."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visavis_gateway.concealment import Concealer
from visavis_gateway.jitter import JitterBuffer, UplinkFrame

Pcm = NDArray[np.int16]

RATE_HZ = 16_000
DECIMATION = 3
TAPS = 63
CUTOFF = 0.94 / (2 * DECIMATION)  # cycles per input sample: 7.5 kHz


class Decoder(Protocol):
    """Opus packet -> mono PCM at 48 kHz; an unreadable packet gives no samples."""

    def decode(self, payload: bytes) -> Pcm: ...


@dataclass(frozen=True, slots=True)
class CapturedChunk:
    """16 kHz mono samples and when the first of them was captured."""

    pcm: Pcm
    pts_us: int
    concealed: bool


class Decimator:
    """48 -> 16 kHz through a windowed-sinc low pass (Hamming, 63 taps); keeps its state across chunks."""

    def __init__(self) -> None:
        n = np.arange(TAPS) - (TAPS - 1) / 2
        kernel = np.sinc(2 * CUTOFF * n) * np.hamming(TAPS)
        self._kernel = kernel / kernel.sum()
        self._past = np.zeros(TAPS - 1)
        self._phase = 0

    def __call__(self, pcm: Pcm) -> Pcm:
        signal = np.concatenate([self._past, pcm.astype(np.float64)])
        self._past = signal[-(TAPS - 1) :]
        filtered = np.convolve(signal, self._kernel, mode="valid")
        out = filtered[self._phase :: DECIMATION]
        self._phase = (self._phase - len(pcm)) % DECIMATION
        return np.clip(np.round(out), -32768, 32767).astype(np.int16)


class Uplink:
    """One microphone. `push` on arrival, `poll` every frame; both give the chunks that are ready."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._jitter = JitterBuffer()
        self._decimate = Decimator()
        self._concealer = Concealer()
        self.concealed_count = 0

    def push(self, timestamp: int, payload: bytes, now_us: int) -> Iterator[CapturedChunk]:
        """A packet came in."""
        self._jitter.push(timestamp, payload, now_us)
        return self.poll(now_us)

    def poll(self, now_us: int) -> Iterator[CapturedChunk]:
        """Time passed: gaps that have waited long enough are concealed."""
        for frame in self._jitter.pop(now_us):
            pcm, concealed = self._sound_of(frame)
            yield CapturedChunk(self._decimate(pcm), frame.pts_us, concealed)

    def _sound_of(self, frame: UplinkFrame) -> tuple[Pcm, bool]:
        pcm = self._decoder.decode(frame.payload) if frame.payload is not None else np.zeros(0, np.int16)
        if len(pcm) == frame.duration_ticks:
            return self._concealer.take(pcm), False
        self.concealed_count += 1
        return self._concealer.make(frame.duration_ticks), True
