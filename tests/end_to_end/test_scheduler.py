"""A real Airflow once: scheduler, triggerer, tasks in processes of their own; a backfill of two days; a pool in a task."""

import datetime as dt
import shutil
import time
from pathlib import Path

import pytest
from tests import monitoring
from tests.capture import REGIONS, Capture

from itemtrail.model import Verdict
from itemtrail_airflow import guard, standalone

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox, pytest.mark.scheduler]
ROOT = Path(__file__).resolve().parents[2]
TODAY = dt.datetime.now(dt.UTC).date()
DAYS = (TODAY - dt.timedelta(days=3), TODAY - dt.timedelta(days=2))
NO_BIG_UNIT = ("shard", "sharded.finish", "sharded.verdict")
YESTERDAY = TODAY - dt.timedelta(days=1)
MISSED = (TODAY - dt.timedelta(days=5), TODAY - dt.timedelta(days=4))  # nobody archives them before watch_deadline looks
POOL = "one_at_a_time"
PROBE = """
from airflow.sdk import dag, task


@dag(schedule=None)
def probe_pool():
    @task
    def squares():
        import math
        import os

        import obstore
        from obstore.store import MemoryStore

        from itemtrail.pool import pool

        obstore.put(MemoryStore(), "threads", b"are started")  # a forked worker would hang from here on
        with pool(2) as workers:
            pids = set(workers.map_unordered(eval, ["__import__('os').getpid()"] * 8))
            return {"roots": sorted(workers.map_unordered(math.isqrt, [1, 4, 9, 16])), "elsewhere": os.getpid() not in pids}

    squares()


probe_pool()
"""


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


@pytest.fixture(scope="module")
def capture(new_sandbox, tmp_path_factory):
    """An account with an evening, three whole days, and yesterday but for its last digests."""
    sandbox = new_sandbox(clock=midnight(DAYS[0]) - dt.timedelta(hours=27))
    made = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    made.set_up()
    sandbox.advance_to(midnight(YESTERDAY) + dt.timedelta(hours=20))
    return made


@pytest.fixture(scope="module")
def measured():
    """Port of an OpenTelemetry receiver, and the gauges that arrive."""
    with monitoring.otlp() as (port, seen):
        yield port, seen


