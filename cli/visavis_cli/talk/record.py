"""All that a talk saw and did, for the recording and the report. Times are monotonic seconds."""

from dataclasses import dataclass, field
from typing import Any

from visavis_cli.talk.arrivals import (
    AUDIO_RATE_HZ,
    VIDEO_RATE_HZ,
    AudioPacket,
    AudioTap,
    SenderReport,
    VideoFrame,
)
from visavis_cli.talk.microphone import FRAME_SAMPLES, Saying, SentFrame
from visavis_cli.talk.speech import Speech

Message = dict[str, Any]


@dataclass(frozen=True)
class Clock:
    """One RTP timestamp of each track, and the session time (microseconds) that it stands for."""

    audio_rtp: int
    audio_pts_us: int
    video_rtp: int
    video_pts_us: int

    def audio_pts_s(self, rtp: int) -> float:
        """The session time of an audio RTP timestamp, wrapped or not."""
        return self.audio_pts_us / 1e6 + _signed_32(rtp - self.audio_rtp) / AUDIO_RATE_HZ

    def video_pts_s(self, rtp: int) -> float:
        """The session time of a video RTP timestamp, wrapped or not."""
        return self.video_pts_us / 1e6 + _signed_32(rtp - self.video_rtp) / VIDEO_RATE_HZ


def _signed_32(difference: int) -> int:
    return (difference + (1 << 31)) % (1 << 32) - (1 << 31)


@dataclass
class Question:
    """A question as it was said, and the gateway's `turn` messages that ended since it began."""

    speech: Speech
    saying: Saying
    turns: list[Message] = field(default_factory=list)

    def last_speech_sent_s(self, sent: list[SentFrame]) -> float | None:
        """When the packet with its last speech sample left; None if it never did."""
        index = self.saying.first_frame + self.speech.last_speech_sample // FRAME_SAMPLES
        return sent[index].sent_s if index < len(sent) else None


@dataclass
class Record:
    """Filled while the call goes on, so whatever ends the call, what was seen is kept."""

    sent: list[SentFrame] = field(default_factory=list)
    audio: AudioTap = field(default_factory=AudioTap)
    video: list[VideoFrame] = field(default_factory=list)
    video_packets_lost: int = 0
    video_reports: list[SenderReport] = field(default_factory=list)
    session: Message = field(default_factory=dict)
    manifest: Message = field(default_factory=dict)
    clock: Clock | None = None
    states: list[tuple[float, str]] = field(default_factory=list)  # since when (session time, s), and which
    questions: list[Question] = field(default_factory=list)
    greeting: Message = field(default_factory=dict)

    @property
    def received(self) -> list[AudioPacket]:
        """The audio that arrived, in the order that it was sent in."""
        return self.audio.packets
