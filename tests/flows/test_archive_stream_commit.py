"""Commits of stream records: killed anywhere and run again the same, two writers at once, what was planted, what was trimmed."""

import datetime as dt
from typing import Any

import pytest
from tests.stream_world import KEY, MortalArchive, World, a_busy_hour, everything, killed_after_the_plan
from tests.streams_fake import BEGIN, TABLE, Killed

from itemtrail.core import layout
from itemtrail.errors import ConfigurationError, EvidenceError
from itemtrail.flows.archive_stream_read import Limits
from itemtrail.flows.archive_stream_state import gaps, read_receipt
from itemtrail.settings import Redaction


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_access_of_the_archive_and_run_again_ends_in_the_same_objects(after: bool) -> None:
    whole = a_busy_hour()
    whole.run()
    wanted, at = everything(whole), 0
    assert layout.stream_receipt_key(TABLE, 2) in wanted
    while True:
        at += 1
        world = a_busy_hour()
        try:
            world.run(archive=MortalArchive(world.archive, at, after=after))
        except Killed:
            world.run()
            assert everything(world) == wanted, at
        else:
            break
    assert at > 15


def test_killed_at_any_call_of_the_stream_and_run_again_ends_in_the_same_objects() -> None:
    whole = a_busy_hour()
    before = len(whole.streams.calls)
    whole.run()
    wanted, last = everything(whole), len(whole.streams.calls)
    for at in range(before + 1, last + 1):
        world = a_busy_hour()
        world.streams.die_at = at
        with pytest.raises(Killed):
            world.run()
        world.streams.die_at = None
        world.run()
        assert everything(world) == wanted, at


class Overtaken(MortalArchive):
    """The archive; once, at the given access of one kind of key, another writer makes a whole run."""

    def __init__(self, world: World, key: str, *, after: bool) -> None:
        super().__init__(world.archive, -1, after=after)
        self._world, self._key = world, key

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != "put_new":
            return found

        def put_new(key: str, *given: Any, **named: Any) -> Any:
            mine = self._key in key
            if mine and not self._after:
                self._other()
            result = found(key, *given, **named)
            if mine and self._after:
                self._other()
            return result

        return put_new

    def _other(self) -> None:
        self._key = "no key any more"
        self._world.streams.put("E-5", 55)
        self._world.later(dt.timedelta(seconds=1))
        self._world.run()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "key", ["000001.plan", "000001-000.parquet", "000001.receipt", "000002.plan", "quarantine/", "000002.receipt"]
)
def test_two_writers_at_once_archive_every_record_once(key: str, after: bool) -> None:
    world = a_busy_hour()
    overtaken = Overtaken(world, key, after=after)
    world.run(archive=overtaken)
    assert overtaken._key == "no key any more"
    world.later()
    world.run()
    assert sorted(world.identities()) == sorted(i for i in world.streams.all_records() if i[2] not in world.unreadable())
    assert len(list(world.receipts())) == len([k for k in everything(world) if k.endswith("plan.json")])


def test_a_plan_whose_records_were_trimmed_is_finished_with_a_gap(world: World) -> None:
    world.limits = Limits()
    for n in range(4):
        world.streams.put(f"E-{n}")
    world.later(dt.timedelta(hours=2))
    last = world.streams.put("E-9")
    killed_after_the_plan(world, 0)
    world.later(dt.timedelta(hours=23))
    world.run()
    receipt = read_receipt(world.archive, TABLE, 0)
    (gap,) = receipt.gaps
    assert (gap.records, receipt.counts.rows, receipt.counts.lost) == (4, 1, 4)
    assert (gap.from_ts, gap.to_ts) == (BEGIN, BEGIN + dt.timedelta(hours=2))
    assert gap in gaps(world.archive, TABLE)
    assert [number for _, _, number in world.identities()] == [last]


def test_a_plan_is_finished_by_the_rules_that_it_was_made_with(world: World) -> None:
    world.key = KEY
    world.redacted(Redaction(table=TABLE, attribute="Salary", action="hash"))
    world.streams.put("E-1", 98765)
    world.later()
    killed_after_the_plan(world, 0)
    world.redacted()
    world.key = b"o" * 32
    with pytest.raises(ConfigurationError, match="another redaction key"):
        world.run()
    world.key = KEY
    world.run()
    assert world.rows()[0]["redacted"] == ["Salary"]


def test_a_foreign_file_under_a_planned_name_is_never_taken(world: World) -> None:
    world.streams.put("E-1")
    world.later()
    world.archive.put(layout.stream_records_key(TABLE, BEGIN.date(), 0), b"planted")
    with pytest.raises(EvidenceError, match="cannot be read"):
        world.run()


def test_a_file_with_other_rows_under_a_planned_name_is_never_taken(world: World) -> None:
    other = World()
    other.streams.put("E-2", 9)
    other.later()
    other.run()
    world.streams.put("E-1")
    world.later()
    killed_after_the_plan(world, 0)
    key = layout.stream_records_key(TABLE, BEGIN.date(), 0)
    world.archive.put(key, other.archive.body(key))
    with pytest.raises(EvidenceError, match="not the planned ones"):
        world.run()
    assert layout.stream_receipt_key(TABLE, 0) not in world.archive.keys("")
