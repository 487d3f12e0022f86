"""`make compose-test`: docker-compose.yaml really run, disturbed, and its archive compared with one machine's.

Exit 0 only if every step held; 1 where one did not (logs are kept); 3 where there is no Docker engine and none can be had. Steps:
everything healthy and nobody root; `setup_trail`; one day by schedule and two by trigger; a backfill of four days on two workers,
one of which is killed while it archives, while scheduler and database are restarted; the same days by `itemtrail archive` into
another archive: the same names, the same bytes.
"""

import contextlib
import datetime as dt
import json
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.compose.engine import NoEngineError, engine
from tests.compose.equal import EVIDENCE, SHOWN, differences
from tests.compose.images import ready
from tests.compose.stack import Stack

from itemtrail_airflow.standalone import quoted

DAG = "archive_trail"
QUIET_DAYS = 4
VARIABLES = {
    "DEMO_QUIET_DAYS": str(QUIET_DAYS),
    "DEMO_CALLS": "1000",
    "AIRFLOW_HEARTBEAT_TIMEOUT": "30",  # a killed worker's tasks are missed after half a minute here, not after five
    "AIRFLOW_QUEUED_TIMEOUT": "60",
}
ENDED = ("success", "failed")


class Table:
    """The steps, as they end; the whole at the end."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, str]] = []

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """One step; what is appended to the list is its result."""
        print(f"{dt.datetime.now(dt.UTC):%H:%M:%S} {name} …", flush=True)
        begun, result = time.monotonic(), list[str]()
        try:
            yield result
        except BaseException as error:
            self.rows.append((name, time.monotonic() - begun, f"FAILED: {str(error).splitlines()[0] if str(error) else error!r}"))
            raise
        self.rows.append((name, time.monotonic() - begun, "; ".join(result) or "held"))
        print(f"         {self.rows[-1][1]:6.1f} s  {self.rows[-1][2]}", flush=True)

    def show(self) -> None:
        """Print it."""
        width = max(len(name) for name, _, _ in self.rows)
        print(f"\n{'step':<{width}}  seconds  result")
        for name, seconds, result in self.rows:
            print(f"{name:<{width}}  {seconds:7.1f}  {result}")


def main() -> int:
    """The whole test."""
    table, begun = Table(), time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started this in the background, with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        with engine() as docker, tempfile.TemporaryDirectory(prefix="itemtrail-compose-") as room:
            with table.step("images") as said:
                words, images = ready(docker)
                said.append(words)
            held = _run(Stack(docker, Path(room), {**VARIABLES, **images}), table)
    except NoEngineError as error:
        print(f"compose-test: NOT RUN. {error}", file=sys.stderr)
        return 3
    table.show()
    print(f"\n{'held' if held else 'FAILED'} after {time.monotonic() - begun:.0f} s")
    return 0 if held else 1


def _run(stack: Stack, table: Table) -> bool:
    try:
        _steps(stack, table)
    except BaseException as error:
        traceback.print_exc()
        with contextlib.suppress(Exception):
            print(f"logs: {stack.keep_logs()}", file=sys.stderr)
        if not isinstance(error, Exception):
            raise
        return False
    finally:
        with table.step("everything taken down"):
            stack.down()
    return True


def _steps(stack: Stack, table: Table) -> None:
    with table.step("up: all services, two workers, the local AWS"):
        stack.compose("up", "-d", "--no-build", "--scale", "airflow-worker=2", seconds=600)
    with table.step("every health check") as said:
        health = eventually(lambda: _healthy(stack.health()), 300)
        said.append(f"{len(health)} healthy")
    with table.step("nobody is root, ports on loopback, limits kept") as said:
        said.append(_hardened(stack))
    airflow = stack.airflow()
    today = dt.datetime.now(dt.UTC).date()
    days = [today - dt.timedelta(days=back) for back in range(3 + QUIET_DAYS, 0, -1)]
    with table.step("setup_trail") as said:
        runs = eventually(lambda: ended(airflow, "setup_trail", 1), 600)
        said.append(expect_success(runs))
    with table.step("the HRMS works three days") as said:
        eventually(lambda: _demo_is_ready(stack), 600, pause=3)
        said.append(f"{days[QUIET_DAYS]} to {days[-1]}")
    with table.step("one day by schedule, two by trigger") as said:
        for day in days[:2]:
            airflow.api("POST", f"/dags/{DAG}/dagRuns", {"logical_date": None, "partition_key": str(day)})
        runs = eventually(lambda: ended(airflow, DAG, 3), 600)
        said.append(expect_success(runs))
        assert {(run["partition_key"], run["run_type"]) for run in runs} == {
            (str(days[0]), "manual"),
            (str(days[1]), "manual"),
            (str(days[-1]), "scheduled"),
        }
    _backfill(stack, table, days[2:-1])
    with table.step("the same days by itemtrail archive") as said:
        found = _both_archives(stack, days)
        said.append(f"{len(found['one_machine'])} objects")
    with table.step("the archives are equal") as said:
        mine, theirs = (
            {key: value for key, value in found[name].items() if key.startswith(EVIDENCE)} for name in ("cluster", "one_machine")
        )
        lines = differences(mine, theirs)
        assert not lines, "\n".join([f"{len(lines)} differences", *lines[:SHOWN]])
        receipts = sum(key.endswith("receipt.json") for key in mine)
        assert receipts >= 2 * len(days), f"only {receipts} receipts"
        said.append(f"{len(mine)} objects, {receipts} receipts: same names, same SHA-256")
    with table.step("the killed worker comes back") as said:
        stack.compose("up", "-d", "--no-build", "--no-recreate", "--scale", "airflow-worker=2")
        said.append(f"{len(eventually(lambda: _healthy(stack.health()), 240))} healthy")


def _backfill(stack: Stack, table: Table, days: list[dt.date]) -> None:
    airflow, before = stack.airflow(), 3
    workers = stack.running("airflow-worker")  # asked before: an archive task lasts seconds, and Compose needs as long to answer
    assert len(workers) == 2, f"{len(workers)} workers run"
    with table.step(f"backfill of {len(days)} days, begun"):
        scheduler = stack.containers("airflow-scheduler")[0]
        asked = ("--dag-id", DAG, "--from-date", str(days[0]), "--to-date", str(days[-1]))
        stack.docker("exec", scheduler, "airflow", "backfill", "create", *asked, seconds=180)
    with table.step("a worker is killed while it archives") as said:
        victim, what = eventually(lambda: _at_work(airflow, workers), 600, pause=0.2)
        stack.docker("kill", "--signal", "KILL", victim)
        said.append(f"SIGKILL to {victim[:12]} during {what}")
    with table.step("scheduler and Postgres restarted under way") as said:
        left = [one for one in workers if one != victim]
        _, what = eventually(lambda: _at_work(airflow, left), 600, pause=0.2)
        done = len(ended(airflow, DAG, 0))
        assert done < before + len(days), "the backfill was over already: nothing was under way"
        stack.compose("restart", "--timeout", "10", "airflow-scheduler", "postgres")
        said.append(f"during {what}, with {before + len(days) - done} of {len(days)} days to go")
    with table.step("the backfill ends, on the worker that is left") as said:
        runs = eventually(lambda: ended(stack.airflow(), DAG, before + len(days)), 1200, pause=3)
        tries = _tries(stack.airflow(), runs)
        said.append(f"{sum(run['state'] == 'success' for run in runs)} of {len(runs)} runs succeeded by themselves, {tries}")
        _mend(stack, [run for run in runs if run["state"] == "failed"], said)
        assert {run["partition_key"] for run in runs if run["run_type"] == "backfill"} == {str(day) for day in days}


def _mend(stack: Stack, failed: list[dict], said: list[str]) -> None:
    """What the runbook says of a red run: clear what failed, with downstream. A `verdict` or `gate` is not retried by itself."""
    airflow = stack.airflow()
    for run in failed:
        body = {"dag_run_id": run["dag_run_id"], "only_failed": True, "dry_run": False, "include_downstream": True}
        airflow.api("POST", f"/dags/{DAG}/clearTaskInstances", body)
        path = f"/dags/{DAG}/dagRuns/{quoted(run['dag_run_id'])}"
        state = eventually(lambda path=path: ended_state(stack.airflow(), path), 300, pause=2)
        assert state == "success", (
            f"{run['partition_key']} is {state} after it was cleared: {airflow.tasks(DAG, run['dag_run_id'])}"
        )
        said.append(f"{run['partition_key']} cleared as the runbook says, then success")


def ended_state(airflow, path: str) -> str | None:
    """A run's state once it has ended."""
    state = airflow.api("GET", path)["state"]
    return state if state in ENDED else None


