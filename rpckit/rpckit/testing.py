"""What the tests of every service share."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], what: str, within_s: float = 30) -> None:
    """Wait for `condition`.

    Raises:
        AssertionError: It did not hold within `within_s`; names `what` was missing.

    """
    try:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 - a condition over state that has no event of its own
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never happened within {within_s:g} s: {what}") from None
