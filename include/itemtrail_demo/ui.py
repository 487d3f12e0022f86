"""`make ui`: Airflow's own pages over the replayed days, with a real scheduler and the sandbox beside it, until Ctrl-C.

Decides what the reader finds: `setup_trail` as run, yesterday archived by the schedule (catch-up) and the day before by hand, the
history of both, a ledger checkpoint, a review; and the day before them missing, for the calendar and the backfill button.
Loopback only: whoever reaches the port is an administrator.

SQLite answers a backfill's POST with "Database is locked" when another process writes for too long (Airflow's default: rollback
journal, five seconds). Here the database is in WAL mode, where readers do not block the writer, and everybody waits a minute.
"""

import argparse
import socket
import sqlite3
import sys
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from itemtrail_airflow import standalone
from itemtrail_airflow.rest import Rest
from itemtrail_demo import config, options, report
from itemtrail_demo import stage as stages
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder
from itemtrail_demo.interrupt import leave_on_signals

LOCK_SECONDS = 60
PORT = 8080
POLL = 1.0
DONE = ("success", "failed")


def main(argv: Sequence[str] | None = None) -> int:
    """Until Ctrl-C (130), or 1 with the reason if Airflow or the sandbox ended."""
    arguments = _parser().parse_args(argv)
    folder = options.opened(arguments.folder, "itemtrail demo")
    if folder is None:
        return 2
    stages.isolate()
    console = Console(folder.log)
    port = free_port(arguments.port)
    if port != arguments.port:
        console.say(f"Port {arguments.port} is taken; Airflow gets {port}.")
    leave_on_signals(console.descriptor)
    console.stage("starting the local AWS (sandbox) and Airflow standalone (scheduler, API server, triggerer, DAG processor)")
    with stages.open_stage(folder, console, calls=arguments.calls, seed=arguments.seed) as stage:
        environment = ui_environment(folder, stage.prepare(), port=port)
        config.write_exports(folder.airflow_environment, environment)
        with standalone.running(environment, ready_within=300, waiting=console.progress) as airflow:
            prepare_days(airflow, stage, console)
            prepare_pages(airflow, stage, console)
            console.say(_guide(airflow.url, folder, stage))
            _stay(airflow, stage)
    console.say(f"Airflow or the sandbox ended by itself. Next: look at {folder.airflow / 'standalone.log'}")
    return 1


def ui_environment(folder: Folder, connections: dict[str, dict[str, str]], *, port: int | None) -> dict[str, str]:
    """Airflow's variables, with a database that stands several writers, made here so that it is in WAL mode from the start."""
    environment = standalone.standalone_environment(folder.airflow, connections, port=port, config=folder.configuration)
    database = folder.airflow / "airflow.db"
    make_database(database)
    return environment | {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}?timeout={LOCK_SECONDS}",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
    }


def make_database(database: Path) -> None:
    """An empty SQLite file in WAL mode; the mode stays with the file."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def prepare_days(airflow: Rest, stage: stages.Stage, console: Console) -> None:
    """Set-up through the scheduler, the days replayed, the schedule switched on."""
    console.say(f"           Airflow is at {airflow.url}: what follows can be watched there.")
    console.stage("Airflow: DAG setup_trail")
    run = _begin(airflow, "setup_trail", {"apply": True, "require_approval": False})
    while airflow.tasks("setup_trail", run).get("canary") is None:  # the sandbox's hours pass only while somebody waits for them
        console.progress("setup_trail makes the trail")
        time.sleep(POLL)
    with stage.passing_time():
        _end(airflow, "setup_trail", run, console)
    for index, day in enumerate(stage.days):
        console.stage(f"HRMS at work, {day}")
        stage.replay_day(index)
        stage.archive_streams()
    stage.catch_up()
    stage.finish_truth()
    stage.sandbox.tick(True)
    console.stage("Airflow: DAG archive_trail is switched on; its schedule archives yesterday")
    airflow.api("PATCH", "/dags/archive_trail", {"is_paused": False})


def prepare_pages(airflow: Rest, stage: stages.Stage, console: Console) -> None:
    """What itemtrail's own pages show: two archived days and their history, a ledger checkpoint, a review, the calendar."""
    _, second, _ = stage.days
    _wait_for_dag(airflow, "build_history")
    airflow.api("PATCH", "/dags/build_history", {"is_paused": False})
    airflow.api("POST", "/dags/archive_trail/dagRuns", {"logical_date": None, "partition_key": str(second)})
    for dag_id, runs in (("archive_trail", 2), ("build_history", 2)):
        console.stage(f"Airflow: DAG {dag_id}, two days")
        _wait_for_runs(airflow, dag_id, runs, console)
    console.stage("Airflow: DAGs checkpoint_ledger, review_posture, watch_deadline; what they find makes their runs red")
    runs_of = {dag_id: _begin(airflow, dag_id, {}) for dag_id in ("checkpoint_ledger", "review_posture", "watch_deadline")}
    for dag_id, run in runs_of.items():
        _end(airflow, dag_id, run, console, must_succeed=False)


