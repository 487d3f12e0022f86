"""Big units: several tasks build a commit's parts, one commits; the archive is the one that a single task leaves."""

import gzip
import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.archive_world import LATER, ArchiveWorld, Killed, MortalStore, a_chain, records, settings
from tests.memory import Fault, MemoryStore

from itemtrail.core import layout
from itemtrail.core.plan import shards
from itemtrail.core.receipt import LOST, Receipt
from itemtrail.errors import EvidenceError, SourceUnavailable
from itemtrail.flows import archive_root
from itemtrail.flows.archive import PlannedParts, Split, archive_or_split, build_shard
from itemtrail.flows.receipts import history
from itemtrail.model import Conversion, Verdict

MIB = 1 << 20


def big(spool: Path, name: str = "", *, shards: int = 3) -> ArchiveWorld:
    """A log an hour, padded so that a commit has six parts; one unreadable, records that repeat in parts and across."""
    spool = spool / name
    spool.mkdir(exist_ok=True, parents=True)
    made = ArchiveWorld(spool, chain=a_chain(logs=1))
    logs = made.logs()
    for n in (3, 7, 11, 15, 19, 22):
        made.source.replace(logs[n], padded(records(f"{n}", "equal", f"same-{n % 2}"), 600_000))
    for n in (4, 5, 16):
        made.source.replace(logs[n], gzip.compress(records("equal", f"own {n}"), mtime=0))
    made.source.replace(logs[12], b"not gzip")
    made.settings = split_settings(shards)
    return made


def padded(body: bytes, size: int) -> bytes:
    """Gzip of ``body`` that has ``size`` bytes and more."""
    return gzip.compress(body + b" " * size, compresslevel=0, mtime=0)


def split_settings(shards: int) -> Any:
    chosen = settings(part_bytes=MIB)
    return chosen.model_copy(update={"archive": chosen.archive.model_copy(update={"shard_bytes": MIB, "shards": shards})})


def split(world: ArchiveWorld, archive: Any = None) -> Receipt | Split:
    """What the unit's own task does."""
    return archive_or_split(
        world.unit,
        trail=world.trail,
        status=None,
        source=world.source,
        archive=archive or world.archive,
        public_keys=world.keys,
        tagger=None,
        settings=world.settings,
        now=LATER,
        spool=world.spool,
        progress=world.said.append,
    )


def parts(world: ArchiveWorld, archive: Any = None) -> PlannedParts:
    return PlannedParts(world.source, archive or world.archive, world.settings, world.spool, world.said.append)


def shard(world: ArchiveWorld, plan: Split, number: int, archive: Any = None) -> int:
    """What one shard's task does."""
    return build_shard(world.unit, plan.number, number, plan.shards, parts(world, archive))


def in_shards(world: ArchiveWorld) -> Receipt:
    """The whole way, one task after the other."""
    plan = split(world)
    assert isinstance(plan, Split)
    for number in range(plan.shards):
        shard(world, plan, number)
    return world.run()


def evidence(world: ArchiveWorld) -> dict[str, bytes]:
    """The archive without the notes of its shards."""
    return {key: body for key, body in world.contents().items() if not key.startswith(layout.SHARDS)}


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    return big(tmp_path, "sharded")


@pytest.fixture
def wanted(tmp_path: Path) -> dict[str, bytes]:
    """What one task leaves."""
    whole = big(tmp_path, "whole", shards=1)
    receipt = whole.run()
    assert len({o.part for o in receipt.outputs}) == 6
    assert receipt.conversion is Conversion.PARTIAL
    assert receipt.counts.duplicates >= 1
    return whole.contents()


def test_shards_and_a_commit_leave_what_one_task_leaves(world: ArchiveWorld, wanted: dict[str, bytes]) -> None:
    receipt = in_shards(world)
    assert evidence(world) == wanted
    assert receipt.number == 0
    assert world.run() == receipt
    assert not any(world.spool.iterdir())


@pytest.mark.parametrize(
    ("sizes", "big", "most", "expected"),
    [((), 1, 4, 1), ((9, 9), 19, 4, 1), ((9, 9), 18, 4, 2), ((9, 9, 9), 18, 2, 2), ((9, 9, 9), 18, 1, 1), ((99,), 18, 4, 1)],
)
def test_a_commit_is_split_from_a_size_on_into_no_more_shards_than_parts(
    sizes: tuple[int, ...], big: int, most: int, expected: int
) -> None:
    assert shards(sizes, range(len(sizes)), big=big, most=most) == expected


def test_a_unit_below_the_size_is_archived_at_once_and_leaves_no_note(tmp_path: Path) -> None:
    small = ArchiveWorld(tmp_path, chain=a_chain(logs=1), settings=split_settings(3))
    receipt = split(small)
    assert isinstance(receipt, Receipt)
    assert receipt.verdict is Verdict.PROVEN
    assert not small.archive.keys(layout.SHARDS)


