"""Uplink jitter buffer. Pure: packets and times in, frames in order out; no I/O, no clock.

The listener counts samples, so nothing has to be played out smoothly: a packet in order leaves at once and
costs no delay. Only a gap waits, for a packet that may still come: as long as packets of this sender have
lately been overtaken, from MIN_WAIT_US (the next but one packet ends the wait) to `max_wait_us`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

CLOCK_HZ = 48_000  # RFC 7587: Opus always counts at 48 kHz on the wire
FRAME_TICKS = 960  # 20 ms
RESTART_TICKS = 5 * CLOCK_HZ  # a jump larger than this is another stream, not a loss
MAX_CONCEAL_TICKS = CLOCK_HZ  # at most one second is made up for a gap
MIN_WAIT_US = 15_000  # less than a packet: the one after the next one need not be on time
WAIT_MARGIN = 1.2
FORGETTING = 0.998  # a packet: half of it in 7 s
REMEMBERED = 16
BEHIND_COUNT = 10  # late packets in a row: the way has become longer for good, and they are the present
DRIFT_US_PER_PACKET = 10  # lets the arrival estimate follow a sender that is up to 500 ppm slow


@dataclass(frozen=True, slots=True)
class UplinkFrame:
    """A stretch of microphone audio in order. `payload` None = lost: conceal `duration_ticks` of sound."""

    payload: bytes | None
    duration_ticks: int
    pts_us: int


def opus_duration_ticks(payload: bytes) -> int:
    """Length of an Opus packet in 48 kHz ticks (RFC 6716, section 3.1); 20 ms for an empty one."""
    if not payload:
        return FRAME_TICKS
    config, code = payload[0] >> 3, payload[0] & 3
    if config < 12:  # SILK: 10, 20, 40, 60 ms
        ticks = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:  # hybrid: 10, 20 ms
        ticks = (480, 960)[config & 1]
    else:  # CELT: 2.5, 5, 10, 20 ms
        ticks = (120, 240, 480, 960)[config & 3]
    count = (1, 2, 2, (payload[1] & 63) if len(payload) > 1 else 1)[code]
    return ticks * max(1, count)


class JitterBuffer:
    """Puts packets in order, waits briefly for late ones, says where sound is missing."""

    def __init__(self, max_wait_us: int = 80_000, stall_us: int = 120_000, capacity: int = 64) -> None:
        self._max_wait_us = max_wait_us
        self._overtaken_us = 0.0  # how long packets came after later ones, at most, lately
        self._arrivals: deque[tuple[int, int]] = deque(
            maxlen=REMEMBERED
        )  # media time, arrival: of the newest
        self._stall_us = stall_us
        self._capacity = capacity
        self._waiting: dict[int, tuple[bytes, int]] = {}  # timestamp -> payload, arrival
        self._next: int | None = None
        self._newest = 0
        self._offset_us: int | None = None  # arrival minus media time, smallest seen lately
        self.late_count = 0
        self._late_in_a_row = 0
        self.lost_count = 0

    def push(self, timestamp: int, payload: bytes, now_us: int) -> None:
        """Take a packet; `timestamp` is the 32-bit RTP time."""
        ticks = self._unwrap(timestamp)
        if self._next is not None and abs(ticks - self._next) > RESTART_TICKS:
            self._waiting.clear()
            self._arrivals.clear()
            self._next = self._offset_us = None
        self._learn(ticks, now_us)
        if self._next is not None and ticks < self._next:
            self.late_count += 1
            self._late_in_a_row += 1
            if self._late_in_a_row < BEHIND_COUNT:
                return
            self._next = self._offset_us = None
        self._late_in_a_row = 0
        self._newest = ticks
        seen_us = now_us - ticks * 1000 // 48
        earlier = self._offset_us + DRIFT_US_PER_PACKET if self._offset_us is not None else seen_us
        self._offset_us = min(earlier, seen_us)
        self._waiting[ticks] = (payload, now_us)
        if len(self._waiting) > self._capacity:
            del self._waiting[min(self._waiting)]

    def pop(self, now_us: int) -> Iterator[UplinkFrame]:
        """Everything that can leave now, in order."""
        if self._next is None:
            if not self._waiting:
                return
            self._next = min(self._waiting)
        while True:
            if self._next in self._waiting:
                payload, _ = self._waiting.pop(self._next)
                yield self._advance(payload, opus_duration_ticks(payload))
            elif (missing := self._missing_ticks(now_us)) > 0:
                self.lost_count += 1
                yield self._advance(None, min(missing, FRAME_TICKS))
            else:
                return

    def _missing_ticks(self, now_us: int) -> int:
        """How much sound at the head is given up; 0 = keep waiting."""
        assert self._next is not None
        if not self._waiting:  # nothing comes: a sender without a track, or a dead network
            stalled = now_us - self._pts_us(self._next) > self._stall_us
            return FRAME_TICKS if stalled else 0
        first = min(self._waiting)
        if first - self._next > MAX_CONCEAL_TICKS:
            self._next = first - MAX_CONCEAL_TICKS
        waited_us = now_us - min(arrival for _, arrival in self._waiting.values())
        return first - self._next if waited_us >= self._wait_us else 0

    @property
    def _wait_us(self) -> float:
        return min(self._max_wait_us, max(MIN_WAIT_US, WAIT_MARGIN * self._overtaken_us))

    def _learn(self, ticks: int, now_us: int) -> None:
        """Note how long after a later packet this one came."""
        self._overtaken_us *= FORGETTING
        passed = [arrival for at, arrival in self._arrivals if at > ticks]
        if passed:
            self._overtaken_us = max(self._overtaken_us, now_us - min(passed))
        else:
            self._arrivals.append((ticks, now_us))

    def _advance(self, payload: bytes | None, ticks: int) -> UplinkFrame:
        assert self._next is not None
        frame = UplinkFrame(payload, ticks, self._pts_us(self._next))
        self._next += ticks
        return frame

    def _pts_us(self, ticks: int) -> int:
        return ticks * 1000 // 48 + (self._offset_us or 0)

    def _unwrap(self, timestamp: int) -> int:
        """The 32-bit time nearest to the newest one, without the wrap."""
        delta = (timestamp - self._newest) & 0xFFFFFFFF
        return self._newest + (delta - (1 << 32) if delta >= 1 << 31 else delta)
