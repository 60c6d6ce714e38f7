"""WebRTC through aiortc: encoded packets go out as they are, RTP and RTCP follow the session clock."""

import asyncio
import logging
import struct
from collections.abc import Callable
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.clock import current_ntp_time
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpSrPacket,
    RtpPacket,
    unpack_remb_fci,
)
from rpckit.errors import InvalidInput

from visavis_gateway.backends.offers import check_text, keep_codec, without_hidden_addresses
from visavis_gateway.backends.packets import PacketTrack
from visavis_gateway.backends.udp_ports import use_ports
from visavis_gateway.bandwidth import Pacer
from visavis_gateway.engine import Viewer

log = logging.getLogger(__name__)

AUDIO_HZ = 48_000
VIDEO_HZ = 90_000
CHANNEL = "visavis"
FACE_CHANNEL = "visavis-face"  # unordered and without repeats, when the viewer opens one
MAX_BUFFERED_BYTES = 1 << 20
MAX_BUFFERED_FACES = 16 << 10  # bytes: beyond it a state would come too late to be of use
MAX_EARLY_MESSAGES = 100
FAREWELL_S = 0.2  # closing drops what the data channel has not delivered yet


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
        self._faces: RTCDataChannel | None = None
        self._early: list[str] = []
        self._needs_keyframe = True
        self._pacer = Pacer()
        self._tracks: list[PacketTrack] = []
        self._senders: dict[str, RTCRtpSender] = {}

    async def answer(self, offer_sdp: str, codec: str | None) -> str:
        """Accept the offer, with video in `codec` (vp8, h264); None = no video.

        Raises InvalidInput for an offer that can't be answered, Busy without a free port.
        """
        self._tracks = [self._audio] if codec is None else [self._audio, self._video]
        self._pc.on("connectionstatechange", self._on_state)
        self._pc.on("datachannel", self._on_channel)
        check_text(offer_sdp)
        try:
            offer = RTCSessionDescription(sdp=without_hidden_addresses(offer_sdp), type="offer")
            await self._pc.setRemoteDescription(offer)
            self._check_offer()
            self._attach_tracks(codec)
            self._settle_ports()
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except InvalidInput:
            raise
        except (
            ValueError, KeyError, IndexError, AttributeError, AssertionError, TypeError,
            InvalidStateError, InvalidAccessError, OperationError,
            RuntimeError,  # a StopIteration of its parser
        ) as error:  # fmt: skip
            log.info("offer refused: %s", type(error).__name__)
            raise InvalidInput("sdp is not an offer that can be answered (audio, video, data)") from None
        return self._pc.localDescription.sdp

    def send_audio(self, packet: bytes, pts_us: int) -> None:
        """One Opus packet."""
        self._audio.feed(packet, pts_us)

    def send_video(self, frame: bytes, pts_us: int, *, keyframe: bool) -> None:
        """One encoded frame; nothing leaves before a keyframe, nor after a loss until the next one."""
        if self._needs_keyframe and not keyframe:
            return
        self._needs_keyframe = False
        if not self._video.feed(frame, pts_us):
            self._needs_keyframe = True
            self._viewer.on_keyframe_request()

    def video_waiting(self) -> int:
        """Frames that have not left yet."""
        return self._video.waiting

    def pace_video(self, bits_per_s: int | None) -> None:
        """Spread video packets to this rate, so that the voice keeps its way; None = as they come."""
        self._pacer.rate_bps = bits_per_s

    def send_message(self, text: str) -> None:
        """Over the data channel; kept while that is not open yet, dropped when the viewer stopped reading."""
        if self._channel is None or self._channel.readyState == "connecting":
            if len(self._early) < MAX_EARLY_MESSAGES:
                self._early.append(text)
        elif self._channel.readyState == "open" and self._channel.bufferedAmount < MAX_BUFFERED_BYTES:
            self._channel.send(text)

    def send_face(self, text: str) -> None:
        """A state of the face, if the viewer keeps up: the next one is complete, too."""
        channel = self._faces or self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > MAX_BUFFERED_FACES:
            return
        channel.send(text)

    def media_clock(self) -> dict[str, Any] | None:
        """Which RTP timestamp stands for pts 0, per track; None until every track has sent."""
        if not self._senders or len(self._origins) < len(self._senders):
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
        try:
            await self._pc.close()
        except (
            AttributeError
        ):  # aiortc trips over what a strange offer left half made, and would leave sockets
            for ice in getattr(self._pc, "_RTCPeerConnection__iceTransports"):  # noqa: B009
                await ice.stop()

    # -- set-up -----------------------------------------------------------------------------------------

    def _check_offer(self) -> None:
        kinds = {t.kind: t for t in self._pc.getTransceivers()}
        wanted = [track.kind for track in self._tracks]
        if sorted(t.kind for t in self._pc.getTransceivers()) != wanted:
            what = "one audio and one video section" if len(wanted) > 1 else "one audio section and no video"
            raise InvalidInput(f"sdp must offer exactly {what}")
        if self._pc.sctp is None:
            raise InvalidInput(f"sdp must offer a data channel ({CHANNEL})")
        self._tap_microphone(kinds["audio"].receiver)

    def _attach_tracks(self, codec: str | None) -> None:
        for track in self._tracks:
            self._senders[track.kind] = self._pc.addTrack(track)
        for transceiver in self._pc.getTransceivers():
            keep_codec(transceiver, "audio/opus" if transceiver.kind == "audio" else f"video/{codec}")
        self._follow_clock()
        if "video" in self._senders:
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
        tracks = {self._senders[track.kind]._ssrc: track for track in self._tracks}
        video_ssrc = self._senders["video"]._ssrc if "video" in self._senders else None

        async def send_rtp(data: bytes) -> None:
            if not 200 <= data[1] <= 207:
                timestamp, ssrc = struct.unpack_from("!II", data, 4)
                if ssrc == video_ssrc:
                    await asyncio.sleep(self._pacer.wait_s(len(data), asyncio.get_running_loop().time()))
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
            if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
                for report in packet.reports:
                    if report.ssrc == sender._ssrc:
                        self._viewer.on_loss(report.fraction_lost / 256)
            elif isinstance(packet, RtcpPsfbPacket):
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
        if channel.label == FACE_CHANNEL and self._faces is None:
            self._faces = channel
            return
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
