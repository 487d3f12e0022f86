"""`make review-demo`: faults planted in a clean account, a review that must find every one and invent none. No AWS account.

Exit 0 only if the account was clean before, every plant was found, nothing else was, and what `itemtrail setup --apply` says it
mends is resolved afterwards. Everything it makes lies in `.sandbox/review`, the page of the review with the plants as well.
Reviews run in this process by the sandbox's clock, and else as `itemtrail review --save` does.
"""

import argparse
import contextlib
import datetime as dt
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3

from cloudtrail_sandbox.client import Sandbox
from itemtrail.aws.connection import Connection
from itemtrail.aws.policies import roles_of
from itemtrail.cli.main import main as command_line
from itemtrail.core.check import Severity
from itemtrail.core.review import SEVERITIES, Change, Line, Review, Standing, Verdict
from itemtrail.core.review_html import html
from itemtrail.core.review_report import Report
from itemtrail.core.review_text import finding, headline, summary, text
from itemtrail.flows import review as reviews
from itemtrail.flows import setup
from itemtrail.settings import Settings, load
from itemtrail_demo import config, hardened, options, plants, replay, report, stage
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder
from itemtrail_demo.interrupt import leave_on_signals
from itemtrail_demo.tables import HOME

DAY = dt.timedelta(days=1)
BACK = dt.timedelta(minutes=45)
"""How long before now the faults are planted: by now CloudTrail has delivered the calls that planted them."""
EVENING = dt.time(22)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the review with the plants says, plant by plant."""

    found: tuple[tuple[plants.Plant, tuple[Line, ...]], ...]
    invented: tuple[Line, ...]

    @property
    def missed(self) -> tuple[plants.Plant, ...]:
        """Plants that no check found."""
        return tuple(plant for plant, lines in self.found if not lines)


def judge(found: Review, planted: Sequence[plants.Plant] = plants.PLANTS) -> Judgement:
    """Each plant with the findings that are its own, and the findings that are nobody's."""
    opened = found.standing(Standing.OPEN)
    own = [(plant, tuple(one for one in opened if plant.explains(one.result.check, one.result.resource))) for plant in planted]
    explained = {line.key for _, lines in own for line in lines}
    rest = tuple(one for one in opened if one.key not in explained and one.result.check not in plants.EVENTS)
    return Judgement(tuple(own), rest)


def table(judgement: Judgement, after: Review) -> str:
    """A line for each plant: what was done, what found it, and what became of it when setting up again."""
    now = {line.key: line for line in after.lines}
    rows = []
    for plant, lines in judgement.found:
        worst = min((line.result.severity for line in lines), key=SEVERITIES.index, default=Severity.LOW)
        checks = ", ".join(sorted({line.result.check for line in lines})) or "NOT FOUND"
        resolved = bool(lines) and all(now[line.key].change is Change.RESOLVED for line in lines if line.key in now)
        rows.append((plant.name, worst if lines else "-", checks, "resolved" if resolved else "by hand"))
    return report.table(("planted", "severity", "found by", "itemtrail setup"), rows)


