"""One turn: at most one task has the model, and the newest wish of the caller decides which."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from opentelemetry.trace import SpanContext
from rpckit.errors import NotReady

from visavis_brain.engine import Conversation, Judgement, Prompt, ReplyEvent
from visavis_brain.generation import Generation, ToolDesk
from visavis_brain.guard import Guard, GuardedText
from visavis_brain.record import Record, Subject

log = logging.getLogger(__name__)
NumberedEmit = Callable[[int, ReplyEvent | Judgement], Awaitable[None]]


async def end(task: asyncio.Task[None] | None) -> None:
    """Cancel and wait: afterwards the task has nothing in its hands."""
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task])


class Turn:
    """Warms the cache while the user speaks; runs the newest generation. Its tasks live in `tasks`."""

    def __init__(
        self,
        subject: Subject,
        name: str,
        guard: Guard,
        conversation: Conversation,
        tasks: asyncio.TaskGroup,
        emit: NumberedEmit,
        tool_timeout_s: float,
    ) -> None:
        self.subject = subject
        self._name = name
        self._guard = guard
        self._conversation = conversation
        self._tasks = tasks
        self._emit = emit
        self._tool_timeout_s = tool_timeout_s
        self._to_warm: tuple[Prompt, str] | None = None
        self._judged = ""  # the newest words that were judged
        self._warming: asyncio.Task[None] | None = None
        self._generation: Generation | None = None
        self._running: asyncio.Task[None] | None = None
        self._last_span: SpanContext | None = None
        self.current = 0  # the generation whose events count; 0 = none

    def warm(self, prompt: Prompt, words: str = "") -> None:
        """Read `prompt` into the cache when the model is free, and judge `words`, with which it ends.

        Only the newest prompt counts.
        """
        if self._running is not None and not self._running.done():
            return
        self._to_warm = prompt, words
        if self._warming is None or self._warming.done():
            self._warming = self._tasks.create_task(self._warm_newest(), name="brain.warm")

    async def _warm_newest(self) -> None:
        while self._to_warm is not None:
            (prompt, words), self._to_warm = self._to_warm, None
            try:
                if not words or not await self._judge(prompt, words):
                    await self._conversation.warm(prompt)
            except NotReady as error:
                log.info("warm-up failed: %s", error)  # the generation will tell the caller

    async def _judge(self, prompt: Prompt, words: str) -> bool:
        """Tell the caller what the words say about the turn's end, once; False from a model that can't."""
        if words == self._judged:
            return True
        p_complete = await self._conversation.judge(prompt)
        if p_complete is not None:
            self._judged = words
            await self._emit(0, Judgement(words, p_complete))
        return p_complete is not None

    async def generate(self, number: int, prompt: Prompt, transcript: str) -> None:
        """Start a generation; what was running has ended when this returns."""
        await self.stop("replaced")
        self._to_warm = None
        await end(self._warming)

        async def emit(event: ReplyEvent) -> None:
            await self._emit(number, event)

        desk = ToolDesk(prompt, number, emit, self._tool_timeout_s)
        record = Record(self.subject, number, self._last_span)
        text = GuardedText(self._guard, self._guard.refused(transcript))
        self._generation = Generation(prompt, self._name, self._conversation, desk, record, emit, text)
        self.current = number
        running = self._judge_and_run(prompt, transcript, self._generation)
        self._running = self._tasks.create_task(running, name="brain.generate")

    async def _judge_and_run(self, prompt: Prompt, words: str, generation: Generation) -> None:
        """The words have to be read anyway; what they say about the turn's end is needed before the reply."""
        if words:
            with contextlib.suppress(NotReady):  # the generation will tell the caller
                await self._judge(prompt, words)
        await generation.run()

    async def stop(self, why: str) -> None:
        """Drop the current generation, if any: nothing of it follows."""
        self.current = 0
        if self._generation is not None and self._running is not None:
            if not self._running.done():
                self._generation.record.outcome = why
            await end(self._running)
            self._last_span = self._generation.record.span.get_span_context()

    def confirm(self) -> None:
        """The turn is over and the current generation answers it."""
        if self._generation is not None:
            self._generation.desk.confirm()

    def take_result(self, call_id: str, result: str) -> None:
        """A tool's outcome; one that nobody waits for is ignored."""
        if self._generation is not None:
            self._generation.desk.take(call_id, result)

    async def drain(self) -> None:
        """No more requests: let the running generation end."""
        self._to_warm = None
        await end(self._warming)
        if self._generation is not None and self._running is not None:
            self._generation.desk.close()
            await asyncio.wait([self._running])

    async def abandon(self) -> None:
        """End everything at once."""
        self._to_warm = None
        await end(self._warming)
        await self.stop("abandoned")
