"""Appending to the ledger: what a checkpoint holds, that it is the same whoever makes it, and what is found of old receipts."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from tests.archive_world import Killed, MortalStore
from tests.ledger_world import FIRST, TRAIL, UNTIL, LedgerWorld, receipt, unit, week
from tests.memory import Fault

from itemtrail.core import layout
from itemtrail.core import ledger_rows as rows
from itemtrail.core.ledger import Change, leaf_data, runs_of
from itemtrail.core.merkle import leaf_hash, root
from itemtrail.core.plan import sha256
from itemtrail.errors import AccessDenied, EvidenceError, SourceUnavailable
from itemtrail.flows.ledger_book import missing_in, open_book, read_checkpoint
from itemtrail.flows.receipts import Lack
from itemtrail.model import Verdict

DAY = dt.timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> LedgerWorld:
    return LedgerWorld(tmp_path)


def all_rows(world: LedgerWorld):
    book = open_book(world.archive, world.room)
    return list(rows.all_rows(book.paths))


def test_an_archive_without_receipts_has_no_checkpoint(world):
    done = world.append()
    assert (done.last, done.made) == (None, ())
    assert not world.ledger()


def test_a_checkpoint_is_the_merkle_root_over_receipts_of_every_kind(world):
    keys = [*week(world), world.commit_stream(), world.commit_stream(), world.commit_event_history()]
    (made,) = world.append().made
    in_order = sorted(keys)
    bodies = [world.archive.body(key) for key in in_order]
    expected = root(leaf_hash(leaf_data(k, len(b), sha256(b))) for k, b in zip(in_order, bodies, strict=True))
    assert made.root == expected.hex()
    assert (made.number, made.leaves, made.previous, made.trail, made.until) == (1, 10, None, TRAIL, UNTIL)
    assert made.kinds == {"event_history_receipts": 1, "receipts": 7, "stream_receipts": 2}
    assert [row.key for row in all_rows(world)] == in_order


def test_everything_of_the_ledger_is_evidence_under_lock(world):
    week(world)
    world.append()
    assert set(world.ledger()) == {"ledger/000001.json", "ledger/receipts-000001.parquet"}
    assert all(world.archive.locked(key) for key in world.ledger())


def test_checkpoints_are_chained_and_the_tree_grows_without_rewriting(world):
    week(world)
    first = world.append().made[0]
    before = world.ledger()
    week(world, [7])
    second = world.append(until=UNTIL + DAY).made[0]
    assert second.previous == sha256(world.archive.body("ledger/000001.json")) == first.sha256
    assert (second.number, second.leaves, second.added) == (2, 8, 1)
    assert before.items() <= world.ledger().items()


def test_nothing_new_makes_no_checkpoint(world):
    week(world)
    world.append()
    before = world.ledger()
    again = world.append(until=UNTIL + DAY)
    assert (again.made, again.last.number) == ((), 1)
    assert world.ledger() == before


def test_a_reopened_units_receipt_is_a_new_leaf_and_the_units_last_row(world):
    week(world)
    world.append()
    late = world.commit(unit(2), verdict=Verdict.DISPROVEN, partial=True)
    world.append(until=UNTIL + DAY)
    last = all_rows(world)[-1]
    assert (last.leaf, last.key, last.number, last.checkpoint) == (7, late, 1, 2)
    assert (last.verdict, last.lack, last.reasons) == ("DISPROVEN", "NOT_PROVEN", {"HASH_MISMATCH": 1})
    assert "1 × HASH_MISMATCH (a digest)" in last.says
    assert (last.counts.rows, last.counts.records_in, last.counts.quarantined, last.counts.slots) == (20, 21, 1, 1)


def test_few_files_hold_all_rows_whatever_the_number_of_checkpoints(world):
    for day in range(13):
        week(world, [day])
        last = world.append(until=UNTIL + day * DAY).last
        assert [(file.after, file.number) for file in last.files] == runs_of(last.number)
        assert sum(file.rows for file in last.files) == last.leaves == day + 1
        assert [row.leaf for row in all_rows(world)] == [*range(day + 1)]
    assert [file.number for file in last.files] == [8, 12, 13]


def test_much_that_is_new_becomes_several_checkpoints(world):
    week(world)
    done = world.append(most=3)
    assert [(one.leaves, one.left_out) for one in done.made] == [(3, 4), (6, 1), (7, 0)]
    assert world.append(most=3).made == ()


def test_the_same_archive_gives_the_same_bytes(world):
    week(world)
    twin = replace(world, archive=_same(world))
    world.append()
    twin.append()
    assert world.ledger() == twin.ledger()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 25))
def test_killed_anywhere_a_run_again_ends_in_the_same_objects(tmp_path, at, after):
    world = LedgerWorld(tmp_path)
    week(world, range(3))
    world.append()
    world.commit(unit(1), verdict=Verdict.DISPROVEN)
    week(world, range(3, 6))
    twin = replace(world, archive=_same(world))
    expected = twin.append(until=UNTIL + DAY)
    mortal = MortalStore(world.archive, at, after)
    try:
        world.append(until=UNTIL + DAY, archive=mortal)
    except Killed:
        pass
    else:
        assert mortal.count < at
    done = world.append(until=UNTIL + 2 * DAY)
    planned = "ledger/receipts-000002.parquet" in [key for key in world.archive.puts if key in twin.ledger()]
    assert planned
    assert done.last.root == expected.last.root
    if done.last.until == expected.last.until:  # the plan was put before the death: then everything is the same
        assert world.ledger() == twin.ledger()
    assert len(world.ledger()) == len(twin.ledger()) == 4


def test_of_two_writers_one_plan_wins_and_both_end_in_it(world):
    week(world, range(3))
    slow = _Overtaken(world)
    mine = world.append(archive=slow, until=UNTIL)
    assert mine.last == read_checkpoint(world.archive, mine.last.number)
    assert [read_checkpoint(world.archive, n).leaves for n in (1, 2)] == [4, 5]
    assert len(world.ledger()) == 4


def test_a_vanished_receipt_is_found_told_in_the_ledger_and_only_once(world):
    keys = week(world)
    world.append()
    body = world.archive.body(keys[3])
    world.archive.delete(keys[3])
    done = world.append(until=UNTIL + DAY)
    (found,) = done.findings
    assert (found.change, found.key, found.leaf, found.expected) == (Change.VANISHED, keys[3], 3, sha256(body))
    assert done.last.findings == (found,)
    assert (done.last.added, done.last.leaves) == (0, 7)
    again = world.append(until=UNTIL + 2 * DAY)
    assert (again.findings, again.made) == ((found,), ())
    world.archive.put(keys[3], body)
    mended = world.append(until=UNTIL + 3 * DAY)
    assert mended.findings == mended.last.findings == ()
    assert [read_checkpoint(world.archive, n).findings_total for n in (1, 2, 3)] == [0, 1, 0]


def test_a_whole_region_that_vanished_is_found(world):
    keys = week(world)
    world.append()
    for key in world.archive.keys("receipts/"):
        world.archive.delete(key)
    assert [one.key for one in world.append().findings] == keys


def test_a_changed_receipt_is_found_by_its_listing_alone(world):
    keys = week(world)
    world.append()
    world.archive.replace(keys[2], receipt(unit(2), verdict=Verdict.DISPROVEN).to_json())
    world.archive.reads.clear()
    (found,) = world.append().findings
    assert (found.change, found.key) == (Change.CHANGED, keys[2])
    assert found.found == sha256(world.archive.body(keys[2]))
    assert [key for key in world.archive.reads if key.startswith("receipts/")] == [keys[2]]


def test_the_same_bytes_put_again_are_no_change(world):
    keys = week(world)
    world.append()
    world.archive.replace(keys[2], world.archive.body(keys[2]))
    assert world.append().findings == ()


def test_a_change_that_no_listing_shows_is_found_when_everything_is_hashed(tmp_path):
    world = LedgerWorld(tmp_path)
    world.archive.versioned = False
    keys = week(world)
    world.append()
    body = world.archive.body(keys[2])
    world.archive._objects[keys[2]][-1] = replace(world.archive._objects[keys[2]][-1], body=body.replace(b"PROVEN", b"pROVEN"))
    quiet = _SameTags(world.archive, keys[2], body)
    assert world.append(archive=quiet).findings == ()
    assert [one.key for one in world.append(archive=quiet, full=True).findings] == [keys[2]]


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.UNAVAILABLE, Fault.REFUSED])
def test_what_cannot_be_read_is_not_changed(world, fault):
    keys = week(world)
    world.append()
    world.archive.replace(keys[2], world.archive.body(keys[2]) + b" ")
    world.archive.fail(keys[2], fault)
    done = world.append()
    assert (done.findings, done.made) == ((), ())
    assert [one.key for one in done.unread] == [keys[2]]


def test_what_was_found_stands_while_it_cannot_be_read(world):
    keys = week(world)
    world.append()
    world.archive.replace(keys[2], world.archive.body(keys[2]) + b" ")
    found = world.append().findings
    world.archive.fail(keys[2], Fault.DENIED)
    done = world.append()
    assert (done.findings, done.made) == (found, ())


def test_a_listing_that_fails_concludes_nothing(world):
    week(world)
    world.append()
    before = world.ledger()
    world.archive.fail(f"receipts/{layout.account_region('111122223333', 'us-east-1')}", Fault.DENIED)
    with pytest.raises(AccessDenied):
        world.append()
    assert world.ledger() == before


def test_a_new_receipt_that_cannot_be_read_waits_and_stops_no_other(world):
    keys = week(world)
    late = world.commit(unit(2))
    world.archive.fail(keys[2], Fault.DENIED)
    done = world.append()
    assert [one.key for one in done.unread] == [keys[2]]
    assert (done.last.leaves, done.last.left_out) == (6, 2)
    world.archive.mend(keys[2])
    world.append(until=UNTIL + DAY)
    assert [(row.key, row.lack) for row in all_rows(world)[-2:]] == [(keys[2], None), (late, None)]


def test_a_service_that_answers_nothing_is_tried_again_later(world):
    for key in week(world, range(2)):
        world.archive.fail(key, Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        world.append()
    assert not world.ledger()


def test_bytes_that_are_no_receipt_are_a_leaf_of_a_broken_unit(world):
    key = layout.receipt_key(unit(0), 0)
    world.archive.put(key, b"\xff not a receipt")
    week(world, [1])
    world.append()
    (broken, good) = all_rows(world)
    assert (broken.lack, broken.verdict, broken.counts) == ("BROKEN_RECEIPTS", None, None)
    assert key in broken.says
    assert good.lack is None


def test_a_receipt_of_another_unit_is_no_receipt_of_this_one(world):
    world.archive.put(layout.receipt_key(unit(0), 0), receipt(unit(5)).to_json())
    world.append()
    (row,) = all_rows(world)
    assert row.lack == Lack.BROKEN_RECEIPTS


@pytest.mark.parametrize("previous", [None, "0" * 64])
def test_a_receipt_that_does_not_name_its_predecessor_breaks_its_unit(world, previous):
    world.commit(unit(0))
    world.append()
    world.archive.put(layout.receipt_key(unit(0), 1), receipt(unit(0), 1, previous).to_json())
    world.append()
    world.archive.put(
        layout.receipt_key(unit(0), 2), receipt(unit(0), 2, sha256(world.archive.body(layout.receipt_key(unit(0), 1)))).to_json()
    )
    world.append()
    assert [row.lack for row in all_rows(world)] == [None, "BROKEN_RECEIPTS", "BROKEN_RECEIPTS"]


def test_a_ledger_whose_file_was_exchanged_is_not_continued(world):
    week(world)
    world.append()
    world.archive.replace("ledger/receipts-000001.parquet", b"another")
    with pytest.raises(EvidenceError, match="the last checkpoint names it"):
        world.append()


def test_a_checkpoint_that_was_exchanged_is_not_continued(world):
    week(world)
    world.append()
    week(world, [8])
    world.append(until=UNTIL + DAY)
    forged = replace(read_checkpoint(world.archive, 1), until=UNTIL - DAY)
    world.archive.replace("ledger/000001.json", forged.to_json())
    with pytest.raises(EvidenceError, match="does not follow"):
        world.append()


def test_a_checkpoint_that_was_deleted_in_between_is_told_and_the_last_one_comes_back(world):
    for day in range(3):
        week(world, [day])
        world.append(until=UNTIL + day * DAY)
    before = world.ledger()
    world.archive.delete("ledger/000003.json")
    assert [one.number for one in world.append(until=UNTIL + 9 * DAY).made] == [3]
    assert world.ledger() == before
    world.archive.delete("ledger/000002.json")
    assert world.append().missing == (2,)


def test_a_plan_that_somebody_planted_is_refused(world):
    week(world, range(2))
    world.append()
    bad = world.commit(unit(4), verdict=Verdict.DISPROVEN)
    twin = replace(world, archive=_same(world))
    twin.append(until=UNTIL + DAY)
    book = open_book(twin.archive, world.room)
    (row,) = book.rows_with({bad}).values()
    forged = replace(row, verdict="PROVEN", lack=None, says=None)
    path = world.room / "forged.parquet"
    plan = rows.read_plan(book.paths[-1], key="k")
    rows.write(path, plan, [open_book(world.archive, world.room).paths[0]], rows.table([forged]))
    world.archive.put("ledger/receipts-000002.parquet", path.read_bytes())
    with pytest.raises(EvidenceError, match="not what that receipt says"):
        world.append(until=UNTIL + DAY)
    rows.write(path, plan, [], rows.table([row]))
    world.archive.put("ledger/receipts-000002.parquet", path.read_bytes())
    with pytest.raises(EvidenceError, match="do not continue the ledger"):
        world.append(until=UNTIL + DAY)
    assert "ledger/000002.json" not in world.ledger()


def test_a_plan_that_alters_an_older_row_is_refused(world):
    """File 2 takes the rows of file 1 over: what they say of their units must be what it was, though no leaf hashes that."""
    world.commit(unit(0), verdict=Verdict.DISPROVEN)
    world.append()
    week(world, [1])
    twin = replace(world, archive=_same(world))
    twin.append(until=UNTIL + DAY)
    path = open_book(twin.archive, world.room).paths[-1]
    old, new = rows.all_rows([path])
    forged = world.room / "forged.parquet"
    rows.write(forged, rows.read_plan(path, key="k"), [], rows.table([replace(old, verdict="PROVEN", lack=None, says=None), new]))
    world.archive.put("ledger/receipts-000002.parquet", forged.read_bytes())
    with pytest.raises(EvidenceError, match="do not continue the ledger"):
        world.append(until=UNTIL + DAY)


@pytest.mark.parametrize("damage", [slice(0, 40), slice(40, 400), slice(-40, None)])
def test_a_plan_that_is_damaged_is_refused(world, damage):
    week(world)
    twin = replace(world, archive=_same(world))
    twin.append()
    body = bytearray(twin.archive.body("ledger/receipts-000001.parquet"))
    body[damage] = bytes(b ^ 0xFF for b in body[damage])
    world.archive.put("ledger/receipts-000001.parquet", bytes(body))
    with pytest.raises(EvidenceError, match="receipts-000001"):
        world.append()


def test_a_checkpoint_of_a_number_that_nobody_reached_stops_the_ledger_at_once(world):
    week(world)
    world.append()
    world.archive.put("ledger/999999999999999999.json", b"{}")
    with pytest.raises(EvidenceError, match=r"999999999999999999.json is not a checkpoint"):
        world.append()
    assert missing_in((2, 5, 10**18))[:3] == (1, 3, 4)


def test_a_plan_of_the_future_or_of_another_trail_is_refused(world):
    week(world, [0])
    twin = replace(world, archive=_same(world))
    twin.append(until=UNTIL + DAY)
    world.archive.put("ledger/receipts-000001.parquet", twin.archive.body("ledger/receipts-000001.parquet"))
    with pytest.raises(EvidenceError, match="it says that it is of 2026-03-13 05:30 UTC"):
        world.append()
    assert world.append(until=UNTIL + DAY).last.leaves == 1


def test_a_clock_that_went_back_does_not_take_the_ledger_back(world):
    week(world, [0])
    world.append()
    week(world, [1])
    assert world.append(until=UNTIL - DAY).last.until == UNTIL


def test_the_day_is_not_read_from_a_clock(world):
    week(world, [0])
    assert world.append(until=dt.datetime.combine(FIRST, dt.time(), dt.UTC)).last.until.date() == FIRST


def _same(world: LedgerWorld):
    import copy

    clone = replace(world.archive)
    clone._objects = {key: list(versions) for key, versions in world.archive._objects.items()}
    clone._faults, clone._count = copy.copy(world.archive._faults), world.archive._count
    clone.puts = []
    return clone


class _Overtaken:
    """Between this writer's listing and its plan, one more receipt comes, and another writer plans it."""

    def __init__(self, world: LedgerWorld) -> None:
        self._world, self._done = world, False

    def __getattr__(self, name):
        return getattr(self._world.archive, name)

    def put_new(self, key, body, **named):
        if not self._done:
            self._done = True
            week(self._world, [3])
            self._world.append(until=UNTIL + DAY)
            week(self._world, [4])
        return self._world.archive.put_new(key, body, **named)


class _SameTags:
    """A store that lists one object as it was before."""

    def __init__(self, inner, key: str, body: bytes) -> None:
        import hashlib

        self._inner, self._key = inner, key
        self._etag = hashlib.md5(body, usedforsecurity=False).hexdigest()

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def list(self, prefix, *, start_after=""):
        for info in self._inner.list(prefix, start_after=start_after):
            yield replace(info, etag=self._etag) if info.key == self._key else info