class Course:
    """One run: an account that is clean, faults, the review, set-up again."""

    def __init__(self, sandbox: Sandbox, folder: Folder, console: Console, now: dt.datetime) -> None:
        self._sandbox, self._folder, self._console, self._now = sandbox, folder, console, now
        self._settings: Settings = load(folder.configuration)
        self._variables = config.write_environment(folder, sandbox.environment())
        self._session = boto3.Session(sandbox.access_key_id, sandbox.secret_access_key, region_name=HOME)
        self._owner = hardened.Owner(self._session, sandbox.endpoint_url)
        self._policies = {role.kind: role.policy() for role in roles_of(self._settings)}
        self._reviewer, self._archivist = (
            self._connect(self._owner.user(f"itemtrail-{name}", self._policies[kind]))
            for name, kind in (("reviewer", "posture"), ("archivist", "archive_writer"))
        )
        self._problems: list[str] = []

    def run(self) -> tuple[str, ...]:
        """Everything; what was not as expected."""
        planting = self._now - BACK
        begin, say = self._console.stage, self._console.say
        begin("owner: tables, roles, alert topic; itemtrail setup --apply; what setting up leaves to the owner")
        self._prepare()
        self._sandbox.advance_to(planting)
        for day in (planting.date() - 2 * DAY, planting.date() - DAY):
            self._archive(day)
        begin("review of the account as it should be")
        clean = self._review(since=dt.datetime.combine(planting.date() - DAY, dt.time(), dt.UTC))
        say(report.paragraph(f"{headline(clean)}; {summary(clean.review)}"))
        self._expect(clean.review.verdict is Verdict.CLEAN, f"before anything was planted: {text(clean)}")
        begin(f"{len(plants.PLANTS)} faults are planted by API calls; CloudTrail delivers; the day so far is archived")
        for plant in plants.PLANTS:
            plant.do(self._owner)
        self._sandbox.advance_to(self._now)
        self._archive(planting.date())
        begin("review of the account with the faults")
        planted = self._review()
        self._page.write_text(html(planted), encoding="utf-8", errors="backslashreplace")
        say(report.paragraph(summary(planted.review)))
        for line in planted.review.standing(Standing.OPEN):
            say(report.folded(finding(line)))
        judgement = judge(planted.review)
        begin("itemtrail setup --apply, and the review after it")
        self._set_up()
        self._sandbox.advance(1)
        after = self._review()
        self._told(judgement, planted.review, after.review)
        return tuple(self._problems)

    def _told(self, judgement: Judgement, planted: Review, after: Review) -> None:
        say = self._console.say
        say(report.heading("What was planted, what found it, what setting up again mends"))
        say(table(judgement, after))
        found = len(judgement.found) - len(judgement.missed)
        say(f"\n{found} of {len(judgement.found)} plants found; {len(judgement.invented)} findings that nobody planted.")
        say(f"Who planted is in the review too: {', '.join(sorted(self._witnesses(planted))) or 'nobody'}.")
        say(f"The page for the auditor: {self._page}")
        for plant in judgement.missed:
            self._expect(False, f"not found: {plant.name} (expected: {', '.join(sorted(plant.finds))})")
        for line in judgement.invented:
            self._expect(False, f"nobody planted: {line.result.check} {line.result.resource}: {line.result.detail}")
        still = {line.key for line in after.standing(Standing.OPEN)}
        for plant, lines in judgement.found:
            left = [line.result.check for line in lines if line.key in still]
            self._expect(not (plant.setup_mends and left), f"setting up again should have mended: {plant.name} ({left})")

    def _witnesses(self, found: Review) -> set[str]:
        return {line.result.check for line in found.standing(Standing.OPEN) if line.result.check in plants.EVENTS}

    def _prepare(self) -> None:
        replay.create_tables(self._session, self._sandbox.endpoint_url)
        self._owner.prepare(self._policies)
        self._set_up()
        self._owner.harden()

    def _set_up(self) -> None:
        control = self._connect(self._session).control()
        plan = setup.plan(control, self._settings)
        if not plan.empty:
            setup.apply(control, self._settings, plan.hash)

    def _review(self, *, since: dt.datetime | None = None) -> Report:
        """As those who may do just that: one reads the set-up, the other reads and adds to the archive."""
        archive, now = self._archivist.archive(self._settings.archive), self._sandbox.now()
        return reviews.take(self._reviewer.posture(), archive, self._settings, now=now, since=since, save=True).report

    def _connect(self, session: boto3.Session) -> Connection:
        return Connection(session, endpoint_url=self._sandbox.endpoint_url, region=HOME)

    def _archive(self, day: dt.date) -> None:
        """`itemtrail archive --day`; what it says goes to the log. It ends with 1 where the day is not over: INCOMPLETE."""
        before = dict(os.environ)
        os.environ.update(self._variables)
        try:
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = command_line(["archive", "--day", day.isoformat()])
        finally:
            os.environ.clear()
            os.environ.update(before)
        with self._folder.log.open("a", encoding="utf-8") as log:
            log.write(said.getvalue())
        self._expect(code in (0, 1), f"itemtrail archive --day {day} ended with {code}: {said.getvalue()[-500:]}")

    def _expect(self, good: bool, problem: str) -> None:
        if not good:
            self._problems.append(problem)

    @property
    def _page(self) -> Path:
        return self._folder.path / "review.html"


def run(folder: Folder, console: Console, now: dt.datetime) -> tuple[str, ...]:
    """The whole course on a sandbox of its own; what was not as expected."""
    start = dt.datetime.combine((now - BACK).date() - 2 * DAY, EVENING, dt.UTC)
    folder.configuration.write_text(config.configuration(now.date()) + hardened.settings(now.date() + DAY), encoding="utf-8")
    with Sandbox.start(clock=start, account=config.ACCOUNT, regions=config.REGIONS, tick=False) as sandbox:
        return Course(sandbox, folder, console, now).run()


def main(argv: Sequence[str] | None = None) -> int:
    """The demo; returns its exit code: 0 as expected, 1 not, 2 usage (130: interrupted)."""
    parser = argparse.ArgumentParser(prog="python -m itemtrail_demo.review", description=__doc__)
    parser.add_argument("--folder", type=Path, default=config.ROOT / ".sandbox" / "review", metavar="DIR", help="%(default)s")
    folder = options.opened(parser.parse_args(argv).folder, "itemtrail review demo")
    if folder is None:
        return 2
    stage.isolate()
    console = Console(folder.log)
    leave_on_signals(console.descriptor)
    problems = run(folder, console, dt.datetime.now(dt.UTC).replace(microsecond=0))
    for problem in problems:
        console.say(report.paragraph(f"! {problem}", indent=""))
    console.say(f"\n{'NOT as expected' if problems else 'All as expected'}, in {console.seconds:.0f} s.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
