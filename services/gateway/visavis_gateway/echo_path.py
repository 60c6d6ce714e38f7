"""The way from loudspeaker to microphone, learned while it is heard. Pure linear algebra, no clock.

A partitioned-block frequency-domain Kalman filter: Enzner and Vary, "Frequency-domain adaptive Kalman filter
for acoustic echo control in hands-free telephones", Signal Processing 86 (2006), diagonalised as in Kuech,
Mabande and Enzner, ICASSP 2014. Its step falls by itself while somebody else speaks.
"""

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]

BLOCK = 320  # samples at 16 kHz: 20 ms
PARTITIONS = 24  # how long the path may be: 480 ms
# How much of the path is still the same a block later; the rest is what it may have changed.
PERSISTENCE = 0.998
FIRST_UNCERTAINTY = 0.02
NOISE_MEMORY = 0.9
NOISE_FLOOR = 1e-6
# Partitions brought back to BLOCK taps in each block: all of them within 160 ms.
CONSTRAINED = 3


def power_of(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Squared magnitude, without abs()'s square root."""
    power: NDArray[np.float32] = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


class EchoPath:
    """An estimate of the path's impulse response, in partitions of one block."""

    def __init__(self) -> None:
        bins = BLOCK + 1
        self._played = np.zeros(BLOCK, np.float32)
        self._far = np.zeros((PARTITIONS, bins), np.complex64)
        self._path = np.zeros((PARTITIONS, bins), np.complex64)
        self._uncertainty = np.full((PARTITIONS, bins), FIRST_UNCERTAINTY, np.float32)
        self._noise = np.full(bins, 1e-2, np.float32)
        self._constrain_next = 0

    def subtract(self, near: Signal, far: Signal) -> Signal:
        """What of `near` the path does not explain; BLOCK samples each, full scale 1."""
        self._far[1:] = self._far[:-1]
        self._far[0] = np.fft.rfft(np.concatenate([self._played, far]))
        self._played = far
        echo = np.fft.irfft((self._path * self._far).sum(axis=0))[BLOCK:]
        residual: Signal = near - echo.astype(np.float32)
        self._learn(residual)
        return residual

    def _learn(self, residual: Signal) -> None:
        error = np.fft.rfft(np.concatenate([np.zeros(BLOCK, np.float32), residual])).astype(np.complex64)
        power = power_of(self._far)
        self._noise += np.float32(1 - NOISE_MEMORY) * (power_of(error) - self._noise)
        expected = 0.5 * (self._uncertainty * power).sum(axis=0) + self._noise + NOISE_FLOOR
        gain = self._uncertainty / expected
        self._path += gain * self._far.conj() * error
        known = PERSISTENCE**2
        self._uncertainty *= known * (1 - 0.5 * gain * power)
        self._uncertainty += (1 - known) * power_of(self._path)
        self._constrain()

    def _constrain(self) -> None:
        """Take circular convolution's second half out of a few partitions, in turn."""
        rows = (self._constrain_next + np.arange(CONSTRAINED)) % PARTITIONS
        taps = np.fft.irfft(self._path[rows], axis=1)
        taps[:, BLOCK:] = 0
        self._path[rows] = np.fft.rfft(taps, axis=1)
        self._constrain_next = (self._constrain_next + CONSTRAINED) % PARTITIONS
