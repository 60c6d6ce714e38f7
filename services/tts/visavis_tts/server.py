"""gRPC face of the engine: order of messages, proto <-> domain, nothing about models."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
from rpckit.blocking import run_stoppable_step
from rpckit.errors import InvalidInput, require, require_id
from rpckit.streams import WaitingQueue
from visavis.tts.v1 import tts_service_pb2 as pb
from visavis.tts.v1 import tts_service_pb2_grpc as pb_grpc

from visavis_tts.clauses import ClauseCutter
from visavis_tts.delivery import Delivery, FirstAudio
from visavis_tts.engine import Clause, Engine, Speaker
from visavis_tts.interrupts import Replies

MAX_MESSAGE_CHARS = 4_000
MAX_REPLY_CHARS = 20_000
# Requests that may wait to be spoken; then the caller waits.
MAX_WAITING = 32

Requests = AsyncIterator[pb.SynthesizeRequest]


@dataclass(frozen=True, slots=True)
class Flush:
    """Speak what is there."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Speak what is there, then say done."""


Step = str | Flush | Finish


class TtsServicer(pb_grpc.TtsServiceServicer):
    """Serves visavis.tts.v1.TtsService; `worker` runs the model, one step at a time over all streams."""

    def __init__(self, engine: Engine, worker: Executor, replies: Replies, idle_timeout: timedelta) -> None:
        self._engine = engine
        self._worker = worker
        self._step = asyncio.Lock()  # a cancelled stream leaves this queue; the executor's it could not
        self._replies = replies
        self._idle_s = idle_timeout.total_seconds()

    async def Synthesize(  # type: ignore[override]  # the stub knows no handler that writes by itself
        self, requests: Requests, context: Any
    ) -> None:
        try:
            start = await read_start(requests, self._idle_s)
            speaker = self._engine.open(
                voice=start.voice, language_code=start.language_code, speed=start.speed or 1.0
            )
            with closing(speaker):
                await self._serve(start, speaker, requests, context)
        except* TimeoutError:
            await context.abort(
                grpc.StatusCode.DEADLINE_EXCEEDED, f"nothing was sent, or read, for {self._idle_s:g} s"
            )

    async def _serve(self, start: pb.StartSpeech, speaker: Speaker, requests: Requests, context: Any) -> None:
        """Read and speak side by side until done, abandoned or interrupted."""
        steps: WaitingQueue[Step] = WaitingQueue(MAX_WAITING, "tts.text")
        running: list[asyncio.Task[None]] = []

        def stop() -> None:
            for task in running:
                task.cancel()

        with (
            self._replies.speaking(start.session_id, start.turn_id, start.generation, stop) as reply,
            FirstAudio(start) as first_audio,
        ):
            delivery = Delivery(context, self._engine.sample_rate_hz, self._idle_s, first_audio)
            await delivery.started()
            try:
                async with asyncio.TaskGroup() as tasks:
                    speaking = tasks.create_task(self._speak(speaker, steps, delivery), name="tts.speak")
                    reading = tasks.create_task(
                        read_steps(requests, steps, self._idle_s, first_audio, on_abandoned=speaking.cancel),
                        name="tts.read",
                    )
                    running += [speaking, reading]
                    if reply.is_interrupted:  # while started was being written
                        stop()
            finally:
                steps.clear()
            if reply.is_interrupted:
                await context.abort(grpc.StatusCode.CANCELLED, "interrupted")

    async def _speak(self, speaker: Speaker, steps: WaitingQueue[Step], delivery: Delivery) -> None:
        cutter = ClauseCutter()
        async for step in steps:
            match step:
                case str():
                    clauses = cutter.push(step)
                case Flush():
                    clauses = cutter.flush()
                case Finish():
                    clauses = cutter.finish()
            for clause in clauses:
                await self._speak_clause(speaker, clause, delivery)
            if isinstance(step, Finish):
                await delivery.done()
                return

    async def _speak_clause(self, speaker: Speaker, clause: Clause, delivery: Delivery) -> None:
        async with self._step:
            speech = await run_stoppable_step(self._worker, speaker.stop, speaker.speak, clause)
        if speech is not None:
            await delivery.speech(speech)


async def read_start(requests: Requests, idle_s: float) -> pb.StartSpeech:
    """The first message, checked."""
    async with asyncio.timeout(idle_s):
        first = await anext(requests, None)
    if first is None or first.WhichOneof("event") != "start":
        raise InvalidInput("the first message must be start")
    start = first.start
    require_id("session_id", start.session_id)
    require_id("turn_id", start.turn_id)
    require(start.generation >= 1, "generation must be 1 or more")
    require(start.speed == 0 or 0.5 <= start.speed <= 2, "speed must be 0.5 to 2, or 0 for the voice's own")
    return start


async def read_steps(
    requests: Requests,
    steps: WaitingQueue[Step],
    idle_s: float,
    first_audio: FirstAudio,
    *,
    on_abandoned: Callable[[], object],
) -> None:
    """Pass on what is to be spoken up to finish; a stream that ends without one was abandoned."""
    length = 0
    while True:
        async with asyncio.timeout(idle_s):
            request = await anext(requests, None)
        if request is None:
            on_abandoned()
            return
        match request.WhichOneof("event"):
            case "text":
                text = request.text.text
                length += len(text)
                require(
                    len(text) <= MAX_MESSAGE_CHARS, f"text must be at most {MAX_MESSAGE_CHARS} characters"
                )
                require(length <= MAX_REPLY_CHARS, f"a reply must be at most {MAX_REPLY_CHARS} characters")
                first_audio.text_arrived()
                await steps.put(text)
            case "flush":
                await steps.put(Flush())
            case "finish":
                await steps.put(Finish())
                return
            case other:
                raise InvalidInput(f"expected text, flush or finish, not {other or 'an empty message'}")