def test_a_big_unit_that_is_up_to_date_is_not_split_again(world: ArchiveWorld) -> None:
    receipt = in_shards(world)
    assert split(world) == receipt


def test_the_commit_reads_no_original_and_no_output_again(world: ArchiveWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(key: str, *_: object, **__: object) -> str:
        raise AssertionError(f"{key} was downloaded")

    plan = split(world)
    assert isinstance(plan, Split)
    for number in range(plan.shards):
        shard(world, plan, number)
    world.source.reads.clear()
    monkeypatch.setattr(world.archive, "download", refuse)
    world.run()
    assert not [key for key in world.source.reads if "/CloudTrail/" in key]


def test_shards_in_any_order_at_once_and_twice_end_in_the_same_objects(tmp_path: Path, wanted: dict[str, bytes]) -> None:
    for n, order in enumerate(itertools.permutations(range(3))):
        world = big(tmp_path, f"{n}")
        plan = split(world)
        assert isinstance(plan, Split)
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(lambda number, w=world, p=plan: shard(w, p, number), [*order, *order]))
        world.run()
        assert evidence(world) == wanted
        assert {world.archive.versions(key) for key in world.archive.keys("")} == {1}


def test_a_shard_killed_at_any_access_and_run_again_ends_in_the_same_objects(tmp_path: Path, wanted: dict[str, bytes]) -> None:
    for after in (False, True):
        for at in itertools.count(1):
            world = big(tmp_path, f"{after}-{at}")
            plan = split(world)
            assert isinstance(plan, Split)
            try:
                shard(world, plan, 0, MortalStore(world.archive, at, after=after))
                break
            except Killed:
                for number in range(plan.shards):
                    shard(world, plan, number)
                world.run()
                assert evidence(world) == wanted, f"killed at access {at}"
        assert at > 10


def test_the_task_that_plans_killed_at_any_access_and_run_again_ends_in_the_same_objects(
    tmp_path: Path, wanted: dict[str, bytes]
) -> None:
    for at in itertools.count(1):
        world = big(tmp_path, f"{at}")
        try:
            split(world, MortalStore(world.archive, at))
            break
        except Killed:
            in_shards(world)
            assert evidence(world) == wanted, f"killed at access {at}"
    assert at >= 4  # archive.json, the public key, the plan


def test_a_shard_that_never_ran_is_made_by_the_commit(world: ArchiveWorld, wanted: dict[str, bytes]) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    shard(world, plan, 1)
    world.run()
    assert evidence(world) == wanted


def test_a_run_in_shards_and_a_run_by_one_task_at_once_end_in_the_same_objects(tmp_path: Path, wanted: dict[str, bytes]) -> None:
    for attempt in range(4):
        one, other = big(tmp_path, f"{attempt}-a"), big(tmp_path, f"{attempt}-b", shards=1)
        other.archive, other.source = one.archive, one.source
        with ThreadPoolExecutor(2) as threads:
            made = list(threads.map(lambda work: work(), [lambda w=one: in_shards(w), lambda w=other: w.run()]))
        assert made[0] == made[1]
        assert evidence(one) == wanted


def test_a_late_shard_of_a_commit_that_was_made_does_nothing(world: ArchiveWorld) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    world.run()
    world.deliver(world.chain.log(LATER.replace(day=10, hour=12, minute=5), "late000000000000"))
    before = world.contents()
    assert [shard(world, plan, number) for number in range(plan.shards)] == [0, 0, 0]
    assert world.contents() == before


def test_a_shard_without_a_plan_is_refused_with_the_next_step(world: ArchiveWorld) -> None:
    with pytest.raises(EvidenceError, match=r"000\.plan\.json is not there.*archive the unit again"):
        build_shard(world.unit, 0, 0, 2, parts(world))


def test_late_files_of_a_big_unit_get_a_commit_of_their_own_in_shards_too(tmp_path: Path) -> None:
    made = []
    for name, most in (("sharded", 3), ("whole", 1)):
        world = big(tmp_path, name, shards=most)
        in_shards(world) if most > 1 else world.run()
        for n in range(3):
            moment = LATER.replace(day=10, hour=12, minute=5 + n)
            late = world.chain.log(moment, f"late00000000000{n}")
            world.deliver(late)
            world.source.replace(late, padded(records(f"late {n}", "equal"), 700_000))
        last = in_shards(world) if most > 1 else world.run()
        assert (last.number, len({o.part for o in last.outputs})) == (1, 3)
        made.append(evidence(world))
    assert made[0] == made[1]


def test_an_original_that_vanished_after_the_plan_is_told_by_the_shard_and_lost_in_the_receipt(world: ArchiveWorld) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    victim = world.logs()[8]
    world.source.delete(victim)
    for number in range(plan.shards):
        shard(world, plan, number)
    world.run()
    first = history(world.archive, world.unit)[0]
    assert first.lost == (victim,)
    assert {o.key: o.reason for o in first.objects if o.reason == LOST} == {victim: LOST}


