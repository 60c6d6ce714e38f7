"""One stack without weights for all tests of the network: fake ear and mind, real voice, a plain face."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from visavis_cli.stack import Ports, Stack, running_stack

ENV = {
    "ASR_BACKEND": "fake",
    "BRAIN_BACKEND": "fake",
    "RENDER_AVATAR": "fake",
    "OTEL_METRICS_EXPORTER": "none",
    "GATEWAY_MAX_SESSIONS": "4",
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack() -> AsyncIterator[Stack]:
    ready: asyncio.Future[Stack] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    async def hold() -> None:  # enters and leaves in one task, as its task group wants it
        async with running_stack(Ports.ephemeral(), ENV, ready_within_s=300) as running:
            ready.set_result(running)
            await leave.wait()

    holder = asyncio.create_task(hold())
    await asyncio.wait([holder, ready], return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        holder.result()  # raises why it did not start
    yield ready.result()
    leave.set()
    await holder
