"""Coverage: what is due since the trail began, what is late, and what the calendar shows."""

import datetime as dt
from pathlib import Path

import pytest
from tests.archive_world import DAY, ArchiveWorld
from tests.memory import Fault, MemoryStore

from itemtrail.cli.coverage import calendar
from itemtrail.core import layout
from itemtrail.errors import SourceUnavailable
from itemtrail.flows.coverage import Cell, Coverage, begin, coverage, due
from itemtrail.model import LoggingStatus, Unit
from itemtrail.settings import AcceptedDay

ONE = dt.timedelta(days=1)
MAX_AGE = dt.timedelta(hours=30)
ACCOUNT, REGION = "111122223333", "us-east-1"
END = dt.datetime.combine(DAY + ONE, dt.time(), dt.UTC)


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    return ArchiveWorld(tmp_path)


def cells(world: ArchiveWorld, *days: dt.date, now: dt.datetime) -> list[Cell]:
    units = [Unit(ACCOUNT, REGION, day) for day in days]
    return list(coverage(world.archive, units, now=now, max_age=MAX_AGE, expiry_days=90))


def started(world: ArchiveWorld, *, status: LoggingStatus | None = None, regions: tuple[str, ...] = (REGION,)) -> dt.date | None:
    return begin(
        world.trail,
        status or LoggingStatus(is_logging=True),
        world.source,
        world.archive,
        accounts=(ACCOUNT,),
        regions=regions,
    )


def test_an_archived_day_is_proven_and_never_late(world):
    world.run()
    (cell,) = cells(world, DAY, now=END + 400 * ONE)
    assert (cell.state, cell.late, cell.line) == (Coverage.PROVEN, False, "")
    assert cell.days_left == 90 - 401


def test_a_day_without_a_receipt_is_pending_until_it_is_older_than_the_tolerated_age(world):
    (cell,) = cells(world, DAY, now=END + MAX_AGE)
    assert (cell.state, cell.late) == (Coverage.PENDING, False)
    (cell,) = cells(world, DAY, now=END + MAX_AGE + dt.timedelta(seconds=1))
    assert (cell.state, cell.late, cell.days_left) == (Coverage.MISSING, True, 88)


def test_a_removed_digest_makes_the_day_one_with_findings(world):
    digests = [info.key for info in world.source.list("") if "/CloudTrail-Digest/" in info.key and f"{DAY:%Y/%m/%d}" in info.key]
    world.source.delete(digests[10])
    world.run()
    (cell,) = cells(world, DAY, now=END + 3 * ONE)
    assert (cell.state, cell.late) == (Coverage.FINDINGS, True)
    assert "DISPROVEN" in cell.line or "UNPROVABLE" in cell.line


def answered(world: ArchiveWorld, *, day: dt.date = DAY, expires: dt.date, now: dt.datetime) -> Cell:
    unit = Unit(ACCOUNT, REGION, day)
    by = AcceptedDay(account=ACCOUNT, region=REGION, day=day, reason="case 17", owner="audit@example.com", expires=expires)
    return coverage(world.archive, [unit], now=now, max_age=MAX_AGE, expiry_days=90, accepted=[by])[0]


def test_a_bad_day_that_somebody_answers_for_is_not_late_and_no_better(world):
    digests = [info.key for info in world.source.list("") if "/CloudTrail-Digest/" in info.key and f"{DAY:%Y/%m/%d}" in info.key]
    world.source.delete(digests[10])
    world.run()
    now = END + 3 * ONE
    cell = answered(world, expires=now.date(), now=now)
    assert (cell.state, cell.late, cell.accepted) == (Coverage.FINDINGS, False, True)
    assert "DISPROVEN" in cell.line
    assert f"accepted by audit@example.com until {now.date()}: case 17" in cell.line
    assert cell.line in calendar([cell], kept=True)
    assert answered(world, expires=now.date() - ONE, now=now).late, "the acceptance has expired"


def test_nobody_can_answer_for_a_day_that_is_missing_or_whose_receipts_are_broken(world):
    now = END + 3 * ONE
    assert answered(world, expires=now.date(), now=now).late
    world.run()
    assert not answered(world, expires=now.date(), now=now).accepted, "a proven day needs nobody"
    world.archive.put(layout.receipt_key(Unit(ACCOUNT, REGION, DAY), 0), b"not a receipt")
    assert answered(world, expires=now.date(), now=now).late


def test_a_week_without_the_archive_is_seven_late_days(world):
    world.run()
    week = [DAY + n * ONE for n in range(8)]
    found = cells(world, *week, now=END + 9 * ONE)
    assert [cell.late for cell in found] == [False] + [True] * 7


def test_an_archive_that_cannot_be_looked_at_is_no_verdict(world):
    world.archive.fail(layout.receipts_folder(Unit(ACCOUNT, REGION, DAY)), Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        cells(world, DAY, now=END + 9 * ONE)


def test_units_are_due_from_the_first_delivered_day_on(world):
    assert started(world) == DAY - ONE
    assert [unit.day for unit in due((ACCOUNT,), (REGION,), DAY, END + ONE)] == [DAY, DAY + ONE]


def test_units_stay_due_after_the_trail_bucket_has_expired(world):
    world.run()
    world.source = MemoryStore("s3://empty")
    assert started(world) == DAY


def test_a_region_that_delivered_nothing_is_due_like_the_others(world):
    assert started(world, regions=(REGION, "eu-west-1")) == DAY - ONE
    assert {unit.region for unit in due((ACCOUNT,), (REGION, "eu-west-1"), DAY, END)} == {REGION, "eu-west-1"}


def test_a_trail_that_never_delivered_is_due_since_it_logs(world):
    world.source = MemoryStore("s3://empty")
    assert started(world) is None
    assert started(world, status=LoggingStatus(is_logging=True, started=END)) == DAY + ONE


def test_the_calendar_has_a_mark_a_day_and_the_next_step():
    cell = [
        Cell(Unit(ACCOUNT, REGION, dt.date(2026, 3, 3)), Coverage.PROVEN, False, 80),
        Cell(Unit(ACCOUNT, REGION, dt.date(2026, 3, 4)), Coverage.MISSING, True, 81, "2026-03-04: nothing is archived"),
        Cell(Unit(ACCOUNT, REGION, dt.date(2026, 3, 5)), Coverage.PENDING, False, 82, "2026-03-05: nothing is archived"),
    ]
    text = calendar(cell, kept=False)
    assert "  2026-03    #-~\n" in text
    assert "1 proven, 1 pending, 0 findings, 1 missing; 1 late" in text
    assert "2026-03-04: nothing is archived [81 days left until the bucket's expiry]" in text
    assert "--from-date 2026-03-04 --to-date 2026-03-04" in text
    assert "never expires" in calendar(cell, kept=True)
