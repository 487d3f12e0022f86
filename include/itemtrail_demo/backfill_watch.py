"""What `make backfill-month` asks Airflow's API: runs, tasks, and, again and again beside a backfill, how much goes on at once.

Decides nothing about days. Refuses to believe one number: occupied slots as the pool tells them, and running archive tasks
counted one by one, are sampled both. The process that it kills descends from this Airflow's.
"""

import datetime as dt
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from itemtrail_airflow import standalone

DAG = "archive_trail"
DONE = ("success", "failed")
EVERY = 0.5
"""Seconds between two samples."""
_LOG_LINE = re.compile(r"^\s*$|^\d{4}-\d\d-\d\dT\S+ \[|^\[?\d{4}-\d\d-\d\d[T ]\d\d:|Warning|^  +warnings?\.")


class Watch:
    """Samples in a thread; kills one archive task, the first that is met running of ``victims``, with SIGKILL."""

    def __init__(self, airflow: standalone.Standalone, victims: Collection[dt.date]) -> None:
        self._airflow, self._victims = airflow, {str(day) for day in victims}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self.samples = self.most_occupied = self.most_archiving = self.most_runs = self.killed_pid = 0
        self.killed_day: dt.date | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def summary(self, slots: int, runs: int) -> str:
        """What was seen at most, beside what may be."""
        return (
            f"at most, in {self.samples} samples of the API: {self.most_archiving} archive tasks at once, {self.most_occupied} "
            f"of the pool's {slots} slots occupied, {self.most_runs} of {runs} runs at once"
        )

    def _watch(self) -> None:
        while not self._done.wait(EVERY):
            with suppress(RuntimeError, OSError):  # the API did not answer this time
                self._sample()

    def _sample(self) -> None:
        running = self._airflow.api("GET", f"/dags/{DAG}/dagRuns/~/taskInstances?state=running&limit=100")["task_instances"]
        archiving = [one for one in running if one["task_id"] == "unit.archive"]
        for one in archiving:
            day = one["dag_run_id"].split("__")[2]
            if not self.killed_pid and day in self._victims and one["pid"]:
                self._kill(int(one["pid"]), dt.date.fromisoformat(day))
        self.most_archiving = max(self.most_archiving, len(archiving))
        self.most_occupied = max(self.most_occupied, self._airflow.api("GET", "/pools/itemtrail_archive")["occupied_slots"])
        active = self._airflow.api("GET", f"/dags/{DAG}/dagRuns?state=running&limit=100")["total_entries"]
        self.most_runs = max(self.most_runs, active)
        self.samples += 1

    def _kill(self, pid: int, day: dt.date) -> None:
        with suppress(OSError):
            if self._airflow.process.pid in _ancestors(pid):
                os.kill(pid, signal.SIGKILL)
                self.killed_pid, self.killed_day = pid, day


def _ancestors(pid: int) -> list[int]:
    """Its parent, its parent's parent and so on. The environment would not do: Airflow writes its processes' titles over it."""
    found: list[int] = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[1])
        found.append(pid)
    return found


def runs(airflow: standalone.Standalone) -> list[dict[str, Any]]:
    """Every run of the DAG."""
    answer: list[dict[str, Any]] = airflow.api("GET", f"/dags/{DAG}/dagRuns?limit=100&order_by=id")["dag_runs"]
    return answer


def run_of(airflow: standalone.Standalone, day: dt.date) -> str:
    """Id of the day's first run."""
    return str(next(run["dag_run_id"] for run in runs(airflow) if run["partition_key"] == str(day)))


def instances(airflow: standalone.Standalone, run: str) -> list[dict[str, Any]]:
    """Task instances of a run."""
    path = f"/dags/{DAG}/dagRuns/{standalone.quoted(run)}/taskInstances?limit=100"
    answer: list[dict[str, Any]] = airflow.api("GET", path)["task_instances"]
    return answer


def tries(airflow: standalone.Standalone, day: dt.date) -> dict[str, int]:
    """How often tasks of the day's first run were begun, where that is more than once."""
    found = {f"{one['task_id']}[{one['map_index']}]": one["try_number"] for one in instances(airflow, run_of(airflow, day))}
    return {name: count for name, count in found.items() if count > 1}


def wait(airflow: standalone.Standalone, count: int, seconds: float, progress: Callable[[str], None]) -> list[dict[str, Any]]:
    """The runs, once ``count`` of them have ended.

    Raises:
        RuntimeError: not within ``seconds``; the message tells how many had.
    """
    end = time.monotonic() + seconds
    while True:
        found = runs(airflow)
        over = sum(run["state"] in DONE for run in found)
        if over >= count:
            return found
        if time.monotonic() > end:
            raise RuntimeError(f"{over} of {count} runs ended in {seconds:.0f} s. Next: look at {airflow.log}")
        progress(f"{over} of {count} runs have ended, {sum(run['state'] == 'failed' for run in found)} of them failed")
        time.sleep(EVERY)


def post_backfill(airflow: standalone.Standalone, body: Mapping[str, Any], seconds: float = 120) -> dict[str, Any]:
    """Ask for a backfill as the UI does; again while Airflow still holds the one before for running (up to half a minute).

    Raises:
        RuntimeError: refused otherwise, or for longer.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            answer: dict[str, Any] = airflow.api("POST", "/backfills", body)
        except RuntimeError as error:
            if "already a running backfill" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(2)
        else:
            return answer


def wait_run(airflow: standalone.Standalone, run: str, seconds: float) -> str:
    """The state in which a run ended.

    Raises:
        RuntimeError: not within ``seconds``.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = str(airflow.api("GET", f"/dags/{DAG}/dagRuns/{standalone.quoted(run)}")["state"])
        if state in DONE:
            return state
        time.sleep(EVERY)
    raise RuntimeError(f"{run} did not end in {seconds:.0f} s: {airflow.tasks(DAG, run)}")


def wait_for_dag(airflow: standalone.Standalone, seconds: float = 120) -> None:
    """Until Airflow has parsed the DAG.

    Raises:
        RuntimeError: not within ``seconds``.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            airflow.api("GET", f"/dags/{DAG}")
        except RuntimeError:
            if time.monotonic() > end:
                raise
            time.sleep(EVERY)
        else:
            return


def spoken(output: str) -> str:
    """A command's words without the log lines that Airflow prints before them."""
    return "\n".join(line.rstrip() for line in output.splitlines() if not _LOG_LINE.search(line))
