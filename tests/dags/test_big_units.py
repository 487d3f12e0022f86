"""A big unit in `archive_trail`: planned by one task, built by mapped shards, committed once; by Airflow in this process."""

import datetime as dt
import gzip
import json
import random

import pytest
from tests.capture import Capture

from itemtrail.errors import SourceUnavailable
from itemtrail.flows import archive_parts
from itemtrail.model import Verdict
from itemtrail_airflow import local_run

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox]
TODAY = dt.datetime.now(dt.UTC).date()
FIRST, SECOND = (TODAY - dt.timedelta(days=back) for back in (4, 3))
BIG = {"part": 1 << 20, "big": 1 << 20}
WEST, EAST = 0, 1
SHARDS = [f"shard[{number}]" for number in range(4)]


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


@pytest.fixture(scope="module")
def capture(new_sandbox, tmp_path_factory):
    """An account in which us-east-1 has three megabytes of logs on FIRST and on SECOND, signed and delivered."""
    sandbox = new_sandbox(clock=midnight(FIRST) - dt.timedelta(hours=6))
    made = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    made.set_up()
    for day in (FIRST, SECOND):
        sandbox.advance_to(midnight(day) + dt.timedelta(hours=10))
        for number in range(3):
            sandbox.import_log(*a_big_log(made, day, number), sandbox.now())
        sandbox.advance_to(midnight(day) + dt.timedelta(hours=26))
    return made


def a_big_log(capture: Capture, day: dt.date, number: int) -> tuple[str, bytes]:
    """Key and gzip of a log file with records that do not compress."""
    name = f"{capture.account}_CloudTrail_us-east-1_{day:%Y%m%d}T100{number}Z_bigBigBigBig000{number}.json.gz"
    key = f"{capture.trail_bucket}/AWSLogs/{capture.account}/CloudTrail/us-east-1/{day:%Y/%m/%d}/{name}"
    chance = random.Random(f"{day} {number}")
    made = [
        {"eventTime": f"{day}T10:0{number}:00Z", "eventID": f"{number}-{n}", "x": chance.randbytes(450).hex()}
        for n in range(1000)
    ]
    return key, gzip.compress(json.dumps({"Records": made}, separators=(",", ":")).encode(), compresslevel=0, mtime=0)


def archived(day: dt.date) -> local_run.LocalRun:
    return local_run.run_dag("archive_trail", {"day": day.isoformat()})


@pytest.fixture(scope="module")
def run(capture):
    """FIRST, archived in shards."""
    with capture.seen_by_airflow(**BIG):
        return archived(FIRST)


def test_a_big_unit_is_planned_built_in_shards_and_committed_once(capture, run):
    assert run.tasks == {
        **dict.fromkeys(("discover", "split", "gate", "lifecycle", *SHARDS[:3]), "success"),
        **{f"unit.{name}[{index}]": "success" for name in ("wait", "archive") for index in (WEST, EAST)},
        f"unit.verdict[{WEST}]": "success",
        f"unit.verdict[{EAST}]": "skipped",
        SHARDS[3]: "skipped",
        "sharded.finish[0]": "success",
        "sharded.verdict[0]": "success",
    }
    assert run.state == "success"
    receipt = capture.latest("us-east-1", FIRST)
    assert (receipt.number, receipt.verdict, receipt.counts.rows) == (0, Verdict.PROVEN, 3000)
    assert len({one.part for one in receipt.outputs}) == 3


def test_clearing_the_commit_of_one_big_unit_runs_it_the_gate_and_the_lifecycle_and_nothing_else(capture, run):
    before = capture.versions(capture.archive_bucket, "receipts/")
    with capture.seen_by_airflow(**BIG):
        again = local_run.rerun(run, [("sharded.finish", 0)])
    assert {name for name in again.tasks if again.tries[name] > run.tries[name]} == {
        "sharded.finish[0]",
        "sharded.verdict[0]",
        "gate",
        "lifecycle",
    }
    assert again.state == "success"
    assert capture.versions(capture.archive_bucket, "receipts/") == before


def test_clearing_a_big_unit_from_its_start_is_one_task_once_it_is_committed(capture, run):
    with capture.seen_by_airflow(**BIG):
        again = local_run.rerun(run, [("unit.archive", EAST)])
    assert again.state == "success"
    assert again.tasks[f"unit.verdict[{EAST}]"] == "success"
    left = {state for name, state in again.tasks.items() if name.startswith(("shard[", "sharded."))}
    assert left <= {"removed", "skipped"}


def test_a_shard_that_fails_stops_nothing_and_the_commit_makes_its_parts(capture, run, monkeypatch):
    make = archive_parts.PlannedParts.shard

    def broken(self, plan, shard, of):
        if shard == 1:
            raise ValueError("a defect")
        return make(self, plan, shard, of)

    monkeypatch.setattr(archive_parts.PlannedParts, "shard", broken)
    with capture.seen_by_airflow(**BIG):
        ended = archived(SECOND)
    assert (ended.tasks["shard[1]"], ended.tasks["sharded.finish[0]"], ended.tasks["gate"]) == ("failed", "success", "success")
    assert ended.state == "success"
    assert capture.latest("us-east-1", SECOND).verdict is Verdict.PROVEN


def test_the_same_unit_by_one_task_ends_in_the_same_objects(capture, run, monkeypatch):
    """Another archive of the same account, whose configuration never splits."""
    archive = capture.archive()
    sharded = {info.key: archive.read(info.key).body for info in archive.list("") if _of(FIRST, info.key)}
    assert len(sharded) > 8

    def never(*_, **__):
        raise SourceUnavailable("no shard may run", advice="none")

    monkeypatch.setattr(archive_parts, "build_shard", never)
    capture.client("s3").create_bucket(Bucket="whole", ObjectLockEnabledForBucket=True)
    with capture.seen_by_airflow(part=1 << 20, bucket="whole"):
        archived(FIRST)
        other = capture.connection().archive(_settings(bucket="whole", capture=capture))
    assert {info.key: other.read(info.key).body for info in other.list("") if _of(FIRST, info.key)} == sharded


def _of(day: dt.date, key: str) -> bool:
    return (f"delivery_date={day}/" in key and not key.startswith("shards/")) or f"/{day}.0" in key


def _settings(*, bucket: str, capture: Capture):
    from itemtrail.settings import load

    return load(capture.configuration(part=1 << 20, bucket=bucket)).archive
