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

from itemtrail.errors import ConfigurationError
from itemtrail.flows import receipts
from itemtrail.model import Verdict
from itemtrail_airflow import standalone
from itemtrail_demo import backfill_watch, config, month, report, stage, ui
from itemtrail_demo.backfill_watch import DAG, Watch
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder
from itemtrail_demo.interrupt import leave_on_signals

SLOTS = 2
RUNS = 3
LEAST_DAYS = 5
SECONDS_A_DAY = 120
"""How long a run may take on a busy machine."""


class Course:
    """One month under one Airflow; what was not as expected is in ``problems``."""

    def __init__(self, airflow: standalone.Standalone, world: month.Month, console: Console) -> None:
        self.airflow, self.world, self.console = airflow, world, console
        self.first, self.missed = world.days[0], world.days[-1]
        self.last = world.days[-2]
        self.bad, self.victims = world.days[len(world.days) // 3], world.days[len(world.days) // 2 : -1]
        self.killed: dt.date | None = None
        self.problems: list[str] = []

    def run(self) -> None:
        """Everything, in order."""
        self._pools()
        self._month()
        before = self.world.stored()
        self._clear_unit()
        self._backfill_again()
        self._clear_day_without_pool()
        self._expect(
            self.world.stored() == before, f"running days again changed the archive: {_changes(before, self.world.stored())}"
        )
        self._missed_day()

    def _pools(self) -> None:
        pools = {one["name"]: one["slots"] for one in self.airflow.api("GET", "/pools")["pools"]}
        self.console.say(f"pools that the scheduler found or made: {pools}")
        self._expect({"itemtrail_archive", "itemtrail_backfill"} <= pools.keys(), f"the scheduler made no pools: {pools}")
        chosen = {"pool": "itemtrail_archive", "slots": SLOTS, "include_deferred": False}
        self.airflow.api("PATCH", "/pools/itemtrail_archive?update_mask=slots", chosen)
        backfill_watch.wait_for_dag(self.airflow)
        self.airflow.api("PATCH", f"/dags/{DAG}", {"is_paused": False})

    def _month(self) -> None:
        days = ("--from-date", str(self.first), "--to-date", str(self.last), "--max-active-runs", str(RUNS))
        self.console.stage(f"dry run of the month; {self.missed} is left out, to be missed")
        shown = self._airflow("backfill", "create", "--dag-id", DAG, *days, "--dry-run")
        named = [line for line in shown.splitlines() if any(f"| {day} " in line for day in self.world.days)]
        self._expect(len(named) == len(self.world.days) - 1, f"the dry run names {len(named)} days")
        self._expect(not backfill_watch.runs(self.airflow), "the dry run made runs")
        begun = self.console.seconds
        with Watch(self.airflow, self.victims) as watch:
            self._airflow("backfill", "create", "--dag-id", DAG, *days)
            count = len(self.world.days) - 1
            ended = backfill_watch.wait(self.airflow, count, count * SECONDS_A_DAY, self.console.progress)
        self.killed = watch.killed_day
        self.console.stage(f"the month is over: {len(ended)} runs in {self.console.seconds - begun:.0f} s")
        self._judge(ended)
        self._bounded(watch)

    def _judge(self, runs: Sequence[Mapping[str, Any]]) -> None:
        by_day = {run["partition_key"]: run for run in runs}
        rows, archive = [], self.world.archive()
        for day in self.world.days[:-1]:
            found = {unit.region: receipts.history(archive, unit) for unit in self.world.units([day])}
            verdicts = {region: str(history[-1].verdict) if history else "none" for region, history in found.items()}
            state = by_day[str(day)]["state"] if str(day) in by_day else "no run"
            note = "digest and log harmed" if day == self.bad else "task killed" if day == self.killed else ""
            rows.append((str(day), state, *verdicts.values(), "+".join(str(len(h)) for h in found.values()), note))
            good = {region: str(Verdict.PROVEN) for region in config.REGIONS}
            wanted = good if day != self.bad else {**good, month.HARMED: str(Verdict.DISPROVEN)}
            self._expect(verdicts == wanted, f"{day}: {verdicts}")
            self._expect(state == ("failed" if day == self.bad else "success"), f"{day}: its run is {state}")
            self._expect({len(history) for history in found.values()} == {1}, f"{day}: not one receipt a unit")
        self.console.say(report.table(("day", "run", *config.REGIONS, "receipts", ""), rows))
        twice = {key: versions for key, versions in self.world.stored().items() if len(versions) != 1}
        self._expect(not twice, f"written more than once: {twice}")
        heard = self._heard("the month")
        self._expect(len(heard) == 1 and str(self.bad) in "".join(heard[0]), f"{len(heard)} alerts, not one about {self.bad}")

    def _bounded(self, watch: Watch) -> None:
        self.console.say(f"{watch.summary(SLOTS, RUNS)}")
        self._expect(watch.samples > 0, "nothing was sampled")
        self._expect(
            0 < watch.most_archiving <= SLOTS and watch.most_occupied <= SLOTS, f"the pool's {SLOTS} slots were exceeded"
        )
        self._expect(0 < watch.most_runs <= RUNS, f"more than {RUNS} runs at once: {watch.most_runs}")
        if self.killed is None:
            self.problems.append(f"no archive task of {self.victims[0]} or later was met running: none was killed")
            return
        tries = backfill_watch.tries(self.airflow, self.killed)
        self.console.say(f"killed: process {watch.killed_pid}, an archive task of {self.killed}; begun more than once: {tries}")
        self._expect(any(name.startswith("unit.archive[") for name in tries), "the killed task was not tried again")

    def _clear_unit(self) -> None:
        """As the UI does it: that unit's `archive`, with downstream."""
        run = backfill_watch.run_of(self.airflow, self.bad)
        failed = [one["map_index"] for one in backfill_watch.instances(self.airflow, run) if one["state"] == "failed"]
        index = next(number for number in failed if number >= 0)
        body = {"dag_run_id": run, "task_ids": [["unit.archive", index]], "include_downstream": True, "only_failed": False}
        self.console.stage(f"POST /api/v2/dags/{DAG}/clearTaskInstances {body}")
        cleared = self.airflow.api("POST", f"/dags/{DAG}/clearTaskInstances", {**body, "dry_run": False})["task_instances"]
        self.console.say("cleared: " + ", ".join(sorted(f"{one['task_id']}[{one['map_index']}]" for one in cleared)))
        state = backfill_watch.wait_run(self.airflow, run, SECONDS_A_DAY * 2)
        self._expect(state == "failed", f"{self.bad}: {state} after its unit was cleared")
        self._still_bad("clearing the unit")

    def _backfill_again(self) -> None:
        """The two calls that the UI's Backfill form makes."""
        body = {
            "dag_id": DAG,
            "from_date": f"{self.bad}T00:00:00Z",
            "to_date": f"{self.bad}T00:00:00Z",
            "reprocess_behavior": "failed",
            "run_backwards": False,
            "max_active_runs": 1,
            "dag_run_conf": {},
        }
        shown = self.airflow.api("POST", "/backfills/dry_run", body)
        self.console.stage(f"POST /api/v2/backfills/dry_run answers {shown['total_entries']}: {shown['backfills']}")
        known = len(backfill_watch.runs(self.airflow))
        made = backfill_watch.post_backfill(self.airflow, body)
        self.console.say(f"POST /api/v2/backfills answers id {made['id']}, {made['from_date']} to {made['to_date']}")
        ended = backfill_watch.wait(self.airflow, known + 1, SECONDS_A_DAY * 2, self.console.progress)
        states = [run["state"] for run in ended if run["partition_key"] == str(self.bad)]
        self._expect(states == ["failed", "failed"], f"{self.bad}: runs are {states}")
        self._still_bad("the second backfill")

    def _clear_day_without_pool(self) -> None:
        """A good day again from the command line, after somebody deleted the pool."""
        good = self.first
        self.airflow.api("DELETE", "/pools/itemtrail_archive")
        self.console.stage("the pool itemtrail_archive is deleted")
        run = backfill_watch.run_of(self.airflow, good)
        self._airflow("dags", "clear", DAG, "--partition-key", str(good), "--yes")
        state = backfill_watch.wait_run(self.airflow, run, SECONDS_A_DAY * 2)
        slots = self.airflow.api("GET", "/pools/itemtrail_archive")["slots"]
        self.console.say(f"{good}: {state}; the scheduler made the pool again, {slots} slots")
        self._expect(state == "success", f"{good}: {state} after it was cleared")
        self._expect(not self._heard("clearing a good day"), "an alert about a good day")

    def _missed_day(self) -> None:
        body = {"logical_date": None, "partition_key": str(self.missed)}
        run = self.airflow.api("POST", f"/dags/{DAG}/dagRuns", body)["dag_run_id"]
        self.console.stage(f"POST /api/v2/dags/{DAG}/dagRuns {body} answers {run}")
        state = backfill_watch.wait_run(self.airflow, run, SECONDS_A_DAY * 2)
        lacking = receipts.not_proven(self.world.archive(), self.world.units([self.missed]))
        self.console.say(f"{self.missed}: {state}, {len(lacking)} units lack something")
        self._expect(state == "success" and not lacking, f"{self.missed}: {state}, {[one.line for one in lacking]}")

    def _still_bad(self, after: str) -> None:
        lacking = receipts.not_proven(self.world.archive(), self.world.units([self.bad]))
        self.console.say("\n".join(report.paragraph(one.line) for one in lacking))
        self._expect([one.unit.region for one in lacking] == [month.HARMED], f"after {after}: {lacking}")
        heard = self._heard(after)
        self._expect(len(heard) <= 1, f"{len(heard)} alerts after {after}")

    def _heard(self, what: str) -> list[tuple[str, str]]:
        heard = self.world.heard()
        for subject, message in heard:
            self.console.say(f"alert after {what}: {subject}\n" + report.folded(message))
        return heard

    def _airflow(self, *arguments: str) -> str:
        self.console.say("\n$ " + " ".join(("airflow", *arguments)))
        said = backfill_watch.spoken(self.airflow.airflow(*arguments, timeout=300))
        self.console.say(said)
        return said

    def _expect(self, good: bool, problem: str) -> None:
        if not good:
            self.problems.append(problem)


def main(argv: Sequence[str] | None = None) -> int:
    """0 as expected, 1 not, 2 usage (130: interrupted)."""
    arguments = _parser().parse_args(argv)
    folder = Folder(arguments.folder.absolute())
    try:
        folder.renew()
    except ConfigurationError as error:
        print(f"itemtrail backfill: {error}", file=sys.stderr)
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
            course.run()
    for problem in course.problems:
        console.say(report.paragraph(f"! {problem}", indent=""))
    console.say(f"\n{'NOT as expected' if course.problems else 'All as expected'}, in {console.seconds:.0f} s.")
    return 1 if course.problems else 0


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))[:10]


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
