import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from rpckit.channels import open_channel
from rpckit.serve import new_server
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.brain.v1 import brain_service_pb2_grpc as pb_grpc
from visavis_brain.backends.fake import FakeEngine
from visavis_brain.server import BrainServicer

MODELS = Path(__file__).parents[3] / "models"
MIRA = pb.Persona(name="Mira", prompt="You are warm and curious. You live in Lisbon and love old films.")


def start(**fields) -> pb.ReplyRequest:
    return pb.ReplyRequest(
        start=pb.StartReply(**{"session_id": "s1", "turn_id": "t1", "persona": MIRA} | fields)
    )


def partial(text: str) -> pb.ReplyRequest:
    return pb.ReplyRequest(partial=pb.PartialTranscript(text=text))


def generate(generation: int, transcript: str, **fields) -> pb.ReplyRequest:
    return pb.ReplyRequest(generate=pb.Generate(generation=generation, transcript=transcript, **fields))


def confirm(generation: int) -> pb.ReplyRequest:
    return pb.ReplyRequest(confirm=pb.Confirm(generation=generation))


def discard(generation: int) -> pb.ReplyRequest:
    return pb.ReplyRequest(discard=pb.Discard(generation=generation))


def tool_result(call_id: str, result_json: str, **fields) -> pb.ReplyRequest:
    return pb.ReplyRequest(tool_result=pb.ToolResult(call_id=call_id, result_json=result_json, **fields))


FINISH = pb.ReplyRequest(finish=pb.FinishReply())


async def begin(stub, first=None):
    """Open a turn and wait for `started`, as the contract asks."""
    call = stub.Reply()
    await call.write(first or start())
    started = await call.read()
    assert started.WhichOneof("event") == "started"
    return call


async def rest(call) -> list[pb.ReplyResponse]:
    """Everything until the stream ends."""
    received = []
    async with asyncio.timeout(60):
        while (response := await call.read()) is not grpc.aio.EOF:
            received.append(response)
    return received


async def until(call, event: str, generation: int) -> list[pb.ReplyResponse]:
    """Everything up to the first such event of that generation."""
    received = []
    async with asyncio.timeout(60):
        while not (received and received[-1].WhichOneof("event") == event):
            response = await call.read()
            assert response is not grpc.aio.EOF
            if response.generation == generation:
                received.append(response)
    return received


def text_of(responses, generation: int) -> str:
    return "".join(r.text.text for r in responses if r.generation == generation)


async def settled(condition) -> None:
    """Wait until `condition()` holds; fails after five seconds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(servicer: BrainServicer) -> AsyncIterator[pb_grpc.BrainServiceStub]:
    """A real server on a free port: wire, interceptor and servicer are all under test."""
    server = new_server()
    pb_grpc.add_BrainServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield pb_grpc.BrainServiceStub(channel)
    await server.stop(grace=None)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(slots=1)


@pytest.fixture
def servicer(engine) -> BrainServicer:
    return BrainServicer(engine, max_token_count=60, tool_timeout_s=2)


@pytest.fixture
async def stub(servicer) -> AsyncIterator[pb_grpc.BrainServiceStub]:
    async with serving(servicer) as stub:
        yield stub
