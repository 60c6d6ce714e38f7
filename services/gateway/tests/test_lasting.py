"""A stream that lives as long as the session: reopened with what it needs to know, and the viewer is told."""

import asyncio
from typing import Any

import grpc
import pytest
from rpckit.errors import NotReady
from rpckit.testing import until
from visavis_gateway.peers import lasting
from visavis_gateway.peers.duplex import EOF
from visavis_gateway.peers.lasting import LastingStream


class Calls:
    """Opens calls as `script` says: "up" answers until `drop`, "down" can't be reached."""

    def __init__(self, script: list[str]) -> None:
        self.script = script
        self.starts: list[str] = []
        self.drop = asyncio.Event()

    def __call__(self, **_: Any) -> "Calls":
        self.is_up = (self.script.pop(0) if self.script else "down") == "up"
        self.is_started = False
        return self

    async def write(self, request: str) -> None:
        if not self.is_up:
            nothing = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, nothing, nothing)
        self.starts.append(request)

    async def read(self) -> Any:
        if not self.is_started:
            self.is_started = True
            return "started"
        await self.drop.wait()
        self.drop.clear()
        return EOF

    def cancel(self) -> None: ...


@pytest.fixture
def told() -> list[str]:
    return []


def stream_over(calls: Calls, told: list[str]) -> LastingStream[str, str]:
    def start(again: bool) -> str:
        return "snapshot" if again else "new"

    return LastingStream(
        "asr", calls, start, lambda response: None,
        lambda: told.append("reopened"), lambda away: told.append("away" if away else "back"),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(lasting, "PAUSE_S", 0.001)


async def test_a_service_that_is_away_for_a_while_is_told_once_and_reopened_with_its_snapshot(told):
    calls = Calls(["up", "down", "down", "down", "up"])
    stream = stream_over(calls, told)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(stream.run())
        await stream.ready.wait()
        calls.drop.set()
        await until(lambda: "back" in told, "it is back")
        running.cancel()
    assert told == ["away", "reopened", "back"]
    assert calls.starts == ["new", "snapshot"]


async def test_one_that_is_back_at_once_is_not_worth_a_word(told):
    calls = Calls(["up", "up"])
    stream = stream_over(calls, told)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(stream.run())
        await stream.ready.wait()
        calls.drop.set()
        await until(lambda: told, "it is open again")
        running.cancel()
    assert told == ["reopened"]


async def test_one_that_was_never_there_is_an_error_at_once(told):
    with pytest.raises(NotReady):
        await stream_over(Calls(["down"]), told).run()
    assert told == []


async def test_one_that_stays_away_is_given_up(told, monkeypatch):
    monkeypatch.setattr(lasting, "GIVE_UP_S", 0.05)
    calls = Calls(["up"])
    stream = stream_over(calls, told)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gives_up(stream))
        await stream.ready.wait()
        calls.drop.set()
        assert await running
    assert told == ["away"]


async def gives_up(stream: LastingStream[str, str]) -> bool:
    try:
        await stream.run()
    except NotReady:
        return True
    return False
