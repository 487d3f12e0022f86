"""The stream archive on a real S3 server: conditional puts, locks, listings, and a process that dies at any access."""

import hashlib
from collections.abc import Iterator

import pytest
from tests.seaweedfs import SeaweedFS, running
from tests.stream_world import MortalArchive, World
from tests.streams_fake import TABLE, Killed

from itemtrail.aws.archive_store import S3Archive
from itemtrail.flows.archive_stream_state import load
from itemtrail.settings import ArchiveSettings

Contents = dict[str, tuple[str, int]]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with running(tmp_path_factory.mktemp("seaweedfs")) as server:
        server.bucket("archive", locked=True)
        yield server


def an_archive(s3: SeaweedFS, prefix: str) -> S3Archive:
    settings = ArchiveSettings(bucket="archive", region="us-east-1", prefix=prefix, accounts=(), regions=(), retention_days=7)
    return s3.connection().archive(settings)


def contents(s3: SeaweedFS, prefix: str) -> Contents:
    """Key → (SHA-256, versions)."""
    found = s3.client().list_object_versions(Bucket="archive", Prefix=f"{prefix}/")["Versions"]
    keys = [version["Key"][len(prefix) + 1 :] for version in found]
    store = an_archive(s3, prefix)
    return {key: (hashlib.sha256(store.read(key).body).hexdigest(), keys.count(key)) for key in set(keys)}


def an_hour() -> World:
    """Two commits' worth of records."""
    world = World()
    for n in range(8):
        world.streams.put(f"E-{n}", n)
    world.later()
    return world


def test_killed_at_any_access_and_run_again_leaves_the_same_objects_and_versions(s3: SeaweedFS) -> None:
    an_hour().run(archive=an_archive(s3, "undisturbed"))
    wanted, died = contents(s3, "undisturbed"), 0
    assert len(wanted) == 6
    for after in (False, True):
        for at in range(1 + after, 40, 2):
            world, prefix = an_hour(), f"{after}-{at}"
            try:
                world.run(archive=MortalArchive(an_archive(s3, prefix), at, after=after))  # type: ignore[arg-type]
            except Killed:
                died += 1
                world.run(archive=an_archive(s3, prefix))
                assert contents(s3, prefix) == wanted, (at, after)
            else:
                break
    assert died > 10


def test_evidence_is_locked_and_hours_go_on_from_what_the_bucket_holds(s3: SeaweedFS) -> None:
    store, world = an_archive(s3, "hours"), an_hour()
    for hour in range(4):
        world.streams.put("E-1", hour)
        world.later()
        world.run(archive=store)
    last = load(store, TABLE).last
    assert last is not None
    assert last.number >= 4
    for info in store.list(""):
        head = s3.client().head_object(Bucket="archive", Key=f"hours/{info.key}")
        assert head["ObjectLockMode"] == "GOVERNANCE", info.key
