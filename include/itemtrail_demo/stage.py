"""The sandbox with the company in it, from an empty account to replayed days. Shared by the demo and the UI.

Decides the order: the owner makes tables, identities and the first employees; capture is set up by somebody else in between;
then day after day is replayed. Refuses to reach any AWS but its own sandbox: the caller's AWS and Airflow variables are dropped.
"""

import contextlib
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator

import boto3

from cloudtrail_sandbox.client import Sandbox
from itemtrail_demo import actors, config, hrms, replay, truth, world
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder
from itemtrail_demo.tables import HOME

LEAD = dt.timedelta(hours=6)
"""How long before the first day the sandbox's clock starts: room for set-up and its canary."""
AFTER_MIDNIGHT = dt.timedelta(minutes=85)
"""By then the first digest of the next day is there, which covers the last minutes of this one."""
NOON = dt.timedelta(hours=12)
SETTLED = dt.timedelta(hours=2)
"""A day is over for the demo when its last digest cannot be outstanding: two hours after midnight."""
BEHIND = dt.timedelta(minutes=config.UNLISTED_GRACE_MINUTES + 1)
OWNER = "owner"


class Stage:
    """One sandbox and the workload on it."""

    def __init__(self, sandbox: Sandbox, folder: Folder, console: Console, plan: hrms.Plan) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.console = console
        self.plan = plan
        self.variables = config.write_environment(folder, sandbox.environment())
        self.owner = boto3.Session(self.variables["AWS_ACCESS_KEY_ID"], self.variables["AWS_SECRET_ACCESS_KEY"], region_name=HOME)
        self._ledger = truth.Ledger(folder.truth)
        self._cast: actors.Cast | None = None

    def prepare(self) -> dict[str, dict[str, str]]:
        """Tables, people, identities, configuration; returns AWS variables by Airflow connection."""
        endpoint = self.sandbox.endpoint_url
        replay.create_tables(self.owner, endpoint)
        self._cast = actors.Cast(actors.create(self.owner, config.ACCOUNT, endpoint), config.ACCOUNT, endpoint)
        for call in self.plan.founding:
            replay.send(self._cast, call)
        return config.create_roles(self.owner, endpoint)

    def passing_time(self) -> contextlib.AbstractContextManager[None]:
        """Let the sandbox's hours pass quickly while somebody waits for a delivery; never into the first day."""
        return self.sandbox.passing_time(_midnight(self.plan.days[0][0]) - dt.timedelta(minutes=10))

    def replay_day(self, index: int) -> None:
        """Send the calls of one day, then let the clock reach the moment at which all of it is delivered and signed.

        At noon the streams are archived: they keep their records for 24 hours.
        """
        assert self._cast is not None
        day, happenings = self.plan.days[index]
        total = sum(len(happening.calls) for happening in happenings)
        player = replay.Replay(
            self._cast,
            self.sandbox,
            self._ledger,
            lambda second, sent: self.console.progress(f"{_clock(second)}  {sent:,} of {total:,} calls"),
        )
        noon = int((_midnight(day) + NOON).timestamp())
        player.play([happening for happening in happenings if happening.second < noon])
        self.sandbox.advance_to(_midnight(day) + NOON)
        self.archive_streams()
        player.play([happening for happening in happenings if happening.second >= noon])
        self.sandbox.advance_to(_midnight(day) + dt.timedelta(days=1) + AFTER_MIDNIGHT)

    def archive_streams(self) -> None:
        """`itemtrail stream`, as the DAG `archive_stream` does it every hour.

        Raises:
            RuntimeError: it failed; its words are in the message.
        """
        done = self.itemtrail("stream", seconds=300)
        if done.returncode:
            raise RuntimeError(f"itemtrail stream ended with {done.returncode}: {done.stderr.strip()}")

    def itemtrail(self, *arguments: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run the command line as the owner of the sandbox, for ``seconds`` at most."""
        command = [sys.executable, "-m", "itemtrail.cli.main", *arguments]
        return subprocess.run(command, env=self.tool_environment, capture_output=True, text=True, timeout=seconds, check=False)

    def catch_up(self) -> None:
        """Let the clock come close to now; it stands still there until someone lets it run.

        Not quite: what the drill plants has then been there for longer than an unlisted log is tolerated.
        """
        self.sandbox.advance_to(max(dt.datetime.now(dt.UTC) - BEHIND, self.sandbox.now()))

    def finish_truth(self) -> list[str]:
        """Remove what has expired by now, close the ground truth; a line for every item that is not as the plan says."""
        self.sandbox.expire_ttl()
        now = int(self.sandbox.now().timestamp())
        expired, final = world.expired(self.plan.final, now)
        for change in expired:
            self._ledger.add(truth.ttl_line(change, second=now))
        self._ledger.close()
        return replay.differences(self.owner, self.sandbox.endpoint_url, final)

    @property
    def tool_environment(self) -> dict[str, str]:
        """The whole environment for a command line tool that works on the sandbox as its owner."""
        return dict(os.environ) | self.variables

    @property
    def days(self) -> tuple[dt.date, ...]:
        """The replayed days."""
        return tuple(day for day, _ in self.plan.days)


@contextlib.contextmanager
def open_stage(
    folder: Folder,
    console: Console,
    *,
    calls: int,
    seed: int,
    lead: dt.timedelta = LEAD,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Stage]:
    """A fresh sandbox, its clock ``lead`` before the first of three days that end with yesterday; stopped at the end."""
    today = (dt.datetime.now(dt.UTC) - SETTLED).date()
    days = [today - dt.timedelta(days=back) for back in (3, 2, 1)]
    plan = hrms.plan(seed=seed, calls=calls, days=days, account=config.ACCOUNT, trail=config.TRAIL, owner=OWNER)
    folder.configuration.write_text(config.configuration(today), encoding="utf-8")
    clock = _midnight(days[0]) - lead
    with Sandbox.start(clock=clock, account=config.ACCOUNT, regions=config.REGIONS, host=host, port=port, tick=False) as sandbox:
        yield Stage(sandbox, folder, console, plan)


def isolate() -> None:
    """Forget the caller's AWS and Airflow variables: the demo must not be able to reach an account of his."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AIRFLOW_", "ITEMTRAIL_"))]:
        del os.environ[name]
    nowhere = os.devnull
    os.environ.update(AWS_CONFIG_FILE=nowhere, AWS_SHARED_CREDENTIALS_FILE=nowhere, AWS_EC2_METADATA_DISABLED="true")
    local = "127.0.0.1,localhost"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = local


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _clock(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%d %H:%M")
