"""What was said in a call, for a viewer that comes back: its connection broke, or the gateway died."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from rpckit.blocking import run_step

from visavis_gateway.engine import Move, Shelf

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_REFRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Who answered, and what was said; bounded by `floor.trim`."""

    persona: str
    history: tuple[Move, ...]


def to_bytes(memory: Memory) -> bytes:
    """JSON: `{"persona": "mira", "history": [[is_user, text, interrupted], ...]}`."""
    history = [[move.is_user, move.text, move.interrupted] for move in memory.history]
    return json.dumps({"persona": memory.persona, "history": history}).encode()


def from_bytes(plain: bytes) -> Memory:
    """What `to_bytes` made."""
    read = json.loads(plain)
    return Memory(read["persona"], tuple(Move(*move) for move in read["history"]))


class Memories:
    """One memory a session, for `keep_s` after it was kept last. Changes happen in the order of the calls."""

    def __init__(self, keep_s: float, shelf: Shelf) -> None:
        self._keep_s = keep_s
        self._shelf = shelf
        self._one_at_a_time = asyncio.Lock()

    @property
    def refresh_s(self) -> float:
        """How often the memory of an open call must be kept again, lest it fades."""
        return min(LONGEST_REFRESH_S, self._keep_s / 3)

    async def keep(self, session_id: str, token: str, memory: Memory) -> bool:
        """Keep it in place of the one before; whether it is kept: an empty one is not, nor any for 0 s."""
        if not memory.history or not self._keep_s:
            return False
        await self._do(self._shelf.put, session_id, token, to_bytes(memory), self._keep_s)
        return True

    async def recall(self, session_id: str, token: str) -> Memory | None:
        """What was said in that session, for whoever has its token; it stays until it is forgotten."""
        if not self._keep_s:
            return None
        plain = await self._do(self._shelf.get, session_id, token)
        return None if plain is None else from_bytes(plain)

    async def forget(self, session_id: str) -> None:
        """Nothing of it can be recalled any more."""
        await self._do(self._shelf.drop, session_id)

    async def tidy(self) -> None:
        """What has faded goes."""
        await self._do(self._shelf.tidy)

    async def _do(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._one_at_a_time:
            return await run_step(step, *args, **kwargs)
