"""Bounded hand-over between tasks. Every queue has a policy and shows its depth."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from opentelemetry import metrics

T = TypeVar("T")
meter = metrics.get_meter("rpckit")
depth = meter.create_up_down_counter("visavis.queue.depth", "{item}", "Items waiting, by queue name")
dropped = meter.create_counter("visavis.queue.dropped", "{item}", "Items dropped, by queue name")


class LatestQueue(Generic[T]):
    """Bounded queue for live media: `put` never waits, the oldest item is dropped and counted."""

    def __init__(self, maxsize: int, name: str = "latest") -> None:
        self._items: deque[T] = deque()
        self._maxsize = maxsize
        self._ready = asyncio.Event()
        self._labels = {"visavis.queue.name": name}
        self.dropped_count = 0

    def put(self, item: T) -> None:
        """Append; at the bound the oldest item gives way."""
        if len(self._items) == self._maxsize:
            self._items.popleft()
            self.dropped_count += 1
            dropped.add(1, self._labels)
        else:
            depth.add(1, self._labels)
        self._items.append(item)
        self._ready.set()

    async def get(self) -> T:
        """The oldest item; waits for one."""
        while not self._items:
            self._ready.clear()
            await self._ready.wait()
        depth.add(-1, self._labels)
        return self._items.popleft()

    def clear(self) -> None:
        """Forget what waits; not counted as dropped."""
        depth.add(-len(self._items), self._labels)
        self._items.clear()

    def __len__(self) -> int:
        return len(self._items)


class WaitingQueue(Generic[T]):
    """Bounded queue for text and control: `put` waits, nothing is lost; iteration ends after `end`."""

    def __init__(self, maxsize: int, name: str = "waiting") -> None:
        self._queue: asyncio.Queue[T | None] = asyncio.Queue(maxsize)
        self._labels = {"visavis.queue.name": name}

    async def put(self, item: T) -> None:
        """Append; waits while the queue is full."""
        await self._queue.put(item)
        depth.add(1, self._labels)

    def put_or_raise(self, item: T) -> None:
        """Append at once.

        Raises asyncio.QueueFull at the bound: the caller decides what gives way.
        """
        self._queue.put_nowait(item)
        depth.add(1, self._labels)

    async def end(self) -> None:
        """Let the reader finish what waits, then stop."""
        await self._queue.put(None)

    def clear(self) -> None:
        """Forget what waits: its reader has gone, and the depth must not count it for ever."""
        while not self._queue.empty():
            if self._queue.get_nowait() is not None:
                depth.add(-1, self._labels)

    async def __aiter__(self) -> AsyncIterator[T]:
        while (item := await self._queue.get()) is not None:
            depth.add(-1, self._labels)
            yield item

    def __len__(self) -> int:
        return self._queue.qsize()
