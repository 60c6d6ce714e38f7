"""Tasks that must not take their neighbours down."""

import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

log = logging.getLogger(__name__)

P = ParamSpec("P")


def guarded(work: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, Coroutine[Any, Any, None]]:
    """Decorates a coroutine function: an unexpected error is logged and ends only this task.

    Cancellation passes through.
    """

    @wraps(work)
    async def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await work(*args, **kwargs)
        except Exception:
            log.exception("%s failed", work.__qualname__)

    return run
