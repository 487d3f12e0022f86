"""`make backfill-month`: a month archived by a backfill under a real scheduler, one bad day and one killed task in it.

Decides what must come out: exactly the bad day is red and the others are proven; one alert is about it; nothing is archived
twice, whatever is killed, cleared or run again; never more units at once than the pool has slots, nor more runs than the backfill
may have. Every way to run a day again is used: command line, the UI's own calls, a trigger with a key. Exit code 1 on
any surprise. Its output is quoted in docs/runbook.md.
"""

import argparse
import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from itemtrail.flows import receipts
from itemtrail.model import Verdict
from itemtrail_airflow import standalone
from itemtrail_demo import backfill_watch, config, month, options, report, stage, ui
from itemtrail_demo.backfill_again import again
from itemtrail_demo.backfill_course import RUNS, SECONDS_A_DAY, SLOTS, Course
from itemtrail_demo.backfill_watch import DAG, Watch
from itemtrail_demo.console import Console
from itemtrail_demo.interrupt import leave_on_signals

LEAST_DAYS = 5


def run(course: Course) -> None:
    """The month, then its days again."""
    _pools(course)
    _month(course)
    again(course)


def _pools(course: Course) -> None:
    pools = {one["name"]: one["slots"] for one in course.airflow.api("GET", "/pools")["pools"]}
    course.console.say(f"pools that the scheduler found or made: {pools}")
    course.expect({"itemtrail_archive", "itemtrail_backfill"} <= pools.keys(), f"the scheduler made no pools: {pools}")
    chosen = {"pool": "itemtrail_archive", "slots": SLOTS, "include_deferred": False}
    course.airflow.api("PATCH", "/pools/itemtrail_archive?update_mask=slots", chosen)
    backfill_watch.wait_for_dag(course.airflow)
    course.airflow.api("PATCH", f"/dags/{DAG}", {"is_paused": False})


def _month(course: Course) -> None:
    days = ("--from-date", str(course.first), "--to-date", str(course.last), "--max-active-runs", str(RUNS))
    course.console.stage(f"dry run of the month; {course.missed} is left out, to be missed")
    shown = course.command("backfill", "create", "--dag-id", DAG, *days, "--dry-run")
    named = [line for line in shown.splitlines() if any(f"| {day} " in line for day in course.world.days)]
    course.expect(len(named) == len(course.world.days) - 1, f"the dry run names {len(named)} days")
    course.expect(not backfill_watch.runs(course.airflow), "the dry run made runs")
    begun = course.console.seconds
    with Watch(course.airflow, course.victims) as watch:
        course.command("backfill", "create", "--dag-id", DAG, *days)
        count = len(course.world.days) - 1
        ended = backfill_watch.wait(course.airflow, count, count * SECONDS_A_DAY, course.console.progress)
    course.killed = watch.killed_day
    course.console.stage(f"the month is over: {len(ended)} runs in {course.console.seconds - begun:.0f} s")
    _judge(course, ended)
    _bounded(course, watch)


def _judge(course: Course, runs: Sequence[Mapping[str, Any]]) -> None:
    by_day = {run["partition_key"]: run for run in runs}
    rows, archive = [], course.world.archive()
    for day in course.world.days[:-1]:
        found = {unit.region: receipts.history(archive, unit) for unit in course.world.units([day])}
        verdicts = {region: str(history[-1].verdict) if history else "none" for region, history in found.items()}
        state = by_day[str(day)]["state"] if str(day) in by_day else "no run"
        note = "digest and log harmed" if day == course.bad else "task killed" if day == course.killed else ""
        rows.append((str(day), state, *verdicts.values(), "+".join(str(len(h)) for h in found.values()), note))
        good = {region: str(Verdict.PROVEN) for region in config.REGIONS}
        wanted = good if day != course.bad else {**good, month.HARMED: str(Verdict.DISPROVEN)}
        course.expect(verdicts == wanted, f"{day}: {verdicts}")
        course.expect(state == ("failed" if day == course.bad else "success"), f"{day}: its run is {state}")
        course.expect({len(history) for history in found.values()} == {1}, f"{day}: not one receipt a unit")
    course.console.say(report.table(("day", "run", *config.REGIONS, "receipts", ""), rows))
    twice = {key: versions for key, versions in course.world.stored().items() if len(versions) != 1}
    course.expect(not twice, f"written more than once: {twice}")
    heard = course.heard("the month")
    course.expect(len(heard) == 1 and str(course.bad) in "".join(heard[0]), f"{len(heard)} alerts, not one about {course.bad}")


def _bounded(course: Course, watch: Watch) -> None:
    course.console.say(f"{watch.summary(SLOTS, RUNS)}")
    course.expect(watch.samples > 0, "nothing was sampled")
    course.expect(0 < watch.most_archiving <= SLOTS and watch.most_occupied <= SLOTS, f"the pool's {SLOTS} slots were exceeded")
    course.expect(0 < watch.most_runs <= RUNS, f"more than {RUNS} runs at once: {watch.most_runs}")
    if course.killed is None:
        course.problems.append(f"no archive task of {course.victims[0]} or later was met running: none was killed")
        return
    tries = backfill_watch.tries(course.airflow, course.killed)
    course.console.say(f"killed: process {watch.killed_pid}, an archive task of {course.killed}; begun more than once: {tries}")
    course.expect(any(name.startswith("unit.archive[") for name in tries), "the killed task was not tried again")


def main(argv: Sequence[str] | None = None) -> int:
    """0 as expected, 1 not, 2 usage (130: interrupted)."""
    arguments = _parser().parse_args(argv)
    folder = options.opened(arguments.folder, "itemtrail backfill")
    if folder is None:
        return 2
    stage.isolate()
    console = Console(folder.log)
    leave_on_signals(console.descriptor)
    console.stage(f"{arguments.days} days of an account with two Regions, delivered; nothing is archived")
    with month.open_month(folder, arguments.days, dt.datetime.now(dt.UTC).date()) as world:
        connections = world.prepare()
        for number in range(len(world.days)):
            world.live(number)
            if number >= 1 and world.days[number - 1] == world.days[len(world.days) // 3]:
                harmed = world.harm(world.days[number - 1])
                console.say("somebody deleted and rewrote, with every version:\n  " + "\n  ".join(harmed))
        console.stage("starting Airflow standalone (scheduler, API server, triggerer, DAG processor)")
        environment = ui.ui_environment(folder, connections, port=None)
        with standalone.running(environment, ready_within=300, waiting=console.progress) as airflow:
            course = Course(airflow, world, console)
            run(course)
    for problem in course.problems:
        console.say(report.paragraph(f"! {problem}", indent=""))
    console.say(f"\n{'NOT as expected' if course.problems else 'All as expected'}, in {console.seconds:.0f} s.")
    return 1 if course.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m itemtrail_demo.backfill_month", description=__doc__)
    parser.add_argument("--days", type=_days, default=30, metavar="N", help=f"{LEAST_DAYS} or more (%(default)s)")
    where = "a new or empty folder, or one of an earlier run, whose files are then replaced (%(default)s)"
    parser.add_argument("--folder", type=Path, default=config.ROOT / ".sandbox" / "month", metavar="DIR", help=where)
    return parser


def _days(text: str) -> int:
    if not text.isdecimal() or not LEAST_DAYS <= int(text) <= 80:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number, {LEAST_DAYS} to 80")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
