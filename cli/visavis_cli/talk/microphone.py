"""A microphone that never stops: silence, and the questions that it is given to say."""

import asyncio
import time
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from visavis_cli.talk.measure import Pcm

RATE_HZ = 48_000
FRAME_SAMPLES = 960
FRAME_S = FRAME_SAMPLES / RATE_HZ
SILENCE: Pcm = np.zeros(FRAME_SAMPLES, np.int16)
TIME_BASE = Fraction(1, RATE_HZ)


@dataclass(frozen=True)
class SentFrame:
    """20 ms of mono PCM16 at 48 kHz, and when it left (monotonic seconds)."""

    sent_s: float
    samples: Pcm


@dataclass
class Saying:
    """A question under way: where it stands in what was sent, and whether it is out."""

    first_frame: int
    frame_count: int
    said: asyncio.Event = field(default_factory=asyncio.Event)


class Microphone(MediaStreamTrack):
    """Sends a frame every 20 ms of real time; keeps all that it sent."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[SentFrame] = []
        self._started_s: float | None = None
        self._to_say: list[Pcm] = []
        self._saying: Saying | None = None

    def say(self, samples: Pcm) -> Saying:
        """Say `samples` from the next frame on. One question at a time."""
        if self._to_say:
            raise ValueError("the microphone is still saying the question before")
        padded = np.zeros(-(-len(samples) // FRAME_SAMPLES) * FRAME_SAMPLES, np.int16)
        padded[: len(samples)] = samples
        self._to_say = list(padded.reshape(-1, FRAME_SAMPLES)[::-1])
        self._saying = Saying(len(self.sent), len(self._to_say))
        return self._saying

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms, when they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        if self._started_s is None:
            self._started_s = now
        await asyncio.sleep(max(0.0, self._started_s + len(self.sent) * FRAME_S - now))
        samples = self._to_say.pop() if self._to_say else SILENCE
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, TIME_BASE, len(self.sent) * FRAME_SAMPLES
        self.sent.append(SentFrame(time.monotonic(), samples))
        if self._saying and len(self.sent) >= self._saying.first_frame + self._saying.frame_count:
            self._saying.said.set()
            self._saying = None
        return frame
