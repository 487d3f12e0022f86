"""The demo's course, and its judgement: what was shown, and whether every part of it was as expected.

Decides the order (first proven day as early as possible) and collects what went wrong; goes on where the next part still makes
sense, because a reader learns more from a whole run with a fault named than from half of one.
"""

import datetime as dt
import time

from itemtrail_demo import capture, config, drill, history, hrms, proving, report, truth
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder
from itemtrail_demo.stage import Stage, open_stage
from itemtrail_demo.tables import HOME

STORY = ("svc-reporting", "payroll-scheduler")
"""Whom the timeline of the employee of interest must name."""
DRILL_FROM = 19
"""Hour of the last day at which the drill's range begins: an evening with calls, then the night up to the newest digest."""


class Tour:
    """One run of the demo."""

    def __init__(self, folder: Folder, console: Console, *, calls: int, seed: int, stay: bool) -> None:
        self._folder = folder
        self._console = console
        self._calls = calls
        self._seed = seed
        self._stay = stay
        self._problems: list[str] = []

    def run(self) -> int:
        """Everything; 0 if all was as expected, else 1 with what was not."""
        say, begin = self._console.say, self._console.stage
        begin("starting the local AWS (sandbox) and, beside it, Airflow")
        with open_stage(self._folder, self._console, calls=self._calls, seed=self._seed) as stage:
            airflow = capture.Airflow(self._folder, self._console)
            begin("owner: creates tables, identities and the first employees")
            airflow.connect(self._folder, stage.prepare())
            self._set_up(stage, airflow)
            if self._problems:
                return self._end()
            for index in range(len(stage.days)):
                self._one_day(stage, airflow, index)
            begin("letting the sandbox's clock catch up with now")
            stage.catch_up()
            self._expect([f"data: {line}" for line in stage.finish_truth()[:5]])
            self._all_days(stage)
            self._questions(stage)
            self._drill(stage)
            self._history(stage, airflow)
            self._expect(proving.show(stage, self._console))
            self._where_next(stage)
            code = self._end()
            if self._stay:
                say("\nThe sandbox stays up; Ctrl-C ends it.")
                while True:
                    time.sleep(3600)
        return code

    def _set_up(self, stage: Stage, airflow: capture.Airflow) -> None:
        self._console.stage("Airflow: DAG setup_trail (plan, apply, canary); the canary waits for a signed digest")
        with stage.passing_time():
            self._expect(airflow.run("setup_trail", {"apply": True, "require_approval": False}))

    def _one_day(self, stage: Stage, airflow: capture.Airflow, index: int) -> None:
        day = stage.days[index]
        self._console.stage(f"HRMS at work, {day}: {self._planned(stage, index):,} API calls in the sandbox's {day:%A}")
        stage.replay_day(index)
        self._console.stage(f"Airflow: DAG archive_trail for {day}")
        self._expect(airflow.run("archive_trail", {"day": day.isoformat()}))
        lines = capture.unit_lines(stage.variables, self._folder, [day])
        for line in lines:
            verdict = line.verdict.value if line.verdict else "no receipt"
            counts = line.counts
            what = f"{counts.slots} digest hours, {counts.objects} logs, {counts.records_in:,} records, {counts.rows:,} rows"
            self._console.stage(f"  {verdict}  {day}  {line.unit.region:<10}  {what}")
        self._console.stage("Airflow: DAG archive_stream (in real life every hour)")
        self._expect(airflow.run("archive_stream", {}))

    def _all_days(self, stage: Stage) -> None:
        lines = capture.unit_lines(stage.variables, self._folder, stage.days)
        self._console.say(report.heading("Three days, both Regions: what the receipts in the archive say"))
        self._console.say(report.units(lines))
        legend = (
            "slots: digest hours; objects: log files; dupl. and quar.: records dropped as byte-equal or set aside, both named in"
            " the receipt; JSON: inflated; stored: gzip as delivered; ratio: JSON to Parquet."
        )
        self._console.say(report.paragraph(legend, indent=""))
        self._expect(
            [
                f"{line.unit} is not proven: {line.verdict or 'no receipt'} {line.conversion or ''}"
                for line in lines
                if not line.good
            ]
        )
        self._compare_with_truth(stage)

    def _compare_with_truth(self, stage: Stage) -> None:
        """Every call that the application sent must be in the archive, by its request id."""
        sent = {line["request_id"] for line in truth.read(self._folder.truth) if line["request_id"]}
        answer = stage.itemtrail("query", "--csv", "SELECT DISTINCT requestID FROM events_distinct")
        lost = sent - set(answer.stdout.split())
        self._console.say(f"Of {len(sent):,} calls that the application sent, {len(sent) - len(lost):,} are in the archive.")
        self._expect([f"{len(lost)} calls are not in the archive, for example request {min(lost)}"] if lost else [])

    def _questions(self, stage: Stage) -> None:
        emp_id = hrms.employee_of_interest().key[0]
        self._console.say(report.heading(f"A question: who touched the record of employee {emp_id}?"))
        touched = self._ask(stage, who_touched(emp_id))
        self._console.say(report.heading("svc-reporting is no HR clerk. What else did it do?"))
        done = self._ask(stage, WHAT_ELSE)
        raised = any("svc-reporting" in line and "UpdateItem" in line for line in touched)
        blinding = any("StopLogging" in line and "AccessDenied" in line for line in done)
        self._expect([] if raised else ["question: the intruder's UpdateItem is not in the answer"])
        self._expect([] if blinding else ["question: the intruder's refused StopLogging is not in the answer"])

    def _ask(self, stage: Stage, sql: str) -> list[str]:
        """Ask as the reader could; print command and answer."""
        self._console.say(f'itemtrail query "{sql}"\n')
        done = stage.itemtrail("query", sql)
        self._console.say(done.stdout.rstrip() or done.stderr.rstrip())
        return done.stdout.splitlines() if done.returncode == 0 else []

    def _drill(self, stage: Stage) -> None:
        s3 = stage.owner.client("s3", endpoint_url=stage.sandbox.endpoint_url)
        arn = f"arn:aws:cloudtrail:{HOME}:{config.ACCOUNT}:trail/{config.TRAIL}"
        start = dt.datetime.combine(stage.days[-1], dt.time(DRILL_FROM), dt.UTC)
        wide = drill.Range(arn, config.TRAIL_BUCKET, config.ACCOUNT, HOME, start, stage.sandbox.now())
        where = drill.to_newest_digest(s3, wide)
        self._console.say(report.heading("A tamper drill: the trail bucket is harmed, two judges are asked"))
        self._console.say(f"{report.command(drill.aws_command(where))}\n\n{report.command(drill.our_command(where))}\n")
        outcomes = drill.run(s3, where, stage.variables, lambda name: self._console.stage(f"  drill: {name}"))
        self._console.say()
        for outcome in outcomes:
            self._console.say(drill_text(outcome))
        self._expect(
            [f"drill, {o.name}: exit codes {(o.aws.code, o.ours.code)}, expected {o.expected}" for o in outcomes if not o.good]
        )
        passed = [o.name for o in outcomes if o.expected == (0, 1) and o.good]
        self._console.say(report.paragraph(f"aws exits 0, itemtrail does not: {'; '.join(passed)}.", indent=""))

    def _history(self, stage: Stage, airflow: capture.Airflow) -> None:
        """Who and what joined, and the timeline of the employee of interest."""
        for day in stage.days:
            self._console.stage(f"Airflow: DAG build_history for {day}")
            self._expect(airflow.run("build_history", {"day": day.isoformat()}))
        emp_id = hrms.employee_of_interest().key[0]
        self._console.say(report.heading(f"The history of employee {emp_id}: who made each version, and what differed"))
        command = ["history", "--table", "Employees", "--key", f"EmpId={emp_id}"]
        self._console.say(f"itemtrail {' '.join(command)}\n")
        done = stage.itemtrail(*command)
        self._console.say(report.folded(done.stdout.rstrip() or done.stderr.rstrip()))
        told = [who for who in STORY if who in done.stdout]
        self._expect([] if told == list(STORY) else [f"history: of {STORY} only {told} are in the timeline"])
        self._compare_history(stage)

    def _compare_history(self, stage: Stage) -> None:
        """Every change that the application made must be in the history, and no name in it may be false."""
        end = (stage.days[-1] + dt.timedelta(days=1)).isoformat()
        known = (line for line in truth.read(self._folder.truth) if line["at"] < end)
        tally = history.compare(capture.changes(stage.variables, self._folder), known, config.ACCOUNT)
        named = ", ".join(f"{count:,} {match}" for match, count in tally.matches.most_common())
        words = (
            f"Of {tally.changes:,} changes that the application made, {tally.changes - len(tally.missing):,} are in the history"
        )
        self._console.say(report.paragraph(f"{words} ({named}); {len(tally.wrong)} with a false name.", indent=""))
        self._expect(tally.problems)

    def _where_next(self, stage: Stage) -> None:
        folder = self._folder
        self._console.say(report.heading("Where to look next"))
        self._console.say(
            "make ui                   Airflow's pages over days like these, and a backfill to start by hand\n"
            "make demo ARGS=--stay     the same again, and the sandbox stays up for commands of your own:\n"
            f"  source {folder.environment}\n"
            "  .venv/bin/itemtrail receipts\n"
            f"  .venv/bin/itemtrail originals --day {stage.days[0]} --to originals\n"
            f"  .venv/bin/aws s3 ls --recursive s3://{config.ARCHIVE_BUCKET}/\n"
            f"What the application itself knows of its calls: {folder.truth}\n"
            f"What Airflow said: {folder.log}"
        )

    def _end(self) -> int:
        took = f"{self._console.seconds:.0f} s"
        if not self._problems:
            self._console.say(
                f"\nAll as expected, in {took}: three days PROVEN in both Regions, every harm detected, a proof that holds."
            )
            return 0
        self._console.say(f"\nNOT as expected ({took}):")
        for problem in self._problems:
            self._console.say(report.paragraph(f"- {problem}"))
        self._console.say(f"Details: {self._folder.log}")
        return 1

    def _expect(self, problems: list[str]) -> None:
        for problem in problems:
            self._console.say(report.paragraph(f"! {problem}"))
        self._problems += problems

    @staticmethod
    def _planned(stage: Stage, index: int) -> int:
        return sum(len(happening.calls) for happening in stage.plan.days[index][1])


