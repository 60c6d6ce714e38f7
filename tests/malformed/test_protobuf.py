"""Messages that no client should send, to the real servicers over a wire: a status, no crash and no hang."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.message import Message
from rpckit.channels import open_channel
from rpckit.serve import new_server
from visavis.asr.v1 import asr_service_pb2 as asr_pb
from visavis.asr.v1 import asr_service_pb2_grpc as asr_grpc
from visavis.brain.v1 import brain_service_pb2 as brain_pb
from visavis.brain.v1 import brain_service_pb2_grpc as brain_grpc
from visavis.media.v1 import media_pb2
from visavis.render.v1 import render_service_pb2 as render_pb
from visavis.render.v1 import render_service_pb2_grpc as render_grpc
from visavis.tts.v1 import tts_service_pb2 as tts_pb
from visavis.tts.v1 import tts_service_pb2_grpc as tts_grpc
from visavis_asr.backends.fake import FakeEngine as FakeEar
from visavis_asr.config import Config as AsrConfig
from visavis_asr.server import AsrServicer
from visavis_brain.backends.fake import FakeEngine as FakeMind
from visavis_brain.server import BrainServicer
from visavis_render.config import Config as RenderConfig
from visavis_render.server import RenderServicer
from visavis_render.studio import Studio
from visavis_tts.backends.fake import FakeEngine as FakeVoice
from visavis_tts.interrupts import Replies
from visavis_tts.server import TtsServicer

STREAMS_PER_SERVICE = 80
WITHIN_S = 30  # an answer to anything; a machine may be busy
# grpc.aio's client says this where a write was on its way when the service ended the call (grpc#36066).
OF_THE_CLIENT = "Internal error from Core"
EXPECTED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
TEXTS = [
    "",
    "\0",
    "a" * 5000,
    "../../etc/passwd",
    "{" * 999,
    "\N{ZERO WIDTH SPACE}" * 70,
    "s1",
    "%s%n",
]
FLOATS = [0.0, -1.0, 0.5, 1e38, math.nan, math.inf, -math.inf]
INTS = [0, 1, -1, 7, 40_000, 2**31 - 1, -(2**31)]
LONGS = [*INTS, 2**62, -(2**63), 2**63 - 1]


@dataclass(frozen=True)
class Target:
    """A service, its one RPC, and a first message that it takes."""

    method: str
    request: type[Message]
    start: Message
    register: Callable[[AsyncExitStack, grpc.aio.Server], None]


def _asr(stack: AsyncExitStack, server: grpc.aio.Server) -> None:
    servicer = stack.enter_context(closing(AsrServicer(FakeEar(), AsrConfig(backend="fake"))))
    asr_grpc.add_AsrServiceServicer_to_server(servicer, server)


def _brain(stack: AsyncExitStack, server: grpc.aio.Server) -> None:
    brain_grpc.add_BrainServiceServicer_to_server(BrainServicer(FakeMind(4), 100, 5.0), server)


def _tts(stack: AsyncExitStack, server: grpc.aio.Server) -> None:
    worker = stack.enter_context(ThreadPoolExecutor(1))
    servicer = TtsServicer(FakeVoice(), worker, Replies(), timedelta(seconds=60))
    tts_grpc.add_TtsServiceServicer_to_server(servicer, server)


def _render(stack: AsyncExitStack, server: grpc.aio.Server) -> None:
    studio = stack.enter_context(closing(Studio(RenderConfig(avatar="fake"))))
    render_grpc.add_RenderServiceServicer_to_server(RenderServicer(studio, idle_timeout_s=30), server)


MONO = media_pb2.AudioFormat(sample_rate_hz=16_000, channel_count=1)
TARGETS = {
    "asr": Target(
        "/visavis.asr.v1.AsrService/Recognize",
        asr_pb.RecognizeRequest,
        asr_pb.RecognizeRequest(start=asr_pb.StartRecognition(session_id="s1", format=MONO)),
        _asr,
    ),
    "brain": Target(
        "/visavis.brain.v1.BrainService/Reply",
        brain_pb.ReplyRequest,
        brain_pb.ReplyRequest(start=brain_pb.StartReply(session_id="s1", turn_id="t1")),
        _brain,
    ),
    "tts": Target(
        "/visavis.tts.v1.TtsService/Synthesize",
        tts_pb.SynthesizeRequest,
        tts_pb.SynthesizeRequest(start=tts_pb.StartSpeech(session_id="s1", turn_id="t1", generation=1)),
        _tts,
    ),
    "render": Target(
        "/visavis.render.v1.RenderService/Render",
        render_pb.RenderRequest,
        render_pb.RenderRequest(
            start=render_pb.StartRender(session_id="s1", format=render_pb.VideoFormat(width_px=128))
        ),
        _render,
    ),
}


@asynccontextmanager
async def served(target: Target) -> AsyncIterator[Any]:
    """The raw call of a service on a port of its own: bytes in, bytes out."""
    async with AsyncExitStack() as stack:
        server = new_server()
        target.register(stack, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stack.push_async_callback(server.stop, None)
        channel = await stack.enter_async_context(open_channel(f"127.0.0.1:{port}"))
        yield channel.stream_stream(target.method)


def strange_value(field: Any, chance: random.Random, depth: int) -> Any:
    match field.type:
        case Field.TYPE_MESSAGE:
            return strange(field.message_type._concrete_class, chance, depth + 1)
        case Field.TYPE_STRING:
            return chance.choice(TEXTS)
        case Field.TYPE_BYTES:
            return chance.randbytes(chance.choice([0, 1, 640, 641, 40_000]))
        case Field.TYPE_BOOL:
            return chance.random() < 0.5
        case Field.TYPE_FLOAT | Field.TYPE_DOUBLE:
            return chance.choice(FLOATS)
        case Field.TYPE_INT64:
            return chance.choice(LONGS)
        case Field.TYPE_ENUM:
            return chance.choice([0, 1, 2, 99, -1])
        case _:
            return chance.choice(INTS)


def strange(kind: type[Message], chance: random.Random, depth: int = 0) -> Message:
    """A message that parses, with values that nobody means."""
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        if depth > 4 or chance.random() < (0.75 if depth == 0 else 0.3):
            continue
        count = chance.choice([1, 3, 3, 120 if depth < 2 else 3]) if field.is_repeated else 1
        values = [strange_value(field, chance, depth) for _ in range(count)]
        if field.is_repeated:
            getattr(message, field.name).extend(values)
        elif field.type == Field.TYPE_MESSAGE:
            getattr(message, field.name).CopyFrom(values[0])
        else:
            setattr(message, field.name, values[0])
    return message


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """Bits flipped, bytes cut out or put in."""
    spoiled = bytearray(data or b"\0")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(spoiled) + 1)
        match chance.randrange(3):
            case 0 if at < len(spoiled):
                spoiled[at] ^= 1 << chance.randrange(8)
            case 1:
                del spoiled[at : at + chance.randint(1, 8)]
            case _:
                spoiled[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(spoiled)


def requests(target: Target, chance: random.Random) -> list[bytes]:
    """One stream: often a proper start, then what should not come."""
    messages = [target.start.SerializeToString()] if chance.random() < 0.7 else []
    for _ in range(chance.randint(1, 4)):
        message = strange(target.request, chance).SerializeToString()
        kind = chance.randrange(4)
        messages.append(
            chance.randbytes(chance.randint(0, 300))
            if kind == 0
            else spoilt(message, chance)
            if kind == 1
            else message
        )
    return messages


async def status_of(call: Any, messages: list[bytes]) -> tuple[grpc.StatusCode, str]:
    """How the service ended a stream of these messages."""

    async def send() -> None:
        try:
            for message in messages:
                await call.write(message)
            await call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # it has ended already

    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(send())
        try:
            while await call.read() is not grpc.aio.EOF:
                pass
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or ""
        return await call.code(), await call.details()


@pytest.mark.parametrize("name", TARGETS)
async def test_no_message_breaks_a_service(name, caplog):
    target, chance = TARGETS[name], random.Random(20)
    codes: dict[grpc.StatusCode, int] = {}
    async with served(target) as method:
        for number in range(STREAMS_PER_SERVICE):
            messages = requests(target, chance)
            code, details = await status_of(method(), messages)
            codes[code] = codes.get(code, 0) + 1
            is_ours = details == OF_THE_CLIENT
            assert code in EXPECTED or is_ours, f"stream {number}: {code.name} {details} for {messages!r}"
        code, details = await status_of(method(), [target.start.SerializeToString()])
        assert code in (grpc.StatusCode.OK, grpc.StatusCode.CANCELLED), f"still in order: {code} {details}"
    assert codes.get(grpc.StatusCode.INVALID_ARGUMENT, 0) > STREAMS_PER_SERVICE / 5, codes
    broken = [record for record in caplog.records if record.exc_info]
    assert not broken, broken[0].exc_text
