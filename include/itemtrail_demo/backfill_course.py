"""One month under one Airflow: what `backfill_month` and `backfill_again` share.

Decides which day is bad, which may lose a task and which is missed; counts what was not as expected instead of stopping at it.
"""

import datetime as dt
import os
import subprocess
import sys

from itemtrail_airflow import standalone
from itemtrail_demo import backfill_watch, month, report
from itemtrail_demo.console import Console

SLOTS = 2
RUNS = 3
SECONDS_A_DAY = 300
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

    def heard(self, what: str) -> list[tuple[str, str]]:
        """The alerts that arrived since the last call, shown."""
        heard = self.world.heard()
        for subject, message in heard:
            self.console.say(f"alert after {what}: {subject}\n" + report.folded(message))
        return heard

    def command(self, *arguments: str) -> str:
        """Run an `airflow` command; shows and returns what it said."""
        self.console.say("\n$ " + " ".join(("airflow", *arguments)))
        said = backfill_watch.spoken(self.airflow.airflow(*arguments, timeout=300))
        self.console.say(said)
        return said

    def itemtrail(self, *arguments: str) -> int:
        """Run an `itemtrail` command as the account's owner; shows what it said, returns its exit code."""
        environment = {**os.environ, **self.world.sandbox.environment(), "ITEMTRAIL_CONFIG": str(self.world.folder.configuration)}
        command = [sys.executable, "-m", "itemtrail.cli.main", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        self.console.say("\n$ " + " ".join(("itemtrail", *arguments)))
        self.console.say(report.folded((done.stdout + done.stderr).rstrip()) + f"\n(exit code {done.returncode})")
        return done.returncode

    def expect(self, good: bool, problem: str) -> None:
        """Note ``problem`` unless ``good``."""
        if not good:
            self.problems.append(problem)
