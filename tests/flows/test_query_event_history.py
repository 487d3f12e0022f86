"""Rows of an unproven source beside the trail's: they say what they are, and give way to the trail's."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.archive_world import BEGIN, HOUR, ArchiveWorld, a_chain
from tests.event_history_world import World

from itemtrail.core import layout
from itemtrail.core.rebuild import records
from itemtrail.flows.query import Scope, ask, copy_events
from itemtrail.flows.receipts import history
from itemtrail.model import Unit


@pytest.fixture
def archived(tmp_path: Path) -> ArchiveWorld:
    """A day of the trail in the archive: 24 events."""
    (tmp_path / "spool").mkdir()
    world = ArchiveWorld(tmp_path / "spool", chain=a_chain(logs=1))
    world.run()
    return world


def rows(world: ArchiveWorld, cache: Path, sql: str) -> Sequence[tuple[Any, ...]]:
    files = {
        folder: copy_events(world.archive, cache, Scope(), limit=1 << 30, progress=world.said.append, folder=folder)
        for folder in (layout.EVENTS, layout.EVENT_HISTORY)
    }
    found = ask(
        sql,
        events=files[layout.EVENTS],
        root=cache,
        receipts=history(world.archive, world.unit),
        memory="512MB",
        event_history=files[layout.EVENT_HISTORY],
    )
    return list(found.rows)


def exported(world: ArchiveWorld, tmp_path: Path, *, same: int, changed: int, more: int) -> None:
    """The same day's event history: some of the trail's events, some of them with other content, and events it does not have."""
    (spool := tmp_path / "history").mkdir()
    asked = World(spool, archive=world.archive)
    asked.clock.now = asked.clock.now.replace(year=2026, month=3, day=12)
    files = copy_events(world.archive, tmp_path / "before", Scope(), limit=1 << 30, progress=print)
    for number, (_, _, text) in enumerate(list(records(files))[: same + changed]):
        record = json.loads(text)
        shown = text.decode() if number < same else json.dumps(record | {"x": 1})
        asked.history.add(dt.datetime.fromisoformat(record["eventTime"]), record["eventID"], text=shown)
    for number in range(more):
        asked.history.add(dt.datetime(2026, 3, 10, 5, tzinfo=dt.UTC), f"only-here-{number}")
    for day in (9, 10, 11):
        asked.run(Unit(world.unit.account, world.unit.region, dt.date(2026, 3, day)))


def test_the_trail_s_row_stands_where_both_have_one(archived: ArchiveWorld, tmp_path: Path) -> None:
    exported(archived, tmp_path, same=5, changed=2, more=3)
    cache = tmp_path / "c"
    assert rows(archived, cache, "SELECT count(*), min(source), max(proof) FROM event_history") == [
        (10, "event_history", "UNPROVEN")
    ]
    found = rows(archived, cache, "SELECT source, count(*) FROM events_all GROUP BY ALL ORDER BY ALL")
    assert found == [("event_history", 3), ("trail", 24)]
    assert rows(archived, cache, "SELECT count(*) FROM events_all") == [(27,)]
    named = rows(archived, cache, "SELECT DISTINCT eventID FROM events_all WHERE source = 'event_history' ORDER BY 1")
    assert named == [("only-here-0",), ("only-here-1",), ("only-here-2",)]


def test_an_event_without_an_id_gives_way_to_the_trail_s_equal_record(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    world = ArchiveWorld(tmp_path / "spool", chain=a_chain(logs=1))
    record = '{"eventVersion":"1.11","eventTime":"2026-03-10T09:00:00Z"}'
    world.deliver(world.chain.log(BEGIN + 12 * HOUR, "noid000000000000", content=f'{{"Records":[{record}]}}'.encode()))
    world.run()
    (spool := tmp_path / "history").mkdir()
    asked = World(spool, archive=world.archive)
    asked.clock.now = dt.datetime(2026, 3, 12, tzinfo=dt.UTC)
    for text in (record, record.replace("}", ',"n":1}')):
        asked.history.add(dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC), text=text)
    asked.run(Unit(world.unit.account, world.unit.region, dt.date(2026, 3, 10)))
    found = rows(world, tmp_path / "c", "SELECT source, _extra FROM events_all WHERE eventID IS NULL ORDER BY ALL")
    assert found == [("event_history", '{"n":1}'), ("trail", None)]


def test_the_proven_views_hold_nothing_of_it(archived: ArchiveWorld, tmp_path: Path) -> None:
    before = rows(archived, tmp_path / "b", "SELECT eventID FROM events_distinct ORDER BY 1")
    exported(archived, tmp_path, same=0, changed=0, more=3)
    assert rows(archived, tmp_path / "c", "SELECT eventID FROM events_distinct ORDER BY 1") == before
    assert rows(archived, tmp_path / "c", "SELECT eventID FROM events ORDER BY 1") == before


def test_what_the_two_sources_say_of_one_event_can_be_compared(archived: ArchiveWorld, tmp_path: Path) -> None:
    exported(archived, tmp_path, same=5, changed=2, more=0)
    join = "event_history e JOIN events_distinct t USING (account, eventID)"
    sql = f"SELECT count(*) FROM {join} WHERE e.record_sha256 <> t.record_sha256"
    assert rows(archived, tmp_path / "c", sql) == [(2,)]


def test_both_have_the_same_columns_but_for_what_marks_it(archived: ArchiveWorld, tmp_path: Path) -> None:
    def columns(view: str) -> list[tuple[Any, ...]]:
        sql = f"SELECT column_name, column_type FROM (DESCRIBE {view}) ORDER BY ALL"
        return [row for row in rows(archived, tmp_path / "c", sql) if row[0] not in ("source", "proof")]

    empty = columns("event_history")
    assert empty == columns("events") == columns("events_all")
    exported(archived, tmp_path, same=2, changed=0, more=2)
    assert columns("event_history") == empty


def test_an_archive_without_a_trail_s_events_answers_too(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    world = World(tmp_path / "spool")
    world.busy(7)
    world.run()
    cache = tmp_path / "c"
    files = copy_events(world.archive, cache, Scope(), limit=1 << 30, progress=print, folder=layout.EVENT_HISTORY)
    sql = "SELECT source, account, event_date, count(*) FROM events_all GROUP BY ALL"
    found = ask(sql, events=(), root=cache, receipts=(), memory="512MB", event_history=files)
    assert list(found.rows) == [("event_history", "111122223333", "2026-11-10", 7)]
