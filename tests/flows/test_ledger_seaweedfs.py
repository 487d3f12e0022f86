"""The ledger on a real S3 server: create-only, locked, killed at any access, receipts deleted and overwritten."""

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.archive_world import Killed, MortalStore
from tests.ledger_world import UNTIL, LedgerWorld, unit, week
from tests.seaweedfs import SeaweedFS, running

from itemtrail.aws.archive_store import S3Archive
from itemtrail.core import layout
from itemtrail.flows.ledger import append
from itemtrail.flows.ledger_coverage import recorded
from itemtrail.flows.ledger_verify import verify
from itemtrail.flows.receipts import Lack
from itemtrail.model import Verdict
from itemtrail.settings import ArchiveSettings

DAYS = 4


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with running(tmp_path_factory.mktemp("seaweedfs")) as server:
        server.bucket("archive", locked=True)
        yield server


def an_archive(s3: SeaweedFS, prefix: str) -> S3Archive:
    settings = ArchiveSettings(bucket="archive", region="us-east-1", prefix=prefix, accounts=(), regions=(), retention_days=7)
    return s3.connection().archive(settings)


def fill(archive: S3Archive, room: Path, days: range) -> None:
    """Put the receipts of some days; unit 1 has a second one."""
    made = LedgerWorld(room)
    week(made, range(days.stop))
    made.commit(unit(1), verdict=Verdict.DISPROVEN)
    for key in made.archive.keys(""):
        if key == layout.ARCHIVE_KEY or any(f"delivery_date={unit(day).day}/" in key for day in days):
            archive.put_new(key, made.archive.body(key), locked=True)


def test_killed_at_any_access_and_run_again_leaves_one_version_of_each_object(s3, tmp_path):
    archive = an_archive(s3, "killed")
    for day in range(12):
        fill(archive, tmp_path, range(day * DAYS, (day + 1) * DAYS))
        mortal = MortalStore(archive, day + 1, after=bool(day % 2))  # type: ignore[arg-type]
        with suppress(Killed):
            append(mortal, until=UNTIL + day * dt.timedelta(days=1), room=tmp_path)  # type: ignore[arg-type]
        append(archive, until=UNTIL + day * dt.timedelta(days=1), room=tmp_path)
    report = verify(archive, room=tmp_path, full=True)
    assert (report.findings, report.unread, report.new) == ((), (), 0)
    assert report.checkpoints >= 12
    found = s3.client().list_object_versions(Bucket="archive", Prefix="killed/ledger/")
    keys = [version["Key"] for version in found["Versions"]]
    assert sorted(keys) == sorted(set(keys))
    assert len(keys) == 2 * report.checkpoints
    lock = s3.client().get_object_retention(Bucket="archive", Key="killed/ledger/000001.json")["Retention"]
    assert lock["Mode"] == "GOVERNANCE"


def test_a_delete_marker_and_a_new_version_over_a_receipt_are_found(s3, tmp_path):
    archive, client = an_archive(s3, "tampered"), s3.client()
    fill(archive, tmp_path, range(DAYS))
    append(archive, until=UNTIL, room=tmp_path)
    gone, other, same = (f"tampered/{layout.receipt_key(unit(day), 0)}" for day in (0, 2, 3))
    client.delete_object(Bucket="archive", Key=gone)
    client.put_object(Bucket="archive", Key=other, Body=archive.read(layout.receipt_key(unit(2), 0)).body + b" ")
    client.put_object(Bucket="archive", Key=same, Body=archive.read(layout.receipt_key(unit(3), 0)).body)
    units = [unit(day) for day in range(DAYS)]
    known = recorded(archive, units, now=UNTIL, reopen_days=30, room=tmp_path)
    assert {u for u in units if (lack := known.lacks[u]) and lack.reason is Lack.BROKEN_RECEIPTS} == {unit(0), unit(2)}
    done = append(archive, until=UNTIL, room=tmp_path)
    assert [(str(one.change), f"tampered/{one.key}") for one in done.findings] == [("VANISHED", gone), ("CHANGED", other)]
