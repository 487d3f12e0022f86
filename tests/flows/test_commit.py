"""The commit protocol where it hurts: killed anywhere, two writers, outputs that are there already, originals that vanish."""

import dataclasses
import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.archive_world import LATER, ArchiveWorld, Killed, MortalStore, a_chain, records, settings
from tests.memory import Fault, MemoryStore

from itemtrail.core import layout
from itemtrail.core.plan import Plan
from itemtrail.core.receipt import LOST, Receipt
from itemtrail.errors import EvidenceError, SourceUnavailable
from itemtrail.flows import archive_root
from itemtrail.flows.receipts import history, load
from itemtrail.model import StoredObject, Verdict


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    return small(tmp_path)


def small(spool: Path, name: str = "") -> ArchiveWorld:
    """One log an hour, one of them unreadable, so that every kind of output is there."""
    spool = spool / name
    spool.mkdir(exist_ok=True)
    made = ArchiveWorld(spool, chain=a_chain(logs=1))
    made.source.replace(made.logs()[3], b"not gzip")
    return made


def whole(spool: Path) -> dict[str, bytes]:
    """What an undisturbed run leaves."""
    made = small(spool, "undisturbed")
    made.run()
    return made.contents()


def kill_at(world: ArchiveWorld, at: int, *, after: bool) -> bool:
    """Run until the ``at``-th access of the archive; False if the run ended before."""
    try:
        world.run(archive=MortalStore(world.archive, at, after=after))  # type: ignore[arg-type]
    except Killed:
        return True
    return False


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_access_and_run_again_ends_in_the_same_objects(tmp_path: Path, after: bool) -> None:
    wanted, at = whole(tmp_path), 1
    while True:
        world = small(tmp_path, f"{at}")
        if not kill_at(world, at, after=after):
            break
        world.run()
        assert world.contents() == wanted, f"killed at access {at}"
        assert {world.archive.versions(key) for key in wanted} == {1}
        at += 1
    assert at > 12  # archive.json, keys, plan, tar, Parquet, quarantine, receipt, and what was read back


def test_killed_twice_and_run_again_ends_in_the_same_objects(tmp_path: Path) -> None:
    wanted = whole(tmp_path)
    for first, second in ((4, 3), (6, 5), (8, 2), (5, 9)):
        world = small(tmp_path, f"{first}-{second}")
        assert kill_at(world, first, after=True)
        kill_at(world, second, after=False)
        world.run()
        assert world.contents() == wanted


def test_an_open_plan_is_finished_exactly_before_late_objects_get_their_commit(world: ArchiveWorld) -> None:
    kill_after(world, lambda key: key.endswith("000.plan.json"))
    planned = {i.key for i in load_plan(world).inputs}
    late = world.chain.log(_moment(world), "late000000000000")
    world.deliver(late)
    world.run()
    first, second = history(world.archive, world.unit)
    assert {p.key for p in first.inputs} == planned
    assert [p.key for p in second.inputs] == [late]


def test_a_part_whose_tar_is_there_is_finished_without_the_trail_bucket(tmp_path: Path) -> None:
    wanted, world = whole(tmp_path), small(tmp_path, "x")
    kill_after(world, lambda key: key.endswith(".tar") and key.startswith("originals/"))
    plan = load_plan(world)
    for original in plan.inputs:
        world.source.delete(original.key)
    world.keys.fault = Fault.UNAVAILABLE
    receipt = world.run()
    assert world.contents() == wanted
    assert receipt.verdict is Verdict.DISPROVEN  # of the unreadable log: deleting it and its digest does not make the day good