@pytest.fixture(scope="module")
def airflow(capture, measured, tmp_path_factory):
    """`airflow standalone` over the project's DAGs and one that uses a pool."""
    dags = tmp_path_factory.mktemp("dags")
    for file in (*ROOT.glob("dags/*_dag.py"), ROOT / "dags" / ".airflowignore"):
        shutil.copy(file, dags)
    (dags / "probe_pool_dag.py").write_text(PROBE, encoding="utf-8")
    config = capture.configuration(start=str(TODAY + dt.timedelta(days=1)), wait=1440, due=1440, poll=12, pool=POOL)
    home = tmp_path_factory.mktemp("airflow")
    environment = standalone.standalone_environment(home, capture.connections(), config=config, dags=dags) | {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{measured[0]}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    with standalone.running(environment, ready_within=240) as started:
        for dag_id in ("archive_trail", "build_history", "setup_trail", "watch_deadline", "probe_pool"):
            eventually(lambda dag_id=dag_id: started.api("PATCH", f"/dags/{dag_id}", {"is_paused": False}), 60)
        yield started
        group = started.process.pid
    assert guard.members(group) == [], "a process of Airflow is left"


def eventually(look, seconds, pause=1.0):
    """The first true answer of ``look`` within ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        try:
            if answer := look():
                return answer
        except RuntimeError:
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(pause)


def finished(airflow, dag_id, count, seconds=150):
    """The DAG's runs, once ``count`` of them have ended."""

    def look():
        runs = airflow.api("GET", f"/dags/{dag_id}/dagRuns")["dag_runs"]
        return runs if sum(run["state"] in ("success", "failed") for run in runs) >= count else None

    return eventually(look, seconds)


def good(airflow, run):
    """Whether every task of a run of `archive_trail` ended well, those of big units skipped."""
    states = airflow.tasks("archive_trail", run)
    return {name: state for name, state in states.items() if state != "success"} == dict.fromkeys(NO_BIG_UNIT, "skipped")


@pytest.fixture(scope="module")
def backfilled(airflow):
    """The runs of a backfill of two days, and what its dry run printed before."""
    asked = ("backfill", "create", "--dag-id", "archive_trail", "--from-date", str(DAYS[0]), "--to-date", str(DAYS[1]))
    shown = airflow.airflow(*asked, "--dry-run")
    assert airflow.api("GET", "/dags/archive_trail/dagRuns")["dag_runs"] == []
    airflow.airflow(*asked)
    return shown, finished(airflow, "archive_trail", 2)


def test_the_scheduler_made_the_pools_that_the_dags_name_and_left_the_others_alone(airflow):
    pools = {one["name"]: one["slots"] for one in airflow.api("GET", "/pools")["pools"]}
    assert pools == {"default_pool": 128, "itemtrail_archive": 4, POOL: 1}


def test_the_dry_run_names_both_days_and_no_other(backfilled):
    shown, _ = backfilled
    assert [line.split("|")[2].strip() for line in shown.splitlines() if line.count("|") == 4][1:] == [str(day) for day in DAYS]


def test_a_backfill_makes_one_good_run_a_day_under_its_key(airflow, backfilled):
    _, runs = backfilled
    assert {(run["partition_key"], run["run_type"], run["state"]) for run in runs} == {
        (str(day), "backfill", "success") for day in DAYS
    }
    for run in runs:
        states = airflow.tasks("archive_trail", run["dag_run_id"])
        small = {name: states.pop(name) for name in NO_BIG_UNIT}
        assert set(small.values()) == {"skipped"}
        assert len(states) == 4 + 3 * len(REGIONS)
        assert set(states.values()) == {"success"}


def test_each_archived_day_starts_its_history_under_its_key(airflow, backfilled):
    runs = finished(airflow, "build_history", 2)
    assert {(run["partition_key"], run["state"]) for run in runs} == {(str(day), "success") for day in DAYS}
    for run in runs:  # this account's configuration names no stream: there is nothing to build, and that is no failure
        assert airflow.tasks("build_history", run["dag_run_id"])["gate"] == "skipped"


def test_receipts_prove_what_airflow_says(capture, backfilled):
    assert {(day, region): capture.latest(region, day).verdict for day in DAYS for region in REGIONS} == {
        (day, region): Verdict.PROVEN for day in DAYS for region in REGIONS
    }


def test_clearing_one_unit_runs_it_the_gate_and_the_lifecycle_and_nothing_else(airflow, backfilled):
    run = next(run for run in backfilled[1] if run["partition_key"] == str(DAYS[1]))["dag_run_id"]
    body = {
        "dag_run_id": run,
        "task_ids": [["unit.verdict", 1]],
        "include_downstream": True,
        "only_failed": False,
        "dry_run": False,
    }
    airflow.api("POST", "/dags/archive_trail/clearTaskInstances", body)
    eventually(lambda: good(airflow, run), 60)
    answer = airflow.api("GET", f"/dags/archive_trail/dagRuns/{standalone.quoted(run)}/taskInstances")["task_instances"]
    assert {(one["task_id"], one["map_index"]) for one in answer if one["try_number"] == 2} == {
        ("unit.verdict", 1),
        ("split", -1),
        ("gate", -1),
        ("lifecycle", -1),
    }


def test_a_day_whose_last_digests_are_not_there_is_waited_for_in_the_triggerer(airflow, capture, backfilled):
    asked = {"logical_date": None, "partition_key": str(YESTERDAY)}
    run = airflow.api("POST", "/dags/archive_trail/dagRuns", asked)["dag_run_id"]
    waiting = {f"unit.wait[{index}]": "deferred" for index in range(len(REGIONS))}
    eventually(lambda: waiting.items() <= airflow.tasks("archive_trail", run).items(), 60)
    capture.sandbox.advance_to(midnight(TODAY) + dt.timedelta(hours=2))
    finished(airflow, "archive_trail", 3)
    assert good(airflow, run)


@pytest.fixture(scope="module")
def watching(airflow, backfilled):
    """A run of `watch_deadline` that has two late days run again."""
    asked = {"logical_date": None, "conf": {"max_age_hours": 48, "backfill": True}}
    return airflow.api("POST", "/dags/watch_deadline/dagRuns", asked)["dag_run_id"]


def test_late_days_are_found_and_begin_to_be_run_again(airflow, watching):
    """How it ends is asked last: it goes on beside the tests between."""
    eventually(lambda: airflow.tasks("watch_deadline", watching).get("backfill[1]"), 90)
    assert "backfill[2]" not in airflow.tasks("watch_deadline", watching)


def test_a_process_pool_works_inside_a_task(airflow):
    run = airflow.api("POST", "/dags/probe_pool/dagRuns", {"logical_date": None})["dag_run_id"]
    (ended,) = finished(airflow, "probe_pool", 1, 60)
    assert ended["state"] == "success"
    path = f"/dags/probe_pool/dagRuns/{standalone.quoted(run)}/taskInstances/squares/xcomEntries/return_value"
    assert airflow.api("GET", path)["value"] == {"roots": [1, 2, 3, 4], "elsewhere": True}


def asked_for_approval(airflow):
    """A run of `setup_trail` that waits for a person; its id."""
    run = airflow.api("POST", "/dags/setup_trail/dagRuns", {"logical_date": None, "conf": {"apply": True}})["dag_run_id"]
    eventually(lambda: airflow.tasks("setup_trail", run).get("approval") == "awaiting_input", 120)
    return run


def test_a_plan_is_applied_once_a_person_approved_it(airflow, capture, backfilled):
    run = asked_for_approval(airflow)
    path = f"/dags/setup_trail/dagRuns/{standalone.quoted(run)}/taskInstances/approval/-1/hitlDetails"
    shown = airflow.api("GET", path)
    assert (shown["options"], shown["defaults"]) == (["Approve", "Reject"], ["Reject"])
    assert "plan " in shown["body"]
    assert airflow.tasks("setup_trail", run)["apply"] is None
    time.sleep(10)  # an answer within a second or two of the question meets a race in Airflow
    airflow.api("PATCH", path, {"chosen_options": ["Approve"], "params_input": {}})
    eventually(lambda: airflow.tasks("setup_trail", run)["canary"] == "running", 180)  # only then somebody waits
    with capture.sandbox.passing_time(capture.sandbox.now() + dt.timedelta(hours=4)):
        finished(airflow, "setup_trail", 1)
    assert set(airflow.tasks("setup_trail", run).values()) == {"success"}


def test_marking_the_approval_a_success_is_no_approval(airflow, backfilled):
    run = asked_for_approval(airflow)
    time.sleep(10)
    airflow.api("PATCH", f"/dags/setup_trail/dagRuns/{standalone.quoted(run)}/taskInstances/approval", {"new_state": "success"})
    eventually(lambda: airflow.tasks("setup_trail", run).get("apply") == "failed", 120)
    eventually(lambda: airflow.tasks("setup_trail", run)["canary"] == "upstream_failed", 120)  # the scheduler's next look


def test_what_a_task_measures_has_arrived_when_its_process_is_gone(airflow, measured, watching):
    eventually(lambda: airflow.tasks("watch_deadline", watching).get("look") == "success", 90)
    places = {name[2] for name in measured[1] if name[0] == "airflow.itemtrail.newest_proven_timestamp_seconds"}
    assert places == {f"region={region}" for region in REGIONS}


def test_late_days_are_run_again_one_at_a_time_and_their_history_with_them(airflow, capture, watching):
    (run,) = finished(airflow, "watch_deadline", 1, 300)
    assert run["state"] == "failed"  # two days were late: that is what a red run says
    path = f"/dags/watch_deadline/dagRuns/{standalone.quoted(watching)}/taskInstances"
    tasks = airflow.api("GET", path)["task_instances"]
    assert {task["state"] for task in tasks if task["task_id"] != "late"} == {"success"}
    first, second = sorted((t for t in tasks if t["task_id"] == "backfill"), key=lambda t: t["start_date"])
    assert (first["pool"], second["pool"]) == (POOL, POOL)
    assert first["end_date"] <= second["start_date"], "the pool has one slot"
    assert {(day, capture.latest(region, day).verdict) for day in MISSED for region in REGIONS} == {
        (day, Verdict.PROVEN) for day in MISSED
    }
    wanted = {str(day) for day in MISSED}
    eventually(lambda: wanted <= {run["partition_key"] for run in finished(airflow, "build_history", 4)}, 60)
