"""The reader's machine: a local AWS with an HRMS at work in it, and a shell in which a page's commands are typed.

README.md comes first and makes the world: its steps set the capture up in an empty account, three days pass, its commands
archive them. Every other page finds what README.md left. Each page has a folder of its own, with the project beside its files.

Decides: what happens between two blocks (``meanwhile``), and the values that capital words of a command stand for.
"""

import contextlib
import datetime as dt
import functools
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs import compare
from tests.docs.blocks import ROOT, Block, Command, Meanwhile

from itemtrail_demo import config
from itemtrail_demo.stage import Stage

SECONDS = 300
CRASHED = "Traceback (most recent call last)"
"""Python ends with 1 then, as a command does that found something."""
BESIDE = ("include", "dags", "plugins", "docs", "Makefile", "docker-compose.yaml")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{config.ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
    ],
}
AN_EVENT = "SELECT min(eventID) FROM events_distinct WHERE table_arn LIKE '%/Payroll' AND event_date = '{day}'"
DUCKDB = """#!{python}
import sys, duckdb
print(duckdb.sql(sys.argv[sys.argv.index("-c") + 1]))
"""


@dataclass
class World:
    """One local AWS, and what is asked of it."""

    stage: Stage
    folder: Path
    today: dt.date
    bin: Path = field(init=False)

    def __post_init__(self) -> None:
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        tool = self.bin / "duckdb"
        tool.write_text(DUCKDB.format(python=sys.executable), encoding="utf-8")
        tool.chmod(0o755)

    def shell(self, page: Path) -> "Shell":
        """A reader of ``page`` at his prompt."""
        folder = self.folder / page.stem
        folder.mkdir()
        for name in BESIDE:
            (folder / name).symlink_to(ROOT / name)
        path = f"{self.bin}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = self.stage.tool_environment | {"PATH": path, "TMPDIR": str(self.folder), "COLUMNS": "130"}
        environment.pop("PYTHONPATH", None)
        return Shell(self, folder, environment)

    def values(self) -> dict[str, Callable[[], str]]:
        """What the words in capitals of a command stand for."""
        return {
            "CHECKPOINT_SHA256": self._checkpoint,
            "EVENT_ID": functools.partial(self._ask, AN_EVENT.format(day=self.today - dt.timedelta(days=2))),
            "HOLD": self._hold,
        }

    def _checkpoint(self) -> str:
        told = json.loads(self._itemtrail("ledger", "status", "--json"))
        return str(told["checkpoint"]["sha256"])

    def _hold(self) -> str:
        return str(json.loads(self._itemtrail("legal-hold", "list", "--json"))[0]["hold"])

    def _ask(self, sql: str) -> str:
        return self._itemtrail("query", "--csv", sql).split()[-1]

    def _itemtrail(self, *words: str) -> str:
        done = self.stage.itemtrail(*words)
        assert done.stdout, done.stderr
        return done.stdout


@dataclass
class Shell:
    """Commands of one page, one after the other, in one folder; what is exported stays."""

    world: World
    folder: Path
    environment: dict[str, str]

    def type(self, block: Block, command: Command) -> str:
        """Run it; why it did not do what the page says, or nothing."""
        text = self._spelled(compare.shifted(command.text, self.world.today))
        done = self._run(text)
        where = f"{block.name.rpartition(':')[0]}:{command.line}: {text}\n"
        if done.returncode != block.exit or CRASHED in done.stdout:
            return f"{where}ended with {done.returncode}, not {block.exit}:\n{done.stdout}"
        if command.shown is None:
            return ""
        shown = tuple(compare.shifted(line, self.world.today) for line in command.shown)
        told = compare.difference(shown, done.stdout)
        return where + told if told else ""

    def meanwhile(self, happening: Meanwhile) -> None:
        """Let it happen."""
        {"edited": self._edited, "three-days": self._three_days}[happening.what]()

    def _run(self, text: str) -> "subprocess.CompletedProcess[str]":
        state = self.folder / ".exported"
        before = f". {shlex.quote(str(state))}\n" if state.exists() else ""
        script = f"{before}trap 'export -p > {shlex.quote(str(state))}' EXIT\n{text}\n"
        try:
            return subprocess.run(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as late:
            said = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
            return subprocess.CompletedProcess(late.args, -1, f"{said}\nnot over after {SECONDS} s")

    def _spelled(self, text: str) -> str:
        for name, value in self.world.values().items():
            if name in text:
                text = text.replace(name, value())
        return text

    def _edited(self) -> None:
        """The reader names his own trail, buckets and tables in the copy of the configuration, and who may assume his roles."""
        (self.folder / "mine.toml").write_text(config.configuration(self.world.today), encoding="utf-8")
        (self.folder / "trust.json").write_text(json.dumps(TRUST), encoding="utf-8")

    def _three_days(self) -> None:
        """People work, CloudTrail delivers; the streams are archived at noon and at the end of each day."""
        stage = self.world.stage
        for index in range(len(stage.days)):
            stage.replay_day(index)
            stage.archive_streams()
        stage.catch_up()
        stage.sandbox.tick(True)


@contextlib.contextmanager
def waiting(world: World, happening: bool):
    """While a canary waits for CloudTrail the local AWS's hours pass in seconds; never into the first day."""
    with world.stage.passing_time() if happening else contextlib.nullcontext():
        yield
