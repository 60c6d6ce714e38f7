"""One log for all programs: `HH:MM:SS program  line`."""

import queue
import re
import threading
import time
from types import TracebackType

from rich.console import Console
from rich.text import Text

COLOURS = {
    "asr": "green",
    "brain": "magenta",
    "tts": "yellow",
    "render": "blue",
    "gateway": "cyan",
    "nats": "bright_black",
    "visavis": "bold",
}
NAME_WIDTH = max(len(name) for name in COLOURS)
WAITING_LINES = 5000
END_WITHIN_S = 2.0
# nats-server's own pid; escape sequences of whoever believes it writes to a terminal.
NOISE = re.compile(r"^\[\d+\] (?=\[[A-Z]{3}\])|\x1b\[[0-9;]*[A-Za-z]")


class LogWriter:
    """Writes lines from a thread, so that a terminal that stands still holds up no program.

    When more lines wait than fit, the new ones are dropped and counted.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: queue.Queue[Text | None] = queue.Queue(WAITING_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)

    def __enter__(self) -> "LogWriter":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._lines.put(None, timeout=END_WITHIN_S)
            self._thread.join(END_WITHIN_S)
        except queue.Full:
            return  # nobody reads: what waits is lost with us

    def __call__(self, program: str, line: str) -> None:
        """Add a line, never waiting."""
        text = Text()
        text.append(time.strftime("%H:%M:%S "), style="dim")
        text.append(f"{program:{NAME_WIDTH}}  ", style=COLOURS.get(program, ""))
        text.append(NOISE.sub("", line))
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._dropped += 1

    def _write(self) -> None:
        while (text := self._lines.get()) is not None:
            try:
                self._console.print(text, soft_wrap=True)
                if self._dropped:
                    count, self._dropped = self._dropped, 0
                    self._console.print(f"({count} lines were not shown)", markup=False)
            except OSError:
                return  # whoever read the log has left; the stack goes on
