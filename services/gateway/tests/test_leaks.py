"""After many calls nothing of them is left: no task, no stream, no subscription."""

import asyncio
import gc

from rpckit.bus import Bus
from rpckit.testing import until
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.config import Config
from visavis_gateway.personas import Personas
from visavis_gateway.session import Session
from visavis_gateway.sessions import Sessions

CALLS = 6


class CountingBus(Bus):
    """A bus to nowhere that knows how many listen."""

    def __init__(self) -> None:
        super().__init__(None)
        self.listening = self.ever = 0

    async def subscribe(self, *args):
        self.listening += 1
        self.ever += 1

        async def leave() -> None:
            self.listening -= 1

        return leave


async def hold_call(sessions: Sessions, number: int) -> None:
    """A greeting, a typed turn, and on every other call an interruption; then the viewer leaves."""
    session = await sessions.create("", "offer")
    transport = session._transport
    session.on_connected()
    session.on_message('{"type": "shown"}')
    await until(lambda: any(m["type"] == "turn" for m in transport.messages), "the greeting")
    session.on_message('{"type": "text", "text": "Hello?"}')
    await until(
        lambda: transport.messages[-1].get("state") == "speaking" or turns(transport) == 2, "an answer"
    )
    if number % 2:
        session.on_message('{"type": "interrupt"}')
    await until(lambda: turns(transport) == 2, "its end")
    session.on_message('{"type": "bye"}')
    await until(lambda: transport.is_closed, "the end")


def turns(transport: FakeTransport) -> int:
    return sum(message["type"] == "turn" for message in transport.messages)


async def test_nothing_is_left_of_a_call(backstage):
    bus = CountingBus()
    object.__setattr__(backstage.services, "bus", bus)
    config = Config(shortest_wait_ms=100)
    sessions = Sessions(config, backstage.services, Personas(), lambda viewer, now_us: FakeTransport(viewer))
    async with sessions.running():
        await hold_call(sessions, 0)
        await until(lambda: sessions.open_count == 0, "the first is over")
        await until(lambda: backstage.open_calls == 0, "its streams are closed")
        before = {task.get_name() for task in asyncio.all_tasks() if "session" in task.get_name()}
        for number in range(CALLS):
            await hold_call(sessions, number)
        await until(lambda: sessions.open_count == 0, "all are over")
        await until(lambda: backstage.open_calls == 0, "every stream is closed")
        after = {task.get_name() for task in asyncio.all_tasks() if "session" in task.get_name()}
    assert before == after == set()
    assert bus.ever == 3 * (CALLS + 1)
    assert bus.listening == 0
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Session)], "no session is kept alive"
