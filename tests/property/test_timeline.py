"""For any changes in any files: an item's history is its rows in order, its state at a time is what folding them gives."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.changes_world import TABLE, change, image, put_day
from tests.memory import MemoryStore

from itemtrail.core import timeline as core
from itemtrail.flows import timeline
from itemtrail.flows.changes_store import compact_month

FIRST = dt.date(2026, 3, 27)  # over the end of a month
START = dt.datetime.combine(FIRST, dt.time(), dt.UTC)
DAYS = 9
_STEP = st.tuples(st.integers(0, DAYS * 24 - 1), st.sampled_from("abc"), st.none() | st.integers(0, 9))
_STEPS = st.lists(_STEP, max_size=30)


def rows_of(steps: list[tuple[int, str, int | None]]) -> list[dict[str, Any]]:
    """The rows that a table would have: an item goes from value to value, None is its removal."""
    state: dict[str, int | None] = {}
    rows = []
    for number, (hour, item, value) in enumerate(sorted(steps, key=lambda step: step[0]), start=1):
        old = state.get(item)
        if old == value:
            continue
        images = {
            side: image(None if v is None else {"EmpId": item, "V": str(v)})
            for side, v in (("old_image", old), ("new_image", value))
        }
        rows.append(change(START + dt.timedelta(hours=hour), item, number * 10**20, **images))
        state[item] = value
    return rows


def put(store: MemoryStore, day: dt.date, rows: list[dict[str, Any]]) -> None:
    put_day(store, day, [row for row in rows if row["change_ts"].date() == day])


@settings(max_examples=80, deadline=None)
@given(
    before=_STEPS,
    steps=_STEPS,
    months=st.sets(st.sampled_from(["2026-03", "2026-04"])),
    kept=st.sets(st.integers(0, DAYS - 1)),
    hour=st.integers(0, DAYS * 24 - 1),
)
def test_history_and_as_of_are_the_fold_through_days_months_and_days_built_again(before, steps, months, kept, hour):
    store, rows = MemoryStore(), rows_of(steps)
    days = [FIRST + dt.timedelta(n) for n in range(DAYS)]
    for number, day in enumerate(days):
        put(store, day, rows if number in kept else rows_of(before))
    with tempfile.TemporaryDirectory() as spool:
        for month in sorted(months):
            compact_month(store, TABLE, month, spool=Path(spool))
    for number, day in enumerate(days):
        if number not in kept:
            put(store, day, rows)  # built again: the month's file must not answer for it
    at = START + dt.timedelta(hours=hour)
    for item in "abc":
        mine = [row for row in rows if row["item_key"] == change(at, item)["item_key"]]
        found = timeline.history(store, TABLE, [f"EmpId={item}"]) if rows else None
        assert list(found.rows if found else ()) == mine
        state = core.as_of(mine, at, found.built) if found else None
        expected = None
        for row in mine:
            if row["change_ts"] <= at:
                expected = row["new_image"]
        if state and mine:
            assert state.known
            assert (image_of(state) or None) == expected


def image_of(state: core.State) -> str | None:
    return state.image and image({name: next(iter(value.values())) for name, value in state.image.items()})


@settings(max_examples=80, deadline=None)
@given(steps=_STEPS, first=st.integers(0, DAYS * 24 - 1), last=st.integers(0, DAYS * 24 - 1))
def test_from_and_to_cut_the_history_and_nothing_else(steps, first, last):
    store, rows = MemoryStore(), rows_of(steps)
    for number in range(DAYS):
        put(store, FIRST + dt.timedelta(number), rows)
    low, high = START + dt.timedelta(hours=first), START + dt.timedelta(hours=last)
    found = timeline.changes(store, timeline.Wanted(table=TABLE, first=low, last=high))
    expected = [row for row in rows if low <= row["change_ts"] <= high]
    assert sorted(row["sequence_number"] for row in found) == sorted(row["sequence_number"] for row in expected)
    for item in "ab" if rows else "":
        mine = [row for row in expected if row["item_key"] == change(low, item)["item_key"]]
        assert list(timeline.history(store, TABLE, [f"EmpId={item}"], low, high).rows) == mine
