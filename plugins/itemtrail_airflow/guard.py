"""A command that ends with its parent, with everything it started. Standard library only; Linux (/proc).

Decides: between the parent and the command stands a guard that watches a pipe of which only the parent holds the other end. When
that closes, however the parent ended, or the command ends, the guard ends the command's process group and whatever left the group
but carries its mark in its environment: SIGTERM, after a while SIGKILL. Refuses to find processes by name.
"""

import os
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

GRACE = 15.0  # seconds from SIGTERM to SIGKILL
MARK = "ITEMTRAIL_GUARDED"  # its value is another for each command


def start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start ``command`` under a guard; what both print goes to ``log``. The guard's exit status is the command's."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, *command],
            env={**environment, MARK: uuid.uuid4().hex},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the parent's
        )


def stop(guard: "subprocess.Popen[bytes]") -> None:
    """End the command and its guard; returns when nothing of them is left."""
    if guard.stdin is not None:
        with suppress(OSError):
            guard.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        guard.wait(2 * GRACE)
    for pid in members(guard.pid):
        _signal(pid, signal.SIGKILL)
    guard.wait()


def members(group: int, mark: bytes | None = None) -> list[int]:
    """Living processes of ``group``, or with ``mark`` in their environment; never this process."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid != os.getpid() and (_group(pid) == group or (mark and mark in _environ(pid)))]


def _watch(command: Sequence[str]) -> int:
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))  # select ends within its second
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while child.poll() is None and not asked:
        readable, _, _ = select.select([sys.stdin], [], [], 1.0)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            break
    _end(child, f"{MARK}={os.environ[MARK]}".encode())
    return child.wait()


def _end(child: "subprocess.Popen[bytes]", mark: bytes) -> None:
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 5.0)):
        for pid in members(os.getpid(), mark):
            _signal(pid, number)
        end = time.monotonic() + patience
        while members(os.getpid(), mark) and time.monotonic() < end:
            child.poll()  # reaps it
            time.sleep(0.1)


def _group(pid: int) -> int | None:
    """Process group of a living process; None for one that is gone or a zombie."""
    try:
        state, _, group = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(group)


def _environ(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.exit(_watch(sys.argv[1:]))
