"""Ctrl-C, SIGTERM and a stage that does not end: end everything that was started, then this process, at once.

A handler or an exception would not do. Airflow's task runner takes a KeyboardInterrupt in a task for that task's failure, and
each task it runs in this process replaces the handler of SIGTERM with its own, for good. So a thread is told of every signal by
the interpreter itself (``signal.set_wakeup_fd``), whoever's handler is installed. Refuses to touch any process but its own
children.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

GRACE = 25.0
"""Seconds that children have between SIGTERM and SIGKILL: Airflow's guard gives what it guards 20 of them."""
INTERRUPTED = 130


def leave_on_signals(output: int) -> None:
    """From now on SIGINT and SIGTERM end children and process with exit code 130. ``output``: file descriptor to say so.

    Raises:
        ValueError: not called from the main thread.
    """
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)  # any handler: without one the interpreter is not told

    def watch() -> None:
        while True:
            if set(os.read(reads, 64)) & {signal.SIGINT, signal.SIGTERM}:
                leave(output, "\ninterrupted; everything that was started is stopped. Run it again at any time.\n", INTERRUPTED)

    threading.Thread(target=watch, name="signals", daemon=True).start()


def leave(output: int, text: str, code: int) -> NoReturn:
    """End the children, say ``text``, end this process with ``code``; callable from any thread."""
    end_children()
    os.write(output, text.encode())
    os._exit(code)


@contextlib.contextmanager
def at_most(seconds: float, output: int, what: str) -> Iterator[None]:
    """Leave with exit code 1 if the block takes longer: a DAG in this process cannot be stopped otherwise."""
    text = f"\n{what} did not end in {seconds:.0f} s; everything that was started is stopped.\n"
    timer = threading.Timer(seconds, leave, (output, text, 1))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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
