"""python leash.py PARENT_PID PROGRAM ARG...: become PROGRAM, and die with the parent whatever ends it.

Runs before PROGRAM in the new process, so that nothing has to run between fork and exec in a parent that
has threads. Needs only the standard library and starts in milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to(parent: int) -> None:
    """Ask the kernel (Linux) for SIGKILL when the parent ends; leave at once when it already has."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent has ended")


if __name__ == "__main__":
    tie_to(int(sys.argv[1]))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    except OSError as error:
        sys.exit(f"can't start {sys.argv[2]}: {error.strerror}")
