"""Ctrl-C and SIGTERM: end everything that was started, then this process, at once.

An exception would not do: Airflow's task runner takes a KeyboardInterrupt in a task for that task's failure and goes on.
Refuses to touch any process but its own children.
"""

import os
import signal
import time
from pathlib import Path
from types import FrameType

GRACE = 5.0
"""Seconds that children have between SIGTERM and SIGKILL."""


def leave_on_signals(output: int) -> None:
    """From now on SIGINT and SIGTERM end children and process; the exit code is 130. ``output`` is where to say so."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        end_children()
        os.write(output, b"\ninterrupted; everything that was started is stopped. Run it again at any time.\n")
        os._exit(130)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


def end_children() -> None:
    """SIGTERM to every child, SIGKILL to those that are still there after the grace."""
    for pid in children():
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while children() and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in children():
        _signal(pid, signal.SIGKILL)


def children() -> list[int]:
    """Living children of this process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[:2]
            except (OSError, ValueError):
                continue
            if parent == str(os.getpid()) and state != "Z":
                found.append(int(entry.name))
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
