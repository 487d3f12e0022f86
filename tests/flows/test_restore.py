"""Restoring over a bucket in memory: what is asked for, once, and what happens where a request fails."""

import dataclasses
import datetime as dt

import pytest
from tests.cold import GB, NOW, MemoryCold

from itemtrail.core.prices import parse
from itemtrail.core.restore import Standing, Tier
from itemtrail.core.restore_question import Kind
from itemtrail.errors import AccessDenied, ConfigurationError, PlanChanged, SourceUnavailable
from itemtrail.flows import restore
from itemtrail.flows.prices import PACKAGED
from itemtrail.flows.restore import Asked
from itemtrail.settings import DEFAULT_PATH, load

PRICES = parse(PACKAGED.read_text(encoding="utf-8"), file="prices.toml")
SETTINGS = load(DEFAULT_PATH)
PLACE = "account=111122223333/region=us-east-1"
DAYS = [dt.date(2023, 3, 1) + dt.timedelta(days=n) for n in range(31)]


def tar(day: dt.date) -> str:
    return f"originals/{PLACE}/delivery_date={day}/000-000.tar"


@pytest.fixture
def bucket() -> MemoryCold:
    made = MemoryCold()
    for day in DAYS:
        made.put(tar(day), "DEEP_ARCHIVE", GB)
        made.put(f"receipts/{PLACE}/delivery_date={day}/000.receipt.json", "STANDARD", 1)
    return made


def asking(bucket: MemoryCold, first: int = 0, last: int = 30, kinds: tuple[str, ...] = ("originals",), **more: object) -> Asked:
    question = restore.question(SETTINGS, kinds, DAYS[first], DAYS[last], places=[("111122223333", "us-east-1")])
    return Asked(question, bucket, more.get("tier", Tier.STANDARD), more.get("days", 7))  # type: ignore[arg-type]


def apply(asked: Asked, approved: str | None = None) -> restore.Requested:
    return restore.apply(asked, PRICES, approved or restore.plan(asked, PRICES, NOW).hash, NOW, lambda line: None)


def test_only_the_days_asked_for_are_requested(bucket: MemoryCold) -> None:
    done = apply(asking(bucket, 3, 5, tier=Tier.BULK, days=14))
    assert sorted(bucket.requests) == [(tar(day), 14, "Bulk") for day in DAYS[3:6]]
    assert (done.begun, done.there, done.failed) == (3, 0, ())


def test_a_month_is_one_listing_of_each_account_and_region(bucket: MemoryCold) -> None:
    restore.look(asking(bucket), NOW)
    assert bucket.listings == [f"originals/{PLACE}/delivery_date="]


def test_asking_again_requests_nothing_twice_and_readiness_is_told(bucket: MemoryCold) -> None:
    asked = asking(bucket)
    apply(asked)
    assert apply(asked) == restore.Requested(0, 0, ())
    assert len(bucket.requests) == len(DAYS)
    assert not restore.look(asked, NOW).readable
    expiry = NOW + dt.timedelta(days=8)
    bucket.arrive(expiry)
    state = restore.look(asked, NOW)
    assert (state.readable, state.until, len(state.of(Standing.RESTORED))) == (True, expiry, len(DAYS))
    assert not restore.look(asked, expiry).readable


def test_what_was_not_approved_is_not_requested(bucket: MemoryCold) -> None:
    asked = asking(bucket)
    shown = restore.plan(asked, PRICES, NOW)
    bucket.put(f"originals/{PLACE}/delivery_date={DAYS[4]}/001-000.tar", "DEEP_ARCHIVE", 500 * GB)
    with pytest.raises(PlanChanged):
        apply(asked, shown.hash)
    assert bucket.requests == []


def test_a_missing_permission_ends_it_before_anything_is_paid_for(bucket: MemoryCold) -> None:
    for day in DAYS:
        bucket.faults[tar(day)] = AccessDenied("s3:RestoreObject", tar(day))
    with pytest.raises(AccessDenied, match="s3:RestoreObject"):
        apply(asking(bucket))


def test_one_request_that_fails_is_told_and_a_second_run_asks_for_it_alone(bucket: MemoryCold) -> None:
    bucket.faults[tar(DAYS[7])] = SourceUnavailable("busy", advice="run again.")
    done = apply(asking(bucket))
    assert (done.begun, done.failed) == (30, ("busy Next: run again.",))
    bucket.faults.clear()
    assert apply(asking(bucket)).begun == 1
    assert bucket.requests[-1][0] == tar(DAYS[7])


def test_an_interrupted_run_begins_no_more_restores(bucket: MemoryCold) -> None:
    """A month of tars, cut to many: Ctrl-C must not go on paying for all of them."""
    for number in range(2000):
        bucket.put(f"originals/{PLACE}/delivery_date={DAYS[0]}/{number:03d}-001.tar", "DEEP_ARCHIVE", 1)
    victim = sorted(bucket.objects)[40]
    bucket.interrupt = victim
    with pytest.raises(KeyboardInterrupt):
        apply(asking(bucket))
    assert len(bucket.requests) < 200


def test_a_tier_that_the_class_has_not_is_refused(bucket: MemoryCold) -> None:
    with pytest.raises(ConfigurationError, match="no Expedited"):
        apply(asking(bucket, tier=Tier.EXPEDITED))
    assert bucket.requests == []


def test_accounts_regions_and_tables_come_from_the_configuration() -> None:
    made = restore.question(SETTINGS, ["originals", "history"], DAYS[0], DAYS[0])
    assert made.kinds == (Kind.HISTORY, Kind.ORIGINALS)
    assert made.places == (("111122223333", "eu-west-1"), ("111122223333", "us-east-1"))
    assert [arn.rpartition("/")[2] for arn in made.tables] == ["Employees", "LeaveRequests", "Payroll"]
    named = restore.question(SETTINGS, ["history"], DAYS[0], DAYS[0], tables=["Payroll"])
    assert named.tables == ("arn:aws:dynamodb:us-east-1:111122223333:table/Payroll",)
    with pytest.raises(ConfigurationError, match="'Nobody' is no table of"):
        restore.question(SETTINGS, ["history"], DAYS[0], DAYS[0], tables=["Nobody"])


def test_copies_are_kept_longer_where_asked_and_never_shortened(bucket: MemoryCold) -> None:
    asked = asking(bucket, 0, 1)
    bucket.put(tar(DAYS[0]), "DEEP_ARCHIVE", GB, readable_until=NOW + dt.timedelta(days=2))
    bucket.put(tar(DAYS[1]), "DEEP_ARCHIVE", GB, readable_until=NOW + dt.timedelta(days=30))
    assert apply(asked) == restore.Requested(0, 0, ())
    apply(dataclasses.replace(asked, extend=True, tier=Tier.EXPEDITED))
    assert bucket.requests == [(tar(DAYS[0]), 7, "Standard")]


def test_nothing_archived_is_not_nothing_to_do(bucket: MemoryCold) -> None:
    state = restore.look(asking(MemoryCold()), NOW)
    assert (state.objects, state.readable) == ((), False)
