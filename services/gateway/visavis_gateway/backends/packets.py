"""A track of media that is encoded already, as aiortc's senders take it."""

from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from rpckit.streams import LatestQueue


class PacketTrack(MediaStreamTrack):
    """A track of packets that are encoded already. Full queue: the viewer's network is dead, old ones go."""

    def __init__(self, kind: str, rate_hz: int, maxsize: int) -> None:
        self.kind = kind
        super().__init__()
        self.rate_hz = rate_hz
        self.first_pts_us: int | None = None
        self._queue: LatestQueue[av.Packet[Any]] = LatestQueue(maxsize, f"gateway.rtp.{kind}")

    def feed(self, data: bytes, pts_us: int) -> bool:
        """Queue one packet; False when an older one had to go for it. A stopped track takes nothing more."""
        if self.readyState != "live":
            return True
        packet = av.Packet(data)
        packet.pts = pts_us * self.rate_hz // 1_000_000
        packet.time_base = Fraction(1, self.rate_hz)
        dropped = self._queue.dropped_count
        self._queue.put(packet)
        return self._queue.dropped_count == dropped

    @property
    def waiting(self) -> int:
        """Packets that have not left yet."""
        return len(self._queue)

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
