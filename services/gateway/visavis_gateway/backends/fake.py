"""A viewer inside this process: deterministic, for unit tests of the session."""

import json
from typing import Any

from visavis_gateway.engine import Viewer


class FakeTransport:
    """Keeps what was sent; the test plays the viewer through `viewer`."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.audio: list[tuple[int, bytes]] = []
        self.video: list[tuple[int, bytes, bool]] = []
        self.messages: list[dict[str, Any]] = []
        self.faces: list[dict[str, Any]] = []
        self.has_video = False
        self.paced_bps: int | None = None
        self.is_closed = False

    async def answer(self, offer_sdp: str, codec: str | None) -> str:
        self.has_video = codec is not None
        return f"{codec} answer to {offer_sdp}"

    def send_audio(self, packet: bytes, pts_us: int) -> None:
        self.audio.append((pts_us, packet))

    def send_video(self, frame: bytes, pts_us: int, *, keyframe: bool) -> None:
        self.video.append((pts_us, frame, keyframe))

    def video_waiting(self) -> int:
        return 0

    def pace_video(self, bits_per_s: int | None) -> None:
        self.paced_bps = bits_per_s

    def send_message(self, text: str) -> None:
        self.messages.append(json.loads(text))

    def send_face(self, text: str) -> None:
        self.faces.append(json.loads(text))

    def media_clock(self) -> dict[str, Any] | None:
        return None

    async def close(self) -> None:
        self.is_closed = True
