"""WebRTC's echo canceller (AEC3, as in Chrome) through pywebrtc-audio."""

import numpy as np
from numpy.typing import NDArray
from pywebrtc_audio import EchoCanceller

from visavis_gateway.echo import RATE_HZ

Pcm = NDArray[np.int16]


class Aec3:
    """One microphone's canceller. It finds the delay itself; 10 ms take about 60 us."""

    def __init__(self) -> None:
        self._canceller = EchoCanceller(sample_rate=RATE_HZ)

    def suppress(self, near: Pcm, far: Pcm) -> Pcm:
        """`near` without what it has of `far`; whole multiples of 160 samples, as long as each other."""
        return self._canceller.process(near, far)
