"""A bad network between a call and the gateway: loss, jitter, reordering, a narrow path, a blackout.

`Path` is pure: what becomes of each packet, by a seed. `BadNetwork` is two UDP sockets in the way of the
media: the offer and the answer are changed so that both sides send to these.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from visavis_cli.talk.errors import TalkError

OVERTAKEN_S = (0.02, 0.06)  # how long a packet is held back that others overtake
QUEUE_S = 0.3  # what waits longer for a narrow path is thrown away, as a router does
IP_OVERHEAD_BYTES = 28
CANDIDATE = re.compile(
    r"^a=candidate:(\S+) 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*$", re.MULTILINE | re.I
)
ANY_CANDIDATE = re.compile(r"^a=candidate:.*\r?\n", re.MULTILINE)

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Conditions:
    """How bad it is, in each direction."""

    loss: float = 0.0  # percent of the packets
    jitter: float = 0.0  # ms: each packet takes up to so much longer; order is kept
    reorder: float = 0.0  # percent of the packets are overtaken, by 20 to 60 ms
    rate: float = 0.0  # kbit/s; 0 = wide
    delay: float = 0.0  # ms
    blackout: float = 0.0  # s in which nothing passes
    after: float = 5.0  # s from the first packet to the blackout


LIMITS = {
    "loss": 100,
    "jitter": 2000,
    "reorder": 100,
    "rate": 1e6,
    "delay": 5000,
    "blackout": 60,
    "after": 3600,
}


def conditions_of(text: str) -> Conditions:
    """Conditions from "loss=2,jitter=50". Raises TalkError that names what is wrong."""
    values: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        if name not in LIMITS:
            known = ", ".join(field.name for field in fields(Conditions))
            raise TalkError(f"--network: {name or 'nothing'} is not known; there are {known}")
        try:
            values[name] = float(number)
        except ValueError:
            raise TalkError(f"--network: {name} must be a number, as in {name}=2") from None
        if not 0 <= values[name] <= LIMITS[name]:
            raise TalkError(f"--network: {name} must be 0 to {LIMITS[name]:g}")
    return Conditions(**values)


class Path:
    """One direction. Times in seconds on any clock."""

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self._is = conditions
        self._chance = random.Random(seed)
        self._free_s = self._newest_s = 0.0
        self._first_s: float | None = None
        self.passed_count = self.lost_count = 0

    def arrival_s(self, now_s: float, size_bytes: int) -> float | None:
        """When a packet that is sent now arrives; None = never."""
        if self._first_s is None:
            self._first_s = now_s
        arrival_s = None if self._is_lost(now_s - self._first_s) else self._through_queue(now_s, size_bytes)
        if arrival_s is None:
            self.lost_count += 1
            return None
        self.passed_count += 1
        return self._varied(arrival_s + self._is.delay / 1000)

    def _is_lost(self, since_s: float) -> bool:
        is_black = 0 <= since_s - self._is.after < self._is.blackout
        return self._chance.random() * 100 < self._is.loss or is_black

    def _through_queue(self, now_s: float, size_bytes: int) -> float | None:
        if not self._is.rate:
            return now_s
        begins_s = max(now_s, self._free_s)
        if begins_s - now_s > QUEUE_S:
            return None
        self._free_s = begins_s + (size_bytes + IP_OVERHEAD_BYTES) * 8 / (self._is.rate * 1000)
        return self._free_s

    def _varied(self, arrival_s: float) -> float:
        if self._chance.random() * 100 < self._is.reorder:
            return arrival_s + self._chance.uniform(*OVERTAKEN_S)
        self._newest_s = max(self._newest_s, arrival_s + self._chance.random() * self._is.jitter / 1000)
        return self._newest_s


class _Port(asyncio.DatagramProtocol):
    """One socket; what comes in is handed on."""

    def __init__(self, on_packet: Callable[[bytes], None]) -> None:
        self._on_packet = on_packet
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._on_packet(data)


def _itself(port: _Port) -> _Port:
    return port


class BadNetwork:
    """The two sockets and the paths between them; made by `bad_network`."""

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self.up, self.down = Path(conditions, seed), Path(conditions, seed + 1)
        self._host = ""
        self._viewer: Address | None = None
        self._gateway: Address | None = None
        self._at_viewer = _Port(lambda data: self._carry(data, self.up, self._at_gateway, self._gateway))
        self._at_gateway = _Port(lambda data: self._carry(data, self.down, self._at_viewer, self._viewer))
        self._pending: set[asyncio.TimerHandle] = set()

    async def through_offer(self, sdp: str) -> str:
        """The viewer's offer, with our address in place of the viewer's."""
        self._host, self._viewer = self._first_of(sdp)
        loop = asyncio.get_running_loop()
        for port in (self._at_viewer, self._at_gateway):
            await loop.create_datagram_endpoint(partial(_itself, port), local_addr=(self._host, 0))
        return self._readdressed(sdp, self._at_gateway)

    def through_answer(self, sdp: str) -> str:
        """The gateway's answer, with our address in place of the gateway's."""
        _, self._gateway = self._first_of(sdp)
        return self._readdressed(sdp, self._at_viewer)

    def close(self) -> None:
        """Drop what is on its way."""
        for handle in self._pending:
            handle.cancel()
        for port in (self._at_viewer, self._at_gateway):
            if port.transport is not None:
                port.transport.close()

    def _carry(self, data: bytes, path: Path, out: _Port, to: Address | None) -> None:
        loop = asyncio.get_running_loop()
        arrival_s = path.arrival_s(loop.time(), len(data))
        if arrival_s is None or to is None:
            return

        def deliver() -> None:
            self._pending.discard(handle)
            out.transport.sendto(data, to)

        handle = loop.call_at(arrival_s, deliver)
        self._pending.add(handle)

    @staticmethod
    def _first_of(sdp: str) -> tuple[str, Address]:
        found = CANDIDATE.search(sdp)
        if found is None:
            raise TalkError("--network needs an IPv4 address on both sides")
        return found[2], (found[2], int(found[3]))

    def _readdressed(self, sdp: str, port: _Port) -> str:
        """One candidate for each media section, ours: where theirs was the first."""
        host, number = port.transport.get_extra_info("sockname")
        ours = f"a=candidate:1 1 udp 2130706431 {host} {number} typ host\r\n"
        head, *sections = sdp.split("m=")
        return head + "".join(
            "m="
            + ANY_CANDIDATE.sub("", section).replace("a=end-of-candidates", ours + "a=end-of-candidates", 1)
            if "a=end-of-candidates" in section
            else "m=" + ANY_CANDIDATE.sub("", section) + ours
            for section in sections
        )


@asynccontextmanager
async def bad_network(conditions: Conditions | None, seed: int = 0) -> AsyncIterator[BadNetwork | None]:
    """A bad network while inside; None where there are no conditions."""
    if conditions is None:
        yield None
        return
    network = BadNetwork(conditions, seed)
    try:
        yield network
    finally:
        network.close()