def who_touched(emp_id: str) -> str:
    """SQL over the archive's events: every write that named the employee's item. Reads well in a shell's double quotes."""
    return f"""
SELECT strftime(event_ts, '%d %H:%M:%S') AS day_time, eventName AS call, split_part(actor, '/', -1) AS who,
  CASE WHEN succeeded THEN 'done' ELSE errorCode END AS result, requestParameters ->> 'updateExpression' AS expression
FROM events_distinct
WHERE table_arn LIKE '%:table/Employees' AND operation_kind = 'write'
  AND len([k FOR k IN item_keys IF k.key ->> 'EmpId' = '{emp_id}']) > 0
ORDER BY event_ts, source_object, record_index"""  # noqa: S608 - printed to be repeated by hand; the id is our own


WHAT_ELSE = """
SELECT strftime(event_ts, '%d %H:%M:%S') AS day_time, split_part(eventSource, '.', 1) AS service, eventName AS call,
  split_part(table_arn, '/', -1) AS item_of, item_keys[1].key AS key, coalesce(errorCode, 'done') AS result
FROM events_distinct WHERE actor LIKE '%user/svc-reporting'
ORDER BY event_ts, source_object, record_index"""


def drill_text(outcome: drill.Outcome) -> str:
    """One harm and what both judges said."""
    lines = [f"{outcome.name}" + ("" if outcome.good else "   <- NOT as expected")]
    for judge, answer in (("aws", outcome.aws), ("itemtrail", outcome.ours)):
        head = f"  {judge:<9} exit {answer.code}  "
        for number, words in enumerate(answer.words or ("(said nothing)",)):
            lines.append(report.hanging(head if number == 0 else " " * len(head), words))
    return "\n".join(lines) + "\n"
