"""Published log files of a real trail, through a trail bucket and the DAG, and back out: byte for byte, twice.

The files are the data set "invictus" (../shared/data/README.md): 55 files, 2,900 records of 2023-07-10. The sandbox signs digests
over their exact bytes.
"""

import datetime as dt
import gzip
import json
import tarfile

import pytest
from tests.capture import Capture

from itemtrail.core import rebuild
from itemtrail.model import Conversion, Verdict
from itemtrail_airflow import local_run

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox]
ACCOUNT, REGION, DAY = "218007301253", "us-east-1", dt.date(2023, 7, 10)
FOLDER = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{DAY:%Y/%m/%d}/"
MIDNIGHT = dt.datetime(2023, 7, 10, tzinfo=dt.UTC)


def record_bytes(log: bytes) -> list[bytes]:
    """The records of a log file as they stand in it, found by Python's own decoder."""
    text, found = log.decode("utf-8"), []
    at = text.index("[", text.index('"Records"')) + 1
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return found
        _, end = json.JSONDecoder().raw_decode(text, at)
        found.append(text[at:end].encode("utf-8"))
        at = end


@pytest.fixture(scope="module")
def files(shared_data):
    """Name → bytes of the published files."""
    return {path.name: path.read_bytes() for path in sorted((shared_data / "invictus").iterdir())}


@pytest.fixture(scope="module")
def archived(files, new_sandbox, tmp_path_factory):
    """The account after the DAG archived the day; the run."""
    sandbox = new_sandbox(account=ACCOUNT, regions=(REGION,), clock=MIDNIGHT - dt.timedelta(hours=2))
    capture = Capture(sandbox, tmp_path_factory.mktemp("real"), sandbox.environment(), account=ACCOUNT, regions=(REGION,))
    capture.set_up()
    for name, content in files.items():
        at = dt.datetime.strptime(name.split("_")[3], "%Y%m%dT%H%MZ").replace(tzinfo=dt.UTC)
        if at > sandbox.now():
            sandbox.advance_to(at)
        sandbox.import_log(f"{capture.trail_bucket}/{FOLDER}{name}", content, at)
    sandbox.advance_to(MIDNIGHT + dt.timedelta(hours=26))
    with capture.seen_by_airflow():
        run = local_run.run_dag("archive_trail", {"day": str(DAY)})
    return capture, run


@pytest.fixture(scope="module")
def outputs(archived, tmp_path_factory):
    """Every tar and Parquet file of the archive, downloaded; then the originals are deleted, in both buckets."""
    capture, _ = archived
    folder, s3 = tmp_path_factory.mktemp("outputs"), capture.client("s3")
    kept = []
    for number, (key, _, _) in enumerate(capture.versions(capture.archive_bucket)):
        if key.startswith(("originals/", "events/")):
            kept.append(folder / f"{number}-{key.rpartition('/')[2]}")
            s3.download_file(capture.archive_bucket, key, str(kept[-1]))
    for bucket, prefix in ((capture.trail_bucket, ""), (capture.archive_bucket, "originals/")):
        for key, version, _ in capture.versions(bucket, prefix):
            s3.delete_object(Bucket=bucket, Key=key, VersionId=version, BypassGovernanceRetention=True)
        assert capture.versions(bucket, prefix) == []
    return kept


def test_there_are_fifty_five_files_with_2900_records(files):
    assert len(files) == 55
    assert sum(len(record_bytes(gzip.decompress(content))) for content in files.values()) == 2900


def test_the_dag_archives_and_proves_the_day(archived):
    capture, run = archived
    others = {name: state for name, state in run.tasks.items() if name != "lifecycle" and not name.startswith("shard")}
    assert set(others.values()) == {"success"}, run.tasks
    # The sandbox's clock stands in 2023 and moves no object: by the wall clock all are overdue where they lie, and that is told.
    assert run.tasks["lifecycle"] == "failed"
    receipt = capture.latest(REGION, DAY)
    assert (receipt.verdict, receipt.conversion) == (Verdict.PROVEN, Conversion.COMPLETE)
    assert receipt.counts.records_in == receipt.counts.rows >= 2900


def test_every_original_comes_back_from_the_tar_byte_for_byte(files, outputs):
    back = {}
    for path in outputs:
        if path.suffix == ".tar":
            with tarfile.open(path) as tar:
                back |= {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
    equal = [name for name, content in files.items() if back.get(FOLDER + name) == content]
    print(f"{len(equal)}/55 originals byte-equal from the tar")
    assert len(equal) == 55


def test_every_record_comes_back_from_parquet_alone_byte_for_byte(files, outputs):
    back: dict[str, list[bytes]] = {}
    for source, index, record in rebuild.records([path for path in outputs if path.suffix == ".parquet"]):
        assert index == len(back.setdefault(source, []))
        back[source].append(record)
    expected = {FOLDER + name: record_bytes(gzip.decompress(content)) for name, content in files.items()}
    equal = sum(a == b for key, records in expected.items() for a, b in zip(records, back.get(key, ()), strict=True))
    print(f"{equal}/2900 records byte-equal from Parquet alone")
    assert equal == 2900
