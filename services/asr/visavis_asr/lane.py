"""One decode at a time over all sessions, so that they don't slow each other down; the most urgent first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from visavis_asr.jobs import Kind
from visavis_asr.recognizer import Recognizer


@dataclass(eq=False, slots=True)
class Waiter:
    """A session that wants to decode."""

    recognizer: Recognizer
    granted: asyncio.Future[None]


class Lane:
    """Sessions enter one by one. How urgent each is gets asked when the lane is free, not when it came."""

    def __init__(self) -> None:
        self._inside: Recognizer | None = None
        self._waiting: list[Waiter] = []

    @asynccontextmanager
    async def enter(self, recognizer: Recognizer) -> AsyncIterator[None]:
        """Wait for the lane and hold it."""
        if self._inside is None:
            self._inside = recognizer
        else:
            await self._wait(recognizer)
        try:
            yield
        finally:
            self._leave()

    def hurry(self) -> None:
        """Call when a session's wishes have changed: a partial in flight gives way to anything better."""
        if self._inside is not None and self._waiting:
            self._inside.give_way_to(min(self._urgency(waiter) for waiter in self._waiting))

    @staticmethod
    def _urgency(waiter: Waiter) -> Kind:
        urgency = waiter.recognizer.urgency
        return Kind.PARTIAL if urgency is None else urgency

    async def _wait(self, recognizer: Recognizer) -> None:
        waiter = Waiter(recognizer, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self.hurry()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:
                self._leave()  # it was granted in the very moment of the cancel
            raise

    def _leave(self) -> None:
        self._inside = None
        if self._waiting:
            best = min(self._waiting, key=self._urgency)
            self._waiting.remove(best)
            self._inside = best.recognizer
            best.granted.set_result(None)
