"""For random trees of shards, random commits and random deaths: every record once, none lost, no child before its parent."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stream_world import MortalArchive, World
from tests.streams_fake import TABLE, Killed

from itemtrail.core.shards import childless, in_order, ready
from itemtrail.core.stream_plan import Checkpoint
from itemtrail.errors import EvidenceError
from itemtrail.flows.archive_stream_read import Limits
from itemtrail.flows.archive_stream_state import gaps
from itemtrail.model import Shard

STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 9)),
    st.tuples(st.just("split"), st.integers(0, 9)),
    st.tuples(st.just("merge"), st.integers(0, 9)),
    st.tuples(st.just("new stream"), st.just(0)),
    st.tuples(st.just("run"), st.integers(1, 10)),
    st.tuples(st.just("die at the archive"), st.integers(1, 30)),
    st.tuples(st.just("die at the stream"), st.integers(1, 30)),
)


def run(world: World, archive: Any = None) -> None:
    try:
        world.run(archive=archive)
    except Killed:
        world.streams.die_at = None


def act(world: World, step: tuple[str, int], written: list[str], parents: dict[str, str | None]) -> None:
    streams, (what, n) = world.streams, step
    shards = streams.open()
    if what == "put":
        written += [streams.put(f"E-{i}", shard=shards[i % len(shards)]) for i in range(n)]
    elif what == "split" and len(shards) < 8:
        parents |= dict.fromkeys(streams.split(shards[n % len(shards)]), shards[n % len(shards)])
    elif what == "merge" and len(shards) > 1:
        one = shards[n % len(shards)]
        parents[streams.merge(one, shards[(n + 1) % len(shards)])] = one
    elif what == "new stream":
        streams.new_stream()
    elif what == "run":
        world.later(dt.timedelta(minutes=20 * n))
        run(world)
    elif what == "die at the archive":
        run(world, MortalArchive(world.archive, n, after=bool(n % 2)))
    elif what == "die at the stream":
        streams.die_at = len(streams.calls) + n
        run(world)
        streams.die_at = None


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, max_size=25), most=st.integers(1, 12), page=st.integers(1, 5), sparse=st.integers(0, 3))
def test_every_record_once_and_no_child_before_its_parent(steps: list[Any], most: int, page: int, sparse: int) -> None:
    world = World()
    world.limits, world.streams.page, world.streams.sparse = Limits(records=most), page, sparse
    written: list[str] = []
    parents: dict[str, str | None] = {}
    slept = dt.timedelta()
    for step in steps:
        act(world, step, written, parents)
        slept += dt.timedelta(minutes=20 * step[1]) if step[0] == "run" else dt.timedelta()
        if slept > dt.timedelta(hours=18):
            break
    world.later(dt.timedelta(minutes=5))
    world.run()
    assert sorted(number for _, _, number in world.identities()) == sorted(written)
    assert gaps(world.archive, TABLE) == ()
    finished: set[str] = set()
    for receipt in world.receipts():
        assert receipt.counts.records_in == receipt.counts.rows + receipt.counts.duplicates + receipt.counts.quarantined
        for one in receipt.ranges:
            parent = parents.get(one.shard_id)
            assert parent is None or parent in finished, (one.shard_id, parent)
            finished |= {one.shard_id} if one.closed else set()


@settings(max_examples=100, deadline=None)
@given(pauses=st.lists(st.integers(1, 40), min_size=1, max_size=6), splits=st.lists(st.booleans(), min_size=6, max_size=6))
def test_what_is_not_archived_after_any_pauses_is_in_a_gap(pauses: list[int], splits: list[bool]) -> None:
    world = World()
    created: dict[str, dt.datetime] = {}
    for hours, split in zip(pauses, splits, strict=False):
        for _ in range(3):
            created[world.streams.put("E-1")] = world.streams.now
            world.later(dt.timedelta(hours=hours) / 3)
        if split:
            world.streams.split(world.streams.open()[0])
        world.run()
    archived = [number for _, _, number in world.identities()]
    assert len(archived) == len(set(archived))
    told = gaps(world.archive, TABLE)
    for number, at in created.items():
        inside = any((g.from_ts is None or g.from_ts <= at) and (g.to_ts is None or at <= g.to_ts) for g in told)
        assert number in archived or inside or at < world.first_look, number


def shard(name: str, parent: str | None = None) -> Shard:
    return Shard(name, parent)


def done(name: str, *, closed: bool = True) -> Checkpoint:
    return Checkpoint("arn", name, "1", closed, None)


def test_parents_come_before_children_however_they_are_listed() -> None:
    listed = (shard("c", "b"), shard("b", "a"), shard("d", "a"), shard("a"), shard("x", "trimmed"))
    order = [s.id for s in in_order(listed)]
    assert order.index("a") < order.index("b") < order.index("c")
    assert order.index("a") < order.index("d")
    assert len(order) == 5
    with pytest.raises(EvidenceError, match="each other"):
        in_order((shard("a", "b"), shard("b", "a")))


def test_what_may_be_read_next() -> None:
    listed = (shard("a"), shard("b", "a"), shard("c", "a"), shard("x", "trimmed"))
    assert [s.id for s in ready(listed, {})] == ["a", "x"]
    assert [s.id for s in ready(listed, {"a": done("a", closed=False)})] == ["a", "x"]
    assert [s.id for s in ready(listed, {"a": done("a"), "b": done("b")})] == ["c", "x"]
    assert childless(listed, ["b"])
    assert not childless(listed, ["a"])
