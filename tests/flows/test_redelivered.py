"""A log that CloudTrail could not deliver for days keeps its name, and stands in the digest of the hour in which it arrived."""

import datetime as dt
from pathlib import Path

import pytest
from tests.archive_world import BEGIN, DAY, HOUR, ArchiveWorld, a_chain
from tests.vectors.make_chain import Obj

from itemtrail.core.reasons import Reason
from itemtrail.flows.validate import validate
from itemtrail.model import Validation, Verdict

ONE = dt.timedelta(days=1)
NOON = dt.datetime.combine(DAY, dt.time(12, 5), dt.UTC)


def world_after(folder: Path, outage: dt.timedelta, *, listed: bool = True) -> tuple[ArchiveWorld, str]:
    """A chain in which a log of noon arrived after ``outage``, and the digest of that hour lists it (or does not)."""
    chain = a_chain(hours=26)
    end, arrived = BEGIN + 26 * HOUR, NOON + outage
    late = chain.log(NOON, "late000000000000")
    old = chain.objects[late]
    chain.objects[late] = Obj(old.body, old.metadata, arrived)
    while end < arrived + 2 * HOUR:
        chain.digest(end, end + HOUR, [late] if listed and end <= arrived < end + HOUR else [])
        end += HOUR
    return ArchiveWorld(folder, chain=chain), late


@pytest.mark.parametrize("days", [2, 9, 20])
def test_it_is_proven_by_the_digest_that_lists_it_however_late_it_is(tmp_path: Path, days: int) -> None:
    world, late = world_after(tmp_path, days * ONE)
    receipt = world.run(now=NOON + (days + 1) * ONE)
    assert receipt.verdict is Verdict.PROVEN
    assert f"{(NOON + days * ONE).date():%Y/%m/%d}" in receipt.listed_by[late]
    assert receipt.listed_by[late] in {packed.key for packed in receipt.inputs}, "the digest is stored with what it proves"


def test_an_object_that_no_digest_lists_is_planted_whenever_it_was_put(tmp_path: Path) -> None:
    world, late = world_after(tmp_path, 9 * ONE, listed=False)
    receipt = world.run(now=NOON + 10 * ONE)
    assert receipt.verdict is Verdict.DISPROVEN
    assert [one.reason for one in receipt.objects if one.key == late] == [Reason.UNLISTED]


def test_an_object_put_long_after_cloudtrail_gave_up_does_not_make_the_chain_be_read_for_ever(tmp_path: Path) -> None:
    world, late = world_after(tmp_path, 2 * ONE, listed=False)
    item = world.chain.objects[late]
    world.source.delete(late)
    world.source.put(late, item.body, at=NOON + 800 * ONE)
    receipt = world.run(now=NOON + 801 * ONE)
    assert [one.reason for one in receipt.objects if one.key == late] == [Reason.UNLISTED]
    assert not [prefix for prefix in world.source.listings if "/2026/05/" in prefix or "/2028/" in prefix]


def test_before_the_digest_of_its_arrival_is_due_it_is_awaited_and_afterwards_it_is_planted(tmp_path: Path) -> None:
    world, late = world_after(tmp_path, 9 * ONE, listed=False)
    arrived = NOON + 9 * ONE
    soon = world.run(now=arrived + HOUR)
    assert soon.verdict is Verdict.INCOMPLETE
    assert [one.reason for one in soon.objects if one.key == late] == [Reason.AWAITING_DIGEST]
    assert world.unit in world.discover((arrived + ONE).date()), "an incomplete day is looked at again"
    assert world.run(now=arrived + 5 * HOUR).verdict is Verdict.DISPROVEN


def validated(world: ArchiveWorld, now: dt.datetime) -> Validation:
    start = dt.datetime.combine(DAY, dt.time(), dt.UTC)
    return validate(
        world.source,
        world.keys,
        world.trail,
        None,
        account=world.chain.account,
        region=world.chain.region,
        start=start,
        end=start + ONE,
        now=now,
        rules=world.settings.validation,
        max_bytes=1 << 20,
    )


def test_validating_the_trail_bucket_finds_the_late_digest_too(tmp_path: Path) -> None:
    world, late = world_after(tmp_path, 9 * ONE)
    found = validated(world, NOON + 10 * ONE)
    assert found.verdict is Verdict.PROVEN
    assert late in {one.key for one in found.objects}
    assert len(found.slots) == 24, "the range is the day, however far the chain was read"


def test_validating_calls_a_planted_log_planted_once_its_digest_is_due(tmp_path: Path) -> None:
    world, late = world_after(tmp_path, 9 * ONE, listed=False)
    reasons = [
        {one.key: one.reason for one in validated(world, NOON + 9 * ONE + wait).objects}[late] for wait in (HOUR, 5 * HOUR)
    ]
    assert reasons == [Reason.AWAITING_DIGEST, Reason.UNLISTED]
