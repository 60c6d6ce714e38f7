"""One session at work: hears at once, decodes and judges beside it, sends events in order."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor

from opentelemetry import metrics, trace
from rpckit.blocking import run_step_in
from rpckit.tracing import context_of

from visavis_asr import names
from visavis_asr.engine import Engine, Event, Final, Heard
from visavis_asr.jobs import Job
from visavis_asr.lane import Lane
from visavis_asr.recognizer import Recognizer

tracer = trace.get_tracer("visavis_asr")
meter = metrics.get_meter("visavis_asr")
decode_duration = meter.create_histogram(
    names.DECODE_DURATION,
    "s",
    "Time of one decode, by kind",
    explicit_bucket_boundaries_advisory=[0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2],
)
turns = meter.create_counter(names.TURNS, "{turn}", "Turns answered with a final")

# The longest decode takes about a second when the machine has little else to do.
DRAIN_TIMEOUT_S = 10


class Workplace:
    """What all sessions share: the models, one thread to decode, one to judge pauses."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lane = Lane()
        self.decoding = ThreadPoolExecutor(1, "asr-decode")
        self.judging = ThreadPoolExecutor(1, "asr-judge")

    def close(self) -> None:
        """Wait for steps in flight."""
        self.decoding.shutdown()
        self.judging.shutdown()


class Session:
    """Runs a recognizer: `changed` after everything that it was told."""

    def __init__(
        self,
        session_id: str,
        recognizer: Recognizer,
        workplace: Workplace,
        language: str,
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._session_id = session_id
        self._language = language
        self.recognizer = recognizer
        self._workplace = workplace
        self._send = send
        self._sending = asyncio.Lock()
        self._decode_wish = asyncio.Event()
        self._judge_wish = asyncio.Event()
        self._progress = asyncio.Event()
        self._final_spans: deque[trace.Span] = deque()

    async def work_while(self, listening: Coroutine[None, None, None]) -> None:
        """Decode and judge beside `listening` until it is through."""
        try:
            async with asyncio.TaskGroup() as tasks:
                workers = [
                    tasks.create_task(self._decode_on_wish(), name="asr.decode"),
                    tasks.create_task(self._judge_on_wish(), name="asr.judge"),
                ]
                try:
                    await listening
                finally:
                    self.recognizer.abandon()
                    for worker in workers:
                        worker.cancel()
        finally:
            for span in self._final_spans:
                span.set_status(trace.StatusCode.ERROR, "abandoned")
                span.end()

    def end_turn(self, turn_id: str) -> None:
        """Close the open turn, under a span that ends with its final."""
        parent = context_of(self.recognizer.end_turn(turn_id))
        span: trace.Span = trace.INVALID_SPAN
        # A turn that is not traced must not begin a trace of its own.
        if trace.get_current_span(parent).get_span_context().is_valid:
            attributes = {names.SESSION_ID: self._session_id, names.TURN_ID: turn_id}
            span = tracer.start_span(names.FINAL_SPAN, parent, attributes=attributes)
        self._final_spans.append(span)

    async def changed(self) -> None:
        """Send what happened, and wake the workers; waits only when decoding is far behind."""
        self._wake()
        await self._send_events()
        while self.recognizer.is_behind:
            self._progress.clear()
            await self._progress.wait()

    async def drain(self) -> None:
        """Wait until every end_turn has its final."""
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            while self.recognizer.has_finals_to_come:
                self._progress.clear()
                await self._progress.wait()
            await self._send_events()

    def _wake(self) -> None:
        self._decode_wish.set()
        self._judge_wish.set()
        self._workplace.lane.hurry()

    async def _send_events(self) -> None:
        async with self._sending:
            for event in self.recognizer.take_events():
                await self._send(event)
                if isinstance(event, Final):
                    turns.add(1)
                    span = self._final_spans.popleft()
                    span.set_attribute(names.IS_REUSED, event.is_reused)
                    span.end()

    async def _decode_on_wish(self) -> None:
        while True:
            await self._decode_wish.wait()
            self._decode_wish.clear()
            while self.recognizer.urgency is not None:
                async with self._workplace.lane.enter(self.recognizer):
                    job = self.recognizer.take_job()
                    if job is not None:
                        self.recognizer.decoded(job, await self._decode(job))
                self._progress.set()
                await self._send_events()

    async def _decode(self, job: Job) -> Heard | None:
        begun = time.perf_counter()
        heard = await run_step_in(
            self._workplace.decoding,
            self._workplace.engine.transcribe,
            job.part.samples,
            self._language,
            lambda: job.is_stale,
            job.part.draft,
        )
        if heard is not None:
            kind = {names.DECODE_KIND: job.kind.name.lower()}
            decode_duration.record(time.perf_counter() - begun, kind)
        return heard

    async def _judge_on_wish(self) -> None:
        while True:
            await self._judge_wish.wait()
            self._judge_wish.clear()
            while (rest := self.recognizer.take_rest()) is not None:
                engine = self._workplace.engine
                p = await run_step_in(self._workplace.judging, engine.p_complete, rest.sound)
                self.recognizer.judged(rest, p)
                await self._send_events()