def _at_work(airflow, workers: list[str]) -> tuple[str, str] | None:
    """A worker's container that archives a unit of the backfill now, and which."""
    for run in airflow.api("GET", f"/dags/{DAG}/dagRuns?state=running&limit=50")["dag_runs"]:
        path = f"/dags/{DAG}/dagRuns/{quoted(run['dag_run_id'])}/taskInstances?task_id=unit.archive&state=running&limit=100"
        for one in airflow.api("GET", path)["task_instances"]:
            for worker in workers:
                if (
                    run["run_type"] == "backfill"
                    and one["task_id"] == "unit.archive"
                    and worker.startswith(one["hostname"] or "-")
                ):
                    return worker, f"unit.archive[{one['map_index']}] of {run['partition_key']}"
    return None


def _tries(airflow, runs: list[dict]) -> str:
    again = 0
    hosts = set()
    for run in runs:
        for one in airflow.api("GET", f"/dags/{DAG}/dagRuns/{quoted(run['dag_run_id'])}/taskInstances?limit=100")[
            "task_instances"
        ]:
            again += one["try_number"] > 1
            hosts.add(one["hostname"])
    return f"{again} tasks in a second try, on {len(hosts - {'', None})} hosts"


def _both_archives(stack: Stack, days: list[dt.date]) -> dict[str, dict[str, str]]:
    sandbox = stack.containers("sandbox")[0]
    script = (Path(__file__).parent / "one_machine.py").read_text(encoding="utf-8")
    command = f". /opt/airflow/demo/environment.sh && exec python - {days[0]} {days[-1]}"
    return json.loads(stack.docker("exec", "-i", sandbox, "sh", "-c", command, stdin=script, seconds=600))


