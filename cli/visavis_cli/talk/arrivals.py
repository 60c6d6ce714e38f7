"""Received media as it arrives: every Opus packet and every VP8 frame, with its arrival time.

aiortc's own jitter buffer keeps audio back for 80 ms, and for good after a loss. So the taps here take
that buffer's place in aiortc's receiver: they are handed each packet (retransmissions unwrapped, payload
header taken off) the moment it arrives, and hand nothing on to aiortc's decoders.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import av
import numpy as np
from aiortc import RTCRtpReceiver
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket, RtpPacket

from visavis_cli.talk.measure import FULL_SCALE, Pcm, decibels

AUDIO_RATE_HZ = 48_000
VIDEO_RATE_HZ = 90_000
SILENT_BELOW = FULL_SCALE * decibels(-55)
GIVE_UP_AFTER_S = 0.5  # a retransmission takes a round trip or two


class Unwrapped:
    """Numbers that wrap at 2**bits, made to go on for ever."""

    def __init__(self, bits: int) -> None:
        self._modulus = 1 << bits
        self._last: int | None = None

    def __call__(self, value: int) -> int:
        if self._last is None:
            self._last = value
        half = self._modulus // 2
        step = (value - self._last + half) % self._modulus - half
        self._last += step
        return self._last


@dataclass(frozen=True)
class AudioPacket:
    """One Opus packet, decoded to mono PCM16 at 48 kHz; `rtp` and `sequence` never wrap."""

    sequence: int
    rtp: int
    arrival_s: float
    samples: Pcm

    @property
    def silent(self) -> bool:
        """Nothing in it could be heard as speech."""
        return (
            len(self.samples) == 0
            or float(np.sqrt(np.mean(self.samples.astype(np.float64) ** 2))) < SILENT_BELOW
        )


@dataclass(frozen=True)
class VideoFrame:
    """One complete encoded frame; it has arrived when its last packet has."""

    rtp: int
    arrival_s: float
    data: bytes
    keyframe: bool


class AudioTap:
    """Decodes each packet by itself as it comes; puts them in order only when asked."""

    def __init__(self) -> None:
        self._by_sequence: dict[int, AudioPacket] = {}
        self._sequence, self._rtp = Unwrapped(16), Unwrapped(32)
        self._decoder = av.AudioCodecContext.create("libopus", "r")
        self._decoder.sample_rate, self._decoder.layout = AUDIO_RATE_HZ, "stereo"
        self.reports: list[SenderReport] = []
        self.newest: AudioPacket | None = None
        self.sounded_s = float("-inf")

    @property
    def packets(self) -> list[AudioPacket]:
        """What has arrived, in the order that it was sent in."""
        return [self._by_sequence[key] for key in sorted(self._by_sequence)]

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """aiortc's call for each packet: (ask for a keyframe, a frame for aiortc to decode)."""
        sequence, rtp = self._sequence(packet.sequence_number), self._rtp(packet.timestamp)
        if sequence not in self._by_sequence and packet.payload:
            self.newest = AudioPacket(sequence, rtp, time.monotonic(), self._decode(packet.payload))
            self._by_sequence[sequence] = self.newest
            if not self.newest.silent:
                self.sounded_s = self.newest.arrival_s
        return False, None

    def _decode(self, payload: bytes) -> Pcm:
        try:
            frames = self._decoder.decode(av.Packet(payload))
        except av.FFmpegError:
            return np.zeros(0, np.int16)
        stereo = [frame.to_ndarray().reshape(-1, 2) for frame in frames]
        if not stereo:
            return np.zeros(0, np.int16)
        mono: Pcm = np.concatenate(stereo).astype(np.int32).mean(axis=1).astype(np.int16)
        return mono


@dataclass
class _Partial:
    payloads: dict[int, bytes] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None

    def complete(self) -> bool:
        return (
            self.first is not None
            and self.last is not None
            and self.last - self.first + 1 == len(self.payloads)
        )


class VideoTap:
    """Puts frames together from their packets; asks for a keyframe when a packet is lost for good."""

    def __init__(self, on_frame: Callable[[VideoFrame], None]) -> None:
        self.frames: list[VideoFrame] = []
        self.reports: list[SenderReport] = []
        self.lost_packets = 0
        self._on_frame = on_frame
        self._sequence, self._rtp = Unwrapped(16), Unwrapped(32)
        self._newest_sequence: int | None = None
        self._missing: dict[int, float] = {}
        self._partial: dict[int, _Partial] = {}

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """aiortc's call for each packet: (ask for a keyframe, a frame for aiortc to decode)."""
        now = time.monotonic()
        sequence = self._sequence(packet.sequence_number)
        self._note_missing(sequence, now)
        if packet.payload:
            self._collect(sequence, packet, now)
        return self._give_up(now), None

    def _note_missing(self, sequence: int, now: float) -> None:
        newest = sequence if self._newest_sequence is None else self._newest_sequence
        for skipped in range(newest + 1, sequence):
            self._missing[skipped] = now
        self._missing.pop(sequence, None)
        self._newest_sequence = max(newest, sequence)

    def _collect(self, sequence: int, packet: RtpPacket, now: float) -> None:
        rtp = self._rtp(packet.timestamp)
        partial = self._partial.setdefault(rtp, _Partial())
        descriptor, partial.payloads[sequence] = VpxPayloadDescriptor.parse(packet.payload)
        if descriptor.partition_start and descriptor.partition_id == 0:
            partial.first = sequence
        if packet.marker:
            partial.last = sequence
        if partial.complete():
            del self._partial[rtp]
            data = b"".join(partial.payloads[key] for key in sorted(partial.payloads))
            frame = VideoFrame(rtp, now, data, keyframe=bool(data) and not data[0] & 1)
            self.frames.append(frame)
            self._on_frame(frame)

    def _give_up(self, now: float) -> bool:
        """Forget what a retransmission would have brought by now; True when there was such a thing."""
        hopeless = [key for key, since in self._missing.items() if now - since > GIVE_UP_AFTER_S]
        for key in hopeless:
            del self._missing[key]
        self.lost_packets += len(hopeless)
        if hopeless and self._partial:
            newest = max(self._partial)
            self._partial = {key: each for key, each in self._partial.items() if newest - key < VIDEO_RATE_HZ}
        return bool(hopeless)


@dataclass(frozen=True)
class SenderReport:
    """The sender's word on which RTP timestamp (not unwrapped) belongs to which moment of its NTP clock."""

    ntp_s: float
    rtp: int


def tap(receiver: RTCRtpReceiver, buffer: AudioTap | VideoTap) -> None:
    """Let a receiver hand its packets to `buffer`, and its sender reports to `buffer.reports`."""
    name = "_RTCRtpReceiver__jitter_buffer"
    if not hasattr(receiver, name):
        raise RuntimeError("this aiortc keeps its jitter buffer elsewhere")
    setattr(receiver, name, buffer)
    handle = receiver._handle_rtcp_packet

    async def handle_and_note(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket) and packet.sender_info.packet_count > 0:
            sent = packet.sender_info
            buffer.reports.append(SenderReport(sent.ntp_timestamp / (1 << 32), sent.rtp_timestamp))
        await handle(packet)

    receiver._handle_rtcp_packet = handle_and_note  # type: ignore[method-assign]
