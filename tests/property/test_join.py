"""What must hold of the join in every world that the frozen simulator can make."""

import datetime as dt
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.history_world import TABLE, Workload, World, simulate

from itemtrail.core import change_schema
from itemtrail.core.change_schema import Match
from itemtrail.core.join import join, margins

NAMED = {Match.EXACT, Match.UNIQUE, Match.ORDERED}
MIDNIGHT = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)
_WORKLOADS = st.builds(
    Workload,
    seed=st.integers(0, 1 << 20),
    writes=st.integers(0, 120),
    items=st.integers(1, 30),
    seconds=st.sampled_from([20.0, 120.0, 3_000.0, 100_000.0]),
    hot_share=st.sampled_from([0.0, 0.3, 0.8]),
    skew=st.integers(0, 6),
    lost_events=st.sampled_from([0.0, 0.05]),
    lost_records=st.sampled_from([0.0, 0.05]),
    composite=st.booleans(),
)
_SOUND = _WORKLOADS.map(lambda w: _replace(w, skew=w.skew % 2, lost_events=0.0, lost_records=0.0))
many = settings(max_examples=60, deadline=None)


def _replace(workload: Workload, **changes: Any) -> Workload:
    return Workload(**{**vars(workload), **changes})


def joined(world: World, **more: Any) -> list[dict[str, Any]]:
    return join(world.records, world.events, table_arn=TABLE, **more).to_pylist()


@many
@given(_SOUND)
def test_unique_is_never_wrong_where_nothing_is_lost_and_clocks_are_within_the_window(workload: Workload) -> None:
    world = simulate(workload)
    for row in joined(world):
        if row["match_confidence"] == Match.UNIQUE:
            assert world.maker[row["sequence_number"]] == row["event_id"]
            assert world.actors[row["event_id"]] == row["actor"]


@many
@given(_SOUND)
def test_the_maker_is_named_or_among_the_candidates_where_nothing_is_lost(workload: Workload) -> None:
    world = simulate(workload)
    rows = joined(world)
    ordered = {(r["event_id"], r["item_key"]) for r in rows if r["match_confidence"] == Match.ORDERED}
    for row in rows:
        maker = world.maker.get(row["sequence_number"])
        match = Match(row["match_confidence"])
        if match is Match.AMBIGUOUS and (maker, row["item_key"]) not in ordered:
            assert maker in {one["event_id"] for one in row["candidates"]}
        assert match is not Match.STREAM_ONLY_UNEXPLAINED
        if match is Match.TRAIL_ONLY_NOOP:
            assert world.made[row["event_id"], row["item_key"]] is None


@many
@given(_WORKLOADS)
def test_no_change_without_a_row_and_no_write_without_a_place(workload: Workload) -> None:
    world = simulate(workload)
    rows = joined(world)
    assert Counter(r["sequence_number"] for r in rows if r["sequence_number"]) == Counter(
        world.records["sequence_number"].to_pylist()
    )
    named = Counter((r["event_id"], r["item_key"]) for r in rows if r["event_id"])
    listed = {(one["event_id"], r["item_key"]) for r in rows for one in r["candidates"]}
    anywhere = {event for event, _ in listed}
    assert all(count == 1 for count in named.values())
    for event, key in world.made:
        if event not in world.removed_events:
            places = ((event, key) in named) + ((event, key) in listed or (key == "" and event in anywhere))
            assert places == 1, (event, key)


@many
@given(_WORKLOADS)
def test_nobody_is_named_without_an_event_and_candidates_stand_only_in_ambiguous_rows(workload: Workload) -> None:
    for row in joined(simulate(workload)):
        match = Match(row["match_confidence"])
        assert (row["event_id"] is not None) == (match in NAMED or match.startswith("TRAIL_ONLY"))
        assert (row["sequence_number"] is None) == match.startswith("TRAIL_ONLY")
        assert bool(row["candidates"]) == (match is Match.AMBIGUOUS)
        assert row["actor"] is None or row["event_id"] is not None


@many
@given(_WORKLOADS, st.integers(0, 1000))
def test_the_order_of_the_inputs_does_not_matter(workload: Workload, seed: int) -> None:
    world = simulate(workload)
    shuffle = np.random.default_rng(seed).permutation
    records, events = (table.take(pa.array(shuffle(table.num_rows))) for table in (world.records, world.events))
    assert join(records, events, table_arn=TABLE).equals(join(world.records, world.events, table_arn=TABLE))


@many
@given(_WORKLOADS, st.sampled_from([10.0, 60.0, 90_000.0]))
def test_the_days_together_are_the_whole(workload: Workload, before_midnight: float) -> None:
    start = MIDNIGHT - dt.timedelta(seconds=before_midnight)
    world = simulate(
        _replace(workload, start=start, seconds=workload.seconds * 3 if before_midnight > 100 else 2 * before_midnight)
    )
    types = {"EmpId": "S", "Day": "N"} if workload.composite else {"EmpId": "S"}
    times = [t for t in world.records["created"].to_pylist() + world.events["event_ts"].to_pylist() if t] or [start]
    first, last = min(times).date() - dt.timedelta(days=1), max(times).date()
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 2)]
    parts = [join(*_around(world, day), table_arn=TABLE, day=day, key_types=types) for day in days]
    whole = join(world.records, world.events, table_arn=TABLE, key_types=types)
    by = [(name, "ascending") for name in ("item_key", "change_ts", "sequence_number", "event_id")]
    assert pa.concat_tables(parts).sort_by(by).equals(whole.sort_by(by))


def _around(world: World, day: dt.date) -> tuple[pa.Table, pa.Table]:
    """What a day's history is given: the day and its margins, nothing more."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    tables = []
    for table, column, margin in zip((world.records, world.events), ("created", "event_ts"), margins(2), strict=True):
        low, high = (pa.scalar(t, change_schema.TIME) for t in (start - margin, start + dt.timedelta(days=1) + margin))
        tables.append(table.filter(pc.and_(pc.greater_equal(table[column], low), pc.less(table[column], high))))
    return tables[0], tables[1]


@pytest.mark.parametrize("seed", range(20))
def test_a_lost_event_and_a_lost_record_are_found(seed: int) -> None:
    quiet = Workload(seed=seed, writes=60, items=60, seconds=60_000, only=("put", "update"), lost_events=0.01, lost_records=0.01)
    world = simulate(quiet)
    rows = joined(world)
    (event,), (record,) = world.removed_events, world.removed_records
    if world.maker[record] == event:
        return  # both sides of one change are gone: only the chain of images could tell
    unexplained = {r["sequence_number"] for r in rows if r["match_confidence"] == Match.STREAM_ONLY_UNEXPLAINED}
    lost = {r["event_id"] for r in rows if r["match_confidence"] == Match.TRAIL_ONLY_LOST}
    assert {s for s, maker in world.maker.items() if maker == event} <= unexplained
    assert world.maker[record] in lost
