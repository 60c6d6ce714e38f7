"""One attempt at a reply: the model's events become speech; tools are asked for and waited for."""

import asyncio
import contextlib
import json
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

from rpckit.errors import NotReady

from visavis_brain import names
from visavis_brain.engine import (
    Conversation,
    Cost,
    End,
    Finish,
    Line,
    Piece,
    Prompt,
    ReplyEvent,
    Role,
    ToolWish,
)
from visavis_brain.guard import GuardedText
from visavis_brain.length import OVERRUN, SpokenReply
from visavis_brain.record import Record

log = logging.getLogger(__name__)
MAX_ROUNDS = 4
CONFIRM_TIMEOUT_S = 60

Emit = Callable[[ReplyEvent], Awaitable[None]]


def failure(reason: str) -> str:
    """What the model reads in place of a tool's result."""
    return json.dumps({"error": reason})


class ToolDesk:
    """Hands out wishes and collects results. Only read-only tools are asked for before the turn is over."""

    def __init__(self, prompt: Prompt, generation: int, emit: Emit, timeout_s: float) -> None:
        self._tools = {tool.name: tool for tool in prompt.tools}
        self._generation = generation
        self._emit = emit
        self._timeout_s = timeout_s
        self._results: dict[str, str | None] = {}
        self._changed = asyncio.Event()
        self._is_confirmed = False
        self._is_closed = False

    def confirm(self) -> None:
        """The turn is over and this generation counts: every tool may run."""
        self._is_confirmed = True
        self._changed.set()

    def close(self) -> None:
        """No confirm and no result will come any more: nothing waits for them."""
        self._is_closed = True
        self._changed.set()

    def take(self, call_id: str, result: str) -> None:
        """The outcome of a call; an id that nobody waits for is ignored."""
        if call_id in self._results:
            self._results[call_id] = result
            self._changed.set()

    async def answers_to(self, wishes: list[ToolWish]) -> list[Line]:
        """Two kinds of lines for the model: what it wished for, and what came of each."""
        first = len(self._results)
        own = [replace(w, call_id=f"{self._generation}-{first + n}") for n, w in enumerate(wishes)]
        self._results |= {wish.call_id: self._refusal(wish) for wish in own}
        await self._ask([wish for wish in own if self._is_open(wish) and self._tools[wish.name].is_read_only])
        acting = [wish for wish in own if self._is_open(wish) and not self._tools[wish.name].is_read_only]
        if acting and await self._wait(lambda: self._is_confirmed, CONFIRM_TIMEOUT_S):
            await self._ask(acting)
            acting = []
        self._results |= {wish.call_id: failure("not permitted now") for wish in acting}
        await self._wait(lambda: all(self._results[wish.call_id] for wish in own), self._timeout_s)
        results = [
            (wish.call_id, self._results[wish.call_id] or failure("no answer in time")) for wish in own
        ]
        return [
            Line(Role.AVATAR, "", tuple(own)),
            *(Line(Role.TOOL, result, call_id=call_id) for call_id, result in results),
        ]

    def _refusal(self, wish: ToolWish) -> str | None:
        return None if wish.name in self._tools else failure("there is no such tool")

    def _is_open(self, wish: ToolWish) -> bool:
        return self._results[wish.call_id] is None

    async def _ask(self, wishes: list[ToolWish]) -> None:
        for wish in wishes:
            await self._emit(wish)

    async def _wait(self, is_done: Callable[[], bool], timeout_s: float) -> bool:
        """Whether it came true in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not is_done() and not self._is_closed:
                    self._changed.clear()
                    await self._changed.wait()
        return is_done()


class Generation:
    """Runs once. Cancelling it frees the model."""

    def __init__(
        self,
        prompt: Prompt,
        name: str,
        conversation: Conversation,
        desk: ToolDesk,
        record: Record,
        emit: Emit,
        text: GuardedText,
    ) -> None:
        self._prompt = prompt
        self._text = text
        self._conversation = conversation
        self._emit = emit
        self._speech = SpokenReply(name, math.floor(prompt.max_token_count / OVERRUN))
        self._call_count = 0
        self.desk = desk
        self.record = record

    async def run(self) -> None:
        """Emit text as it comes, then the cost, then the end. Raises NotReady if there was no text at all."""
        with self.record:
            finish = Finish.STOP if self._text.refusal else await self._speak()
            if self._speech.was_cut:
                finish = Finish.LENGTH
            await self._say(self._speech.finish(is_complete=finish is not Finish.ERROR), is_last=True)
            if self._text.refusal:
                finish = Finish.STOP
                self.record.span.set_attribute(names.REFUSED, True)
                await self._out(self._text.refuse())
            self.record.span.set_attribute(names.TOOL_CALL_COUNT, self._call_count)
            self.record.done(finish)
            await self._emit(self.record.cost)
            await self._emit(End(finish))

    async def _speak(self) -> Finish:
        """Round after round, as long as the model wishes for tools."""
        prompt = self._prompt
        for round_number in range(MAX_ROUNDS + 1):
            try:
                finish, wishes = await self._round(prompt)
            except NotReady:
                if round_number == 0:
                    raise
                return Finish.ERROR
            if not wishes or self._is_over:
                break
            self._call_count += len(wishes)
            answers = await self.desk.answers_to(wishes)
            is_last = round_number == MAX_ROUNDS - 1
            prompt = replace(prompt, lines=(*prompt.lines, *answers), tools=() if is_last else prompt.tools)
            await self._say(self._speech.feed(" "))
        return finish

    async def _round(self, prompt: Prompt) -> tuple[Finish, list[ToolWish]]:
        """One reply of the model, spoken; stops it when enough was said."""
        wishes: list[ToolWish] = []
        before, last, piece_count = self.record.cost, Cost(), 0
        finish = Finish.STOP
        async with contextlib.aclosing(self._conversation.reply(prompt)) as events:
            async for event in events:
                match event:
                    case Piece(text):
                        piece_count += 1
                        await self._say(self._speech.feed(text))
                    case Cost():
                        last = event
                    case ToolWish():
                        wishes.append(event)
                    case End(reason):
                        finish = reason
                self.record.cost = Cost(
                    before.prompt + last.prompt,
                    before.cached + last.cached,
                    before.completion + max(last.completion, piece_count),
                )
                if self._is_over:
                    break
        return finish, wishes

    @property
    def _is_over(self) -> bool:
        """Nothing more that the model writes will be said."""
        return self._speech.ended or self._text.refusal is not None

    async def _say(self, text: str, *, is_last: bool = False) -> None:
        await self._out(self._text.feed(text, is_last=is_last))

    async def _out(self, text: str) -> None:
        if text:
            self.record.first_token()
            await self._emit(Piece(text))
