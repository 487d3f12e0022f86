"""What the reader sees while the demo runs: one line a stage, with the seconds since the start; the rest goes to a log file.

Decides where output goes. Airflow, botocore and the DAGs write to file descriptors 1 and 2 as they please: while ``hushed``,
both are the log file, and only the console still writes to the reader.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

EVERY = 4.0
"""Seconds between two lines of progress of one stage."""


class Console:
    """Writes to the reader, from any thread."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.started = time.monotonic()
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace", buffering=1)
        self._lock = threading.Lock()
        self._last = 0.0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    @property
    def descriptor(self) -> int:
        """The file descriptor it writes to."""
        return self._out.fileno()

    def say(self, text: str = "") -> None:
        """A line, or several, as they are."""
        with self._lock:
            self._out.write(text + "\n")

    def stage(self, text: str) -> None:
        """What begins now."""
        self._last = time.monotonic()
        self.say(f"[{self.seconds:6.1f} s] {text}")

    def progress(self, text: str) -> None:
        """How far the stage is; said at most every ``EVERY`` seconds."""
        if time.monotonic() - self._last >= EVERY:
            self.stage(f"  … {text}")

    @contextlib.contextmanager
    def ticking(self, words: Callable[[], str]) -> Iterator[None]:
        """Say every ``EVERY`` seconds that something without progress of its own is still going on, and its latest words."""
        done = threading.Event()
        begun = time.monotonic()

        def tick() -> None:
            while not done.wait(EVERY):
                self.stage(f"  … {time.monotonic() - begun:.0f} s: {words()}")

        thread = threading.Thread(target=tick, name="ticking", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    @contextlib.contextmanager
    def hushed(self) -> Iterator[None]:
        """Send everybody else's output to the log file."""
        sys.stdout.flush()
        sys.stderr.flush()
        saved = os.dup(1), os.dup(2)
        file = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.dup2(file, 1)
            os.dup2(file, 2)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, descriptor in enumerate(saved, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
            os.close(file)
