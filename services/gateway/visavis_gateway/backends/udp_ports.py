"""Makes a call's media use a port of a given range: one port a call, the same on every interface."""

import asyncio
import errno
import random
import socket
from collections.abc import Sequence
from typing import Any

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol, server_reflexive_candidate
from aioice.stun import TransactionError
from aioice.turn import UDP_SOCKET_BUFFER_SIZE
from rpckit.errors import Busy

STUN_TIMEOUT_S = 5.0


def use_ports(connection: Connection, ports: range) -> None:
    """Let this connection gather its own candidates at a port of `ports` only; aioice takes any port.

    Gathering raises Busy when all of them are taken.
    """
    gather_relayed = connection.get_component_candidates

    async def gather(component: int, addresses: list[str]) -> list[Candidate]:
        protocols = await bind(connection, addresses, ports)
        connection._protocols += protocols
        found = []
        for protocol in protocols:
            protocol.local_candidate = host_candidate(
                component, protocol.transport.get_extra_info("sockname")
            )
            found.append(protocol.local_candidate)
        found += await seen_by_stun(connection, protocols)
        return [*found, *await gather_relayed(component, [])]

    connection.get_component_candidates = gather  # type: ignore[assignment, method-assign]


async def bind(connection: Connection, addresses: Sequence[str], ports: range) -> list[StunProtocol]:
    """One socket for each address, all at the same port. Raises Busy when no port is free."""
    # Any order: a port that was just given up may still get packets of its last call.
    for port in random.sample(ports, len(ports)):
        protocols: list[StunProtocol] = []
        try:
            for address in addresses:
                protocols += await bind_one(connection, address, port)
            return protocols
        except OSError:
            for protocol in protocols:
                protocol.transport.close()
    raise Busy(f"all UDP ports from {ports[0]} to {ports[-1]} are in use; try again in a minute")


async def bind_one(connection: Connection, address: str, port: int) -> list[StunProtocol]:
    """A socket, or none when the address can't be used at all. Raises OSError when the port is taken."""
    loop = asyncio.get_running_loop()
    try:
        transport, protocol = await loop.create_datagram_endpoint(
            lambda: StunProtocol(connection), local_addr=(address, port)
        )
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise
        return []
    buffer = transport.get_extra_info("socket")
    buffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE)
    return [protocol]


def host_candidate(component: int, address: tuple[Any, ...]) -> Candidate:
    """The candidate of a socket."""
    return Candidate(
        foundation=candidate_foundation("host", "udp", address[0]),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=address[0],
        port=address[1],
        type="host",
    )


async def seen_by_stun(connection: Connection, protocols: list[StunProtocol]) -> list[Candidate]:
    """What the STUN server sees of the sockets; nothing when there is none or it does not answer."""
    server = connection.stun_server
    if server is None:
        return []
    found: list[Candidate] = []

    async def ask(protocol: StunProtocol) -> None:
        try:
            async with asyncio.timeout(STUN_TIMEOUT_S):
                found.append((await server_reflexive_candidate(protocol, server))[0])
        except (OSError, TimeoutError, TransactionError):
            return

    async with asyncio.TaskGroup() as tasks:
        for protocol in protocols:
            if ":" not in protocol.local_candidate.host:
                tasks.create_task(ask(protocol), name="gateway.stun")
    return found
