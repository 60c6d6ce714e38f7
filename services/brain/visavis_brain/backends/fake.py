"""Deterministic backend for tests, demos and machines without a model."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator

from visavis_brain.config import Config
from visavis_brain.engine import Cost, End, Finish, Piece, Prompt, ReplyEvent, Role, ToolWish
from visavis_brain.slots import Slots

ANSWERS = {
    "capital of australia": "Canberra is the capital of Australia. It lies between Sydney and Melbourne.",
    "long story": " ".join(f"The dog came to house number {n} and sat down." for n in range(1, 200)),
    "markdown": "**Sure!** 😊\n- one apple\n- `two` pears",
}


def answer_to(prompt: Prompt) -> str:
    """A known answer, or the question said back."""
    last = next(line for line in reversed(prompt.lines) if line.role in (Role.USER, Role.TOOL))
    if last.role is Role.TOOL:
        return f"The tool says {last.text}."
    known = (text for key, text in ANSWERS.items() if key in last.text.lower())
    return next(known, f"You said: {last.text.rstrip('.?!')}.")


def wishes_of(prompt: Prompt) -> list[ToolWish]:
    """One wish for each tool that the user named, as long as none was answered."""
    last = prompt.lines[-1]
    if last.role is not Role.USER:
        return []
    named = [tool for tool in prompt.tools if tool.name in last.text]
    return [ToolWish(f"call-{n}", tool.name, json.dumps({})) for n, tool in enumerate(named)]


class FakeConversation:
    """Yields one word at a time; each costs one token."""

    def __init__(self, engine: "FakeEngine", session_id: str) -> None:
        self._engine = engine
        self._session_id = session_id
        self._slot = engine.slots.take(session_id)

    async def warm(self, prompt: Prompt) -> None:
        self._engine.warmed.append(prompt)
        await asyncio.sleep(0)

    async def judge(self, prompt: Prompt) -> float | None:
        """Words that end on a comma go on."""
        await self.warm(prompt)
        return 0.001 if prompt.lines[-1].text.endswith(",") else 0.5

    async def reply(self, prompt: Prompt) -> AsyncGenerator[ReplyEvent, None]:
        self._engine.asked.append(prompt)
        self._engine.running += 1
        try:
            wishes = wishes_of(prompt)
            words = [] if wishes else answer_to(prompt).split(" ")
            read = sum(len(line.text.split()) for line in prompt.lines)
            for count, word in enumerate(words):
                if count == prompt.max_token_count:
                    yield End(Finish.LENGTH)
                    return
                await asyncio.sleep(self._engine.word_interval_s)
                yield Piece(word if count == 0 else f" {word}")
                yield Cost(prompt=read, completion=count + 1)
            for wish in wishes:
                yield wish
            yield End(Finish.STOP)
        finally:
            self._engine.running -= 1

    def close(self) -> None:
        self._engine.slots.release(self._slot, self._session_id)


class FakeEngine:
    """Knows a few answers and says everything else back; `warmed`, `asked` and `running` are for tests."""

    model = "fake"
    provider = "fake"
    context_token_count = 4096

    def __init__(self, slots: int, word_interval_s: float = 0.01) -> None:
        self.slots = Slots(slots)
        self.word_interval_s = word_interval_s
        self.warmed: deque[Prompt] = deque(maxlen=32)
        self.asked: deque[Prompt] = deque(maxlen=32)
        self.running = 0

    def open(self, session_id: str) -> FakeConversation:
        return FakeConversation(self, session_id)

    async def close(self) -> None:
        return


def build(config: Config) -> FakeEngine:
    return FakeEngine(config.slots)