def run_to_end(airflow: Rest, dag_id: str, conf: dict[str, Any], console: Console, *, must_succeed: bool = True) -> None:
    """Trigger a DAG and wait for its end.

    Raises:
        RuntimeError: it failed, and must not; the message names the tasks.
    """
    _end(airflow, dag_id, _begin(airflow, dag_id, conf), console, must_succeed=must_succeed)


def _begin(airflow: Rest, dag_id: str, conf: dict[str, Any]) -> str:
    """Switch a DAG on and trigger it; the run's id."""
    _wait_for_dag(airflow, dag_id)
    airflow.api("PATCH", f"/dags/{dag_id}", {"is_paused": False})
    return str(airflow.api("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})["dag_run_id"])


def _end(airflow: Rest, dag_id: str, run: str, console: Console, *, must_succeed: bool = True) -> None:
    state = ""
    while state not in DONE:
        time.sleep(POLL)
        state = airflow.api("GET", f"/dags/{dag_id}/dagRuns/{urllib.parse.quote(run, safe='')}")["state"]
        console.progress(f"{dag_id} is {state}")
    if state == "failed" and must_succeed:
        raise RuntimeError(f"{dag_id} failed: {airflow.tasks(dag_id, run)}. Next: look at the task's log at {airflow.url}")


def free_port(wanted: int) -> int:
    """``wanted`` if nobody listens there on loopback, else a port that is free now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return standalone.free_port()
    return wanted


def _wait_for_dag(airflow: Rest, dag_id: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            airflow.api("GET", f"/dags/{dag_id}")
        except RuntimeError:
            time.sleep(POLL)
        else:
            return
    raise RuntimeError(f"Airflow has not found the DAG {dag_id} in {seconds:.0f} s. Next: airflow dags list-import-errors")


def _wait_for_runs(airflow: Rest, dag_id: str, wanted: int, console: Console, seconds: float = 600) -> None:
    """Until ``wanted`` runs of a DAG have ended, well or not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        runs = airflow.api("GET", f"/dags/{dag_id}/dagRuns?limit=50")["dag_runs"]
        if sum(run["state"] in DONE for run in runs) >= wanted:
            return
        console.progress(f"{dag_id}: {', '.join(run['state'] for run in runs) or 'no run yet'}")
        time.sleep(POLL)
    raise RuntimeError(f"{dag_id} has not ended {wanted} runs in {seconds:.0f} s. Next: look at {airflow.url}/dags/{dag_id}")


def _guide(url: str, folder: Folder, stage: stages.Stage) -> str:
    first = stage.days[0]
    lines = (
        f"Open          {url}   (you are signed in; loopback only)",
        f"Coverage      {url}/plugin/itemtrail/itemtrail/coverage   which days are archived and proven",
        f"Timeline      {url}/plugin/itemtrail/itemtrail/timeline   who changed what, for example employee E-1017",
        f"Posture       {url}/plugin/itemtrail/itemtrail/posture   the review of the set-up",
        f"Days          {url}/dags/archive_trail   yesterday, {stage.days[2]}, is archived by the schedule",
        f"Backfill      there: Trigger > Backfill, from {first} to {first}, Run Backfill",
        f"  or          source {folder.airflow_environment}",
        f"              .venv/bin/airflow backfill create --dag-id archive_trail --from-date {first} --to-date {first}",
        f"AWS's view    source {folder.environment}; .venv/bin/itemtrail receipts; .venv/bin/aws s3 ls",
        f"Truth         {folder.truth}",
        "Ctrl-C ends everything.",
    )
    return report.heading("Airflow is ready") + "\n" + "\n".join(lines)


def _stay(airflow: standalone.Standalone, stage: stages.Stage) -> None:
    while airflow.process.poll() is None and stage.sandbox.process.poll() is None:
        time.sleep(POLL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m itemtrail_demo.ui", description="Airflow's UI over three replayed days.")
    parser.add_argument("--port", type=int, default=PORT, metavar="P", help="of Airflow's UI on 127.0.0.1 (%(default)s)")
    options.add(parser, folder="ui", calls=2000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
