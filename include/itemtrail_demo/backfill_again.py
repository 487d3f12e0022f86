"""Running days again, after the month: a unit cleared, a failed day backfilled, a good day without its pool, a missed day.

Decides that each way is the one that an operator or Airflow's UI takes, and that nothing of it may add to the archive but the
missed day. What the commands print is quoted in docs/runbook.md.
"""

import time

from itemtrail.flows import receipts
from itemtrail_airflow import standalone
from itemtrail_demo import backfill_watch, month, report
from itemtrail_demo.backfill_course import SECONDS_A_DAY, Course
from itemtrail_demo.backfill_watch import DAG

PAUSED_SECONDS = 8


def again(course: Course) -> None:
    """Everything, in order."""
    before = course.world.stored()
    _clear_unit(course)
    _backfill_again(course)
    _clear_day_without_pool(course)
    after = course.world.stored()
    changes = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))[:10]
    course.expect(not changes, f"running days again changed the archive: {changes}")
    _missed_day(course)
    code = course.itemtrail("coverage", "--max-age", "30h")
    course.expect(code == 1, f"itemtrail coverage ended with {code}; the bad day must make it 1")


def _clear_unit(course: Course) -> None:
    """As the UI does it: that unit's `archive`, with downstream."""
    run = backfill_watch.run_of(course.airflow, course.bad)
    failed = [one["map_index"] for one in backfill_watch.instances(course.airflow, run) if one["state"] == "failed"]
    index = next(number for number in failed if number >= 0)
    body = {"dag_run_id": run, "task_ids": [["unit.archive", index]], "include_downstream": True, "only_failed": False}
    course.console.stage(f"POST /api/v2/dags/{DAG}/clearTaskInstances {body}")
    cleared = course.airflow.api("POST", f"/dags/{DAG}/clearTaskInstances", {**body, "dry_run": False})["task_instances"]
    course.console.say("cleared: " + ", ".join(sorted(f"{one['task_id']}[{one['map_index']}]" for one in cleared)))
    state = backfill_watch.wait_run(course.airflow, run, SECONDS_A_DAY * 2)
    course.expect(state == "failed", f"{course.bad}: {state} after its unit was cleared")
    _still_bad(course, "clearing the unit")


def _backfill_again(course: Course) -> None:
    """The two calls that the UI's Backfill form makes."""
    body = {
        "dag_id": DAG,
        "from_date": f"{course.bad}T00:00:00Z",
        "to_date": f"{course.bad}T00:00:00Z",
        "reprocess_behavior": "failed",
        "run_backwards": False,
        "max_active_runs": 1,
        "dag_run_conf": {},
    }
    shown = course.airflow.api("POST", "/backfills/dry_run", body)
    course.console.stage(f"POST /api/v2/backfills/dry_run answers {shown['total_entries']}: {shown['backfills']}")
    known = len(backfill_watch.runs(course.airflow))
    made = backfill_watch.post_backfill(course.airflow, body)
    course.console.say(f"POST /api/v2/backfills answers id {made['id']}, {made['from_date']} to {made['to_date']}")
    ended = backfill_watch.wait(course.airflow, known + 1, SECONDS_A_DAY * 2, course.console.progress)
    states = [run["state"] for run in ended if run["partition_key"] == str(course.bad)]
    course.expect(states == ["failed", "failed"], f"{course.bad}: runs are {states}")
    _still_bad(course, "the second backfill")


def _clear_day_without_pool(course: Course) -> None:
    """A good day again from the command line, after somebody deleted the pool."""
    good = course.first
    course.airflow.api("DELETE", "/pools/itemtrail_archive")
    course.console.stage("the pool itemtrail_archive is deleted")
    run = backfill_watch.run_of(course.airflow, good)
    course.command("dags", "clear", DAG, "--partition-key", str(good), "--yes")
    state = backfill_watch.wait_run(course.airflow, run, SECONDS_A_DAY * 2)
    slots = course.airflow.api("GET", "/pools/itemtrail_archive")["slots"]
    course.console.say(f"{good}: {state}; the scheduler made the pool again, {slots} slots")
    course.expect(state == "success", f"{good}: {state} after it was cleared")
    course.expect(not course.heard("clearing a good day"), "an alert about a good day")


def _missed_day(course: Course) -> None:
    """A trigger with a key; the DAG is paused first, which holds the run back and loses nothing."""
    course.airflow.api("PATCH", f"/dags/{DAG}", {"is_paused": True})
    body = {"logical_date": None, "partition_key": str(course.missed)}
    run = course.airflow.api("POST", f"/dags/{DAG}/dagRuns", body)["dag_run_id"]
    course.console.stage(f"the DAG is paused; POST /api/v2/dags/{DAG}/dagRuns {body} answers {run}")
    time.sleep(PAUSED_SECONDS)
    held = course.airflow.api("GET", f"/dags/{DAG}/dagRuns/{standalone.quoted(run)}")["state"]
    course.expect(held == "queued", f"{course.missed}: {held} while the DAG is paused")
    course.airflow.api("PATCH", f"/dags/{DAG}", {"is_paused": False})
    state = backfill_watch.wait_run(course.airflow, run, SECONDS_A_DAY * 2)
    lacking = receipts.not_proven(course.world.archive(), course.world.units([course.missed]))
    course.console.say(f"{course.missed}: {held} while paused, then {state}; {len(lacking)} units lack something")
    course.expect(state == "success" and not lacking, f"{course.missed}: {state}, {[one.line for one in lacking]}")


def _still_bad(course: Course, after: str) -> None:
    lacking = receipts.not_proven(course.world.archive(), course.world.units([course.bad]))
    course.console.say("\n".join(report.paragraph(one.line) for one in lacking))
    course.expect([one.unit.region for one in lacking] == [month.HARMED], f"after {after}: {lacking}")
    heard = course.heard(after)
    course.expect(len(heard) <= 1, f"{len(heard)} alerts after {after}")
