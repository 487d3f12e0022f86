"""The scrub: everything comes round within a budget, its record is put first, and only news is news."""

import datetime as dt
import json
import tempfile
from pathlib import Path

import pytest
from tests.memory import Fault
from tests.verify_world import VerifyWorld

from itemtrail.core import layout
from itemtrail.errors import SourceUnavailable
from itemtrail.flows.scrub import Verification, document, read_records, scrub

NOW = dt.datetime(2026, 4, 1, 9, 0, tzinfo=dt.UTC)
ONE_DAY = dt.timedelta(days=1)
ALL = {"receipts/111122223333/us-east-1/2026-03-09", "receipts/111122223333/us-east-1/2026-03-10"}


@pytest.fixture
def world(tmp_path: Path) -> VerifyWorld:
    return VerifyWorld(tmp_path)


def run(world: VerifyWorld, day: int = 0, budget: int | None = None) -> Verification:
    with tempfile.TemporaryDirectory(dir=world.room) as room:
        return scrub(world.archive, now=NOW + day * ONE_DAY, room=Path(room), budget=budget)


def test_everything_is_verified_without_a_budget_and_recorded(world):
    made = run(world)
    assert made.units.keys() > ALL
    assert set(made.units.values()) == {"PROVEN", "CONSISTENT"}
    assert (made.waiting, made.findings, made.checkpoint) == (0, (), 2)
    assert read_records(world.archive) == [made]
    assert not world.archive.locked(made.key)
    assert document(made)["news"] == []


def test_within_a_budget_everything_comes_round_the_longest_ago_first(world):
    runs = [run(world, day, budget=1) for day in range(6)]
    names = [next(iter(one.units)) for one in runs]
    assert [len(one.units) for one in runs] == [1] * 6
    assert len(set(names[:3])) == 3
    assert names[3:] == names[:3]
    assert [one.oldest is None for one in runs] == [True, True, False, False, False, False]
    assert runs[5].oldest == runs[3].at


def test_a_changed_byte_is_found_when_its_unit_comes_round_and_is_news(world):
    key = world.archive.keys("events/")[-1]
    world.archive.put(key, world.archive.body(key)[:-1] + b"!")
    found = [news for day in range(3) for news in document(run(world, day, budget=1))["news"]]
    assert [one["what"][1:] for one in found] == [["ALTERED_OBJECT", key]]


def test_cold_originals_are_counted_and_are_no_news(world):
    world.archive.fail(world.archive.keys("originals/")[-1], Fault.COLD)
    made = run(world)
    assert (made.cold, document(made)["news"]) == (1, [])
    assert "UNPROVABLE" in made.units.values()


def test_a_denied_object_is_news_that_says_it_could_not_look(world):
    world.archive.fail(world.archive.keys("originals/")[-1], Fault.DENIED)
    (one,) = document(run(world))["news"]
    assert "could not look: DENIED" in one["says"]


def test_a_unit_that_is_gone_is_told_whatever_the_budget(world):
    run(world)
    for key in world.archive.keys(""):
        if "2026-03-10" in key and not key.startswith("ledger/"):
            world.archive.delete(key)
    assert {one["what"][1] for one in document(run(world, 1, budget=1))["news"]} == {"MISSING_OBJECT"}


def test_a_ledger_that_was_cut_off_since_the_last_run_is_told(world):
    run(world)
    for key in ("ledger/000002.json", "ledger/receipts-000002.parquet"):
        world.archive.delete(key)
    assert "CHECKPOINT_GONE" in {one["what"][1] for one in document(run(world, 1))["news"]}


def test_a_record_that_is_none_is_passed_over_and_a_failed_listing_records_nothing(world):
    world.archive.put(f"{layout.VERIFICATIONS}x.json", b"{")
    world.archive.put(layout.verification_key(NOW - ONE_DAY), json.dumps({"kind": "other"}).encode())
    world.archive.fail("receipts/", Fault.DENIED)
    with pytest.raises(SourceUnavailable):
        run(world)
    assert read_records(world.archive) == []
