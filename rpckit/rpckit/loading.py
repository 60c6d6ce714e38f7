"""What a service says when its weights can't be loaded: what is wrong and what to do, in one line."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

OUT_OF_MEMORY = ("bad_alloc", "bad allocation", "out of memory", "allocate", "cannot reserve")
LONGEST = 160
HEADROOM = 1.8  # of its weights: what a model takes with caches and buffers


@contextlib.contextmanager
def loading(path: Path) -> Iterator[None]:
    """While a model file is loaded: any failure ends the process with advice, not with a stack trace."""
    try:
        yield
    except Exception as error:
        raise SystemExit(advice(path, error)) from None


def advice(path: Path, error: BaseException) -> str:
    """What to do about a file or a folder of weights that can't be loaded."""
    if isinstance(error, FileNotFoundError):
        return f"{path} is missing: run `visavis models pull`"
    size = sum(
        each.stat().st_size for each in (path.rglob("*") if path.is_dir() else [path]) if each.is_file()
    )
    available = available_bytes()
    says_memory = any(sign in str(error).lower() for sign in OUT_OF_MEMORY)
    if (
        isinstance(error, MemoryError)
        or says_memory
        or (available is not None and available < size * HEADROOM)
    ):
        free = f", {max(0, available) / 1e9:.1f} GB can be had" if available is not None else ""
        return (
            f"not enough memory to load {path} ({size / 1e9:.1f} GB{free}): "
            "close other programs, or choose a smaller model"
        )
    why = " ".join(str(error).split())[:LONGEST] or type(error).__name__
    return (
        f"{path} can't be loaded, it may be damaged: run `visavis models verify`, then "
        f"`visavis models pull`. The loader said: {why}"
    )


def available_bytes() -> int | None:
    """Memory that this process could still get: of the machine, its container and its own limit.

    None where the system does not tell.
    """
    known = [_of_machine(), _of_container(), _of_process()]
    return min((each for each in known if each is not None), default=None)


def _of_machine() -> int | None:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) * 1024
    return None


def _of_container() -> int | None:
    limit, used = _lines("/sys/fs/cgroup/memory.max"), _lines("/sys/fs/cgroup/memory.current")
    return int(limit[0]) - int(used[0]) if limit and used and limit[0].isdecimal() else None


def _of_process() -> int | None:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _lines("/proc/self/statm")
    if limit == resource.RLIM_INFINITY or not pages:
        return None
    return limit - int(pages[0].split()[0]) * resource.getpagesize()


def _lines(path: str) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(path).read_text(encoding="ascii").splitlines()
    return []
