"""The mind's stream when it fails, stalls, and asks for tools: against a scripted brain over real gRPC."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from rpckit.channels import open_channel
from rpckit.errors import NotReady, ServiceError
from rpckit.serve import new_server
from rpckit.testing import until
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.brain.v1 import brain_service_pb2_grpc as pb_grpc
from visavis_gateway.engine import Persona, Tool
from visavis_gateway.peers import brain, errands
from visavis_gateway.peers.brain import BrainPeer

SORRY = "Sorry, that went wrong."
STALL = object()
DROP = object()
BREAK = object()


def tool_call(name: str, call_id: str = "c1", **arguments: Any) -> pb.ReplyResponse:
    call = pb.ToolCall(call_id=call_id, name=name, arguments_json=json.dumps(arguments))
    return pb.ReplyResponse(tool_call=call)


class Mind(pb_grpc.BrainServiceServicer):
    """Plays `steps` for each generate: text, a tool call (then it waits for the result), a failure."""

    def __init__(self) -> None:
        self.steps: list[Any] = []
        self.requests: list[pb.ReplyRequest] = []
        self._results: asyncio.Queue[pb.ToolResult] = asyncio.Queue()

    async def Reply(self, requests: Any, context: Any) -> None:
        async with asyncio.TaskGroup() as tasks:
            playing: list[asyncio.Task[None]] = []
            async for request in requests:
                self.requests.append(request)
                match request.WhichOneof("event"):
                    case "start":
                        await context.write(
                            pb.ReplyResponse(started=pb.ReplyStarted(model="mind", why="the only one"))
                        )
                    case "generate":
                        play = self._play(request.generate.generation, context)
                        playing.append(tasks.create_task(play))
                    case "tool_result":
                        self._results.put_nowait(request.tool_result)
                    case "discard":
                        playing[-1].cancel()
                    case "finish":
                        await asyncio.wait(playing or [tasks.create_task(asyncio.sleep(0))])
                        return

    async def _play(self, generation: int, context: Any) -> None:
        reason = pb.FINISH_REASON_STOP
        for step in self.steps:
            if step is STALL:
                await asyncio.Event().wait()
            if step is DROP:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            if step is BREAK:
                reason = pb.FINISH_REASON_ERROR
                break
            is_text = isinstance(step, str)
            response = pb.ReplyResponse(text=pb.TextDelta(text=step)) if is_text else step
            response.generation = generation
            await context.write(response)
            if not is_text:
                await self._results.get()
        done = pb.ReplyDone(finish_reason=reason)
        await context.write(pb.ReplyResponse(generation=generation, done=done))

    def results(self) -> list[tuple[str, Any, bool]]:
        found = [r.tool_result for r in self.requests if r.WhichOneof("event") == "tool_result"]
        return [(each.call_id, json.loads(each.result_json), each.failed) for each in found]


class Turn:
    """A BrainPeer and what came of it."""

    def __init__(self, stub: pb_grpc.BrainServiceStub, persona: Persona) -> None:
        self.texts: list[tuple[int, str]] = []
        self.ends: list[tuple[int, bool]] = []
        self.judgements: list[tuple[str, float]] = []
        self.models: list[tuple[str, str]] = []
        self.peer = BrainPeer(
            stub, self._text, self._done, self._judged, lambda name, why: self.models.append((name, why))
        )
        self._persona = persona

    async def _text(self, generation: int, text: str) -> None:
        self.texts.append((generation, text))

    async def _done(self, generation: int, failed: bool) -> None:
        self.ends.append((generation, failed))

    def _judged(self, words: str, p_complete: float) -> None:
        self.judgements.append((words, p_complete))

    async def hold(self) -> None:
        await self.peer.run("s1", "t1", self._persona, [], ())

    @property
    def said(self) -> str:
        return "".join(text for _, text in self.texts)


@pytest.fixture
def mind() -> Mind:
    return Mind()


@pytest.fixture
async def stub(mind) -> AsyncIterator[pb_grpc.BrainServiceStub]:
    server = new_server()
    pb_grpc.add_BrainServiceServicer_to_server(mind, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield pb_grpc.BrainServiceStub(channel)
    await server.stop(None)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(brain, "FIRST_TEXT_S", 0.3)
    monkeypatch.setattr(brain, "NEXT_TEXT_S", 0.3)
    monkeypatch.setattr(brain, "AGAIN_S", 0.1)
    monkeypatch.setattr(errands, "FILLER_AFTER_S", 0.1)
    monkeypatch.setattr(errands, "FILLER_EVERY_S", 0.2)


def persona(*tools: Tool, apology: str = SORRY) -> Persona:
    return Persona("tom", "Tom", "You are Tom.", "", tools=tools, apology=apology)


def tool(name: str, work: Any, *, reads: bool = True, timeout_s: float = 5, fillers=()) -> Tool:
    return Tool(name, "Does it.", "{}", reads, timeout_s, tuple(fillers), work)


@asynccontextmanager
async def turn(stub, who: Persona) -> AsyncIterator[Turn]:
    """A turn whose stream is held while inside; it ends by finish."""
    made = Turn(stub, who)
    async with asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(made.hold())
        yield made
        if not holding.done():
            await made.peer.finish()


async def test_a_good_reply_has_no_apology(mind, stub):
    mind.steps = ["Hello", " there."]
    async with turn(stub, persona()) as made:
        made.peer.generate(1, "Hi", [])
        made.peer.confirm(1)
        await until(lambda: made.ends, "it ended")
    assert (made.said, made.ends) == ("Hello there.", [(1, False)])


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([DROP], SORRY),
        ([BREAK], SORRY),
        ([STALL], SORRY),
        (["It is", DROP], f"It is \N{EM DASH} {SORRY}"),
        (["It is", BREAK], f"It is \N{EM DASH} {SORRY}"),
        (["It is", STALL], f"It is \N{EM DASH} {SORRY}"),
    ],
    ids=["drops", "fails", "stalls", "drops in mid-reply", "fails in mid-reply", "stalls in mid-reply"],
)
async def test_a_mind_that_fails_is_apologised_for(mind, stub, steps, said):
    mind.steps = steps
    async with turn(stub, persona()) as made:
        made.peer.generate(1, "Hi", [])
        made.peer.confirm(1)
        await until(lambda: made.ends, "it ended")
    assert (made.said, made.ends) == (said, [(1, False)])


@pytest.mark.parametrize("steps", [[DROP], [BREAK]])
async def test_a_guess_that_fails_is_no_matter_for_words(mind, stub, steps):
    """The turn is not over: it will be tried again."""
    mind.steps = steps
    made = Turn(stub, persona())
    made.peer.generate(1, "Hi", [])
    if steps == [DROP]:
        with pytest.raises(NotReady):
            await made.hold()
        assert made.ends == []
    else:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(made.hold())
            await until(lambda: made.ends, "it ended")
            await made.peer.finish()
        assert made.ends == [(1, True)]
    assert made.said == ""


async def test_without_an_apology_a_failure_is_told(mind, stub):
    mind.steps = [DROP]
    made = Turn(stub, persona(apology=""))
    made.peer.generate(1, "Hi", [])
    made.peer.confirm(1)
    with pytest.raises(ServiceError):
        await made.hold()


async def test_a_slow_voice_is_no_stall(mind, stub):
    mind.steps = ["One two three.", " Four."]
    go_on = asyncio.Event()
    async with turn(stub, persona()) as made:
        keep = made._text

        async def slow(generation: int, text: str) -> None:
            await go_on.wait()
            await keep(generation, text)

        made.peer._on_text = slow
        made.peer.generate(1, "Hi", [])
        made.peer.confirm(1)
        await asyncio.sleep(0.8)  # more than twice the patience
        go_on.set()
        await until(lambda: made.ends, "it ended")
    assert made.said == "One two three. Four."


async def test_a_read_only_tool_runs_before_the_turn_is_over_and_once_a_turn(mind, stub):
    calls = []

    async def look(call):
        calls.append(call.arguments)
        return {"sky": "blue"}

    mind.steps = [tool_call("look", at="sky"), "It is blue."]
    async with turn(stub, persona(tool("look", look))) as made:
        made.peer.generate(1, "Sky?", [])
        await until(lambda: (1, False) in made.ends, "the guess")
        made.peer.generate(2, "Sky? Now?", [])
        made.peer.confirm(2)
        await until(lambda: (2, False) in made.ends, "the answer")
    assert calls == [{"at": "sky"}]
    assert mind.results() == [("c1", {"sky": "blue"}, False)] * 2
    start = mind.requests[0].start
    assert [(t.name, t.read_only, t.parameters_json_schema) for t in start.tools] == [("look", True, "{}")]


async def test_an_acting_tool_never_runs_on_a_guess(mind, stub):
    async def act(call):
        raise AssertionError("it ran")

    mind.steps = [tool_call("act"), "Done."]
    async with turn(stub, persona(tool("act", act, reads=False))) as made:
        made.peer.generate(1, "Do it", [])
        await until(lambda: made.ends, "the guess ended")
    assert mind.results() == [("c1", "not permitted", True)]


async def test_an_acting_tool_runs_after_confirm(mind, stub):
    async def act(call):
        return [call.session_id, call.turn_id, call.call_id]

    mind.steps = [tool_call("act"), "Done."]
    async with turn(stub, persona(tool("act", act, reads=False))) as made:
        made.peer.generate(1, "Do it", [])
        made.peer.confirm(1)
        await until(lambda: made.ends, "it ended")
    assert mind.results() == [("c1", ["s1", "t1", "c1"], False)]
    assert made.said == "Done."


async def test_words_bridge_a_slow_tool_and_it_is_no_stall(mind, stub):
    async def slow(call):
        await asyncio.sleep(0.8)
        return 1

    mind.steps = [tool_call("slow"), "Done."]
    async with turn(stub, persona(tool("slow", slow, fillers=["Wait.", "Still.", "Hm."]))) as made:
        made.peer.generate(1, "Do it", [])
        await asyncio.sleep(0.2)
        assert made.said == "", "nobody waits yet"
        made.peer.confirm(1)
        await until(lambda: made.ends, "it ended")
    assert made.said.startswith("Wait. Still. ")
    assert made.said.endswith("Done.")
    assert SORRY not in made.said


async def test_a_tool_that_takes_too_long_or_breaks_is_told_to_the_model(mind, stub):
    async def stuck(call):
        await asyncio.Event().wait()

    async def broken(call):
        raise RuntimeError("the secret inside")

    mind.steps = [tool_call("stuck"), tool_call("broken", "c2"), tool_call("nobody", "c3"), "Well."]
    tools = (tool("stuck", stuck, timeout_s=0.1), tool("broken", broken))
    async with turn(stub, persona(*tools)) as made:
        made.peer.generate(1, "Do it", [])
        made.peer.confirm(1)
        await until(lambda: made.ends, "it ended")
    assert mind.results() == [
        ("c1", "no answer in time", True),
        ("c2", "the tool failed (RuntimeError)", True),
        ("c3", "not permitted", True),
    ]


async def test_a_dropped_generation_stops_what_only_reads_and_lets_acts_end(mind, stub):
    acting, reading, ended, stopped = (asyncio.Event() for _ in range(4))

    async def act(call):
        acting.set()
        await asyncio.sleep(0.2)
        ended.set()

    async def read(call):
        reading.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    mind.steps = [tool_call("act"), "Never said."]
    tools = (tool("act", act, reads=False), tool("read", read))
    async with turn(stub, persona(*tools)) as made:
        made.peer.generate(1, "Do it", [])
        made.peer.confirm(1)
        await until(acting.is_set, "it runs")
        made.peer.discard(1)
        mind.steps = [tool_call("read", "c2"), "Never said."]
        made.peer.generate(2, "Look", [])
        await until(reading.is_set, "it runs")
        made.peer.discard(2)
        await until(stopped.is_set, "the reading was stopped")
        await until(ended.is_set, "the act came to its end")
    assert made.said == ""


async def test_who_answers_and_why_is_told(stub):
    async with turn(stub, persona()) as made:
        await until(lambda: made.models == [("mind", "the only one")], "the model is told")
