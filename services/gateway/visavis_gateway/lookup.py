"""What a persona's documents say to a turn: looked up beside it, on the words so far."""

import logging
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from opentelemetry import trace
from rpckit.blocking import run_step
from rpckit.supervise import guarded

from visavis_gateway import names
from visavis_gateway.knowledge import KnowledgeError, Library, Passage

log = logging.getLogger(__name__)

# So much of the words must have been looked up for its passages to count for all of them.
ENOUGH = 0.6


class Lookup:
    """One turn's look-ups: at most one runs, the newest words wait; the last outcome stays."""

    def __init__(
        self,
        library: Library | None,
        folder: str,
        span: trace.Span,
        spawn: Callable[[Coroutine[Any, Any, None], str], Any],
    ) -> None:
        self._library = library if folder else None
        self._folder = Path(folder)
        self._span = span
        self._spawn = spawn
        self._wanted: tuple[str, Callable[[tuple[Passage, ...]], None]] | None = None
        self._is_running = False
        self._looked_up = ""
        self.passages: tuple[Passage, ...] = ()

    def is_ready_for(self, text: str) -> bool:
        """What was found last will do for `text`."""
        if self._library is None or text == self._looked_up:
            return True
        done, wanted = self._looked_up.lower().split(), text.lower().split()
        same = next((i for i, (a, b) in enumerate(zip(done, wanted, strict=False)) if a != b), len(done))
        return bool(wanted) and min(same, len(wanted)) >= ENOUGH * len(wanted)

    def look_up(self, text: str, then: Callable[[tuple[Passage, ...]], None]) -> None:
        """Search, then call `then`; words that came in meanwhile take the place of those that wait."""
        if self._library is None or text == self._looked_up:
            then(self.passages)
            return
        self._wanted = (text, then)
        if not self._is_running:
            self._is_running = True
            self._spawn(self._run(self._library), "turn.look_up")

    @guarded
    async def _run(self, library: Library) -> None:
        try:
            while self._wanted is not None:
                (text, then), self._wanted = self._wanted, None
                if text != self._looked_up:
                    await self._search(library, text)
                then(self.passages)
        finally:
            self._is_running = False

    async def _search(self, library: Library, text: str) -> None:
        began = time.monotonic()
        try:
            self.passages = await run_step(library.search, self._folder, text)
        except KnowledgeError as error:
            log.error("knowledge: %s", error)
            self.passages = ()
        self._looked_up = text
        names.lookups.record(time.monotonic() - began)
        self._cite()

    def _cite(self) -> None:
        """The trace names what was found; what stands there is not in it."""
        self._span.set_attribute(names.KNOWLEDGE, [passage.source for passage in self.passages])
