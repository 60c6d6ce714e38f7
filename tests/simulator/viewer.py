"""The viewer's end of a simulated call: all that was sent to it, and when."""

import asyncio
import json
from typing import Any

import numpy as np
from visavis_gateway.engine import Viewer
from visavis_gateway.playout import FRAME_SAMPLES

from . import marks

SILENCE = bytes(2 * FRAME_SAMPLES)
BUFFERED_S = 0.08  # what is heard was sent this long ago
QUIET_S = 0.3  # a shorter silence is inside a reply
REPORT_S = 0.2
AUDIO_HZ = 48_000
VIDEO_HZ = 90_000


def as_it_is(encoder: Any, pcm: Any) -> bytes:
    """Instead of Opus: what leaves stays readable sample by sample."""
    assert pcm.shape == (FRAME_SAMPLES,)
    assert pcm.dtype == np.int16
    return bytes(pcm.tobytes())


class Screen:
    """Implements `Transport`; `now_us` is the session's clock."""

    def __init__(self, viewer: Viewer, now_us: Any) -> None:
        self._viewer = viewer
        self._now_us = now_us
        self._voiced_us: int | None = None
        self.sounding_since_us: int | None = None
        self.audio: list[tuple[int, int, bytes]] = []  # sent at, pts, samples
        self.video_pts_us: list[int] = []
        self.messages: list[tuple[int, dict[str, Any]]] = []
        self.loses_reports = self.is_cut_off = False
        self.lost: list[int] = []  # frames that were sent and never arrived
        self.is_closed = False

    async def answer(self, offer_sdp: str, codec: str | None) -> str:
        return f"answer to {offer_sdp}"

    def send_audio(self, packet: bytes, pts_us: int) -> None:
        now_us = self._now_us()
        if self.is_cut_off:
            self.lost.append(len(self.audio))
        self.audio.append((now_us, pts_us, packet))
        if packet != SILENCE:
            self._voiced_us = now_us
            if self.sounding_since_us is None:
                self.sounding_since_us = now_us
        elif self._voiced_us is not None and now_us - self._voiced_us > QUIET_S * 1_000_000:
            self.sounding_since_us = None

    def send_video(self, frame: bytes, pts_us: int, *, keyframe: bool) -> None:
        self.video_pts_us.append(pts_us)

    def video_waiting(self) -> int:
        return 0

    def pace_video(self, bits_per_s: int | None) -> None:
        """The simulated network is wide."""

    def send_message(self, text: str) -> None:
        self.messages.append((self._now_us(), json.loads(text)))

    def send_face(self, text: str) -> None:
        raise AssertionError("this viewer is sent video")

    def media_clock(self) -> dict[str, Any] | None:
        rates = {"audio": AUDIO_HZ, "video": VIDEO_HZ}
        return {kind: {"rtp": 0, "pts_us": 0, "rate_hz": rate} for kind, rate in rates.items()}

    async def close(self) -> None:
        self.is_closed = True

    async def report(self) -> None:
        """Tell the gateway what is being heard and seen, until cancelled."""
        while True:
            await asyncio.sleep(REPORT_S)
            heard_s = max(0.0, self._now_us() / 1_000_000 - BUFFERED_S)
            report = {"type": "report", "output_latency_ms": 0}
            report |= {"audio_rtp": int(heard_s * AUDIO_HZ), "video_rtp": int(heard_s * VIDEO_HZ)}
            if not (self.loses_reports or self.is_cut_off):
                self._viewer.on_message(json.dumps(report))
            elif not self.is_cut_off:
                self._viewer._hear_from_viewer()  # the microphone's packets still come

    def of_kind(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        """Messages of a type, and when they came."""
        return [(at, message) for at, message in self.messages if message["type"] == kind]

    def heard(self) -> marks.Heard:
        """All that was sent, read back; the first millisecond is that of the first frame's pts."""
        return marks.Heard(np.frombuffer(b"".join(packet for _, _, packet in self.audio), "<i2"))

    def arrived(self) -> marks.Heard:
        """The same, with silence for what was lost on the way."""
        packets = [packet for _, _, packet in self.audio]
        for index in self.lost:
            packets[index] = SILENCE
        return marks.Heard(np.frombuffer(b"".join(packets), "<i2"))
