"""The container's health check, asked of a real server."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from rpckit.blocking import run_step
from rpckit.healthcheck import serves
from rpckit.serve import new_server

STATES = health_pb2.HealthCheckResponse


@pytest.fixture
async def server() -> AsyncIterator[tuple[int, health_aio.HealthServicer]]:
    """A server's port, and the health that it reports."""
    server, health = new_server(), health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield port, health
    await server.stop(None)


@pytest.mark.parametrize(("state", "is_well"), [(STATES.SERVING, True), (STATES.NOT_SERVING, False)])
async def test_says_what_the_service_says(server, state, is_well):
    port, health = server
    await health.set("", state)
    assert await run_step(serves, port) is is_well


async def test_a_server_that_speaks_something_else_does_not_serve():
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    web = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with web:
        assert await run_step(serves, web.sockets[0].getsockname()[1]) is False


async def test_nobody_there_is_a_line_and_no_stack_trace(server):
    port, _ = server
    done = await run_step(
        subprocess.run, [sys.executable, "-m", "rpckit.healthcheck", "1"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "no answer: Connection refused\n")
    assert port != 1
