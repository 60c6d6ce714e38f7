"""WebRTC through aiortc: encoded packets go out as they are, RTP and RTCP follow the session clock."""

import asyncio
import logging
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.clock import current_ntp_time
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpSrPacket,
    RtpPacket,
    unpack_remb_fci,
)
from rpckit.errors import InvalidInput
from rpckit.streams import LatestQueue

from visavis_gateway.backends.udp_ports import use_ports
from visavis_gateway.engine import Viewer

log = logging.getLogger(__name__)

AUDIO_HZ = 48_000
VIDEO_HZ = 90_000
CHANNEL = "visavis"
MAX_BUFFERED_BYTES = 1 << 20
MAX_EARLY_MESSAGES = 100
FAREWELL_S = 0.2  # closing drops what the data channel has not delivered yet


class PacketTrack(MediaStreamTrack):
    """A track of packets that are encoded already. Full queue: the viewer's network is dead, old ones go."""

    def __init__(self, kind: str, rate_hz: int, maxsize: int) -> None:
        self.kind = kind
        super().__init__()
        self.rate_hz = rate_hz
        self.first_pts_us: int | None = None
        self._queue: LatestQueue[av.Packet[Any]] = LatestQueue(maxsize, f"gateway.rtp.{kind}")

    def feed(self, data: bytes, pts_us: int) -> bool:
        """Queue one packet; False when an older one had to go for it."""
        packet = av.Packet(data)
        packet.pts = pts_us * self.rate_hz // 1_000_000
        packet.time_base = Fraction(1, self.rate_hz)
        dropped = self._queue.dropped_count
        self._queue.put(packet)
        return self._queue.dropped_count == dropped

    async def recv(self) -> "av.Packet[Any]":
        """The next packet, as aiortc's sender asks for it."""
        if self.readyState != "live":
            raise MediaStreamError
        packet = await self._queue.get()
        if self.first_pts_us is None:
            self.first_pts_us = (packet.pts or 0) * 1_000_000 // self.rate_hz
        return packet

    def stop(self) -> None:
        """Nobody asks any more: what waits must not count as waiting for ever."""
        super().stop()
        self._queue.clear()


def check_text(offer_sdp: str) -> None:
    """Refuse early what aiortc would accept and never connect."""
    printable = all(c.isprintable() or c in "\r\n\t" for c in offer_sdp)
    if not printable:
        raise InvalidInput("sdp must be plain text")
    if "a=fingerprint:" not in offer_sdp or "SAVPF" not in offer_sdp:
        raise InvalidInput("sdp must offer DTLS-SRTP (a fingerprint and a SAVPF profile)")


def without_hidden_addresses(offer_sdp: str) -> str:
    """The offer less its mDNS candidates, and open for those that come with the viewer's own checks.

    Browsers hide their addresses until the microphone is allowed. Looking a name up takes a second where
    nobody answers, and with no address at all ICE would fail before the first check of the viewer arrives.
    """
    lines = offer_sdp.splitlines(keepends=True)
    hidden = [line.startswith("a=candidate:") and ".local " in line for line in lines]
    if not any(hidden):
        return offer_sdp
    kept = [line for line, drop in zip(lines, hidden, strict=True) if not drop]
    return "".join(line for line in kept if not line.startswith("a=end-of-candidates"))


def keep_codec(transceiver: RTCRtpTransceiver, mime_type: str) -> None:
    """Answer with this codec and its retransmission alone; aiortc would send the offer's first."""
    chosen = [c for c in transceiver._codecs if c.mimeType.lower() == mime_type.lower()]
    if not chosen:
        raise InvalidInput(f"sdp must offer {mime_type}")
    types = {c.payloadType for c in chosen}
    retransmission = [c for c in transceiver._codecs if c.parameters.get("apt") in types]
    transceiver._codecs = chosen + retransmission


