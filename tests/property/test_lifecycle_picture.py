"""The lifecycle picture against the lifecycle function and against the day-by-day simulation: what is drawn is what is due."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st
from tests.property.test_lifecycle_simulation import BEGIN, CONFIGURATION, HORIZON, KB128, simulate

from itemtrail.core.lifecycle import state
from itemtrail.core.lifecycle_checks import Kept, Readable, kept, readable
from itemtrail.core.lifecycle_drawing import WIDTH, draw, kind, x
from itemtrail.core.lifecycle_picture import NO_TAGS, Place, picture
from itemtrail.core.lifecycle_rules import parse
from itemtrail.core.lifecycle_way import Promise
from itemtrail.snapshot import FindingStatus

PLACES = (Place("a/", tags=(NO_TAGS, frozenset({("t", "1")}))), Place("z/"), Place("q"))
DAY, INSTANT = dt.timedelta(days=1), dt.timedelta(microseconds=1)
FAR = 200  # days by which every rule of the strategy has struck


def drawn(document, **more):
    return picture(parse(document), PLACES, born=BEGIN.date(), **more)


@given(CONFIGURATION, st.booleans(), st.data())
def test_every_segment_is_what_the_function_says_at_its_ends_and_between(document, versioned, data):
    configuration = parse(document)
    for lane in drawn(document, versioned=versioned).lanes:
        version = lane.version(BEGIN)
        assert lane.way[0].begin == 0
        assert lane.way[-1].end is None
        for one in lane.way:
            until = BEGIN + (one.end or FAR) * DAY - INSTANT
            between = BEGIN + DAY * data.draw(st.floats(one.begin, (one.end or FAR) - 0.0001))
            for moment in (BEGIN + one.begin * DAY, between, until):
                assert state(configuration, version, moment, versioned=versioned) == one.state


@given(CONFIGURATION, st.booleans())
def test_every_day_is_what_the_simulation_that_walks_midnights_says(document, versioned):
    for lane in drawn(document, versioned=versioned).lanes:
        for day, said in enumerate(simulate(document, lane.version(BEGIN), versioned)):
            one = next(one for one in reversed(lane.way) if one.begin <= day)
            seen = ("gone",) if one.state.deleted else (one.state.storage_class, one.state.hidden)
            assert seen == said, (lane, day)


@given(
    CONFIGURATION,
    st.sampled_from(["a/x", "a/b/x", "a/bcd", "a/bx", "z/x", "q7"]),
    st.integers(0, 300) | st.integers(KB128 - 3, KB128 + 3),
    st.booleans(),
)
def test_every_object_has_a_lane_and_it_is_its_own(document, key, size, tagged):
    tags = frozenset({("t", "1")}) if tagged and key.startswith("a/") else NO_TAGS
    lanes = [one for one in drawn(document).lanes if one.tags == tags and not one.replaced]
    prefix = max((prefix for one in lanes for prefix in one.prefixes if key.startswith(prefix)), key=len)
    mine = [
        one for one in lanes if prefix in one.prefixes and one.sizes[0] <= size and (one.sizes[1] is None or size < one.sizes[1])
    ]
    assert len(mine) == 1
    version = mine[0].version(BEGIN)
    for day in range(HORIZON):
        own = state(parse(document), type(version)(key, size, BEGIN, tags), BEGIN + day * DAY)
        assert own == next(one.state for one in reversed(mine[0].way) if one.begin <= day)


@given(CONFIGURATION, st.lists(st.tuples(st.integers(0, 4000), st.text(max_size=5)), min_size=1, max_size=3))
def test_bars_lie_where_their_segments_begin_and_end(document, deadlines):
    drawing = draw(drawn(document), deadlines)
    assert [mark.x for mark in drawing.deadlines] == [x(day, drawing.horizon) for day, _ in sorted(deadlines)]
    for row in drawing.rows:
        assert [bar.segment for bar in row.bars] == list(row.lane.way)
        for bar in row.bars:
            end = drawing.horizon if bar.segment.end is None else bar.segment.end
            assert bar.x == x(bar.segment.begin, drawing.horizon)
            assert abs(bar.x + bar.width - x(end, drawing.horizon)) < 1e-6 or bar.width == 2.0
            assert bar.kind == kind(bar.segment)
            assert 0 <= bar.x <= bar.x + bar.width <= WIDTH + 2.001


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(365, 5000))
def test_the_scale_keeps_order(one, other, horizon):
    assert (one < other) == (x(one, horizon) < x(other, horizon))
    assert abs(x(horizon, horizon) - WIDTH) < 1e-6


@given(CONFIGURATION, st.sampled_from([1, 7, 30, None]), st.sampled_from(["STANDARD", "GLACIER_IR"]))
def test_a_promise_broken_in_the_picture_fails_the_assertion(document, days, warmest):
    configuration = parse(document)
    promises = (Promise("P2", days, kept=True), Promise("P3", days, warmest=warmest))
    made = picture(configuration, (Place("a/", promises),), born=BEGIN.date())
    broken = {one.name for lane in made.lanes for one in lane.broken}
    said = {
        "P2": kept(configuration, Kept(("a/",), days), "b", versioned=True).status,
        "P3": readable(configuration, Readable(("a/",), warmest, days), "b").status,
    }
    assert all(said[name] is FindingStatus.FAIL for name in broken), (broken, said)
