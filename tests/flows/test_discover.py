"""Which units a day's run looks at."""

import datetime as dt
import gzip
from pathlib import Path

import pytest
from tests.archive_world import BEGIN, DAY, HOUR, ArchiveWorld, Killed, MortalStore, a_chain
from tests.memory import Fault

from itemtrail.model import Unit, Verdict

ONE = dt.timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    return ArchiveWorld(tmp_path, chain=a_chain(logs=1))


def day(world: ArchiveWorld, of: dt.date) -> Unit:
    return Unit(world.unit.account, world.unit.region, of)


def test_the_day_itself_is_always_there_even_when_nothing_was_delivered(world: ArchiveWorld) -> None:
    empty = DAY + dt.timedelta(days=200)
    assert world.discover(empty) == (day(world, empty),)


def test_days_with_originals_and_no_receipt_are_found(world: ArchiveWorld) -> None:
    assert world.discover(DAY + ONE) == (day(world, DAY - ONE), day(world, DAY), day(world, DAY + ONE))


def test_a_proven_day_is_left_alone_and_a_late_log_opens_it_again(world: ArchiveWorld) -> None:
    world.run()
    assert world.unit not in world.discover(DAY + ONE)
    world.deliver(world.chain.log(BEGIN + 12 * HOUR, "late000000000000"))
    assert world.unit in world.discover(DAY + ONE)
    assert world.unit in world.discover(DAY + 30 * ONE)
    assert world.unit not in world.discover(DAY + 31 * ONE)


def test_a_redelivered_digest_opens_its_day_again(world: ArchiveWorld) -> None:
    digest = next(key for key in world.chain.digests if "20260310T10" in key)
    item = world.chain.objects[digest]
    world.source.delete(digest)
    assert world.run().verdict is Verdict.DISPROVEN
    assert world.unit not in world.discover(DAY + ONE)
    world.source.put(digest, item.body, metadata=item.metadata, at=item.modified)
    assert world.unit in world.discover(DAY + ONE)
    assert world.run().verdict is Verdict.PROVEN
    assert world.unit not in world.discover(DAY + ONE)


def test_an_open_plan_is_found_although_nothing_is_new(world: ArchiveWorld) -> None:
    world.run()
    world.deliver(world.chain.log(BEGIN + 12 * HOUR, "late000000000000"))
    with pytest.raises(Killed):
        world.run(archive=MortalStore(world.archive, 7, after=True))  # type: ignore[arg-type]
    assert world.archive.keys("receipts/")[-1].endswith("001.plan.json")
    assert world.unit in world.discover(DAY + ONE)


def test_what_could_not_be_looked_at_or_was_not_complete_is_looked_at_again(world: ArchiveWorld) -> None:
    world.source.fail(world.logs()[0], Fault.DENIED)
    assert world.run().verdict is Verdict.UNPROVABLE
    assert world.unit in world.discover(DAY + ONE)


def test_an_incomplete_day_is_looked_at_again(world: ArchiveWorld) -> None:
    noon = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
    for key in list(world.chain.objects):
        if world.chain.objects[key].modified > noon:  # type: ignore[operator]
            world.source.delete(key)
    assert world.run(now=noon).verdict is Verdict.INCOMPLETE
    assert world.unit in world.discover(DAY + ONE)


def test_a_disproven_day_without_anything_new_is_left_to_people(world: ArchiveWorld) -> None:
    world.source.replace(world.logs()[0], gzip.compress(b"forged"))
    assert world.run().verdict is Verdict.DISPROVEN
    assert world.unit not in world.discover(DAY + ONE)


def test_broken_receipts_bring_the_unit_back(world: ArchiveWorld) -> None:
    world.run()
    world.archive.replace(world.archive.keys("receipts/")[1], b"{}")
    assert world.unit in world.discover(DAY + ONE)


def test_listings_do_not_grow_with_the_days_of_the_bucket(world: ArchiveWorld) -> None:
    world.discover(DAY, reopen_days=1)
    listed = list(world.source.listings)
    world.source.listings.clear()
    world.discover(DAY, reopen_days=90)
    assert world.source.listings == listed
    assert len(listed) == 2
