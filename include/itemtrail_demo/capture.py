"""Setting up capture and archiving days, through Airflow's own DAGs in this process; and what the receipts say afterwards.

Decides what counts as good: the DAG run's state, and then, independently of Airflow, every expected unit's receipts. Airflow is
imported here only inside functions, after the environment is complete: it reads it on import.
"""

import datetime as dt
import importlib
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from itemtrail.aws.connection import Connection
from itemtrail.flows import receipts
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.settings import Settings, load
from itemtrail_airflow import local_run
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder
from itemtrail_demo.interrupt import at_most
from itemtrail_demo.report import UnitLine

DAG_SECONDS = 240
"""No DAG run of the demo may take longer; one that waits for a retry would."""


class Airflow:
    """Airflow in this process; its output goes to the log."""

    def __init__(self, folder: Folder, console: Console) -> None:
        self._console = console
        self._log = folder.log
        os.environ.update(local_run.environment(folder.airflow, {}, config=folder.configuration))
        os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "INFO"
        self._import = threading.Thread(target=self._load, name="import-airflow", daemon=True)
        self._import.start()

    def connect(self, folder: Folder, connections: Mapping[str, Mapping[str, str]]) -> None:
        """Give it its connections."""
        os.environ.update(local_run.environment(folder.airflow, connections, config=folder.configuration))
        os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "INFO"

    def run(self, dag_id: str, conf: Mapping[str, object]) -> list[str]:
        """Run a DAG to its end; one line for each task that did not succeed (none: all is well)."""
        before = self._log.stat().st_size if self._log.exists() else 0
        limit = at_most(DAG_SECONDS, self._console.descriptor, f"DAG {dag_id} (details: {self._log})")
        with limit, self._console.ticking(self._latest_words), self._console.hushed():
            self._import.join()
            run = local_run.run_dag(dag_id, conf)
        if run.state == "success":
            return []
        bad = [f"task {task} is {state}" for task, state in run.tasks.items() if state != "success"]
        with self._log.open(encoding="utf-8", errors="replace") as log:
            log.seek(before)
            said = dict.fromkeys(reason.strip() for reason in _REASON.findall(log.read()))
        return [f"{dag_id} {dict(conf)} is {run.state}: {', '.join(bad)}", *said]

    def _latest_words(self) -> str:
        """What a task of ours logged last."""
        if not self._log.exists():
            return "Airflow is starting"
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - LOG_TAIL))
            said = _OURS.findall(log.read().decode("utf-8", "replace"))
        return said[-1][:SHOWN] if said else "Airflow is at work"

    def _load(self) -> None:
        importlib.import_module("airflow.dag_processing.dagbag")


LOG_TAIL = 20_000
SHOWN = 90
_OURS = re.compile(r"^\S+ \[info +\] (.+?) +\[itemtrail_airflow[\w.]*\]", re.MULTILINE)
"""A line that a task of itemtrail logged."""
_REASON = re.compile(r"^(?:itemtrail|airflow)[\w.]*\.\w+: ((?:.+\n)(?:(?!\d{4}-\d\d-\d\dT).+\n){0,4})", re.MULTILINE)
"""The end of a traceback: the exception's message, some lines of it."""


def expected_units(settings: Settings, days: Sequence[dt.date]) -> tuple[Unit, ...]:
    """Every unit that the configuration expects on the days."""
    archive = settings.archive
    return tuple(Unit(account, region, day) for day in days for account in archive.accounts for region in archive.regions)


def changes(environment: Mapping[str, str], folder: Folder) -> Iterator[Mapping[str, Any]]:
    """Every row below ``changes/`` in the archive, read with the owner's eyes."""
    import io

    import pyarrow.parquet as pq

    from itemtrail.core import changes_files

    archive = _archive(environment, folder)
    for info in archive.list(changes_files.CHANGES):
        if changes_files.parse_day(info.key):
            yield from pq.read_table(io.BytesIO(archive.read(info.key).body)).to_pylist()


def unit_lines(environment: Mapping[str, str], folder: Folder, days: Sequence[dt.date]) -> list[UnitLine]:
    """What the archive's receipts say of the days, read with the owner's eyes."""
    archive = _archive(environment, folder)
    lines = []
    for unit in expected_units(load(folder.configuration), days):
        found = receipts.load(archive, unit)
        last = found.receipts[-1] if found.receipts else None
        lines.append(UnitLine(unit, found.counts, last.verdict if last else None, last.conversion if last else None))
    return lines


def _archive(environment: Mapping[str, str], folder: Folder) -> ObjectStore:
    import boto3

    session = boto3.Session(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    return Connection(session, endpoint_url=environment["AWS_ENDPOINT_URL"]).archive(load(folder.configuration).archive)