def test_an_original_that_was_overwritten_after_the_plan_is_not_packed(world: ArchiveWorld) -> None:
    """The buffer that is packed and converted is one whose hash is the planned one."""
    plan = split(world)
    assert isinstance(plan, Split)
    victim = world.logs()[8]
    world.source.replace(victim, gzip.compress(records("forged"), mtime=0))
    for number in range(plan.shards):
        shard(world, plan, number)
    world.run()
    assert history(world.archive, world.unit)[0].lost == (victim,)
    assert b"forged" not in b"".join(body for key, body in world.contents().items() if "/000-" in key and key.endswith(".tar"))


def test_a_shard_waits_for_an_original_that_cannot_be_read_now(world: ArchiveWorld, wanted: dict[str, bytes]) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    world.source.fail(world.logs()[1], Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable, match="waits for"):
        shard(world, plan, 0)
    world.source.mend(world.logs()[1])
    in_shards(world)
    assert evidence(world) == wanted


def test_a_note_of_another_version_is_not_believed(world: ArchiveWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    with monkeypatch.context() as older:
        older.setattr(archive_root, "__version__", "0.0.1")
        for number in range(plan.shards):
            shard(world, plan, number)
    world.source.reads.clear()
    world.archive.reads.clear()
    receipt = world.run()
    assert receipt.finished_by.package != "0.0.1"
    assert [key for key in world.archive.reads if key.startswith("events/")]


@pytest.mark.parametrize("planted", [b"rubbish", b"{}"], ids=["rubbish", "empty"])
def test_a_note_that_cannot_be_read_costs_only_time(world: ArchiveWorld, wanted: dict[str, bytes], planted: bytes) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    for number in range(plan.shards):
        shard(world, plan, number)
    for key in world.archive.keys(layout.SHARDS):
        world.archive.replace(key, planted)
    world.run()
    assert evidence(world) == wanted


def test_a_note_whose_outputs_are_not_there_is_not_believed(world: ArchiveWorld, wanted: dict[str, bytes]) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    for number in range(plan.shards):
        shard(world, plan, number)
    world.archive.delete(world.archive.keys("originals/")[1])
    world.archive.delete(world.archive.keys("events/")[0])
    world.run()
    assert evidence(world) == wanted


def test_an_output_planted_before_is_never_accepted_by_a_shard(world: ArchiveWorld) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    key = layout.tar_key(world.unit, 0, 1)
    world.archive.put(key, b"rubbish")
    with pytest.raises(EvidenceError, match=key):
        shard(world, plan, 1)
    with pytest.raises(EvidenceError, match=key):
        world.run()
    assert not world.archive.keys(layout.receipt_key(world.unit, 0))


def test_settings_that_changed_between_plan_and_shards_change_no_part(world: ArchiveWorld) -> None:
    plan = split(world)
    assert isinstance(plan, Split)
    world.settings = settings()
    for number in range(plan.shards):
        shard(world, plan, number)
    receipt = world.run()
    assert len({o.part for o in receipt.outputs}) == 6


@given(seed=st.integers(0, 1 << 30), most=st.integers(2, 7), part=st.integers(1, 3))
@hypothesis_settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_unit_holds_shards_leave_what_one_task_leaves(tmp_path: Path, seed: int, most: int, part: int) -> None:
    left = []
    for name in ("sharded", "whole"):
        chance = random.Random(seed)
        folder = tmp_path / f"{seed}-{most}-{part}-{name}"
        folder.mkdir(exist_ok=True)
        world = ArchiveWorld(folder, chain=a_chain(logs=1), archive=MemoryStore("s3://archive", clock=LATER))
        for key in world.logs():
            names = [f"{chance.randrange(40)}" for _ in range(chance.randrange(5))]
            body = chance.choice(
                [padded(records(*names), chance.randrange(900_000)), gzip.compress(records(*names), mtime=0), b"no"]
            )
            world.source.replace(key, body)
        chosen = settings(part_bytes=part * MIB)
        archive = chosen.archive.model_copy(update={"shard_bytes": MIB, "shards": most})
        world.settings = chosen.model_copy(update={"archive": archive})
        plan = split(world) if name == "sharded" else None
        for number in range(plan.shards) if isinstance(plan, Split) else ():
            if chance.random() < 0.8:
                shard(world, plan, number)
        world.run()
        left.append(evidence(world))
    assert left[0] == left[1]


def test_notes_are_no_evidence_and_not_under_retention(world: ArchiveWorld) -> None:
    in_shards(world)
    assert len(world.archive.keys(layout.SHARDS)) == 6
    assert not [key for key in world.archive.keys(layout.SHARDS) if world.archive.locked(key)]