def test_a_plan_left_by_an_older_package_is_finished_as_it_stands(world: ArchiveWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(archive_root, "__version__", "0.0.1")
        kill_after(world, lambda key: key.endswith("000.plan.json"))
    receipt = world.run()
    assert (receipt.versions.package, receipt.number) == ("0.0.1", 0)
    assert receipt.finished_by.package != "0.0.1"
    assert world.run() == receipt


def test_parquet_that_another_engine_wrote_is_accepted_for_its_records(world: ArchiveWorld, tmp_path: Path) -> None:
    kill_after(world, lambda key: key.endswith(".parquet"))
    key = world.archive.keys("events/")[0]
    path = tmp_path / "rewritten.parquet"
    path.write_bytes(world.archive.body(key))
    old = pq.ParquetFile(path)
    pq.write_table(old.read().replace_schema_metadata(old.metadata.metadata), path, compression="gzip")
    world.archive.delete(key)
    world.archive.put(key, path.read_bytes())
    receipt = world.run()
    (output,) = [o for o in receipt.outputs if o.key == key]
    assert output.size == path.stat().st_size
    assert world.archive.body(key) == path.read_bytes()


@pytest.mark.parametrize("prefix", ["originals/", "events/", "quarantine/"])
def test_an_output_planted_before_is_never_accepted_nor_overwritten(tmp_path: Path, prefix: str) -> None:
    key = next(key for key in whole(tmp_path) if key.startswith(prefix))
    other = small(tmp_path, "other")
    other.source.replace(other.logs()[5], gzip.compress(records("other"), mtime=0))
    other.source.replace(other.logs()[3], b"not gzip either")
    other.run()
    world = small(tmp_path, "x")
    world.archive.put(key, other.archive.body(key))
    with pytest.raises(EvidenceError, match="exists in the archive, and its"):
        world.run()
    assert world.archive.versions(key) == 1
    assert not world.archive.keys(layout.receipt_key(world.unit, 0))


def test_rubbish_in_place_of_a_tar_is_refused_by_name(world: ArchiveWorld) -> None:
    key = layout.tar_key(world.unit, 0, 0)
    world.archive.put(key, b"rubbish")
    with pytest.raises(EvidenceError, match=key):
        world.run()


def test_an_output_that_does_not_read_back_gets_no_receipt(world: ArchiveWorld) -> None:
    class Rotten(MemoryStore):
        def put_new(self, key: str, body: bytes | Path, **rest: Any) -> bool:
            content = body.read_bytes() if isinstance(body, Path) else body
            return super().put_new(key, content[:-1] if key.endswith(".parquet") else content, **rest)

    world.archive = Rotten("s3://archive")
    with pytest.raises(EvidenceError, match="does not read back"):
        world.run()
    assert not world.archive.keys(layout.receipt_key(world.unit, 0))


def test_two_writers_at_once_end_in_the_same_objects(tmp_path: Path) -> None:
    wanted = whole(tmp_path)
    for attempt in range(5):
        worlds = [small(tmp_path, f"{attempt}-{n}") for n in range(3)]
        for other in worlds[1:]:
            other.archive, other.source = worlds[0].archive, worlds[0].source
        with ThreadPoolExecutor(3) as threads:
            receipts = list(threads.map(lambda w: w.run(), worlds))
        assert worlds[0].contents() == wanted
        assert receipts[0] == receipts[1] == receipts[2]


def test_two_writers_who_saw_different_listings_commit_every_original_once(tmp_path: Path) -> None:
    one, other = small(tmp_path, "one"), small(tmp_path, "other")
    other.archive = one.archive
    late = one.chain.log(_moment(one), "late000000000000")
    other.chain.objects[late] = one.chain.objects[late]
    other.deliver(late)
    raced = Overtaken(one.archive, lambda key: key.endswith("000.plan.json"), other.run)
    one.run(archive=raced)  # type: ignore[arg-type]
    packed = [p.key for r in history(one.archive, one.unit) for p in r.inputs]
    assert len(packed) == len(set(packed))
    assert late in packed


def test_an_original_that_vanished_between_plan_and_packing_is_told_and_the_rest_committed(world: ArchiveWorld) -> None:
    kill_after(world, lambda key: key.endswith("000.plan.json"))
    victim = world.logs()[7]
    world.source.delete(victim)
    first = world.run()
    lost = history(world.archive, world.unit)[0]
    assert lost.lost == (victim,)
    assert {o.key: o.reason for o in lost.objects if o.reason == LOST} == {victim: LOST}
    assert lost.verdict is Verdict.DISPROVEN  # the unreadable log of this world; the lost one alone would be UNPROVABLE
    assert victim not in {p.key for p in lost.inputs}
    assert {o.key: o.reason for o in first.objects}[victim] == "MISSING"
    assert world.run() == first


def test_an_open_plan_waits_for_an_original_that_cannot_be_read_now(world: ArchiveWorld) -> None:
    kill_after(world, lambda key: key.endswith("000.plan.json"))
    victim = world.logs()[7]
    world.source.fail(victim, Fault.COLD)
    with pytest.raises(SourceUnavailable, match="waits for"):
        world.run()
    world.source.mend(victim)
    assert world.run().lost == ()


def test_parts_of_an_open_plan_stay_where_they_were_planned(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path, chain=a_chain(logs=1), settings=settings(part_bytes=1 << 20))
    for key in world.logs()[:3]:
        world.source.replace(key, gzip.compress(records(key) + b" " * 900_000, compresslevel=0, mtime=0))
    kill_after(world, lambda key: key.endswith("000-001.tar"))
    plan = load_plan(world)
    world.settings = settings()
    assert {p.key: p.part for p in world.run().inputs} == {i.key: i.part for i in plan.inputs}


def test_a_broken_chain_of_receipts_is_refused(world: ArchiveWorld) -> None:
    world.run()
    world.source.put(world.logs()[0].replace("abcdefgh", "planted0"), b"x")
    world.run()
    key = layout.receipt_key(world.unit, 0)
    first = Receipt.from_json(world.archive.body(key), key=key)
    world.archive.replace(key, dataclasses.replace(first, lost=("x",)).to_json())
    with pytest.raises(EvidenceError, match=r"001\.receipt\.json is not the receipt that follows"):
        load(world.archive, world.unit)
    world.archive.delete(key)
    with pytest.raises(EvidenceError, match="not every one between"):
        load(world.archive, world.unit)


def kill_after(world: ArchiveWorld, put: Callable[[str], bool]) -> None:
    """Run until right after the first put of a key that ``put`` accepts."""
    with pytest.raises(Killed):
        world.run(archive=Overtaken(world.archive, put, _die, after=True))  # type: ignore[arg-type]


def _die() -> None:
    raise Killed


@dataclasses.dataclass
class Overtaken:
    """An archive in which ``then`` happens once, right before (or after) the first put that ``when`` accepts."""

    inner: MemoryStore
    when: Callable[[str], bool]
    then: Callable[[], object]
    after: bool = False
    done: bool = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def put_new(self, key: str, body: bytes | Path, **rest: Any) -> bool:
        now = self.when(key) and not self.done
        self.done = self.done or now
        if now and not self.after:
            self.then()
        created = self.inner.put_new(key, body, **rest)
        if now and self.after:
            self.then()
        return created

    def read(self, key: str, *, version_id: str | None = None) -> StoredObject:
        return self.inner.read(key, version_id=version_id)


def load_plan(world: ArchiveWorld) -> Plan:
    key = layout.plan_key(world.unit, 0)
    return Plan.from_json(world.archive.body(key), key=key)


def _moment(world: ArchiveWorld) -> Any:
    return LATER.replace(day=10, hour=12, minute=5)
