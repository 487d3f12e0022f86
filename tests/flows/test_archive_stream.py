"""The archive of a table's streams over a fake service: each record once, shards in order, gaps told."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from tests.stream_world import HOUR, KEY, World
from tests.streams_fake import BEGIN, TABLE

from itemtrail.core import layout
from itemtrail.core.stream_plan import StreamOutputKind
from itemtrail.errors import ConfigurationError, EvidenceError
from itemtrail.flows.archive_stream import archive_table
from itemtrail.flows.archive_stream_read import Limits
from itemtrail.flows.archive_stream_state import covered_until, findings, gaps, load, read_receipt, records_files, untold_gaps
from itemtrail.settings import Redaction


@pytest.fixture
def world() -> World:
    return World()


def test_records_are_archived_once_over_hours_splits_and_merges(world: World) -> None:
    written = []
    for hour in range(6):
        written += [world.streams.put(f"E-{n}", hour) for n in range(7)]
        if hour in (1, 3):
            world.streams.split(world.streams.open()[0])
        if hour == 4:
            world.streams.merge(*world.streams.open()[:2])
        world.later()
        receipt = world.run()
        assert receipt.covered_until == world.streams.now - dt.timedelta(minutes=1)
    world.run()
    assert sorted(number for _, _, number in world.identities()) == sorted(written)
    assert not gaps(world.archive, TABLE)
    assert all(r.counts.records_in == r.counts.rows + r.counts.duplicates for r in world.receipts())


def test_an_hour_without_a_record_says_until_when_nothing_is_missing(world: World) -> None:
    world.streams.put("E-1")
    world.later()
    world.run()
    world.later()
    receipt = world.run()
    assert (receipt.number, receipt.counts.records_in, receipt.outputs) == (1, 0, ())
    assert covered_until(world.archive, TABLE) == world.streams.now - dt.timedelta(minutes=1)


def test_a_run_goes_on_commit_by_commit_and_only_the_last_one_covers(world: World) -> None:
    for n in range(23):
        world.streams.put(f"E-{n}")
    world.later()
    last = world.run()
    found = list(world.receipts())
    assert last.number == len(found) - 1 >= 3
    assert [r.covered_until is None for r in found] == [True] * last.number + [False]
    assert max(r.counts.rows for r in found) <= world.limits.records + world.streams.page
    assert len(set(world.identities())) == len(world.identities()) == 23


def test_a_child_is_read_after_its_parent_is_finished(world: World) -> None:
    world.limits = Limits(records=2)
    parent = world.streams.open()[0]
    for n in range(9):
        world.streams.put(f"E-{n}", shard=parent)
    children = world.streams.split(parent)
    for n in range(9):
        world.streams.put(f"E-{n}", shard=children[n % 2])
    world.later()
    world.run()
    order = [shard for shard, _ in world.streams.delivered]
    assert order.index(children[0]) > max(n for n, shard in enumerate(order) if shard == parent)
    assert len(world.identities()) == 18


def test_a_busy_shard_is_not_read_for_ever(world: World) -> None:
    world.streams.sparse, world.limits = 0, Limits()
    world.streams.put("E-1")
    real, first = world.streams.pages, world.streams.now

    def busy(*given: Any, **named: Any) -> Any:
        for page in real(*given, **named):
            world.streams.now += dt.timedelta(seconds=1)
            world.streams.put("E-1")
            yield page

    world.streams.pages = busy  # type: ignore[method-assign]
    archive_table(
        TABLE,
        streams=world.streams,
        archive=world.archive,
        settings=world.settings,
        key=None,
        now=first + dt.timedelta(seconds=9),
    )
    assert 5 < len(world.rows()) < 60


@pytest.mark.parametrize("listed", [True, False])
def test_a_new_stream_is_read_after_the_old_one(world: World, listed: bool) -> None:
    world.streams.lists_old = listed
    old = world.streams.arn
    world.streams.put("E-1")
    world.later()
    world.run()
    world.streams.put("E-2")
    new = world.streams.new_stream()
    world.streams.put("E-3")
    world.later()
    receipt = world.run()
    assert [arn for arn, _, _ in world.identities()] == [old, old, new]
    assert [c.closed for c in receipt.checkpoints] == [True, False]
    world.later(dt.timedelta(hours=23))
    world.run()
    world.later(HOUR)
    assert [c.stream_arn for c in world.run().checkpoints] == [new]
    assert not gaps(world.archive, TABLE)


def test_a_pause_of_more_than_a_day_is_a_gap_with_its_times(world: World) -> None:
    first = world.streams.put("E-1")
    world.later()
    world.run()
    world.later()
    world.streams.put("E-1")  # nobody reads it
    world.later(dt.timedelta(hours=30))
    world.streams.put("E-1")
    there = world.streams.now
    world.later()
    receipt = world.run()
    (gap,) = gaps(world.archive, TABLE)
    assert (gap.after, gap.from_ts, gap.to_ts) == (first, BEGIN + HOUR - dt.timedelta(minutes=1), there)
    assert receipt.gap_commits == (1,)
    ((_, mark),) = untold_gaps(world.archive, TABLE)
    assert len(untold_gaps(world.archive, TABLE)) == 1  # until somebody says that it was told
    world.archive.put_new(mark, b"{}", locked=False)
    assert untold_gaps(world.archive, TABLE) == ()
    world.later()
    assert world.run().gaps == ()
    assert len(world.rows()) == 2


def test_an_idle_table_has_no_gap_however_old_its_last_record(world: World) -> None:
    world.streams.put("E-1")
    for _ in range(30):
        world.later()
        world.run()
    world.streams.put("E-1")
    world.later()
    world.run()
    assert (len(world.rows()), gaps(world.archive, TABLE)) == (2, ())


def test_shards_that_came_and_went_unread_are_a_gap(world: World) -> None:
    world.streams.put("E-1")
    world.later()
    world.run()
    for _ in range(4):
        (shard,) = world.streams.open()
        world.streams.put("E-1")
        world.later(dt.timedelta(hours=12))
        world.streams.split(shard, 1)
    world.later()
    world.run()
    found = gaps(world.archive, TABLE)
    assert {g.shard_id for g in found} >= {"shardId-0001", "shardId-0002"}
    assert len(set(world.identities())) == len(world.identities())
    again = len(found)
    world.later()
    world.run()
    assert len(gaps(world.archive, TABLE)) == again


def test_a_table_without_a_stream_gets_no_receipt_that_would_claim_anything(world: World) -> None:
    world.streams.switch_off()
    world.later(dt.timedelta(hours=30))
    with pytest.raises(ConfigurationError, match="has no stream"):
        world.run()
    assert not world.archive.keys()


def test_a_stream_that_is_off_is_read_to_its_end_and_then_an_error_and_covers_nothing_more(world: World) -> None:
    world.streams.put("E-1")
    world.later()
    until = world.run().covered_until
    world.streams.put("E-2")
    world.streams.switch_off()
    world.later()
    with pytest.raises(ConfigurationError, match="has no stream that is on"):
        world.run()
    assert len(world.rows()) == 2
    assert covered_until(world.archive, TABLE) == until
    assert "not complete" in findings(world.archive, TABLE, known=1)[0]


def test_a_stream_that_went_away_unread_is_a_gap_and_then_an_error(world: World) -> None:
    world.streams.put("E-1")
    world.later()
    world.run()
    world.streams.put("E-2")
    world.streams.switch_off()
    world.later(dt.timedelta(hours=25))
    with pytest.raises(ConfigurationError, match="has no stream"):
        world.run()
    assert len(gaps(world.archive, TABLE)) == 1


def test_the_first_run_of_a_table_that_is_older_claims_nothing_about_before(world: World) -> None:
    world.streams.split(world.streams.open()[0], 1)
    world.streams.put("E-1")
    world.later(dt.timedelta(hours=30))
    world.streams.put("E-1")
    world.later()
    assert world.run().gaps == ()
    assert len(world.rows()) == 1


def test_what_cannot_be_read_is_kept_apart_and_counted(world: World) -> None:
    world.streams.put("E-1")
    world.streams.put("E-2", Keys={"EmpId": {"BOOL": True}})
    world.streams.put("E-3", SequenceNumber=None)
    world.streams._streams[world.streams.arn]["shardId-0001"].records[-1]["dynamodb"]["SequenceNumber"] = "1018"
    world.later()
    receipt = world.run()
    assert (receipt.counts.records_in, receipt.counts.rows, receipt.counts.quarantined) == (3, 2, 1)
    (key,) = [o.key for o in receipt.outputs if o.kind is StreamOutputKind.QUARANTINE]
    (line,) = world.archive.body(key).splitlines()
    assert json.loads(line)["reason"] == "BAD_KEYS"
    assert json.loads(json.loads(line)["record"])["dynamodb"]["Keys"] == {"EmpId": {"BOOL": True}}
    assert world.archive.locked(key)


def test_redaction_comes_before_anything_is_written(world: World) -> None:
    world.redacted(Redaction(table=TABLE, attribute="Salary", action="hash"))
    with pytest.raises(ConfigurationError, match="key"):
        world.run()
    world.key = KEY
    world.streams.put("E-1", 98765)
    world.streams.put("E-2", 98765, Keys={"EmpId": {"BOOL": True}})
    world.later()
    receipt = world.run()
    assert not [key for key in world.archive.keys("") if b"98765" in world.archive.body(key)]
    assert "98765" not in json.dumps(world.rows(), default=str)
    assert world.rows()[0]["redacted"] == ["Salary"]
    assert receipt.redaction[0].path == ("Salary",)
    assert KEY.decode() not in receipt.to_json().decode()


def test_evidence_is_locked_and_files_count_only_with_their_receipt(world: World) -> None:
    world.streams.put("E-1")
    world.later()
    world.run()
    assert all(world.archive.locked(key) for key in world.archive.keys(""))
    (key,) = records_files(world.archive, TABLE, BEGIN.date())
    assert key.endswith("table_name=Employee/event_date=2026-11-24/000000-000.parquet")
    world.archive.put(key.replace("000000-", "000007-"), b"planted")
    assert records_files(world.archive, TABLE, BEGIN.date()) == (key,)


def test_records_of_two_days_lie_in_two_files(world: World) -> None:
    world.streams.put("E-1")
    world.later(dt.timedelta(hours=17))
    world.streams.put("E-1")
    world.later()
    receipt = world.run()
    assert [o.key.split("event_date=")[1][:10] for o in receipt.outputs] == ["2026-11-24", "2026-11-25"]


def test_a_broken_chain_of_receipts_is_told(world: World) -> None:
    for _ in range(3):
        world.later()
        world.run()
    key = layout.stream_receipt_key(TABLE, 1)
    changed = dataclasses.replace(read_receipt(world.archive, TABLE, 1), previous="0" * 64)
    world.archive.replace(key, changed.to_json())
    with pytest.raises(EvidenceError, match="does not follow"):
        load(world.archive, TABLE)


def test_the_last_of_many_receipts_is_found_without_listing_all() -> None:
    world = World()
    for _ in range(700):
        world.later()
        world.run()
    world.archive.listings.clear()
    assert load(world.archive, TABLE).last.number == 699  # type: ignore[union-attr]
    assert len(world.archive.listings) < 12
