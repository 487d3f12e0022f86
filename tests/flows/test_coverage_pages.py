"""Coverage documents in an archive, from real receipts; what the calendar says is held against them."""

import datetime as dt
from pathlib import Path

import pytest
from tests.archive_world import DAY, ArchiveWorld, settings
from tests.memory import Fault

from itemtrail.core import coverage_book, layout
from itemtrail.core.coverage_book import Mark
from itemtrail.core.coverage_calendar import State
from itemtrail.errors import SourceUnavailable
from itemtrail.flows import coverage_pages, coverage_unit
from itemtrail.flows.coverage import coverage, due
from itemtrail.flows.receipts import not_proven
from itemtrail.model import Unit

ONE = dt.timedelta(days=1)
ACCOUNT, REGION = "111122223333", "us-east-1"
PLACE = [(ACCOUNT, REGION)]
NOW = dt.datetime.combine(DAY + 2 * ONE, dt.time(6, 31), dt.UTC)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(coverage_pages, "_kept", {})


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    return ArchiveWorld(tmp_path)


def watch(world: ArchiveWorld, *, now: dt.datetime = NOW, days: int = 2) -> None:
    """As watch_deadline does it."""
    units = due([ACCOUNT], [REGION], now.date() - days * ONE, now)
    cells = coverage(world.archive, units, now=now, max_age=dt.timedelta(hours=30), expiry_days=90)
    coverage_pages.write(world.archive, cells, now=now, first=units[0].day, basis="receipts", trouble="")


def seen(world: ArchiveWorld, *, now: dt.datetime = NOW, year: int = DAY.year) -> dict[dt.date, State]:
    (row,) = coverage_pages.year(world.archive, year, PLACE, now=now, expiry_days=90).rows
    days = map(row.at, range(len(row.states)))
    return {day.day: day.state for day in days if day.state is not State.NOT_DUE}


def test_the_calendar_says_what_was_found(world):
    world.run()
    watch(world)
    assert seen(world) == {DAY: State.PROVEN, DAY + ONE: State.PENDING}


def test_a_run_is_seen_before_watch_deadline_looks_again(world):
    watch(world)
    assert seen(world)[DAY] is State.MISSING
    world.run()
    unit = Unit(ACCOUNT, REGION, DAY)
    later = NOW + dt.timedelta(minutes=5)
    coverage_pages.tell(world.archive, DAY, [unit], not_proven(world.archive, [unit]), now=later, name="r")
    assert seen(world, now=later)[DAY] is State.PROVEN


def test_without_any_document_the_reason_is_said_and_nothing_is_proven(world):
    (row,) = coverage_pages.year(world.archive, DAY.year, PLACE, now=NOW, expiry_days=90).rows
    assert "watch_deadline" in row.trouble
    assert row.counts[State.PROVEN] == 0
    assert row.counts[State.UNSEEN] > 0


def test_a_document_that_cannot_be_read_is_a_reason_and_a_listing_that_cannot_is_an_error(world):
    watch(world)
    world.archive.fail(layout.coverage_key(ACCOUNT, DAY.year), Fault.DENIED)
    (row,) = coverage_pages.year(world.archive, DAY.year, PLACE, now=NOW, expiry_days=90).rows
    assert row.trouble.startswith("could not look: s3:GetObject")
    assert row.counts[State.PROVEN] == 0
    world.archive.fail(f"coverage/account={ACCOUNT}/", Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        coverage_pages.year(world.archive, DAY.year, PLACE, now=NOW, expiry_days=90)


def test_a_hostile_document_that_says_proven_is_contradicted_by_the_units_page(world):
    digests = [info.key for info in world.source.list("") if "/CloudTrail-Digest/" in info.key and f"{DAY:%Y/%m/%d}" in info.key]
    world.source.delete(digests[10])
    world.run()
    unit = Unit(ACCOUNT, REGION, DAY)
    lie = coverage_book.Found(unit, Mark.PROVEN)
    (book,) = coverage_book.books([lie], made=NOW, first=DAY, basis="trust me")
    world.archive.put(layout.coverage_key(ACCOUNT, DAY.year), book.to_json())
    (row,) = coverage_pages.year(world.archive, DAY.year, PLACE, now=NOW, expiry_days=90).rows
    claim = row.on(DAY)
    found = coverage_unit.look(world.archive, unit, now=NOW)
    assert (claim.state, found.state) == (State.PROVEN, State.FINDINGS)
    assert "the receipts, read now, say archived, with findings" in coverage_unit.disagrees(found, claim)
    assert found.groups


def test_a_broken_chain_of_receipts_is_never_proven(world):
    world.run()
    key = layout.receipt_key(Unit(ACCOUNT, REGION, DAY), 0)
    world.archive.replace(key, world.archive.body(key)[:-5])
    found = coverage_unit.look(world.archive, Unit(ACCOUNT, REGION, DAY), now=NOW)
    assert found.state is State.FINDINGS
    assert found.broken


def test_a_unit_without_receipts_is_missing_and_one_of_today_is_not_due(world):
    assert coverage_unit.look(world.archive, Unit(ACCOUNT, REGION, DAY), now=NOW).state is State.MISSING
    assert coverage_unit.look(world.archive, Unit(ACCOUNT, REGION, NOW.date()), now=NOW).state is State.NOT_DUE


def test_each_commit_is_named_with_the_hash_of_its_receipt(world):
    world.run()
    unit = Unit(ACCOUNT, REGION, DAY)
    found = coverage_unit.look(world.archive, unit, now=NOW)
    from itemtrail.core.plan import sha256

    assert [(one.key, one.sha256) for one in found.commits] == [
        (key, sha256(world.archive.body(key)))
        for number in range(len(found.commits))
        for key in [layout.receipt_key(unit, number)]
    ]
    assert (found.state, found.slots_proven, found.groups) == (State.PROVEN, 24, ())


def test_more_runs_than_are_read_are_said(world, monkeypatch):
    monkeypatch.setattr(coverage_pages, "MOST_NEWS", 2)
    for number in range(5):
        coverage_pages.tell(world.archive, DAY, [Unit(ACCOUNT, REGION, DAY)], (), now=NOW, name=str(number))
    found = coverage_pages.year(world.archive, DAY.year, PLACE, now=NOW, expiry_days=settings().trail.expiry_days)
    assert (found.news, found.troubles) == (2, ("3 more runs ended since: watch_deadline will show what they found",))
