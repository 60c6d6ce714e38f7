"""The client against a real HTTP server that behaves well, badly, and not at all."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from rpckit.errors import NotReady
from visavis_brain.backends import load_engine
from visavis_brain.config import Config
from visavis_brain.engine import Cost, End, Finish, Line, Piece, Prompt, Role, Tool, ToolWish

from .conftest import settled

PROMPT = Prompt((Line(Role.SYSTEM, "Be kind."), Line(Role.USER, "Hi")), 60)
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Upstream:
    """An HTTP server of one endpoint; remembers the requests and counts the clients."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.requests: list[tuple[str, dict]] = []
        self.open_count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_count += 1
        try:
            await self._answer(reader, writer)
        finally:
            self.open_count -= 1
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = await reader.readexactly(int(fields["content-length"]))
        self.requests.append((head, json.loads(body)))
        watching = asyncio.create_task(reader.read(1))
        behaving = asyncio.create_task(self._behave(writer))
        await asyncio.wait([watching, behaving], return_when=asyncio.FIRST_COMPLETED)
        for task in (watching, behaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task


def head(status: str = "200 OK", kind: str = "text/event-stream") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()


def event(value) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def delta(text: str | None = None, finish: str | None = None, **fields) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text, **fields}, "finish_reason": finish}]})


def sends(*parts: bytes, stalls: bool = False) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if stalls:
            await asyncio.Event().wait()

    return behave


USAGE = event(
    {
        "choices": [],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 4},
        },
    }
)
DONE = b"data: [DONE]\n\n"


@asynccontextmanager
async def upstream(behave: Behaviour) -> AsyncIterator[tuple[Upstream, str]]:
    handler = Upstream(behave)
    server = await asyncio.start_server(handler.serve, "127.0.0.1", 0)
    async with server:
        yield handler, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        await settled(lambda: handler.open_count == 0)


@asynccontextmanager
async def conversation(url: str, **settings):
    config = Config(
        backend="openai",
        base_url=url,
        api_key="secret",
        model="m",
        first_token_timeout_s=0.5,
        next_token_timeout_s=0.3,
        connect_timeout_s=0.5,
        **settings,
    )
    engine = load_engine(config)
    opened = engine.open("s1")
    yield opened
    opened.close()
    await engine.close()


async def events_from(behave: Behaviour, prompt: Prompt = PROMPT):
    async with upstream(behave) as (_, url), conversation(url) as opened:
        async with asyncio.timeout(10):
            return [event async for event in opened.reply(prompt)]


async def test_a_stream_gives_pieces_cost_and_end():
    got = await events_from(
        sends(
            head(), delta("", role="assistant"), delta("Hel"), delta("lo."), delta(None, "stop"), USAGE, DONE
        )
    )
    assert got == [Piece("Hel"), Piece("lo."), Cost(9, 4, 2), End(Finish.STOP)]


async def test_events_may_be_cut_anywhere():
    whole = head() + delta("Hel") + b": a comment\n\n" + delta("lo\u2014 \U0001f600", "stop") + DONE
    got = await events_from(sends(*(whole[n : n + 3] for n in range(0, len(whole), 3))))
    assert got == [Piece("Hel"), Piece("lo\u2014 \U0001f600"), End(Finish.STOP)]


