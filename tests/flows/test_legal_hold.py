"""Legal holds over an archive in memory: what is held, recorded before, taken up again, and let go only when nobody needs it."""

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.archive_world import DAY, ArchiveWorld
from tests.history_archive import ACCOUNT, REGION, add_unit, archived, settings
from tests.history_world import START, TABLE, Workload, simulate
from tests.holds_memory import MemoryHolds
from tests.memory import MemoryStore

from itemtrail.core import layout
from itemtrail.core.hold import Action, Held, Scope
from itemtrail.errors import AccessDenied, ConfigurationError, EvidenceError
from itemtrail.flows import history, legal_hold
from itemtrail.flows.hold_register import Register, load_all
from itemtrail.flows.hold_versions import Bucket
from itemtrail.flows.legal_hold import Ends
from itemtrail.model import Unit

NOW = dt.datetime(2026, 3, 12, 9, tzinfo=dt.UTC)
PLACE = ("111122223333", "us-east-1")
WHO = "arn:aws:sts::111122223333:assumed-role/legal/ana"
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    made = ArchiveWorld(tmp_path)
    made.run()
    return made


def ends_of(store: Any, holds: MemoryHolds | None = None, *, now: dt.datetime = NOW, reads: bool = False) -> Ends:
    return Ends(store, holds or MemoryHolds(store), WHO, now, reads)


def register(store: MemoryStore) -> Register:
    return load_all(Bucket(store, MemoryHolds(store)))


def period(first: dt.date = DAY, last: dt.date | None = DAY) -> Scope:
    return Scope(first, last, (PLACE,))


def in_archive(store: MemoryStore) -> set[str]:
    return {key for key in store.keys("") if not key.startswith("holds/")} - {"archive.json"}


def test_every_version_of_the_days_commits_is_held_and_so_is_the_record(world: ArchiveWorld) -> None:
    ends = ends_of(world.archive)
    outcome = legal_hold.set_hold(ends, "Doe v. Acme", "a letter", period())
    assert outcome.good
    assert {held.key for held in outcome.hold.objects} == in_archive(world.archive)
    assert {key for key, _ in ends.holds.on} == {*in_archive(world.archive), outcome.hold.records[0].key}
    roots = {key.split("/")[0] for key in in_archive(world.archive)}
    assert {"originals", "events", "receipts", "keys"} <= roots


def test_the_record_comes_first_and_says_who_why_and_what(world: ArchiveWorld) -> None:
    ends = ends_of(world.archive)
    seen: list[int] = []
    inner = ends.holds.hold
    ends.holds.hold = lambda *a, **k: (seen.append(len(world.archive.keys("holds/"))), inner(*a, **k))[1]  # type: ignore[method-assign]
    outcome = legal_hold.set_hold(ends, "Doe v. Acme", "a letter", period())
    assert set(seen) == {1}
    (record,) = outcome.hold.records
    assert (record.case, record.reason, record.by, record.at) == ("Doe v. Acme", "a letter", WHO, NOW)
    assert record.units == (Unit(*PLACE, DAY),)
    assert world.archive.locked(record.key)
    assert re.fullmatch(r"holds/doe-v-acme-[0-9a-f]{12}/000\.json", record.key)


def test_older_versions_are_held_too_and_hidden_objects_are_told(world: ArchiveWorld) -> None:
    key = next(key for key in world.archive.keys("originals/"))
    world.archive.put(key, b"tampered")
    outcome = legal_hold.set_hold(ends_of(world.archive), "c", "r", period())
    assert len([held for held in outcome.hold.objects if held.key == key]) == 2


