"""Every reader that meets an object in a Glacier class (of the archive, of the trail bucket) says so, never goes on without it.

Each is asked a question that it can answer, then one of the objects that it reads is made cold: no answer, or a verdict that says
why, and the command that plans the restore. Nothing is left out in silence.
"""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.archive_world import DAY, ArchiveWorld, a_chain
from tests.changes_world import TABLE, change, image, put_day
from tests.history_archive import archived
from tests.history_archive import settings as history_settings
from tests.history_world import START, Workload, simulate
from tests.history_world import TABLE as WORLD_TABLE
from tests.memory import Fault, MemoryStore

from itemtrail.cli import ends
from itemtrail.cli.main import main
from itemtrail.core import layout
from itemtrail.core.reasons import Reason
from itemtrail.errors import ColdStorage
from itemtrail.flows import history, originals, receipts, timeline
from itemtrail.flows.coverage import coverage
from itemtrail.flows.query import Scope, copy_events
from itemtrail.model import Verdict

PLAN = "itemtrail restore --plan"
JULY = dt.date(2026, 7, 14)


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    (tmp_path / "spool").mkdir()
    made = ArchiveWorld(tmp_path / "spool", chain=a_chain(logs=1))
    made.run()
    return made


@pytest.fixture
def story() -> MemoryStore:
    """One item's changes on six days, so that a month's file and days are read."""
    store = MemoryStore()
    for number in range(6):
        row = change(dt.datetime(2026, 7, 14 + number, 9, tzinfo=dt.UTC), number=number, new_image=image({"EmpId": "E-1"}))
        put_day(store, JULY + dt.timedelta(days=number), [row])
    return store


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """The command line over a store in memory."""

    def run(store: MemoryStore, *words: str, settings: Any = None) -> tuple[int, str]:
        monkeypatch.setattr(ends, "open_ends", lambda arguments: SimpleNamespace(archive=store, settings=settings))
        code = main(list(words))
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.mark.parametrize("which", [0, 3, 5])
def test_one_cold_day_of_a_history_is_no_history_without_it(story: MemoryStore, command: Any, which: int) -> None:
    asked = ("history", "--table", "Employees", "--key", "EmpId=E-1", "--json")
    code, said = command(story, *asked)
    assert (code, len(said.splitlines()) >= 6) == (0, True)
    story.fail(story.keys("changes/")[which], Fault.COLD)
    with pytest.raises(ColdStorage):
        timeline.history(story, "Employees", ["EmpId=E-1"])
    code, said = command(story, *asked)
    assert code == 3
    assert "E-1" not in said.replace("EmpId=E-1", "")
    assert PLAN in said


def test_changes_and_the_state_at_a_time_are_not_told_without_a_cold_day(story: MemoryStore, command: Any) -> None:
    story.fail(story.keys("changes/")[2], Fault.COLD)
    for asked in (
        ("changes", "--table", "Employees"),
        ("history", "--table", TABLE, "--key", "EmpId=E-1", "--as-of", "2026-07-30"),
    ):
        code, said = command(story, *asked)
        assert (code, PLAN in said) == (3, True), said


def test_a_query_has_no_answer_from_the_other_files_alone(world: ArchiveWorld, tmp_path: Path) -> None:
    files = world.archive.keys(layout.EVENTS)
    world.archive.put(files[0].replace(f"{DAY}.", f"{DAY + dt.timedelta(days=1)}."), world.archive.body(files[0]))
    world.archive.fail(files[0], Fault.COLD)
    with pytest.raises(ColdStorage, match=r"1 of 2 Parquet files asked for lie in a Glacier class, so there is no answer"):
        copy_events(world.archive, tmp_path / "cache", Scope(), limit=1 << 30, progress=world.said.append)


def test_a_query_over_many_cold_days_names_one_command_for_all_of_them(world: ArchiveWorld, tmp_path: Path) -> None:
    (key,) = world.archive.keys(layout.EVENTS)
    for later in (1, 2, 3):
        day = DAY + dt.timedelta(days=later)
        world.archive.put(key.replace(str(DAY), str(day)), world.archive.body(key))
    for one in world.archive.keys(layout.EVENTS)[1:]:
        world.archive.fail(one, Fault.COLD)
    with pytest.raises(ColdStorage, match=r"3 of 4 Parquet files") as caught:
        copy_events(world.archive, tmp_path / "cache", Scope(), limit=1 << 30, progress=world.said.append)
    span = f"--what events --from {DAY + dt.timedelta(days=1)} --to {DAY + dt.timedelta(days=3)}"
    assert f"{PLAN} {span}" in caught.value.advice


