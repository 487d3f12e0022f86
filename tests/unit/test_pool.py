"""The process pool: what spawn must not do inside a task, and what happens when something dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from itemtrail import pool as pool_module
from itemtrail.errors import SourceUnavailable
from itemtrail.pool import pool

INCLUDE = Path(pool_module.__file__).parents[1]

# A main module that would be run again by an ordinary spawn: it writes a line each time it is executed.
CONSOLE_SCRIPT = """
import operator, os, sys
from pathlib import Path
with open(sys.argv[1], "a") as log:
    log.write("run\\n")
from itemtrail.pool import pool
with pool(2) as workers:
    print(sorted(workers.map_unordered(operator.neg, range(5))))
assert __file__ and __name__ == "__main__"
"""

HANGING_SCRIPT = """
import sys, time
from itemtrail.pool import pool
with pool(1) as workers:
    for _ in workers.map_unordered(time.sleep, [0, 600]):
        print(next(iter(workers._executor._processes)), flush=True)
"""


def run(script: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    path = folder / "console_script"
    path.write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(INCLUDE)}
    return subprocess.Popen([sys.executable, str(path), *arguments], env=environment, text=True, stdout=subprocess.PIPE)


def test_the_console_script_is_not_run_again_by_the_workers(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = run(CONSOLE_SCRIPT, tmp_path, str(log))
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output, log.read_text()) == (0, "[-4, -3, -2, -1, 0]\n", "run\n")


def test_workers_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    process = run(HANGING_SCRIPT, tmp_path)
    assert process.stdout
    worker = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=20)
    assert gone(worker, within=10)


def test_more_items_than_workers_all_come_back() -> None:
    with pool(2) as workers:
        assert sorted(workers.map_unordered(abs, range(-20, 0))) == list(range(1, 21))


def test_an_exception_in_the_function_is_the_callers_and_kills_the_workers() -> None:
    started = time.monotonic()
    with pytest.raises(ValueError, match="sleep length"), pool(2) as workers:
        for _ in workers.map_unordered(time.sleep, [600, -1]):
            pytest.fail("nothing is finished before the failure")
    assert time.monotonic() - started < 60


def test_an_exception_in_the_caller_kills_the_workers() -> None:
    with pytest.raises(KeyError), pool(1) as workers:
        for _ in workers.map_unordered(time.sleep, [0, 600]):
            running = list(workers._executor._processes)
            raise KeyError
    assert all(gone(pid, within=5) for pid in running)


def test_a_worker_that_dies_is_told_and_not_waited_for() -> None:
    with pytest.raises(SourceUnavailable, match="ended abruptly"), pool(1) as workers:
        list(workers.map_unordered(signal.raise_signal, [signal.SIGKILL]))


def test_main_is_as_before() -> None:
    main = sys.modules["__main__"]
    before = (main.__spec__, getattr(main, "__file__", None))
    with pool(1) as workers:
        list(workers.map_unordered(abs, [1]))
    assert (main.__spec__, getattr(main, "__file__", None)) == before


def gone(pid: int, *, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False
