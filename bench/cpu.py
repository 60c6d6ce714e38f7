"""How much of a core some processes and their descendants use."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Meter:
    """Counts from its creation on."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = list(pids)
        self._before_s, self._begun_s = cpu_s(self._pids), time.monotonic()

    def share(self) -> float:
        """Cores in use, on average."""
        elapsed_s = max(1e-3, time.monotonic() - self._begun_s)
        return round(max(0.0, cpu_s(self._pids) - self._before_s) / elapsed_s, 3)


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds of processes, with all that they have started."""
    return sum(ticks(pid) for each in pids for pid in (each, *descendants(each))) / TICKS_PER_S


def descendants(pid: int) -> Iterator[int]:
    """Every process below this one."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in read(task).split():
            yield int(child)
            yield from descendants(int(child))


def ticks(pid: int) -> int:
    """User and system time of one process; 0 when it is gone."""
    fields = read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
