"""Shows how far a download is: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

Advance = Callable[[int], None]
LINE_EVERY_BYTES = 100_000_000


def megabytes(size: int) -> str:
    """ "491.4 MB"; small files in kB."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


class Progress:
    """Progress of one download at a time, and lines beside it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        """A line that stays."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def task(self, label: str, total: int, done: int = 0) -> Iterator[Advance]:
        """Counts bytes while inside; `done` of `total` are there already."""
        if self._console.is_terminal:
            with self._bar(label, total, done) as advance:
                yield advance
        else:
            yield self._lines(label, total, done)

    @contextmanager
    def _bar(self, label: str, total: int, done: int) -> Iterator[Advance]:
        columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn())
        speed = (TransferSpeedColumn(), TimeRemainingColumn())
        with Bars(*columns, *speed, console=self._console, transient=True) as bars:
            task = bars.add_task(label, total=total or None, completed=done)
            yield lambda count: bars.advance(task, count)

    def _lines(self, label: str, total: int, done: int) -> Advance:
        reached = done

        def advance(count: int) -> None:
            nonlocal reached
            before, reached = reached, reached + count
            if before // LINE_EVERY_BYTES != reached // LINE_EVERY_BYTES:
                self.say(f"  {label}: {megabytes(reached)} of {megabytes(total)}")

        return advance
