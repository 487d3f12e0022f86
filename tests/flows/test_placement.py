"""Both buckets' listings over an archived day: what lies wrong, what vanished, what cannot be read; by sample and whole."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.archive_world import DAY, ArchiveWorld
from tests.memory import Fault, MemoryStore

from itemtrail.core import layout
from itemtrail.errors import AccessDenied, ConfigurationError, SourceUnavailable
from itemtrail.flows.lifecycle import archive_rules, trail_rules
from itemtrail.flows.placement import Ends, Places, look, places, sample
from itemtrail.model import Archived, Unit
from itemtrail.snapshot import BucketState, FindingStatus

ONE = dt.timedelta(days=1)
PUT = dt.datetime(2026, 3, 12, tzinfo=dt.UTC)  # when the archive was written
FAIL, CANNOT, NOTE, PASS = FindingStatus.FAIL, FindingStatus.CANNOT_PROVE, FindingStatus.NOTE, FindingStatus.PASS


@dataclass
class Listing:
    """A bucket in memory as a ``ColdStore``; ``classes``: key → class, STANDARD for the rest."""

    store: MemoryStore
    classes: dict[str, str] = field(default_factory=dict)
    region: str = "us-east-1"

    @property
    def name(self) -> str:
        return self.store.name

    def list(self, prefix: str, *, start_after: str) -> Iterator[Archived]:
        for info in self.store.list(prefix, start_after=start_after):
            storage_class = self.classes.get(info.key, "STANDARD")
            yield Archived(info.key, info.size, info.etag, storage_class, last_modified=info.last_modified)

    def request(self, key: str, *, days: int, tier: str) -> bool:
        raise AssertionError("looking requests nothing")


@dataclass
class World:
    """An archived day, looked at ``age`` days after it was archived."""

    made: ArchiveWorld
    age: float = 1
    classes: dict[str, str] = field(default_factory=dict)
    denied: bool = False

    @property
    def archive(self) -> MemoryStore:
        return self.made.archive

    def bucket(self, name: str) -> BucketState:
        rules = archive_rules(self.made.settings) if name == "archive" else trail_rules(self.made.settings)
        return BucketState(name, "us-east-1", "Enabled", lifecycle={"Rules": list(rules)})

    def tags(self, key: str) -> frozenset[tuple[str, str]]:
        if self.denied:
            raise AccessDenied("s3:GetObjectTagging", key)
        return frozenset({("itemtrail", "proven")} if key in self.made.source.tags else ())

    def ends(self) -> Ends:
        return Ends(
            self,  # type: ignore[arg-type]
            Listing(self.archive, self.classes),
            self.archive,
            Listing(self.made.source, self.classes),
            self.made.trail,
            self.tags,
        )

    def look(self, *units: Unit, whole: bool = False) -> Places:
        chosen = None if whole else units or (self.made.unit,)
        return look(self.ends(), self.made.settings, chosen, now=PUT + self.age * ONE)

    def bad(self, **how: bool) -> dict[str, str]:
        """Resource and check → detail of what is not good."""
        found = self.look(**how).findings
        return {f"{one.resource} {one.check.removeprefix('lifecycle.')}": one.detail for one in found if one.bad}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = ArchiveWorld(tmp_path)
    made.run(tagger=made.source)
    return World(made)


def outputs(world: World, folder: str) -> list[str]:
    return world.archive.keys(folder)


@pytest.mark.parametrize("whole", [False, True])
def test_a_fresh_day_lies_as_due_and_everything_named_is_there(world: World, whole: bool) -> None:
    found = world.look(whole=whole).findings
    assert [one.status for one in found] == [PASS, PASS, PASS]
    assert "outputs that receipts name are there, in their size" in found[1].detail


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("folder", ["originals/", "events/"])
def test_an_output_that_vanished_is_told_with_its_key(world: World, folder: str, whole: bool) -> None:
    (gone, *_) = outputs(world, folder)
    world.archive.delete(gone)
    assert f"{gone} is not there" in world.bad(whole=whole)["archive outputs"]


@pytest.mark.parametrize("whole", [False, True])
def test_an_output_of_another_size_is_another_object(world: World, whole: bool) -> None:
    (tar, *_) = outputs(world, "originals/")
    world.archive.replace(tar, b"short")
    assert f"{tar} has 5 bytes, its receipt says" in world.bad(whole=whole)["archive outputs"]


@pytest.mark.parametrize("whole", [False, True])
def test_a_tar_that_stayed_warm_and_a_receipt_that_got_cold_are_told(world: World, whole: bool) -> None:
    world.age = 60
    (receipt,) = [key for key in outputs(world, "receipts/") if key.endswith("receipt.json")]
    world.classes = {receipt: "GLACIER"}
    found = [one.detail for one in world.look(whole=whole).findings if one.bad and one.resource == "archive"]
    assert any("colder than due" in one and receipt in one for one in found)
    assert any("warmer than due" in one and "is in STANDARD, due is DEEP_ARCHIVE" in one for one in found)


def test_a_tar_in_its_class_is_good(world: World) -> None:
    world.age = 60
    world.classes = dict.fromkeys(outputs(world, "originals/"), "DEEP_ARCHIVE")
    assert world.bad() == world.bad(whole=True) == {}


def test_proven_logs_that_should_be_gone_are_told_and_unproven_ones_may_stay(world: World) -> None:
    world.age = 200
    world.classes = dict.fromkeys(outputs(world, "originals/"), "DEEP_ARCHIVE")
    assert world.made.source.tags
    said = world.bad(whole=True)["trail-bucket placement"]
    assert f"{len(world.made.source.tags)} of " in said
    assert "should be gone" in said
    world.made.source.tags.clear()
    assert world.bad(whole=True) == {}


def test_tags_that_may_not_be_read_leave_it_unproven_and_name_the_permission(world: World) -> None:
    world.age, world.denied = 200, True
    said = world.bad()["trail-bucket placement"]
    assert "depends on its tags" in said
    assert "s3:GetObjectTagging" in said


def test_a_receipt_that_cannot_be_read_proves_nothing(world: World) -> None:
    (receipt,) = [key for key in outputs(world, "receipts/") if key.endswith("receipt.json")]
    world.archive.fail(receipt, Fault.COLD)
    found = [one for one in world.look().findings if one.check == "lifecycle.outputs"]
    assert [one.status for one in found] == [CANNOT]


def test_a_listing_that_is_not_answered_is_no_verdict(world: World) -> None:
    world.archive.fail(layout.ORIGINALS + layout.unit_folder(world.made.unit), Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        world.look()
    said = places(world.ends, world.made.settings, 5, now=PUT + ONE, day=DAY).findings
    assert [(one.check, one.status) for one in said] == [("lifecycle.placement", CANNOT)]
    assert "503" in said[0].detail


def test_a_trail_that_is_gone_leaves_it_unproven(world: World) -> None:
    def no_trail() -> Ends:
        raise ConfigurationError("there is no trail HRMS.", advice="run itemtrail setup.")

    (said,) = places(no_trail, world.made.settings, None, now=PUT + ONE, day=DAY).findings
    assert (said.status, said.detail, said.advice) == (CANNOT, "there is no trail HRMS.", "run itemtrail setup.")


def test_the_whole_gives_the_sizes_of_what_exists(world: World) -> None:
    found = world.look(whole=True)
    assert found.original_sizes == tuple(sorted({len(world.archive.body(key)) for key in outputs(world, "originals/")}))
    assert set(found.delivered_sizes) == {len(world.made.source.body(key)) for key in world.made.source.keys("")}
    assert world.look().original_sizes == ()


def test_the_whole_looks_at_folders_that_nobody_configured(world: World) -> None:
    world.archive.put("strange/x", b"x", at=PUT)
    world.classes = {"strange/x": "DEEP_ARCHIVE"}
    assert "strange/x (1 bytes, 1 days old) is in DEEP_ARCHIVE, due is STANDARD" in world.bad(whole=True)["archive placement"]
    assert world.bad() == {}


def test_a_unit_without_receipts_is_not_this_looks_finding(world: World) -> None:
    assert world.look(Unit("111122223333", "us-east-1", DAY + 9 * ONE)).findings[1].status is PASS


def test_a_sample_is_the_same_all_day_and_another_the_next() -> None:
    store, accounts, regions = MemoryStore(), [f"{n:012d}" for n in range(3)], ("eu-west-1", "us-east-1")
    for account in accounts:
        for region in regions:
            for n in range(100):
                store.put(layout.receipt_key(Unit(account, region, DAY + n * ONE), 0), b"{}")

    def drawn(day: dt.date, most: int = 20) -> tuple[Unit, ...]:
        return sample(store, accounts, regions, most, day)

    assert drawn(DAY) == drawn(DAY)
    assert drawn(DAY) != drawn(DAY + ONE)
    assert len(set(drawn(DAY))) == len(drawn(DAY)) == 24  # of six pairs, four days each
    assert len(drawn(DAY, 4)) == 4
    assert len(drawn(DAY, 10_000)) == 600
    assert len({unit for n in range(100) for unit in drawn(DAY + n * ONE)}) > 580  # nearly every unit has its day
    assert sample(MemoryStore(), accounts, regions, 20, DAY) == ()