def test_what_was_copied_before_it_got_cold_is_still_asked(world: ArchiveWorld, tmp_path: Path) -> None:
    def copied() -> tuple[Path, ...]:
        return copy_events(world.archive, tmp_path / "cache", Scope(), limit=1 << 30, progress=world.said.append)

    before = copied()
    world.archive.fail(world.archive.keys(layout.EVENTS)[0], Fault.COLD)
    assert copied() == before


def test_originals_of_a_cold_tar_are_told_and_the_others_written(world: ArchiveWorld, tmp_path: Path, command: Any) -> None:
    again = world.chain.log(dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC), "again00000000000")
    world.deliver(again)
    world.run()
    first, second = world.archive.keys(layout.ORIGINALS)
    world.archive.fail(first, Fault.COLD)
    done = originals.restore(world.archive, [world.unit], tmp_path / "out", world.said.append)
    assert (done.files, done.refused, len(done.cold)) == (1, (), 1)
    assert first in done.cold[0]
    to = ("originals", "--day", str(DAY), "--to", str(tmp_path / "out"))
    code, said = command(world.archive, *to, settings=world.settings)
    assert (code, "cold: " in said, PLAN in said) == (3, True, True)
    world.archive.fail(second, Fault.COLD)
    code, said = command(world.archive, "originals", "--day", str(DAY), "--to", str(tmp_path / "none"), settings=world.settings)
    assert (code, "nothing of these days is archived" in said) == (3, False)


def test_a_cold_receipt_is_neither_proven_nor_missing(world: ArchiveWorld, command: Any) -> None:
    world.archive.fail(layout.receipt_key(world.unit, 0), Fault.COLD)
    now = dt.datetime(2026, 3, 20, tzinfo=dt.UTC)
    with pytest.raises(ColdStorage):
        receipts.not_proven(world.archive, [world.unit])
    with pytest.raises(ColdStorage):
        coverage(world.archive, [world.unit], now=now, max_age=dt.timedelta(hours=30), expiry_days=90)
    code, said = command(world.archive, "receipts", "--day", str(DAY), settings=world.settings)
    assert (code, PLAN in said) == (3, True)


def test_validate_calls_a_cold_log_unprovable_and_says_how_to_get_it_back(world: ArchiveWorld) -> None:
    fresh = ArchiveWorld(world.spool, chain=a_chain(logs=1))
    fresh.source.fail(fresh.logs()[0], Fault.COLD)
    receipt = fresh.run()
    assert receipt.verdict is Verdict.UNPROVABLE
    assert [(one.reason, one.key) for one in receipt.objects if one.verdict is not Verdict.PROVEN] == [("COLD", fresh.logs()[0])]
    assert f"{PLAN} --what delivered" in Reason.COLD.action


@pytest.mark.parametrize("what", [layout.ORIGINALS, layout.EVENTS])
def test_the_archive_commits_nothing_that_it_could_not_read_back(world: ArchiveWorld, what: str) -> None:
    """Outputs that an earlier, killed run left, and a lifecycle rule that moved them at once."""
    left = world.contents()
    del left[layout.receipt_key(world.unit, 0)]
    again = ArchiveWorld(world.spool, chain=a_chain(logs=1), archive=MemoryStore("s3://archive"))
    for key, body in left.items():
        again.archive.put(key, body)
    again.archive.fail(again.archive.keys(what)[0], Fault.COLD)
    with pytest.raises(ColdStorage):
        again.run()
    assert layout.receipt_key(world.unit, 0) not in again.archive.keys("")
    again.archive.mend(again.archive.keys(what)[0])
    assert again.run().verdict is Verdict.PROVEN
    assert json.loads(again.archive.body(layout.receipt_key(world.unit, 0)))


@pytest.mark.parametrize("what", [layout.EVENTS, layout.STREAM_RECORDS])
def test_a_days_history_is_not_built_from_half_of_it(tmp_path: Path, what: str) -> None:
    store = archived(simulate(Workload(seed=5, writes=60, items=20, seconds=3_000, only=("put", "update"))))
    store.fail(store.keys(what)[0], Fault.COLD)
    day = START.date()
    with pytest.raises(ColdStorage):
        history.build_day(
            WORLD_TABLE, day, archive=store, settings=history_settings(), spool=tmp_path, progress=lambda line: None
        )
    assert store.keys(layout.CHANGES) == []
