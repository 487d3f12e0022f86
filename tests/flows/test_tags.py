"""What may expire in the trail bucket: tagged after the receipt, and only what it proves."""

import datetime as dt
import gzip
from pathlib import Path

import pytest
from tests.archive_world import DAY, ArchiveWorld, a_chain
from tests.memory import Fault

from itemtrail.errors import SourceUnavailable
from itemtrail.model import Unit


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    return ArchiveWorld(tmp_path, chain=a_chain(hours=54, logs=1))


def tagged(world: ArchiveWorld, kind: str = "") -> set[str]:
    return {key for key in world.source.tags if kind in key}


def test_proven_logs_are_tagged_by_version(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path, chain=a_chain(hours=54, logs=1), versioned=True)
    receipt = world.run(tagger=world.source)
    assert tagged(world, "/CloudTrail/") == set(world.logs())
    versions = {p.key: p.version_id for p in receipt.inputs}
    assert all(versions.values())
    assert all(world.source.tags[key] == versions[key] for key in world.source.tags)


def test_what_is_not_proven_never_expires(world: ArchiveWorld) -> None:
    forged, under = world.logs()[3], world.logs()[7]
    world.source.replace(forged, gzip.compress(b"forged"))
    digest = next(key for key in world.chain.digests if "20260310T08" in key)
    assert under in gzip.decompress(world.source.body(digest)).decode().replace("\\/", "/")
    world.source.replace(digest, metadata={})
    world.source.replace(digest, gzip.compress(b"not a digest"))
    world.run(tagger=world.source)
    assert not {forged, under, digest} & tagged(world)
    assert len(tagged(world, "/CloudTrail/")) == 22


def test_a_digest_waits_for_every_day_that_it_speaks_of(world: ArchiveWorld) -> None:
    world.run(tagger=world.source)
    between = next(key for key in world.chain.digests if "20260311T00" in key)
    first = next(key for key in world.chain.digests if "20260310T00" in key)
    assert between not in tagged(world)
    assert first not in tagged(world)
    assert len(tagged(world, "Digest")) == 23
    world.run(unit=Unit(world.unit.account, world.unit.region, DAY + dt.timedelta(days=1)), tagger=world.source)
    assert between in tagged(world)
    assert first not in tagged(world)


def test_a_run_that_died_before_tagging_is_made_good_by_the_next(world: ArchiveWorld) -> None:
    world.run()
    assert tagged(world) == set()
    world.run(tagger=world.source)
    assert tagged(world, "/CloudTrail/") == set(world.logs())


def test_a_denied_tag_is_told_and_not_fatal(world: ArchiveWorld) -> None:
    world.source.fail(world.logs()[0], Fault.DENIED)

    class Denied:
        def tag_proven(self, key: str, *, version_id: str | None) -> None:
            world.source.fail(key, Fault.DENIED)
            world.source.tag_proven(key, version_id=version_id)

    world.source.mend(world.logs()[0])
    world.run(tagger=Denied())
    assert any("nothing may expire" in line for line in world.said)


def test_a_service_that_does_not_answer_makes_the_run_fail_after_its_receipt(world: ArchiveWorld) -> None:
    class Down:
        def tag_proven(self, key: str, *, version_id: str | None) -> None:
            raise SourceUnavailable("throttled")

    with pytest.raises(SourceUnavailable):
        world.run(tagger=Down())
    assert world.archive.keys("receipts/")[-1].endswith("000.receipt.json")


def test_a_key_with_versions_of_different_content_is_not_tagged(world: ArchiveWorld) -> None:
    world.source.replace(world.logs()[0], gzip.compress(b"forged"))
    world.run()
    world.source.replace(world.logs()[0], world.chain.objects[world.logs()[0]].body)
    world.run(tagger=world.source)
    assert world.logs()[0] not in tagged(world)
    assert len(tagged(world, "/CloudTrail/")) == 23
