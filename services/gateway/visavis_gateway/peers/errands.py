"""The tool calls of one turn: run beside the conversation, answered once each, with words while one waits."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from visavis_gateway import tools
from visavis_gateway.engine import Tool, ToolCall

# A call that takes longer is bridged with words; and again, before the silence lasts too long.
FILLER_AFTER_S = 0.4
FILLER_EVERY_S = 3.5

Answer = Callable[[str, str, bool], None]
Say = Callable[[int, str], Awaitable[None]]


class Errands:
    """Runs the calls of all generations of a turn."""

    def __init__(
        self,
        session_id: str,
        turn_id: str,
        known: tuple[Tool, ...],
        tasks: asyncio.TaskGroup,
        answer: Answer,
        say: Say,
    ) -> None:
        self._session_id = session_id
        self._turn_id = turn_id
        self._tasks = tasks
        self._tools = {tool.name: tool for tool in known}
        self._answer = answer
        self._say = say
        self._known_results: dict[tuple[str, str], str] = {}
        self._running: dict[asyncio.Task[None], tuple[int, Tool]] = {}

    def is_out(self, generation: int) -> bool:
        """Whether a call of this generation is running."""
        return any(number == generation for number, _ in self._running.values())

    def run(
        self,
        generation: int,
        call_id: str,
        name: str,
        arguments_json: str,
        confirmed: asyncio.Event,
    ) -> None:
        """Begin a call. What acts runs only in a confirmed generation; what only reads, once a turn."""
        tool = self._tools.get(name)
        if tool is None or not (tool.is_read_only or confirmed.is_set()):
            self._answer(call_id, json.dumps("not permitted"), True)
            return
        known = self._known_results.get((name, arguments_json))
        if known is not None:
            self._answer(call_id, known, False)
            return
        call = ToolCall(name, json.loads(arguments_json), self._session_id, self._turn_id, call_id)
        work = self._run(tool, call, arguments_json, generation, confirmed)
        task = self._tasks.create_task(work, name=f"turn.tool {name}")
        self._running[task] = (generation, tool)
        task.add_done_callback(lambda done: self._running.pop(done, None))

    def drop(self, generation: int | None) -> None:
        """What of this generation (None: of any) only reads may stop; what acts goes on, unheard."""
        for task, (number, tool) in list(self._running.items()):
            if generation in (None, number) and tool.is_read_only:
                task.cancel()

    async def _run(
        self, tool: Tool, call: ToolCall, arguments_json: str, generation: int, confirmed: asyncio.Event
    ) -> None:
        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(self._bridge(tool, generation, confirmed), name="turn.filler")
            result, failed = await tools.run(tool, call)
            talking.cancel()
        if tool.is_read_only and not failed:
            self._known_results[(tool.name, arguments_json)] = result
        self._answer(call.call_id, result, failed)

    async def _bridge(self, tool: Tool, generation: int, confirmed: asyncio.Event) -> None:
        """Words while it runs, once the turn is over."""
        await confirmed.wait()
        await asyncio.sleep(FILLER_AFTER_S)
        for filler in tool.fillers:
            await self._say(generation, f"{filler} ")
            await asyncio.sleep(FILLER_EVERY_S)
