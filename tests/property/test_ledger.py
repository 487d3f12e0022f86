"""Whatever comes in whatever order and however often the ledger is appended to: it holds every receipt once, and only grows."""

import datetime as dt
import tempfile
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.archive_world import Killed, MortalStore
from tests.ledger_world import UNTIL, LedgerWorld, unit

from itemtrail.core import ledger_rows as rows
from itemtrail.core.ledger import runs_of
from itemtrail.core.merkle import consistency_proof, verify_consistency
from itemtrail.flows.ledger_book import open_book, read_checkpoint
from itemtrail.flows.ledger_verify import verify
from itemtrail.model import Verdict

_COMMIT = st.tuples(st.integers(0, 4), st.sampled_from(list(Verdict)), st.booleans())
_STEPS = st.lists(st.lists(_COMMIT | st.none(), max_size=4), min_size=1, max_size=9)


@settings(max_examples=25, deadline=None)
@given(_STEPS, st.integers(1, 5))
def test_every_receipt_is_one_leaf_and_every_checkpoint_continues_every_earlier_one(steps, most):
    with tempfile.TemporaryDirectory() as room:
        world = LedgerWorld(Path(room))
        for number, step in enumerate(steps):
            for commit in step:
                if commit is None:
                    world.commit_stream()
                else:
                    world.commit(unit(commit[0]), verdict=commit[1], partial=commit[2])
            world.append(until=UNTIL + number * dt.timedelta(days=1), most=most)
        _must_be_whole(world)


@settings(max_examples=25, deadline=None)
@given(_STEPS, st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=9))
def test_runs_that_die_anywhere_again_and_again_leave_a_ledger_that_goes_on(steps, deaths):
    with tempfile.TemporaryDirectory() as room:
        world = LedgerWorld(Path(room))
        for number, (step, death) in enumerate(zip_longest(steps, deaths)):
            for commit in step or ():
                world.commit(unit(commit[0] if commit else 9), verdict=commit[1] if commit else Verdict.PROVEN)
            until = UNTIL + number * dt.timedelta(hours=1)
            if death:
                with suppress(Killed):
                    world.append(until=until, most=2, archive=MortalStore(world.archive, *death))  # type: ignore[arg-type]
        world.append(until=UNTIL + dt.timedelta(days=1), most=2)
        _must_be_whole(world)


def _must_be_whole(world: LedgerWorld) -> None:
    book = open_book(world.archive, world.room)
    found = list(rows.all_rows(book.paths))
    assert [row.leaf for row in found] == [*range(len(found))]
    assert sorted(row.key for row in found) == [key for key in world.archive.keys("") if key.endswith("receipt.json")]
    assert not [row for row in found if row.lack == "BROKEN_RECEIPTS"]
    report = verify(world.archive, room=world.room, full=True)
    assert (report.findings, report.unread, report.new) == ((), (), 0)
    hashes = [one for path in book.paths for one in rows.leaf_hashes(path)]
    made = [read_checkpoint(world.archive, number) for number in range(1, report.checkpoints + 1)]
    for later in made:
        assert [(file.after, file.number) for file in later.files] == runs_of(later.number)
        for earlier in made[: later.number]:
            path = consistency_proof(hashes[: later.leaves], earlier.leaves)
            roots = bytes.fromhex(earlier.root), bytes.fromhex(later.root)
            assert verify_consistency(earlier.leaves, roots[0], later.leaves, roots[1], path)
