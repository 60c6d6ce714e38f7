"""One stack without weights for all tests of the network: fake ear and mind, real voice, a plain face."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest_asyncio
from visavis_cli.stack import Stack

ENV = {
    "ASR_BACKEND": "fake",
    "BRAIN_BACKEND": "fake",
    "RENDER_AVATAR": "fake",
    "OTEL_METRICS_EXPORTER": "none",
    "GATEWAY_MAX_SESSIONS": "4",
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(held_stack: Callable[..., AbstractAsyncContextManager[Stack]]) -> AsyncIterator[Stack]:
    async with held_stack(ENV, ready_within_s=300) as running:
        yield running
