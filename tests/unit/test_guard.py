"""What is started under a guard ends with its parent, however that ends."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from itemtrail_airflow import guard

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = str(ROOT / "plugins")
# A command with a child in its group, and one that left it for a session of its own.
FAMILY = """
    import subprocess, sys, time
    child = subprocess.Popen(["sleep", "300"])
    runaway = subprocess.Popen(["sleep", "300"], start_new_session=True)
    print(child.pid, runaway.pid, flush=True)
    time.sleep(300)
"""


def family(log: Path) -> "subprocess.Popen[bytes]":
    return guard.start([sys.executable, "-c", textwrap.dedent(FAMILY)], {**os.environ, "PYTHONPATH": PLUGINS}, log)


def born(log: Path) -> list[int]:
    end = time.monotonic() + 10
    while not (words := log.read_text().split()) and time.monotonic() < end:
        time.sleep(0.02)
    return [int(word) for word in words]


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pids: list[int], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(alive(pid) for pid in pids)


def test_stop_ends_the_command_its_children_and_the_one_that_left_its_group(tmp_path):
    started = family(tmp_path / "log")
    pids = born(tmp_path / "log")
    assert len(pids) == 2
    assert all(alive(pid) for pid in pids)
    guard.stop(started)
    assert gone([*pids, started.pid], 0)


def test_a_parent_that_is_killed_takes_everything_with_it(tmp_path):
    log = tmp_path / "log"
    code = f"""
        import os, pathlib, sys, time
        from itemtrail_airflow import guard
        guard.start([sys.executable, "-c", {textwrap.dedent(FAMILY)!r}], dict(os.environ), pathlib.Path({str(log)!r}))
        time.sleep(300)
    """
    log.touch()
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "PYTHONPATH": PLUGINS})
    pids = born(log)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert len(pids) == 2
    assert gone(pids)


def test_a_command_that_ends_by_itself_hands_its_status_on(tmp_path):
    started = guard.start([sys.executable, "-c", "raise SystemExit(7)"], {**os.environ, "PYTHONPATH": PLUGINS}, tmp_path / "log")
    assert started.wait(10) == 7
    guard.stop(started)


def test_a_guard_that_is_terminated_ends_what_it_guards_first(tmp_path):
    started = family(tmp_path / "log")
    pids = born(tmp_path / "log")
    assert len(pids) == 2
    started.send_signal(signal.SIGTERM)
    started.wait(20)
    assert gone(pids, 0)
