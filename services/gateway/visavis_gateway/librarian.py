"""Keeps the library in step with the folders of the personas."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from rpckit.blocking import run_step, run_stoppable_step

from visavis_gateway.engine import Persona
from visavis_gateway.knowledge import KnowledgeError, Library, documents_in

log = logging.getLogger(__name__)

EVERY_S = 2.0

Stamps = frozenset[tuple[Path, int, int]]


@asynccontextmanager
async def kept_read(
    library: Library, personas: Mapping[str, Persona], every_s: float = EVERY_S
) -> AsyncIterator[None]:
    """While inside, new and changed documents are read, beside the calls; until then the old ones count."""
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(_read(library, personas, every_s), name="knowledge.read")
        try:
            yield
        finally:
            reading.cancel()


async def _read(library: Library, personas: Mapping[str, Persona], every_s: float) -> None:
    seen: dict[Path, Stamps | str] = {}
    troubles: dict[Path, str] = {}  # what was in the way at the last try: it is tried again, but said once
    while True:
        for folder in {Path(each.knowledge) for each in personas.values() if each.knowledge}:
            stamps = await run_step(stamps_of, folder)
            if seen.get(folder) != stamps or troubles.get(folder):
                seen[folder] = stamps
                trouble = await _refresh(library, folder)
                if trouble and trouble != troubles.get(folder):
                    log.error("knowledge: %s", trouble)
                troubles[folder] = trouble
        await asyncio.sleep(every_s)


async def _refresh(library: Library, folder: Path) -> str:
    """What was in the way, in words; empty when nothing was."""
    stop = threading.Event()
    try:
        await run_stoppable_step(None, stop.set, library.refresh, folder, stop.is_set)
    except KnowledgeError as error:
        return str(error)
    return ""


def stamps_of(folder: Path) -> Stamps | str:
    """What tells that a folder has changed."""
    try:
        stats = [(path, path.stat()) for path in documents_in(folder)]
    except (KnowledgeError, OSError) as error:
        return str(error)
    return frozenset((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)
