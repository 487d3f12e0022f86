"""Leaving at once: children ended, exit code, whoever's handler is installed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import signal, subprocess, sys, time
from itemtrail_demo import interrupt
interrupt.GRACE = 1.0
interrupt.leave_on_signals(1)
child = subprocess.Popen([sys.executable, "-c", CHILD])
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: None)  # as Airflow does for each task
BODY
"""
OBEDIENT = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def run(body: str, child: str = OBEDIENT) -> "subprocess.Popen[str]":
    text = PROGRAM.replace("CHILD", repr(child)).replace("BODY", body)
    variables = dict(os.environ) | {"PYTHONPATH": str(ROOT / "include")}
    return subprocess.Popen([sys.executable, "-c", text], env=variables, stdout=subprocess.PIPE, text=True)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_children_and_process_though_the_handler_was_replaced(number: signal.Signals) -> None:
    process = run("print(child.pid, flush=True)\nwhile True: time.sleep(0.1)")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(number)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in rest
    assert gone(child)


def test_a_child_that_does_not_obey_is_killed() -> None:
    process = run("print(child.pid, flush=True)\nwhile True: time.sleep(0.1)", child=DEAF)
    assert process.stdout is not None
    child = next(int(line) for line in (process.stdout.readline(), process.stdout.readline()) if line.strip().isdigit())
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert gone(child)


def test_what_takes_too_long_ends_with_1_and_says_what_it_was() -> None:
    process = run("print(child.pid, flush=True)\nwith interrupt.at_most(0.2, 1, 'the nap'): time.sleep(60)")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "the nap did not end in 0 s" in rest
    assert gone(child)


def test_what_ends_in_time_is_left_alone() -> None:
    process = run("with interrupt.at_most(0.3, 1, 'the nap'): pass\ntime.sleep(0.6); child.kill(); print('done')")
    assert process.communicate(timeout=20)[0].strip() == "done"
    assert process.returncode == 0


def test_a_grandchild_in_a_session_of_its_own_whose_parent_is_gone_is_ended_too() -> None:
    """As Airflow's scheduler and API server, which outlive `airflow standalone`."""
    orphan = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        " print(p.pid, flush=True); time.sleep(60)"
    )
    body = (
        f"leader = subprocess.Popen([sys.executable, '-c', {orphan!r}], start_new_session=True)\n"
        "time.sleep(0.5)\n"
        "while True: time.sleep(0.1)"
    )
    process = run(body)
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    time.sleep(0.6)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert gone(grandchild)
