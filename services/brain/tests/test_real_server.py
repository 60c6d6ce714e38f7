"""The openai backend against a real llama.cpp server in a process of its own, which is frozen and killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from rpckit.errors import NotReady
from visavis_brain.backends import load_engine
from visavis_brain.config import Config
from visavis_brain.engine import End, Finish, Line, Piece, Prompt, Role

from .conftest import MODELS

pytestmark = pytest.mark.models
SERVER = """
import sys
from pathlib import Path
from visavis_brain.backends.llama import params_of
from visavis_brain.config import Config
from xllamacpp import Server
server = Server(params_of(Config(models_dir=Path(sys.argv[1]), slots=1)))
print(server.listening_address, flush=True)
sys.stdin.read()
"""
STORY = Prompt(
    (Line(Role.SYSTEM, "Be kind."), Line(Role.USER, "Count from one to two hundred in words.")), 900
)


@contextlib.contextmanager
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, and the address at which it speaks the OpenAI protocol."""
    command = [sys.executable, "-c", SERVER, str(MODELS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, f"{process.stdout.readline().strip()}/v1"
        finally:
            process.kill()


@contextlib.asynccontextmanager
async def asked(url: str, **settings: object) -> AsyncIterator[object]:
    """An engine that speaks to it."""
    defaults = {"first_token_timeout_s": 60, "next_token_timeout_s": 30, "retry_count": 0}
    engine = load_engine(Config(backend="openai", base_url=url, **{**defaults, **settings}))
    conversation = engine.open("s1")
    yield conversation
    conversation.close()
    await engine.close()


async def events_until_broken(conversation, break_off) -> list[object]:
    """Everything of a long reply; `break_off` is called after its third piece."""
    seen: list[object] = []
    async with asyncio.timeout(90):
        async for event in conversation.reply(STORY):
            seen.append(event)
            if sum(isinstance(each, Piece) for each in seen) == 3 and break_off is not None:
                break_off()
                break_off = None
    return seen


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["stalls", "drops"])
async def test_a_server_that_ends_in_mid_reply_ends_it_as_failed(number):
    with server() as (process, url):
        async with asked(url, next_token_timeout_s=1.5) as conversation:
            seen = await events_until_broken(conversation, lambda: os.kill(process.pid, number))
            assert sum(isinstance(each, Piece) for each in seen) >= 3
            assert seen[-1] == End(Finish.ERROR)
            if number == signal.SIGSTOP:
                os.kill(process.pid, signal.SIGCONT)
                again = [event async for event in conversation.reply(Prompt(STORY.lines, 5))]
                assert again[-1] != End(Finish.ERROR), "it answers again once it runs"


async def test_a_server_that_is_gone_is_told_before_any_word():
    with server() as (_, url):
        pass
    async with asked(url, retry_count=1, connect_timeout_s=2) as conversation:
        with pytest.raises(NotReady, match="gave no reply"):
            await events_until_broken(conversation, None)
