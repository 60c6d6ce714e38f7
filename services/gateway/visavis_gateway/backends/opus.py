"""Opus through PyAV: the microphone is decoded, the voice is encoded; one 20 ms packet a frame."""

from fractions import Fraction

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from visavis_gateway.playout import FRAME_SAMPLES, RATE_HZ

Pcm = NDArray[np.int16]

BITRATE_BPS = 40_000
# libopus' look-ahead: what a packet's decoder plays first is this much older than the packet's pts.
LOOKAHEAD_US = 6_500


class OpusEncoder:
    """24 kHz mono frames of 20 ms -> packets. Opus takes 24 kHz as it is; RTP counts 48 kHz all the same."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.format = "s16"
        self._codec.layout = "mono"
        self._codec.sample_rate = RATE_HZ
        self._codec.bit_rate = BITRATE_BPS
        self._codec.time_base = Fraction(1, RATE_HZ)
        self._codec.options = {"application": "voip", "frame_duration": "20"}
        self._codec.open()
        self._pts = 0

    def encode(self, pcm: Pcm) -> bytes:
        """One frame of 480 samples -> one packet."""
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, FRAME_SAMPLES), format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.time_base = Fraction(1, RATE_HZ)
        frame.pts = self._pts
        self._pts += FRAME_SAMPLES
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


class OpusDecoder:
    """Packets -> mono at 48 kHz; a packet that can't be read gives no samples, so it is concealed."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.format = "s16"
        self._codec.layout = "mono"
        self._codec.sample_rate = 48_000

    def decode(self, payload: bytes) -> Pcm:
        """One packet."""
        if not payload:
            return np.zeros(0, np.int16)
        try:
            frames = self._codec.decode(av.Packet(payload))
        except (FFmpegError, ValueError):
            return np.zeros(0, np.int16)
        parts = [self._mono(frame) for frame in frames]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    @staticmethod
    def _mono(frame: av.AudioFrame) -> Pcm:
        pcm = frame.to_ndarray().reshape(-1)
        channels = len(frame.layout.channels)
        if channels > 1:
            pcm = pcm.reshape(-1, channels).mean(axis=1)
        return pcm.astype(np.int16)