def _demo_is_ready(stack: Stack) -> bool:
    """Whether it says so; an end of the sandbox ends the waiting."""
    sandbox = stack.containers("sandbox")[0]
    assert stack.inspect(sandbox)["State"]["Running"], f"the sandbox ended: {stack.docker('logs', '--tail', '20', sandbox)}"
    return "Ready." in stack.docker("logs", sandbox)


def _healthy(health: dict[str, str]) -> dict[str, str] | None:
    bad = {name: state for name, state in health.items() if state != "healthy"}
    if bad:
        raise RuntimeError(f"not healthy: {bad}")
    return health


def _hardened(stack: Stack) -> str:
    containers = [one for service in stack.compose("ps", "--services").split() for one in stack.running(service)]
    for container in containers:
        facts = stack.inspect(container)
        who = facts["Config"]["User"].partition(":")[0]
        who = who if who.isdecimal() else stack.docker("exec", container, "id", "-u").strip()
        assert who != "0", f"{facts['Name']} runs as root"
        assert facts["HostConfig"]["Memory"] > 0, f"{facts['Name']} has no memory limit"
        assert facts["HostConfig"]["CapDrop"] == ["ALL"], facts["Name"]
        for bindings in (facts["HostConfig"]["PortBindings"] or {}).values():
            assert {one["HostIp"] for one in bindings} == {"127.0.0.1"}, f"{facts['Name']} listens on {bindings}"
        assert [mount for mount in facts["Mounts"] if mount["Type"] == "bind" and mount["RW"]] == [], facts["Name"]
    return f"{len(containers)} containers"


def ended(airflow, dag_id: str, count: int) -> list[dict] | None:
    """The DAG's ended runs, once there are ``count``."""
    runs = [one for one in airflow.api("GET", f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"] if one["state"] in ENDED]
    return runs if len(runs) >= count else None


def expect_success(runs: list[dict]) -> str:
    """Nothing else than success."""
    states = {run["partition_key"] or run["run_id" if "run_id" in run else "dag_run_id"]: run["state"] for run in runs}
    assert set(states.values()) == {"success"}, states
    return f"{len(runs)} succeeded"


def eventually(look: Callable[[], object], seconds: float, pause: float = 1.0):
    """The first true answer of ``look`` within ``seconds``; errors on the way are told if it never comes."""
    end, last = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        try:
            if answer := look():
                return answer
        except (RuntimeError, OSError) as error:
            last = f": {error}"
        time.sleep(pause)
    raise RuntimeError(f"not within {seconds:.0f} s{last}")


if __name__ == "__main__":
    sys.exit(main())
