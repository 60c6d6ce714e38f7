"""Advances waiting to be drawn: answered in order, and the oldest give way when drawing can't keep up."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from rpckit.streams import depth

from visavis_render.engine import FaceState

MAX_WAITING = 3
MAX_ANSWERS = 32  # skipped ones still need an answer; beyond this the caller is made to wait


@dataclass(slots=True)
class Advance:
    """One instant to show; without a face it is to be skipped."""

    pts_us: int
    face: FaceState | None


class AdvanceLine:
    """Bounded; iteration ends after `end`."""

    def __init__(self) -> None:
        self._waiting: deque[Advance] = deque()
        self._changed = asyncio.Condition()
        self._ended = False
        self._labels = {"visavis.queue.name": "render.advance"}

    async def put(self, advance: Advance) -> None:
        """Append; when more than MAX_WAITING are to be drawn, the oldest of them becomes a skipped one."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._waiting) < MAX_ANSWERS)
            self._waiting.append(advance)
            depth.add(1, self._labels)
            undrawn = [a for a in self._waiting if a.face is not None]
            if len(undrawn) > MAX_WAITING:
                undrawn[0].face = None
            self._changed.notify_all()

    async def end(self) -> None:
        """Nothing more comes."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def __aiter__(self) -> AsyncIterator[Advance]:
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                advance = self._waiting.popleft()
                depth.add(-1, self._labels)
                self._changed.notify_all()
            yield advance
