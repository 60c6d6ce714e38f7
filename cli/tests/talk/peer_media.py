"""What the fake peer sends: tones in Opus, stripes in VP8, paced on the call's clock."""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

RATE_HZ = 48_000
WIDTH, HEIGHT = 128, 96


def tone(seconds: float, level: float = 0.3, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A loud, steady sound: its first and last sample are as easy to find as they get."""
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    return (32767 * level * np.sin(2 * np.pi * 330 * at + 0.8)).astype(np.int16)


class PacedTrack(MediaStreamTrack):
    """Encoded packets on the call's clock: packet n is due at n * step_s (+ delay_s)."""

    def __init__(self, kind: str, call: Any, step_s: float, make: Callable[[int], bytes]) -> None:
        super().__init__()
        self.kind, self.call, self.step_s, self.make = kind, call, step_s, make
        self.delay_s = 0.0
        self.count = 0
        self.rate_hz = RATE_HZ if kind == "audio" else 90_000

    async def recv(self) -> av.Packet:
        if self.readyState != "live":
            raise MediaStreamError
        if self.call.vanished:
            await asyncio.Event().wait()
        due = self.call.begin() + self.count * self.step_s + self.delay_s
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        packet = av.Packet(self.make(self.count))
        packet.pts = round(self.count * self.step_s * self.rate_hz)
        packet.time_base = Fraction(1, self.rate_hz)
        self.count += 1
        return packet


class OpusEncoder:
    """20 ms of mono PCM16 at 48 kHz in, one packet out."""

    def __init__(self) -> None:
        self.codec = av.CodecContext.create("libopus", "w")
        self.codec.format, self.codec.layout, self.codec.sample_rate = "s16", "mono", RATE_HZ
        self.codec.options = {"application": "lowdelay"}
        self.count = 0

    def encode(self, samples: np.ndarray) -> bytes:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, self.count * 960
        self.count += 1
        return bytes(self.codec.encode(frame)[0])


@cache
def vp8_frames() -> list[bytes]:
    """A second of video that begins with a keyframe: stripes that move."""
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = WIDTH, HEIGHT, "yuv420p", Fraction(1, 25)
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    encoded = []
    for count in range(25):
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        picture[:HEIGHT] = (np.arange(WIDTH) + 3 * count) % 200
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = count
        encoded.append(bytes(codec.encode(frame)[0]))
    return encoded
