"""What was said in sessions that broke off: a viewer that comes back goes on where it was."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from visavis_gateway.engine import Move

MAX_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Memory:
    token: str
    history: tuple[Move, ...]
    until_s: float


class Memories:
    """Pure: time is an argument, in seconds. Holds at most 64 histories, each for `keep_s`."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._kept: OrderedDict[str, _Memory] = OrderedDict()

    def keep(self, now_s: float, session_id: str, token: str, history: Sequence[Move]) -> None:
        """Remember a session that broke off; one in which nothing was said is forgotten."""
        self._forget_old(now_s)
        if history and self._keep_s > 0:
            self._kept[session_id] = _Memory(token, tuple(history), now_s + self._keep_s)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def take(self, now_s: float, session_id: str, token: str) -> list[Move]:
        """What was said in that session, once, to whoever has its token; else nothing."""
        self._forget_old(now_s)
        found = self._kept.get(session_id)
        if found is None or not secrets.compare_digest(found.token.encode(), token.encode()):
            return []
        del self._kept[session_id]
        return list(found.history)

    def _forget_old(self, now_s: float) -> None:
        for session_id in [each for each, memory in self._kept.items() if memory.until_s <= now_s]:
            del self._kept[session_id]
