"""A task that must not take its neighbours down."""

import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


async def guarded(work: Coroutine[Any, Any, None], name: str) -> None:
    """Run `work`; an unexpected error is logged and ends only this. Cancellation passes through."""
    try:
        await work
    except Exception:
        log.exception("%s failed", name)
