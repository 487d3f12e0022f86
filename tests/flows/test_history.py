"""A day's history from an archive: what it is built from, what it waits for, what it finds, and that it is built alike again."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.changes_world import put_day
from tests.history_archive import ACCOUNT, DAY, REGION, add_unit, archived, settings
from tests.history_world import START, TABLE, Workload, World, simulate
from tests.memory import MemoryStore

from itemtrail.core import changes_files, layout
from itemtrail.core.change_schema import Match
from itemtrail.core.join import join
from itemtrail.errors import ConfigurationError, SourceUnavailable
from itemtrail.flows import history
from itemtrail.model import Unit

FIRST = START.date()
LATE = dt.datetime(2026, 3, 10, 23, 59, 20, tzinfo=dt.UTC)
QUIET = Workload(seed=5, writes=120, items=60, seconds=30_000, only=("put", "update"))


def build(store: MemoryStore, tmp_path: Path, day: dt.date = FIRST) -> history.HistoryReceipt:
    return history.build_day(TABLE, day, archive=store, settings=settings(), spool=tmp_path, progress=lambda line: None)


def rows(store: MemoryStore, receipt: history.HistoryReceipt) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(store.body(receipt.changes_key))).to_pylist()


def test_a_days_changes_have_their_maker_and_say_where_both_sides_lie(tmp_path: Path) -> None:
    world = simulate(QUIET)
    store = archived(world)
    receipt = build(store, tmp_path)
    found = rows(store, receipt)
    assert receipt.alarms == ()
    assert {r["sequence_number"] for r in found} == set(world.records["sequence_number"].to_pylist())
    for row in found:
        assert row["match_confidence"] in (Match.UNIQUE, Match.ORDERED)
        assert row["actor"] == world.actors[world.maker[row["sequence_number"]]]
        assert row["stream_object"] == layout.stream_records_key(TABLE, FIRST, 0)
        assert row["source_object"].startswith("AWSLogs/")
        assert (row["diff"] is None) == (row["operation"] != "MODIFY")


def test_the_same_archive_gives_the_same_bytes(tmp_path: Path) -> None:
    store = archived(simulate(Workload(seed=3, writes=300, hot_share=0.3)))
    first = build(store, tmp_path)
    before = {key: store.body(key) for key in (first.changes_key, first.report_key)}
    second = build(store, tmp_path)
    assert {key: store.body(key) for key in (second.changes_key, second.report_key)} == before


@pytest.mark.parametrize(
    "work",
    [
        Workload(seed=8, writes=200, items=6, seconds=80, start=LATE, hot_share=0.6),
        Workload(seed=9, writes=400, items=40, seconds=250_000, start=LATE, composite=True, lost_records=0.01),
    ],
)
def test_days_built_from_their_files_are_the_whole(work: Workload, tmp_path: Path) -> None:
    world = simulate(work)
    store = archived(world)
    times = world.events["event_ts"].to_pylist()
    first = min(times).date()
    days = [first + n * DAY for n in range((max(times).date() - first).days + 1)]
    built = [row for day in days for row in rows(store, build(store, tmp_path, day))]
    whole = join(world.records, world.events, table_arn=TABLE).to_pylist()

    def marks(found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
        return sorted((r["item_key"], r["sequence_number"] or "", r["event_id"] or "", r["match_confidence"]) for r in found)

    assert marks(built) == marks(whole)


def test_a_removed_stream_record_and_a_removed_event_are_both_found(tmp_path: Path) -> None:
    world = simulate(Workload(**{**vars(QUIET), "lost_events": 0.01, "lost_records": 0.01}))
    receipt = build(archived(world), tmp_path)
    (event,), (record,) = world.removed_events, world.removed_records
    assert receipt.counts[Match.STREAM_ONLY_UNEXPLAINED] == 1
    assert receipt.counts[Match.TRAIL_ONLY_LOST] == 1
    said = "\n".join(receipt.alarms)
    assert "STREAM_ONLY_UNEXPLAINED: 1" in said
    assert f"TRAIL_ONLY_LOST: 1 ({_key(world, record)} {world.maker[record]})" in said
    assert any(number in said for number, maker in world.maker.items() if maker == event)


def _key(world: World, record: str) -> str:
    return next(key for (event, key), number in world.made.items() if number == record)


def test_a_record_lost_with_its_event_shows_in_the_images(tmp_path: Path) -> None:
    world = simulate(QUIET)
    numbers, keys = world.records["sequence_number"].to_pylist(), world.records["item_key"].to_pylist()
    inner = next(n for n in range(1, len(keys)) if keys[n] in keys[:n] and keys[n] in keys[n + 1 :])
    event = world.maker[numbers[inner]]
    world.records = world.records.filter(pa.array([n != numbers[inner] for n in numbers]))
    world.events = world.events.filter(pa.array([e != event for e in world.events["eventID"].to_pylist()]))
    receipt = build(archived(world), tmp_path)
    assert receipt.counts[Match.STREAM_ONLY_UNEXPLAINED] == receipt.counts[Match.TRAIL_ONLY_LOST] == 0
    assert [line.split(":")[0] for line in receipt.alarms] == ["IMAGES_DO_NOT_FOLLOW"]


def test_a_day_waits_for_its_units_and_for_its_stream(tmp_path: Path) -> None:
    world = simulate(QUIET)
    store = archived(world)
    store.delete(layout.receipt_key(Unit(ACCOUNT, REGION, FIRST), 0))
    with pytest.raises(SourceUnavailable, match=f"{FIRST} is not archived"):
        build(store, tmp_path)
    store = archived(world)
    store.delete(layout.stream_receipt_key(TABLE, 0))
    with pytest.raises(SourceUnavailable, match="archived not at all"):
        build(store, tmp_path)
    assert store.keys("changes/") == []


def test_a_day_is_complete_when_the_next_days_events_are_archived(tmp_path: Path) -> None:
    world = simulate(QUIET)
    store = archived(world)
    following = layout.receipt_key(Unit(ACCOUNT, REGION, FIRST + DAY), 0)
    kept = store.body(following)
    store.delete(following)
    build(store, tmp_path)
    assert history.is_current(store, settings(), TABLE, FIRST)
    told = history.state(store, settings(), TABLE, FIRST)
    assert (told.failures, told.told) == ((), ("not complete yet: the next day's events are not archived",))
    store.put(following, kept)
    assert not history.is_current(store, settings(), TABLE, FIRST), "it can be complete now"
    build(store, tmp_path)
    assert history.is_current(store, settings(), TABLE, FIRST)
    assert history.state(store, settings(), TABLE, FIRST) == history.State(())


def test_an_event_that_arrives_late_makes_the_day_new_and_explains_its_record(tmp_path: Path) -> None:
    world = simulate(QUIET)
    late = world.events.slice(7, 1)
    whole = world.events
    world.events = pa.concat_tables([whole.slice(0, 7), whole.slice(8)])
    store = archived(world)
    assert build(store, tmp_path).counts[Match.STREAM_ONLY_UNEXPLAINED] == 1
    assert len(history.state(store, settings(), TABLE, FIRST).failures) == 2
    add_unit(store, Unit(ACCOUNT, REGION, FIRST + DAY), {FIRST: late}, number=1)
    assert not history.is_current(store, settings(), TABLE, FIRST)
    assert history.state(store, settings(), TABLE, FIRST).failures == ("it is not built from what the archive holds",)
    assert build(store, tmp_path).counts[Match.STREAM_ONLY_UNEXPLAINED] == 0
    assert history.is_current(store, settings(), TABLE, FIRST)


def test_files_that_no_receipt_names_do_not_count(tmp_path: Path) -> None:
    world = simulate(QUIET)
    store = archived(world)
    unit = Unit(ACCOUNT, REGION, FIRST)
    planted = layout.events_key(unit, f"event_date={FIRST}/{FIRST}.001-000.parquet")
    sink = io.BytesIO()
    pq.write_table(
        world.events.set_column(
            world.events.schema.get_field_index("eventID"),
            "eventID",
            pa.array([f"planted-{n}" for n in range(world.events.num_rows)]),
        ),
        sink,
    )
    store.put(planted, sink.getvalue())
    assert build(store, tmp_path).counts[Match.AMBIGUOUS] == 0


def test_a_record_that_does_not_say_when_it_was_created_has_a_row(tmp_path: Path) -> None:
    world = simulate(QUIET)
    store = archived(world)
    key = layout.stream_records_key(TABLE, FIRST, 0)
    table = pq.read_table(io.BytesIO(store.body(key)))
    times = [None, *table["created"].to_pylist()[1:]]
    sink = io.BytesIO()
    column = table.schema.get_field_index("created")
    pq.write_table(table.set_column(column, "created", pa.array(times, table.schema.field(column).type)), sink)
    store.replace(key, sink.getvalue())
    receipt = build(store, tmp_path)
    assert len([r for r in rows(store, receipt) if r["sequence_number"]]) == world.records.num_rows
    assert receipt.counts[Match.STREAM_ONLY_UNEXPLAINED] == 1


def test_an_event_that_two_accounts_or_two_deliveries_brought_is_one(tmp_path: Path) -> None:
    world = simulate(QUIET)
    store = archived(world)
    add_unit(store, Unit(ACCOUNT, REGION, FIRST + DAY), {FIRST: world.events}, number=1)
    receipt = build(store, tmp_path)
    assert receipt.alarms == ()
    assert receipt.counts[Match.AMBIGUOUS] == 0


def test_the_report_names_what_the_day_was_built_from(tmp_path: Path) -> None:
    world = simulate(QUIET)
    store = archived(world)
    receipt = build(store, tmp_path)
    report = json.loads(store.body(receipt.report_key))
    assert report["record_files"] == [layout.stream_records_key(TABLE, FIRST, 0)]
    assert [unit[0] for unit in report["units"]] == [f"{ACCOUNT}/{REGION}/{FIRST}"]
    assert report["records"] == {"all": world.records.num_rows, "explained": world.records.num_rows, "rate": 1.0}
    assert sum(hour[0]["all"] for hour in report["hours"].values()) == world.records.num_rows
    assert report["complete"] is True


def test_a_table_outside_the_archive_is_refused(tmp_path: Path) -> None:
    elsewhere = TABLE.replace(REGION, "us-west-2")
    with pytest.raises(ConfigurationError, match="which the archive does not hold"):
        history.build_day(
            elsewhere, FIRST, archive=MemoryStore(), settings=settings(), spool=tmp_path, progress=lambda line: None
        )


def test_building_a_day_puts_the_month_before_it_together(tmp_path: Path) -> None:
    store = archived(simulate(QUIET))
    before = dt.date(2026, 2, 28)
    put_day(store, before, [], TABLE)
    build(store, tmp_path)
    key = changes_files.month_key(TABLE, "2026-02")
    assert changes_files.days_in(pq.ParquetFile(io.BytesIO(store.body(key)))).keys() == {before}
    assert not store.keys(changes_files.month_key(TABLE, "2026-03"))