async def test_the_request_holds_what_the_protocol_wants():
    tool = Tool("look", "Looks.", '{"type": "object"}', is_read_only=True)
    wish = ToolWish("c1", "look", "{}")
    lines = (*PROMPT.lines, Line(Role.AVATAR, "", (wish,)), Line(Role.TOOL, '"rain"', call_id="c1"))
    behave = sends(head(), delta("Hi", "stop"), DONE)
    async with upstream(behave) as (server, url), conversation(url, temperature=0.3) as opened:
        assert [e async for e in opened.reply(Prompt(lines, 60, (tool,)))]
    header, body = server.requests[0]
    assert header.startswith("POST /v1/chat/completions ")
    assert "authorization: bearer secret" in header.lower()
    assert (body["model"], body["max_tokens"], body["stream"], body["temperature"]) == ("m", 60, True, 0.3)
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert body["messages"][2]["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}
    assert body["messages"][3]["tool_call_id"] == "c1"
    assert body["tools"][0]["function"]["name"] == "look"


async def test_tool_calls_are_put_together():
    def call(index, arguments, **fields):
        function = {"arguments": arguments, **fields}
        return delta(None, tool_calls=[{"index": index, "function": function, "id": f"c{index}"}])

    got = await events_from(
        sends(
            head(),
            call(0, "", name="look"),
            call(0, '{"at":'),
            call(1, "{}", name="phone"),
            call(0, '"sky"}'),
            delta(None, "tool_calls"),
            DONE,
        )
    )
    assert got == [
        ToolWish("c0", "look", '{"at":"sky"}'),
        ToolWish("c1", "phone", "{}"),
        End(Finish.STOP),
    ]


@pytest.mark.parametrize(
    "behave",
    [
        sends(head("500 Internal Server Error"), b"oh"),
        sends(head("401 Unauthorized"), b"{}"),
        sends(head("404 Not Found"), b"{}"),
        sends(head("200 OK", "text/html"), b"<html>Welcome</html>"),
        sends(b"garbage\r\n\r\n"),
        sends(b""),
        sends(stalls=True),
        sends(head(), stalls=True),
        sends(head(), b"data: {not json}\n\n"),
        sends(head(), b"data: [1, 2]\n\n"),
        sends(head(), b"data: 7\n\n"),
        sends(head(), b"data: \xff\xfe\n\n"),
        sends(head(), event({"choices": [{"delta": "text"}]})),
        sends(head(), event({"choices": "no"})),
        sends(head(), event({"error": {"message": "out of memory"}})),
        sends(head(), DONE),
        sends(head(), b"data: " + b"x" * 3_000_000 + b"\n\n"),
    ],
)
async def test_a_server_that_gives_nothing_is_not_ready(behave):
    with pytest.raises(NotReady):
        await events_from(behave)


GOOD = sends(head(), delta("Hello"), delta(None, "stop"), DONE)


def first(behave: Behaviour, then: Behaviour = GOOD) -> Behaviour:
    """One behaviour for the first request, another for those after it."""
    behaviours = [behave]

    async def next_one(writer: asyncio.StreamWriter) -> None:
        await (behaviours.pop() if behaviours else then)(writer)

    return next_one


@pytest.mark.parametrize(
    "behave",
    [
        sends(b""),
        sends(head("503 Service Unavailable"), b"{}"),
        sends(head("429 Too Many Requests"), b"{}"),
        sends(head()),
        sends(head(), DONE),
    ],
)
async def test_a_failure_that_may_pass_is_tried_once_more(behave):
    async with upstream(first(behave)) as (server, url), conversation(url) as opened:
        assert [event async for event in opened.reply(PROMPT)] == [Piece("Hello"), End(Finish.STOP)]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("behave", "settings", "count"),
    [
        (sends(head("401 Unauthorized"), b"{}"), {}, 1),
        (sends(head(), stalls=True), {}, 1),
        (sends(head("503 Service Unavailable"), b"{}"), {"retry_count": 0}, 1),
        (sends(head("503 Service Unavailable"), b"{}"), {"retry_count": 2}, 3),
    ],
)
async def test_other_failures_are_not(behave, settings, count):
    async with upstream(behave) as (server, url), conversation(url, **settings) as opened:
        with pytest.raises(NotReady):
            await anext(opened.reply(PROMPT))
    assert len(server.requests) == count


async def test_what_has_begun_is_never_begun_again():
    behave = first(sends(head(), delta("Hel")))
    async with upstream(behave) as (server, url), conversation(url) as opened:
        assert [event async for event in opened.reply(PROMPT)] == [Piece("Hel"), End(Finish.ERROR)]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "behave",
    [
        sends(head(), delta("Hello")),
        sends(head(), delta("Hello"), stalls=True),
        sends(head(), delta("Hello"), b"data: {broken\n\n"),
        sends(head(), delta("Hello"), event({"error": {"message": "out of memory"}})),
        sends(head(), delta("Hello"), b"data: {"),
    ],
)
async def test_a_stream_that_breaks_off_keeps_its_text(behave):
    assert await events_from(behave) == [Piece("Hello"), End(Finish.ERROR)]


async def test_a_stream_that_only_keeps_alive_is_stalled():
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head() + delta("Hello"))
        while True:
            writer.write(b": still here\n\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    assert await events_from(behave) == [Piece("Hello"), End(Finish.ERROR)]


async def test_nobody_listens():
    async with conversation("http://127.0.0.1:9/v1") as opened:
        with pytest.raises(NotReady):
            await anext(opened.reply(PROMPT))


async def test_closing_the_stream_leaves_the_server():
    behave = sends(head(), delta("Hello"), stalls=True)
    async with upstream(behave) as (server, url), conversation(url) as opened:
        async with contextlib.aclosing(opened.reply(PROMPT)) as events:
            assert await anext(events) == Piece("Hello")
        await settled(lambda: server.open_count == 0)


async def test_the_length_limit_is_told_apart():
    assert (await events_from(sends(head(), delta("Hel", "length"), DONE)))[-1] == End(Finish.LENGTH)


@pytest.mark.parametrize(("warm_up", "count"), [(True, 1), (False, 0)])
async def test_warming_up_is_a_choice(warm_up, count):
    behave = sends(head(), delta("Hi", "length"), DONE)
    async with upstream(behave) as (server, url), conversation(url, warm_up=warm_up) as opened:
        await opened.warm(PROMPT)
    assert len(server.requests) == count


async def test_words_stay_out_of_the_log(caplog):
    with pytest.raises(NotReady) as e:
        await events_from(sends(head(), b"data: {my secret words}\n\n"))
    assert "secret" not in caplog.text + str(e.value)
