"""Asks a program whether it is ready to work."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc
from rpckit.channels import open_channel

from visavis_cli.programs import Program

PROBE_TIMEOUT_S = 1.0
GATEWAY_TIMEOUT_S = 5.0  # it asks every service in turn

Probe = Callable[[str], Awaitable[bool]]


async def grpc_serving(target: str) -> bool:
    """The service at host:port reports SERVING."""
    async with open_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=PROBE_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def health_of_gateway(target: str, timeout_s: float, *, secure: bool) -> httpx.Response | None:
    """What the gateway at host:port says of itself; None when nothing speaks HTTP there.

    Its certificate is not looked at: this asks whether our own process answers, and tells it nothing.
    """
    scheme = "https" if secure else "http"
    try:
        async with httpx.AsyncClient(timeout=timeout_s, trust_env=False, verify=False) as client:
            return await client.get(f"{scheme}://{target}/api/health")
    except httpx.HTTPError:
        return None


async def gateway_healthy(target: str, *, secure: bool = False) -> bool:
    """The gateway at host:port answers and reaches every service it needs."""
    answer = await health_of_gateway(target, GATEWAY_TIMEOUT_S, secure=secure)
    return answer is not None and answer.status_code == httpx.codes.OK


async def is_gateway(target: str) -> bool:
    """A gateway answers at host:port, be it healthy or not, over TLS or not."""
    for secure in (False, True):
        answer = await health_of_gateway(target, GATEWAY_TIMEOUT_S / 2, secure=secure)
        if answer is not None:
            return str(answer.headers.get("content-type")).startswith("application/json")
    return False


async def nats_greets(target: str) -> bool:
    """A NATS server at host:port introduces itself."""
    host, port = target.rsplit(":", 1)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                return (await reader.readline()).startswith(b"INFO ")
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, ValueError, TimeoutError):
        return False


async def is_ready(program: Program) -> bool:
    """The program is ready to work."""
    if program.name == "gateway":
        return await gateway_healthy(program.target, secure=program.is_secure)
    ask: Probe = nats_greets if program.name == "nats" else grpc_serving
    return await ask(program.target)
