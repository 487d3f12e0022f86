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
    """SIGTERM to everything that was started, SIGKILL to what is still there after the grace.

    Airflow's parts outlive the process that started them, so they are looked for as long as any is there: by parent, and by
    the sessions that the children opened.
    """
    deadline = time.monotonic() + GRACE
    sessions, told = set(_children()), set[int]()
    while (living := started_by_us(sessions)) and time.monotonic() < deadline:
        for pid in living - told:
            _signal(pid, signal.SIGTERM)
        told |= living
        time.sleep(0.05)
    for pid in started_by_us(sessions):
        _signal(pid, signal.SIGKILL)


def started_by_us(sessions: set[int]) -> set[int]:
    """Living descendants of this process, and members of the given sessions."""
    table, me = _table(), os.getpid()
    found: set[int] = set()
    while (
        fresh := {pid for pid, (parent, session) in table.items() if parent == me or parent in found or session in sessions}
        - found
        - {me}
    ):
        found |= fresh
    return found


def _children() -> list[int]:
    return [pid for pid, (parent, _) in _table().items() if parent == os.getpid()]


def _table() -> dict[int, tuple[int, int]]:
    """Parent and session of every living process."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                found[int(entry.name)] = (int(fields[1]), int(fields[3]))
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