class WebRtcTransport:
    """One peer connection, answering the viewer's offer."""

    def __init__(
        self, viewer: Viewer, ice_servers: list[str], now_us: Callable[[], int], udp_ports: range = range(0)
    ) -> None:
        servers = [RTCIceServer(urls=url) for url in ice_servers]
        self._viewer = viewer
        self._udp_ports = udp_ports
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._audio = PacketTrack("audio", AUDIO_HZ, maxsize=50)
        self._video = PacketTrack("video", VIDEO_HZ, maxsize=12)
        self._origins: dict[int, int] = {}  # ssrc -> RTP time of pts 0
        self._ntp_zero = current_ntp_time() - (now_us() << 32) // 1_000_000
        self._channel: RTCDataChannel | None = None
        self._early: list[str] = []
        self._needs_keyframe = True
        self._senders: dict[str, RTCRtpSender] = {}

    async def answer(self, offer_sdp: str) -> str:
        """Accept the offer. Raises InvalidInput for one that can't be answered, Busy without a free port."""
        self._pc.on("connectionstatechange", self._on_state)
        self._pc.on("datachannel", self._on_channel)
        check_text(offer_sdp)
        try:
            offer = RTCSessionDescription(sdp=without_hidden_addresses(offer_sdp), type="offer")
            await self._pc.setRemoteDescription(offer)
            self._check_offer()
            self._attach_tracks()
            self._settle_ports()
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except InvalidInput:
            raise
        except (
            ValueError, KeyError, IndexError, AttributeError, AssertionError, TypeError,
            InvalidStateError, InvalidAccessError, OperationError,
        ) as error:  # fmt: skip
            log.info("offer refused: %s", type(error).__name__)
            raise InvalidInput("sdp is not an offer that can be answered (audio, video VP8, data)") from None
        return self._pc.localDescription.sdp

    def send_audio(self, packet: bytes, pts_us: int) -> None:
        """One Opus packet."""
        self._audio.feed(packet, pts_us)

    def send_video(self, frame: bytes, pts_us: int, *, keyframe: bool) -> None:
        """One VP8 frame; nothing leaves before a keyframe, nor after a loss until the next one."""
        if self._needs_keyframe and not keyframe:
            return
        self._needs_keyframe = False
        if not self._video.feed(frame, pts_us):
            self._needs_keyframe = True
            self._viewer.on_keyframe_request()

    def send_message(self, text: str) -> None:
        """Over the data channel; kept while that is not open yet, dropped when the viewer stopped reading."""
        if self._channel is None or self._channel.readyState == "connecting":
            if len(self._early) < MAX_EARLY_MESSAGES:
                self._early.append(text)
        elif self._channel.readyState == "open" and self._channel.bufferedAmount < MAX_BUFFERED_BYTES:
            self._channel.send(text)

    def media_clock(self) -> dict[str, Any] | None:
        """Which RTP timestamp stands for pts 0, per track; None until both tracks have sent."""
        if len(self._origins) < 2:
            return None
        rates = {"audio": AUDIO_HZ, "video": VIDEO_HZ}
        return {
            kind: {"rtp": self._origins[sender._ssrc], "pts_us": 0, "rate_hz": rates[kind]}
            for kind, sender in self._senders.items()
        }

    async def close(self) -> None:
        """Give everything back, once the last message has had time to arrive."""
        if self._channel is not None and self._channel.readyState == "open":
            await asyncio.sleep(FAREWELL_S)
        await self._pc.close()

    # -- set-up -----------------------------------------------------------------------------------------

    def _check_offer(self) -> None:
        kinds = {t.kind: t for t in self._pc.getTransceivers()}
        if set(kinds) != {"audio", "video"} or len(self._pc.getTransceivers()) != 2:
            raise InvalidInput("sdp must offer exactly one audio and one video section")
        if self._pc.sctp is None:
            raise InvalidInput(f"sdp must offer a data channel ({CHANNEL})")
        self._tap_microphone(kinds["audio"].receiver)

    def _attach_tracks(self) -> None:
        for track in (self._audio, self._video):
            self._senders[track.kind] = self._pc.addTrack(track)
        for transceiver in self._pc.getTransceivers():
            keep_codec(transceiver, "audio/opus" if transceiver.kind == "audio" else "video/VP8")
        self._follow_clock()
        self._hear_feedback(self._senders["video"])

    def _settle_ports(self) -> None:
        transports = getattr(self._pc, "_RTCPeerConnection__iceTransports")  # noqa: B009
        for transport in transports if self._udp_ports else ():
            use_ports(transport.iceGatherer._connection, self._udp_ports)

    def _tap_microphone(self, receiver: RTCRtpReceiver) -> None:
        """Take packets before aiortc's own jitter buffer: it costs 80 ms and never recovers from a loss."""
        streams: dict[int, StreamStatistics] = getattr(receiver, "_RTCRtpReceiver__remote_streams")  # noqa: B009

        async def on_packet(packet: RtpPacket, arrival_time_ms: int) -> None:
            # Keeps aiortc's receiver reports right.
            streams.setdefault(packet.ssrc, StreamStatistics(AUDIO_HZ)).add(packet)
            self._viewer.on_audio(packet.timestamp, packet.payload)

        receiver._handle_rtp_packet = on_packet  # type: ignore[method-assign]

    def _follow_clock(self) -> None:
        """Learn each track's random RTP origin from its first packet, so that reports state media time."""
        transport = self._senders["audio"].transport
        send = transport._send_rtp
        tracks = {self._senders["audio"]._ssrc: self._audio, self._senders["video"]._ssrc: self._video}

        async def send_rtp(data: bytes) -> None:
            if not 200 <= data[1] <= 207:
                timestamp, ssrc = struct.unpack_from("!II", data, 4)
                track = tracks.get(ssrc)
                if track is not None and ssrc not in self._origins and track.first_pts_us is not None:
                    ticks = track.first_pts_us * track.rate_hz // 1_000_000
                    self._origins[ssrc] = (timestamp - ticks) & 0xFFFFFFFF
            await send(data)

        transport._send_rtp = send_rtp  # type: ignore[method-assign]
        for kind, sender in self._senders.items():
            self._state_media_time(sender, AUDIO_HZ if kind == "audio" else VIDEO_HZ)

    def _state_media_time(self, sender: RTCRtpSender, rate_hz: int) -> None:
        """aiortc pairs RTP time with the time of sending, so a late frame would shift the whole track."""
        send = sender._send_rtcp

        async def send_rtcp(packets: list[Any]) -> None:
            origin = self._origins.get(sender._ssrc)
            if origin is None:
                return  # nothing was sent yet: a report would pair two zeros
            for packet in packets:
                if isinstance(packet, RtcpSrPacket):
                    info = packet.sender_info
                    ticks = (info.rtp_timestamp - origin) & 0xFFFFFFFF
                    info.ntp_timestamp = (self._ntp_zero + (ticks << 32) // rate_hz) & (1 << 64) - 1
            await send(packets)

        sender._send_rtcp = send_rtcp  # type: ignore[method-assign]

    def _hear_feedback(self, sender: RTCRtpSender) -> None:
        """Keyframe requests and bandwidth estimates do not reach an encoded track by themselves."""
        handle = sender._handle_rtcp_packet

        async def on_rtcp(packet: Any) -> None:
            if isinstance(packet, RtcpPsfbPacket):
                if packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
                    self._viewer.on_keyframe_request()
                elif packet.fmt == RTCP_PSFB_APP:
                    self._on_remb(packet.fci, sender._ssrc)
            await handle(packet)

        sender._handle_rtcp_packet = on_rtcp  # type: ignore[method-assign]

    def _on_remb(self, fci: bytes, ssrc: int) -> None:
        try:
            bits_per_s, ssrcs = unpack_remb_fci(fci)
        except ValueError:
            return  # another application's feedback
        if ssrc in ssrcs:
            self._viewer.on_bitrate(bits_per_s)

    # -- events -----------------------------------------------------------------------------------------

    def _on_state(self) -> None:
        state = self._pc.connectionState
        if state == "connected":
            self._viewer.on_connected()
        elif state in ("failed", "closed"):
            self._viewer.on_closed()

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if channel.label != CHANNEL or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.on("message", self._on_message)
        for text in self._early:
            channel.send(text)
        self._early.clear()

    def _on_message(self, data: str | bytes) -> None:
        self._viewer.on_message(data if isinstance(data, str) else "")