def test_asking_again_goes_on_with_the_same_hold_and_writes_nothing(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    first = legal_hold.set_hold(ends_of(world.archive, holds), "c", "r", period())
    lost = holds.on.pop()
    again = legal_hold.set_hold(ends_of(world.archive, holds, now=NOW + ONE_DAY), "c", "r", period())
    assert again.hold == first.hold
    assert again.changed == 1
    assert lost in holds.on


@pytest.mark.parametrize("at", [0, 1, 3])
def test_interrupted_anywhere_it_is_finished_by_asking_again(world: ArchiveWorld, at: int) -> None:
    holds = MemoryHolds(world.archive)
    inner, count = holds.hold, 0

    def dying(*arguments: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        if count > at:
            raise KeyboardInterrupt
        inner(*arguments, **named)

    holds.hold = dying  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        legal_hold.set_hold(ends_of(world.archive, holds), "c", "r", period())
    holds.hold = inner  # type: ignore[method-assign]
    outcome = legal_hold.set_hold(ends_of(world.archive, holds), "c", "r", period())
    assert outcome.good
    assert len(outcome.hold.records) == 1
    assert outcome.hold.before == frozenset()
    assert {(held.key, held.version_id) for held in outcome.hold.objects} <= holds.on


def test_a_hold_that_does_not_take_is_told_by_key(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    holds.deaf = set(world.archive.keys("events/"))
    outcome = legal_hold.set_hold(ends_of(world.archive, holds), "c", "r", period())
    assert not outcome.good
    assert set(outcome.wrong) == holds.deaf


def test_what_a_receipt_names_and_nobody_has_is_told(world: ArchiveWorld) -> None:
    key = world.archive.keys("originals/")[0]
    world.archive.delete(key)
    outcome = legal_hold.set_hold(ends_of(world.archive), "c", "r", period())
    assert outcome.gone == (key,)
    assert not outcome.good
    assert outcome.hold.records[0].gone == (key,)


def test_days_of_which_nothing_is_archived_are_refused(world: ArchiveWorld) -> None:
    ago = DAY - 400 * ONE_DAY
    with pytest.raises(ConfigurationError, match="nothing to hold"):
        legal_hold.set_hold(ends_of(world.archive), "c", "r", period(ago, ago))
    assert world.archive.keys("holds/") == []


def test_a_hold_of_days_to_come_says_that_nothing_is_there_yet(world: ArchiveWorld) -> None:
    outcome = legal_hold.set_hold(ends_of(world.archive), "c", "r", period(NOW.date() + 30 * ONE_DAY, None))
    assert outcome.hold.objects == frozenset()
    assert any("nothing of it is archived yet" in note for note in outcome.notes)


def test_a_hold_without_end_takes_what_comes_by_refresh(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    hold = legal_hold.set_hold(ends_of(world.archive, holds), "c", "r", period(last=None)).hold
    late = Unit(*PLACE, DAY + ONE_DAY)
    add_unit(world.archive, late, {})
    ends = ends_of(world.archive, holds)
    checked = legal_hold.check(ends, hold)
    assert not checked.good
    assert "refresh" in checked.notes[0]
    assert len(world.archive.keys("holds/")) == 1
    done = legal_hold.refresh(ends, hold, register(world.archive))
    assert done.good
    assert [record.action for record in done.hold.records] == [Action.SET, Action.EXTEND]
    assert layout.receipt_key(late, 0) in {key for key, _ in holds.on}
    assert legal_hold.check(ends, done.hold).good


def test_events_of_the_period_that_came_late_are_in_their_whole_unit_is_held(world: ArchiveWorld) -> None:
    records = simulate(Workload(seed=1, writes=3)).events
    late = Unit(*PLACE, DAY + 9 * ONE_DAY)
    add_unit(world.archive, late, {DAY: records})
    outcome = legal_hold.set_hold(ends_of(world.archive), "c", "r", period())
    assert late in outcome.hold.records[0].units


def test_release_lets_go_and_says_why(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    hold = legal_hold.set_hold(ends, "c", "r", period()).hold
    outcome = legal_hold.release(ends, hold, "settled")
    assert outcome.good
    assert holds.on == set()
    assert outcome.hold.records[-1].reason == "settled"
    assert [one.open for one in register(world.archive).holds] == [False]


def test_release_keeps_what_another_open_hold_names(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    one = legal_hold.set_hold(ends, "one", "r", period()).hold
    other = legal_hold.set_hold(ends, "other", "r", period()).hold
    outcome = legal_hold.release(ends, one, "settled")
    assert outcome.left
    assert {(held.key, held.version_id) for held in other.objects} <= holds.on
    assert legal_hold.check(ends, other).good
    legal_hold.release(ends, other, "settled too")
    assert holds.on == set()


def test_release_keeps_what_somebody_held_before(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    foreign = (world.archive.keys("originals/")[0], world.archive.head(world.archive.keys("originals/")[0]).version_id)
    holds.on.add(foreign)  # type: ignore[arg-type]
    one = legal_hold.set_hold(ends, "one", "r", period()).hold
    two = legal_hold.set_hold(ends, "two", "r", period()).hold
    legal_hold.release(ends, one, "settled")
    legal_hold.release(ends, two, "settled")
    assert holds.on == {foreign}


def test_a_release_that_was_interrupted_is_finished_by_releasing_again(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    hold = legal_hold.set_hold(ends, "c", "r", period()).hold
    inner = holds.hold

    def dying(*arguments: Any, **named: Any) -> None:
        raise KeyboardInterrupt

    holds.hold = dying  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        legal_hold.release(ends, hold, "settled")
    holds.hold = inner  # type: ignore[method-assign]
    (released,) = register(world.archive).holds
    assert not released.open
    assert legal_hold.release(ends, released, "again").good
    assert holds.on == set()
    assert len(world.archive.keys("holds/")) == 3


def test_a_hold_that_was_let_go_is_not_let_go_twice(world: ArchiveWorld) -> None:
    """Whoever holds one of its versions afterwards is somebody else."""
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    hold = legal_hold.release(ends, legal_hold.set_hold(ends, "c", "r", period()).hold, "settled").hold
    one = min(hold.objects)
    holds.on.add((one.key, one.version_id))
    again = legal_hold.release(ends, hold, "settled")
    assert (again.changed, again.good) == (0, True)
    assert holds.on == {(one.key, one.version_id)}
    set_again = legal_hold.set_hold(ends, "c", "r", period()).hold
    assert set_again.before == {one}


def test_a_hold_opened_while_another_lets_go_is_not_lost(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    hold = legal_hold.set_hold(ends, "one", "r", period()).hold
    inner, once = holds.hold, []

    def racing(key: str, version_id: str, *, on: bool) -> None:
        if not on and not once:
            once.append(1)
            legal_hold.set_hold(ends_of(world.archive, MemoryHolds(world.archive, holds.on)), "two", "r", period())
        inner(key, version_id, on=on)

    holds.hold = racing  # type: ignore[method-assign]
    assert legal_hold.release(ends, hold, "settled").good
    holds.hold = inner  # type: ignore[method-assign]
    two = next(one for one in register(world.archive).holds if one.open)
    assert legal_hold.check(ends, two).good


def test_a_released_hold_may_be_set_again(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    first = legal_hold.set_hold(ends, "c", "r", period()).hold
    legal_hold.release(ends, first, "settled")
    again = legal_hold.set_hold(ends, "c", "r", period())
    assert again.good
    assert [record.action for record in again.hold.records] == [Action.SET, Action.RELEASE, Action.LET_GO, Action.SET]
    assert again.hold.objects == first.objects


def test_a_record_that_does_not_follow_breaks_its_hold_and_no_other(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    bad = legal_hold.set_hold(ends, "bad", "r", period()).hold
    good = legal_hold.set_hold(ends, "good", "r", period()).hold
    forged = replace(bad.records[0], number=1, previous="0" * 64, action=Action.RELEASE)
    world.archive.put(forged.key, forged.to_json())
    found = load_all(ends.bucket)
    assert [hold.id for hold in found.holds] == [good.id]
    assert "does not follow" in found.broken[0]
    assert legal_hold.refresh(ends, good, found).good
    with pytest.raises(EvidenceError, match="cannot be read"):
        legal_hold.release(ends, good, "settled")
    with pytest.raises(EvidenceError):
        legal_hold.set_hold(ends, "bad", "r", period())
    assert legal_hold.check(ends, good).good


def test_what_is_put_over_a_record_later_changes_nothing_and_is_told(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    hold = legal_hold.set_hold(ends, "c", "r", period()).hold
    world.archive.put(hold.records[0].key, b"{}")
    found = load_all(ends.bucket)
    assert found.holds == (hold,)
    assert "put over" in found.notes[0]


def test_what_the_hold_names_is_set_again_even_where_nobody_can_look_for_more(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)
    ends = ends_of(world.archive, holds)
    hold = legal_hold.set_hold(ends, "c", "r", period()).hold
    holds.on.pop()
    inner = holds.folders

    def denied(prefix: str) -> tuple[str, ...]:
        raise AccessDenied("s3:ListBucketVersions", prefix)

    holds.folders = denied  # type: ignore[method-assign]
    outcome = legal_hold.refresh(ends, hold, load_all(ends.bucket))
    assert (outcome.changed, outcome.wrong, outcome.good) == (1, (), False)
    assert isinstance(outcome.unlooked, AccessDenied)
    holds.folders = inner  # type: ignore[method-assign]
    assert legal_hold.check(ends, hold).good


@pytest.mark.parametrize(("case", "reason"), [("", "r"), ("c", " "), ("c", "x" * 3000), ("c\x1b[2J", "r"), ("c", "two\nlines")])
def test_a_hold_without_words_is_refused(world: ArchiveWorld, case: str, reason: str) -> None:
    with pytest.raises(ConfigurationError):
        legal_hold.set_hold(ends_of(world.archive), case, reason, period())


def test_could_not_look_is_an_error_and_no_hold(world: ArchiveWorld) -> None:
    holds = MemoryHolds(world.archive)

    def denied(*_: Any) -> bool:
        raise AccessDenied("s3:GetObjectLegalHold", "s3://memory")

    holds.held = denied  # type: ignore[method-assign]
    with pytest.raises(AccessDenied, match="GetObjectLegalHold"):
        legal_hold.set_hold(ends_of(world.archive, holds), "c", "r", period())
    assert world.archive.keys("holds/") == []


# An item: by its history.

FIRST = START.date()
ALL = Workload(seed=5, writes=120, items=60, seconds=30_000, only=("put", "update"))


@pytest.fixture(scope="module")
def item_world(tmp_path_factory: pytest.TempPathFactory) -> MemoryStore:
    store = archived(simulate(ALL), until=FIRST + 3 * ONE_DAY)
    for day in (FIRST,):
        history.build_day(
            TABLE, day, archive=store, settings=settings(), spool=tmp_path_factory.mktemp("spool"), progress=lambda line: None
        )
    return store


def an_item(store: MemoryStore) -> tuple[str, ...]:
    from itemtrail.flows.timeline import Wanted, changes

    row = next(iter(changes(store, Wanted(table=TABLE))))
    return (str(row["item_key"]),)


def item_scope(store: MemoryStore, first: dt.date | None, last: dt.date | None) -> Scope:
    return legal_hold.scope_of(store, first=first, last=last, places=[], table="Employee", key=an_item(store))


def test_an_item_is_narrowed_to_the_units_and_commits_of_its_history(item_world: MemoryStore) -> None:
    found = legal_hold.look(ends_of(item_world), item_scope(item_world, FIRST, FIRST))
    assert found.streams
    assert {unit.day for unit in found.units} <= {FIRST, FIRST + ONE_DAY}
    assert layout.stream_receipt_key(TABLE, 0) in {held.key for held in found.objects}
    assert not any("held whole" in note for note in found.notes)


def test_days_without_a_history_are_held_whole_and_said(item_world: MemoryStore) -> None:
    found = legal_hold.look(ends_of(item_world), item_scope(item_world, FIRST, FIRST + 3 * ONE_DAY))
    assert {unit.day for unit in found.units} >= {FIRST + n * ONE_DAY for n in (1, 2, 3)}
    assert any("3 day(s)" in note and "held whole" in note for note in found.notes)


def test_where_reads_are_recorded_days_are_held_whole(item_world: MemoryStore) -> None:
    found = legal_hold.look(ends_of(item_world, reads=True), item_scope(item_world, FIRST, FIRST))
    assert any("reads are recorded" in note for note in found.notes)


def test_an_item_without_days_says_where_its_history_begins(item_world: MemoryStore) -> None:
    found = legal_hold.look(ends_of(item_world), item_scope(item_world, None, FIRST))
    assert any(f"begins on {FIRST}" in note for note in found.notes)


@pytest.mark.parametrize("key", [("No=such",), ('{"Id": "nobody"}',)])
def test_an_item_that_nobody_knows_is_refused_even_where_days_lack_a_history(item_world: MemoryStore, key: Any) -> None:
    scope = legal_hold.scope_of(item_world, first=FIRST, last=None, places=[], table="Employee", key=key)
    with pytest.raises(ConfigurationError):
        legal_hold.set_hold(ends_of(item_world), "c", "r", scope)
    assert item_world.keys("holds/") == []


def test_a_table_alone_means_its_stream_and_the_units_of_its_region(item_world: MemoryStore) -> None:
    scope = legal_hold.scope_of(item_world, first=FIRST, last=FIRST, places=[("999999999999", "eu-west-1")], table=TABLE)
    assert scope.places == ((ACCOUNT, REGION),)
    found = legal_hold.look(ends_of(item_world), scope)
    assert [commit.number for commit in found.streams] == [0]
    assert Held(
        layout.stream_receipt_key(TABLE, 0), item_world.head(layout.stream_receipt_key(TABLE, 0)).version_id or ""
    ) in set(found.objects)


@pytest.mark.parametrize(
    "asked",
    [
        {"first": None, "last": None},
        {"first": DAY, "last": DAY - ONE_DAY},
        {"first": None, "last": None, "key": ("id=1",)},
        {"first": DAY, "last": None, "table": "arn:aws:s3:::bucket"},
    ],
)
def test_a_scope_that_says_nothing_is_refused(item_world: MemoryStore, asked: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        legal_hold.scope_of(item_world, places=[PLACE], **asked)
