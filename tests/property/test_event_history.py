"""Whatever happened in a day, however it is answered, wherever a run ends: each event is one row, each second is told."""

import datetime as dt
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.event_history_world import BEGIN, HOUR, SECOND, UNIT, World

from itemtrail.core import layout
from itemtrail.core.event_history import Part, Window, day_window, decode, encode, shorter, without
from itemtrail.core.rebuild import records
from itemtrail.flows import event_history
from itemtrail.flows.event_history_ask import Pages
from itemtrail.flows.event_history_state import Exported, load

FEW = Pages(probe=2, part=3, most=6)
instants = st.integers(0, 24 * 3600).map(lambda n: BEGIN + n * SECOND)


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.lists(st.one_of(st.integers(0, 86_399), st.integers(40_000, 40_003)), max_size=120),
    shuffle=st.randoms(use_true_random=False),
    ordered=st.booleans(),
    begins=st.lists(st.integers(0, 60 * 24 * 4), min_size=1, max_size=4).map(sorted),
    patience=st.lists(st.integers(1, 30), min_size=4, max_size=4),
)
def test_each_settled_event_is_one_row_and_each_second_is_covered_open_or_lost(seconds, shuffle, ordered, begins, patience):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.history.page_size = 3
        for second in seconds:
            world.history.add(BEGIN + second * SECOND)
        if not ordered:
            world.history.order = lambda events: sorted(events, key=lambda event: hash((shuffle, event["EventId"])))
        for begin, patient in zip(begins, patience, strict=False):
            world.clock.now = max(world.clock.now if world.history.begun else BEGIN, BEGIN + dt.timedelta(minutes=begin))
            end = world.clock.seconds + patient
            done = run(world, lambda end=end: world.clock.seconds >= end)
            assert without(day_window(UNIT.day), (*done.covered, *done.open, *done.missing)) == ()
        world.clock.now = max(world.clock.now, BEGIN + 25 * HOUR)
        done = run(world)
        assert done.covered and done.missing == done.open == ()
        assert rows(world) == sorted(event["EventId"] for event in world.history.events)
        chain = load(world.archive, UNIT).receipts
        assert [r.covered.start for r in chain] == [BEGIN, *(r.covered.end for r in chain[:-1])]


def run(world: World, stop=lambda: False) -> Exported:
    kept, event_history.PAGES = event_history.PAGES, FEW
    try:
        return world.run(stop=stop)
    finally:
        event_history.PAGES = kept


def rows(world: World) -> list[str]:
    found = []
    for number, key in enumerate(world.archive.keys(layout.EVENT_HISTORY)):
        path = world.spool / f"{number}.parquet"
        path.write_bytes(world.archive.body(key))
        found += [json.loads(record)["eventID"] for _, _, record in records([path])]
    return sorted(found)


@given(
    st.lists(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none()), max_size=4), max_size=5), st.booleans()
)
def test_a_part_is_read_back_as_it_was_answered(events, last):
    part = Part(Window(BEGIN, BEGIN + HOUR), last, tuple(events))
    assert decode(encode(part), key="k") == part
    assert encode(part) == encode(decode(encode(part), key="k"))


@given(st.lists(st.tuples(instants, instants).map(lambda pair: Window(min(pair), max(pair))), max_size=6))
def test_what_is_left_and_what_is_covered_make_the_whole_and_do_not_overlap(covered):
    whole = day_window(UNIT.day)
    left = without(whole, covered)
    assert without(whole, (*left, *covered)) == ()
    assert all(window for window in left)
    assert not [(a, b) for a in left for b in covered if max(a.start, b.start) < min(a.end, b.end)]


@given(st.integers(2, 86_400), st.integers(0, 1000), st.integers(0, 86_400), st.integers(1, 1000))
def test_a_shorter_window_is_shorter_and_not_empty(length, read, back, wanted):
    window = Window(BEGIN, BEGIN + length * SECOND)
    found = shorter(window, read, window.end - back * SECOND, wanted)
    assert found.end == window.end and SECOND <= found.end - found.start <= max(SECOND, (window.end - window.start) / 2)
