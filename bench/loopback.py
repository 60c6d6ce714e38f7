"""A loudspeaker next to the microphone: what a call receives comes back, decoded, into what it sends."""

import time

import av
import numpy as np
from aiortc.rtp import RtpPacket
from numpy.typing import NDArray
from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, AudioPacket, AudioTap
from visavis_cli.talk.client import Call
from visavis_cli.talk.microphone import FRAME_SAMPLES

KEPT_SAMPLES = 4 * AUDIO_RATE_HZ

Pcm = NDArray[np.int16]


class Loudspeaker(AudioTap):
    """Plays each received packet where its RTP time puts it, counted from the first one's arrival."""

    def __init__(self) -> None:
        super().__init__()
        self._ring: Pcm = np.zeros(KEPT_SAMPLES, np.int16)
        self._played: AudioPacket | None = None
        self._shift = 0  # from RTP time to samples on the caller's clock
        self._end = self._asked = 0

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        handled = super().add(packet)
        if self.newest is not None and self.newest is not self._played:
            self._play(self.newest)
        return handled

    def _play(self, packet: AudioPacket) -> None:
        if self._played is None:
            self._shift = round(packet.arrival_s * AUDIO_RATE_HZ) - packet.rtp
        self._played = packet
        at, end = packet.rtp + self._shift, packet.rtp + self._shift + len(packet.samples)
        in_time = max(at, self._asked)
        if in_time < end:
            self._ring[np.arange(in_time, end) % KEPT_SAMPLES] = packet.samples[in_time - at :]
        self._end = max(self._end, end)

    def sound(self, start: int, count: int) -> Pcm | None:
        """What sounded in these samples of the caller's clock, asked for once; None where it came late."""
        place = np.arange(start, start + count) % KEPT_SAMPLES
        sound: Pcm = self._ring[place]
        self._ring[place] = 0
        self._asked = start + count
        return sound if start + count <= self._end else None


class Echo:
    """Lets the microphone of `call` hear `loudspeaker`, `delay_s` after the packets came."""

    def __init__(self, call: Call, loudspeaker: Loudspeaker, gain: float, delay_s: float) -> None:
        self._loudspeaker, self._gain = loudspeaker, gain
        self._delay = round(delay_s * AUDIO_RATE_HZ)
        self._speak = call.microphone.recv
        self._zero: int | None = None  # the caller's clock at pts 0
        self.frames = self.frames_without = 0
        call.microphone.recv = self._recv  # type: ignore[method-assign]

    async def _recv(self) -> av.AudioFrame:
        frame = await self._speak()
        pts = int(frame.pts or 0)
        if self._zero is None:
            self._zero = round(time.monotonic() * AUDIO_RATE_HZ) - pts
        echo = self._loudspeaker.sound(self._zero + pts - self._delay, FRAME_SAMPLES)
        self.frames += 1
        if echo is None:
            self.frames_without += 1
            return frame
        mixed = frame.to_ndarray().reshape(-1) + self._gain * echo
        pcm = np.clip(np.round(mixed), -32768, 32767).astype(np.int16)
        heard = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        heard.sample_rate, heard.time_base, heard.pts = frame.sample_rate, frame.time_base, frame.pts
        return heard
