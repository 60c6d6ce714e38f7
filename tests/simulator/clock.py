"""An event loop whose clock jumps to the next timer: a minute of conversation in a fraction of a second."""

import asyncio
import selectors


class JumpingSelector(selectors.SelectSelector):
    """Never blocks: where a real one would wait, time passes instead. There is nothing to read."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every task waits and no timer is set: this would hang for ever")
        self.now_s += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` is the virtual time in seconds, from 0."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s

    def time_ns(self) -> int:
        """The same, as a SessionClock counts it."""
        return round(self._jumping.now_s * 1e9)
