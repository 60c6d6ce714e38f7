"""Blocking model steps, off the event loop."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def run_step(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a short blocking `step` in a thread; on cancel, wait for it to end, then cancel.

    Plain asyncio.to_thread returns at once on cancel while its thread runs on, so the
    caller would close the model under a step still in flight.
    """
    return await run_step_in(None, step, *args, **kwargs)


async def run_step_in(
    executor: Executor | None, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Like run_step, on the threads of `executor`: keeps one kind of work from queueing behind another."""
    return await run_stoppable_step(executor, lambda: None, step, *args, **kwargs)


async def run_stoppable_step(
    executor: Executor | None,
    stop: Callable[[], None],
    step: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Like run_step_in; on cancel, `stop` is called first, so that the step in flight may end early."""
    loop = asyncio.get_running_loop()
    running = loop.run_in_executor(executor, partial(step, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop()
        while not running.done():
            # A second cancel (a call that is cancelled also ends its request stream) changes nothing.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise
