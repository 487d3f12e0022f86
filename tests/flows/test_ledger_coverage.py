"""Coverage by the ledger says what the receipts say, reads few of them, and sees what became of those that it does not read."""

import contextlib
import datetime as dt
from pathlib import Path

import pytest
from tests.archive_world import BEGIN, HOUR, LATER, ArchiveWorld, Killed, MortalStore
from tests.ledger_world import FIRST, TRAIL, VERSIONS, LedgerWorld, unit, week
from tests.memory import Fault

from itemtrail.core import layout
from itemtrail.core.plan import Judgement, Plan
from itemtrail.errors import AccessDenied
from itemtrail.flows.coverage import Coverage, coverage
from itemtrail.flows.ledger_coverage import Recorded, recorded
from itemtrail.flows.receipts import Lack
from itemtrail.model import Verdict

DAYS = 50
NOW = dt.datetime.combine(FIRST + dt.timedelta(days=DAYS), dt.time(6, 30), dt.UTC)
REOPEN = 5
OLD, YOUNG = 3, DAYS - 2


@pytest.fixture
def world(tmp_path: Path) -> LedgerWorld:
    """Fifty days, all but one proven, in the ledger."""
    made = LedgerWorld(tmp_path, today=NOW.date())
    week(made, [day for day in range(DAYS) if day not in (7, 9)])
    made.commit(unit(9), verdict=Verdict.DISPROVEN)
    made.append(until=NOW)
    made.archive.reads.clear()
    made.archive.listings.clear()
    return made


def by_ledger(world: LedgerWorld) -> Recorded:
    return recorded(world.archive, [unit(day) for day in range(DAYS)], now=NOW, reopen_days=REOPEN, room=world.room)


def cells(world: LedgerWorld, known: Recorded):
    units = [unit(day) for day in range(DAYS)]
    max_age = dt.timedelta(hours=30)
    return coverage(world.archive, units, now=NOW, max_age=max_age, expiry_days=90, recorded=known.lacks)


def agrees(world: LedgerWorld) -> Recorded:
    known = by_ledger(world)
    assert cells(world, known) == cells(world, Recorded())
    return known


def test_the_ledger_says_what_the_receipts_say_and_reads_none(world):
    known = by_ledger(world)
    assert not [key for key in world.archive.reads if "receipts/" in key and not key.startswith("ledger/")]
    assert len(known.lacks) == DAYS
    assert "by ledger checkpoint 1 of 2026-04-20 06:30 UTC for 50 units; the receipts of 0 were read" in known.basis(DAYS)
    states = [cell.state for cell in cells(world, known)]
    assert [day for day, state in enumerate(states) if state is Coverage.MISSING] == [7]
    assert [day for day, state in enumerate(states) if state is Coverage.FINDINGS] == [9]
    agrees(world)


def test_without_a_ledger_the_receipts_are_read(tmp_path):
    world = LedgerWorld(tmp_path)
    week(world)
    known = agrees(world)
    assert (known.checkpoint, known.lacks) == (None, {})
    assert known.basis(DAYS) == "no ledger: the receipts of every unit were read"


@pytest.mark.parametrize("day", [YOUNG, OLD, 7, 9])
@pytest.mark.parametrize("verdict", [Verdict.PROVEN, Verdict.DISPROVEN])
def test_a_commit_that_the_ledger_does_not_hold_yet_counts(world, day, verdict):
    world.commit(unit(day), verdict=verdict)
    known = agrees(world)
    assert unit(day) not in known.lacks
    assert (cells(world, known)[day].state is Coverage.PROVEN) == (verdict is Verdict.PROVEN)


def test_days_after_the_last_checkpoint_count_however_long_ago_it_was(tmp_path):
    world = LedgerWorld(tmp_path)
    week(world, range(10))
    world.append(until=dt.datetime.combine(FIRST + dt.timedelta(days=10), dt.time(), dt.UTC))
    week(world, range(10, DAYS))
    world.commit(unit(8), verdict=Verdict.DISPROVEN)
    known = agrees(world)
    assert [cell.unit for cell in cells(world, known) if cell.state is not Coverage.PROVEN] == [unit(8)]


def test_an_open_plan_of_a_young_unit_is_seen(world):
    plan = Plan(unit(YOUNG), 1, "0" * 64, TRAIL, VERSIONS, (), Judgement(Verdict.PROVEN, (), ()))
    world.archive.put(layout.plan_key(unit(YOUNG), 1), plan.to_json())
    agrees(world)
    assert cells(world, by_ledger(world))[YOUNG].state is not Coverage.PROVEN


def test_the_last_receipt_of_a_unit_that_vanished_shows_where_receipts_alone_would_not(world):
    """Of two receipts the second says DISPROVEN: without it, the receipts that are left say that all is well."""
    late = world.commit(unit(YOUNG), verdict=Verdict.DISPROVEN)
    world.append(until=NOW)
    world.archive.delete(late)
    world.archive.delete(layout.plan_key(unit(YOUNG), 1))
    assert cells(world, Recorded())[YOUNG].state is Coverage.PROVEN
    lack = by_ledger(world).lacks[unit(YOUNG)]
    assert lack.reason is Lack.BROKEN_RECEIPTS
    assert "receipt 001 of the ledger is not in the archive any more" in lack.line


def test_a_young_receipt_that_was_exchanged_shows(world):
    world.archive.replace(layout.receipt_key(unit(YOUNG), 0), b"{}")
    assert by_ledger(world).lacks[unit(YOUNG)].reason is Lack.BROKEN_RECEIPTS


def test_the_same_receipt_put_again_is_no_matter(world):
    key = layout.receipt_key(unit(YOUNG), 0)
    world.archive.replace(key, world.archive.body(key))
    agrees(world)


def test_an_old_receipt_that_vanished_shows_from_the_next_checkpoint_on(world):
    world.archive.delete(layout.receipt_key(unit(OLD), 0))
    assert by_ledger(world).lacks[unit(OLD)] is None
    world.append(until=NOW)
    assert by_ledger(world).lacks[unit(OLD)].reason is Lack.BROKEN_RECEIPTS
    assert cells(world, by_ledger(world))[OLD].late


def test_while_a_receipt_waits_for_the_ledger_every_unit_is_listed(world):
    late = world.commit(unit(OLD), verdict=Verdict.DISPROVEN)
    world.commit(unit(OLD + 1))
    world.archive.fail(late, Fault.DENIED)
    world.append(until=NOW)
    world.archive.mend(late)
    assert unit(OLD) not in agrees(world).lacks


def test_a_ledger_that_contradicts_itself_is_not_used(world):
    world.archive.replace("ledger/receipts-000001.parquet", b"another")
    known = agrees(world)
    assert (known.lacks, known.checkpoint) == ({}, None)
    assert "ledger/receipts-000001.parquet" in known.trouble
    assert known.basis(DAYS).startswith("ledger not used: ")


def test_a_ledger_that_may_not_be_read_is_no_verdict(world):
    world.archive.fail("ledger/", Fault.DENIED)
    with pytest.raises(AccessDenied):
        by_ledger(world)


def test_once_everything_is_in_the_ledger_no_receipt_is_read(world):
    week(world, [7])
    world.commit(unit(9))
    world.append(until=NOW)
    world.archive.reads.clear()
    assert all(lack is None for lack in by_ledger(world).lacks.values())
    assert not [key for key in world.archive.reads if key.startswith("receipts/")]


def test_only_the_reopen_window_is_listed_where_older_units_are_proven(world):
    week(world, [7])
    world.today -= dt.timedelta(days=10)
    world.commit(unit(9))
    world.append(until=NOW)
    starts = []
    listing = world.archive.list

    def watched(prefix, *, start_after=""):
        starts.append(start_after)
        return listing(prefix, start_after=start_after)

    world.archive.list = watched
    by_ledger(world)
    first = NOW.date() - dt.timedelta(days=REOPEN + 1)
    receipts = [start for start in starts if start.startswith("receipts/")]
    assert receipts == [f"receipts/account=111122223333/region=us-east-1/delivery_date={first}"]


def test_an_old_unit_is_looked_at_from_the_moment_that_another_commit_of_it_is_begun(world):
    plan = Plan(unit(OLD), 1, "0" * 64, TRAIL, VERSIONS, (), Judgement(Verdict.PROVEN, (), ()))
    world.archive.put(layout.plan_key(unit(OLD), 1), plan.to_json())
    world.archive.put_new(layout.reopened_key(NOW.date(), unit(OLD), 1), b"{}", locked=False)
    assert unit(OLD) not in agrees(world).lacks
    assert cells(world, by_ledger(world))[OLD].state is not Coverage.PROVEN


def test_the_archiver_says_first_that_it_opens_a_unit_again(tmp_path):
    """Killed at any access of a second commit, the hint is there as soon as the plan is."""
    world = ArchiveWorld(tmp_path)
    world.run()
    world.source.put(world.chain.log_key(BEGIN + 12 * HOUR, "late000000000000"), world.source.body(world.logs()[0]))
    for at in range(1, 30):
        with contextlib.suppress(Killed):
            world.run(archive=MortalStore(world.archive, at))  # type: ignore[arg-type]
        begun = layout.plan_key(world.unit, 1) in world.archive.keys("")
        assert not begun or layout.reopened_key(LATER.date(), world.unit, 1) in world.archive.keys("")
    assert layout.receipt_key(world.unit, 1) in world.archive.keys("")
    assert layout.parse_reopened(layout.reopened_key(LATER.date(), world.unit, 1)) == world.unit


def test_a_checkpoint_of_the_future_makes_no_unit_old(world):
    week(world, [DAYS])
    world.append(until=NOW + dt.timedelta(days=400))
    world.commit(unit(YOUNG), verdict=Verdict.DISPROVEN)
    agrees(world)
