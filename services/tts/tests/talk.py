"""The caller's side of Synthesize."""

import os
import subprocess
import sys
from typing import Any

import grpc
from visavis.tts.v1 import tts_service_pb2 as pb

FLUSH = pb.SynthesizeRequest(flush=pb.FlushSpeech())
FINISH = pb.SynthesizeRequest(finish=pb.FinishSpeech())


def start(**fields: Any) -> pb.SynthesizeRequest:
    return pb.SynthesizeRequest(
        start=pb.StartSpeech(**{"session_id": "s", "turn_id": "t", "generation": 1, **fields})
    )


def text(words: str) -> pb.SynthesizeRequest:
    return pb.SynthesizeRequest(text=pb.SpeechText(text=words))


async def begin(stub: Any, first: pb.SynthesizeRequest | None = None, **call_options: Any) -> Any:
    """Send the first message and wait for the answer: grpc.aio would hide the status otherwise."""
    call = stub.Synthesize(**call_options)
    await call.write(first or start())
    started = await call.read()
    assert started.WhichOneof("event") == "started"
    return call


async def receive(call: Any) -> list[pb.SynthesizeResponse]:
    received = []
    while (response := await call.read()) is not grpc.aio.EOF:
        received.append(response)
    return received


async def say(stub: Any, *messages: pb.SynthesizeRequest, **fields: Any) -> list[pb.SynthesizeResponse]:
    """All responses of a reply after started; the stream ends when `messages` do."""
    call = await begin(stub, start(**fields))
    for message in messages:
        await call.write(message)
    await call.done_writing()
    return await receive(call)


def kinds(responses: list[pb.SynthesizeResponse]) -> list[str | None]:
    """Their events, runs of the same one folded."""
    found: list[str | None] = []
    for response in responses:
        kind = response.WhichOneof("event")
        if found[-1:] != [kind]:
            found.append(kind)
    return found


def spawn(**env: str) -> subprocess.Popen[str]:
    """The service as a process of its own, on a free port."""
    return subprocess.Popen(
        [sys.executable, "-m", "visavis_tts"],
        env={**os.environ, "TTS_SERVER__LISTEN_ADDRESS": "127.0.0.1:0", "TTS_BACKEND": "fake", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
