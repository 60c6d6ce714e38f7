"""Where viewers find this gateway: the addresses that an answer names in place of the gateway's own.

Inside a container, or behind a router, the addresses of the machine's own interfaces lead nowhere. The
UDP ports stay the same on the way (GATEWAY_UDP_PORTS, published one to one): only the address is replaced.
"""

import asyncio
import ipaddress
import re
import socket

from rpckit.errors import NotReady

BY_REQUEST = "request"
MAX_ADDRESSES = 4
LOOKUP_TIMEOUT_S = 3.0
NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?", re.IGNORECASE
)
CANDIDATE = re.compile(r"a=candidate:(\S+) (\d+) (\S+) (\d+) (\S+) (\d+) typ host(.*)")


def is_ip(text: str) -> bool:
    """An IPv4 or IPv6 address without a port."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def parse_advertised(text: str) -> tuple[str, ...]:
    """The parts of GATEWAY_ADVERTISED_ADDRESS: `request`, IP addresses, names. Raises ValueError."""
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if len(parts) > MAX_ADDRESSES:
        raise ValueError(f"must name at most {MAX_ADDRESSES} addresses")
    for part in parts:
        if is_ip(part):
            if ipaddress.ip_address(part).is_unspecified or ipaddress.ip_address(part).is_multicast:
                raise ValueError(f"{part} is no address that a viewer can send to")
        elif not NAME.fullmatch(part) or re.fullmatch(r"[\d.]+", part):
            raise ValueError(f"{part!r} must be an IP address, a host name or {BY_REQUEST!r}")
    return parts


async def look_up(name: str) -> list[str]:
    """The addresses of a host name. Raises NotReady."""
    try:
        async with asyncio.timeout(LOOKUP_TIMEOUT_S):
            found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError, TimeoutError):
        raise NotReady(f"the advertised address {name} can't be looked up") from None
    return [str(info[4][0]) for info in found]


def of_request(host: str) -> str:
    """The address by which a viewer has reached the page, from its Host header. Raises NotReady for a name.

    A name is not looked up: whoever asks can put any there.
    """
    if host == "localhost":
        return "127.0.0.1"
    if is_ip(host):
        return host
    raise NotReady(
        "GATEWAY_ADVERTISED_ADDRESS=request works where the page is opened by IP address or localhost; "
        "set it to the address of this machine"
    )


class Reach:
    """What one gateway tells its viewers; with nothing to advertise, answers stay as they are."""

    def __init__(self, advertised: tuple[str, ...] = ()) -> None:
        self._advertised = advertised

    async def addresses(self, host: str) -> list[str]:
        """The IP addresses for a viewer that reached the page at `host`, at most four. Raises NotReady."""
        found: list[str] = []
        for part in self._advertised:
            if part == BY_REQUEST:
                found.append(of_request(host))
            else:
                found += [part] if is_ip(part) else await look_up(part)
        return list(dict.fromkeys(found))[:MAX_ADDRESSES]


def advertise(sdp: str, addresses: list[str]) -> str:
    """The answer with each port of its host candidates at `addresses`, the first preferred."""
    if not addresses:
        return sdp
    lines: list[str] = []
    seen: set[tuple[str, str]] = set()
    for line in sdp.splitlines():
        if line.startswith("m="):
            seen.clear()
        if line.startswith("c=IN "):
            lines.append(f"c=IN IP{ipaddress.ip_address(addresses[0]).version} {addresses[0]}")
        elif found := CANDIDATE.fullmatch(line):
            _, component, transport, priority, _, port, rest = found.groups()
            if (component, port) not in seen:
                seen.add((component, port))
                for k, address in enumerate(addresses):
                    start = f"a=candidate:{100 + k} {component} {transport} {int(priority) - (k << 8)}"
                    lines.append(f"{start} {address} {port} typ host{rest}")
        else:
            lines.append(line)
    return "\r\n".join(lines) + "\r\n"
