"""The independent judge: ``aws cloudtrail validate-logs`` accepts the sandbox's chains and refuses tampered ones."""

import contextlib
import datetime as dt
import gzip
import hashlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from tests.sandbox.trail_bucket import TrailBucket

pytestmark = pytest.mark.sandbox
AWS = Path(__file__).resolve().parents[2] / ".venv" / "bin" / "aws"
EAST, WEST = "us-east-1", "eu-west-1"
START = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


@dataclass
class Judgement:
    """What the judge said: exit status, and valid of all, digests and logs."""

    status: int
    text: str

    def counts(self, kind: str) -> tuple[int, int]:
        found = re.search(rf"(\d+)/(\d+) {kind} files valid", self.text)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def judge(bucket: TrailBucket, region: str, start: dt.datetime, end: dt.datetime) -> Judgement:
    if not AWS.exists():
        pytest.skip(f"no {AWS}: the judge is awscli from requirements-dev.txt")
    command = [AWS, "cloudtrail", "validate-logs", "--trail-arn", bucket.arn, "--region", region, "--verbose"]
    command += ["--start-time", start.isoformat(), "--end-time", end.isoformat()]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    run = subprocess.run(command, env=surroundings | bucket.sandbox.environment(), capture_output=True, text=True, timeout=120)
    return Judgement(run.returncode, run.stdout + run.stderr)


@pytest.fixture(scope="module")
def day(new_sandbox):
    """A multi-Region trail with seven hours of calls in both Regions; its bucket."""
    with new_sandbox(clock=START) as sandbox:
        bucket = TrailBucket(sandbox, "hr-trail", "hr-trail-bucket")
        bucket.make_bucket()
        bucket.start()
        tables = [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]}]
        selectors = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}, {"FieldSelectors": tables}]
        bucket.client("cloudtrail").put_event_selectors(TrailName=bucket.name, AdvancedEventSelectors=selectors)
        for hour in range(6):
            for region in (EAST, WEST):
                bucket.table(f"Hires-{hour}", region)
            sandbox.advance(dt.timedelta(hours=1))
        sandbox.advance(dt.timedelta(hours=1))
        yield bucket


def judged(bucket: TrailBucket, region: str) -> Judgement:
    return judge(bucket, region, START, bucket.sandbox.now())


@contextlib.contextmanager
def tampered(bucket: TrailBucket, key: str):
    """The object as it is, to be tampered with; afterwards it is put back exactly."""
    s3 = bucket.client("s3")
    kept = s3.get_object(Bucket=bucket.bucket, Key=key)
    body = kept["Body"].read()
    yield body, kept["Metadata"]
    put(bucket, key, body, kept["Metadata"])


def put(bucket: TrailBucket, key: str, body: bytes, metadata: dict[str, str]) -> None:
    bucket.client("s3").put_object(Bucket=bucket.bucket, Key=key, Body=body, Metadata=metadata, ContentEncoding="gzip")


@pytest.mark.parametrize("region", [EAST, WEST])
def test_the_judge_accepts_every_digest_and_log_there_is(day, region):
    said = judged(day, region)
    assert said.status == 0, said.text
    digests, logs = day.keys("CloudTrail-Digest", region), day.keys(region=region)
    assert len(digests) >= 7
    assert len(logs) >= 6
    assert said.counts("digest") == (len(digests), len(digests))
    assert said.counts("log") == (len(logs), len(logs))
    assert "No log files were delivered" not in said.text


def test_the_judge_refuses_a_log_with_one_changed_byte(day):
    key = day.keys(region=EAST)[2]
    with tampered(day, key) as (body, metadata):
        content = bytearray(gzip.decompress(body))
        content[len(content) // 2] ^= 1
        put(day, key, gzip.compress(bytes(content)), metadata)
        said = judged(day, EAST)
    assert said.status == 1
    assert f"{key}\tINVALID: hash value doesn't match" in said.text


def test_the_judge_misses_a_deleted_log(day):
    key = day.keys(region=WEST)[1]
    with tampered(day, key):
        day.client("s3").delete_object(Bucket=day.bucket, Key=key)
        said = judged(day, WEST)
    assert said.status == 1
    assert f"{key}\tINVALID: not found" in said.text


def test_the_judge_misses_a_deleted_digest_in_the_middle(day):
    key = day.keys("CloudTrail-Digest", WEST)[3]
    with tampered(day, key):
        day.client("s3").delete_object(Bucket=day.bucket, Key=key)
        said = judged(day, WEST)
    assert said.status == 1
    assert f"{key}\tINVALID: not found" in said.text


def test_the_judge_refuses_a_digest_signed_by_a_foreign_key(day):
    key = day.keys("CloudTrail-Digest", EAST)[3]
    with tampered(day, key) as (body, metadata):
        content = gzip.decompress(body)
        digest = json.loads(content)
        sha256 = hashlib.sha256(content).hexdigest()
        text = f"{digest['digestEndTime']}\n{day.bucket}/{key}\n{sha256}\n{digest['previousDigestSignature']}"
        foreign = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        signature = foreign.sign(text.encode(), padding.PKCS1v15(), SHA256()).hex()
        put(day, key, body, metadata | {"signature": signature})
        said = judged(day, EAST)
    assert said.status == 1
    assert f"{key}\tINVALID: signature verification failed" in said.text


def test_the_judge_refuses_a_digest_from_which_a_log_was_taken(day):
    key = next(key for key in day.keys("CloudTrail-Digest", EAST) if digest_of(day, key)["logFiles"])
    with tampered(day, key) as (body, metadata):
        digest = json.loads(gzip.decompress(body)) | {"logFiles": []}
        put(day, key, gzip.compress(json.dumps(digest).encode()), metadata)
        said = judged(day, EAST)
    assert said.status == 1
    assert "signature verification failed" in said.text


def test_the_judge_accepts_what_a_stop_a_start_and_a_new_key_leave(new_sandbox):
    with new_sandbox(clock=START) as sandbox:
        bucket = TrailBucket(sandbox, "audit_trail.eu-1", "audit-bucket", WEST, "audit")
        bucket.make_bucket()
        trails = bucket.client("cloudtrail")
        new_key = trails.list_public_keys()["PublicKeyList"][0]["ValidityEndTime"] - dt.timedelta(days=1)
        sandbox.advance_to(new_key - dt.timedelta(hours=6))
        bucket.start()
        sandbox.advance(dt.timedelta(hours=3))
        trails.stop_logging(Name=bucket.name)
        sandbox.advance(dt.timedelta(hours=1))
        trails.start_logging(Name=bucket.name)
        sandbox.advance(dt.timedelta(hours=5))
        keys = bucket.keys("CloudTrail-Digest", WEST)
        digests = [digest_of(bucket, key) for key in keys]
        said = judge(bucket, WEST, new_key - dt.timedelta(hours=6), sandbox.now())
    assert len({digest["digestPublicKeyFingerprint"] for digest in digests}) == 2
    assert [digest["previousDigestSignature"] for digest in digests].count(None) == 2
    assert said.status == 0, said.text
    assert said.counts("digest") == (len(digests), len(digests))
    assert "No log files were delivered by CloudTrail between" in said.text


def digest_of(bucket: TrailBucket, key: str) -> dict[str, Any]:
    body = bucket.client("s3").get_object(Bucket=bucket.bucket, Key=key)["Body"].read()
    return dict(json.loads(gzip.decompress(body)))


def test_the_judge_accepts_real_log_files_imported_under_their_own_names(new_sandbox, shared_data):
    files = sorted((shared_data / "invictus").glob("*.json.gz"))
    assert len(files) == 55
    start = dt.datetime(2023, 7, 10, 11, tzinfo=dt.UTC)
    with new_sandbox(account="218007301253", clock=start, regions=(EAST,)) as sandbox:
        bucket = TrailBucket(sandbox, "invictus-trail", "invictus-trail-bucket")
        bucket.make_bucket()
        bucket.start()
        folder = f"AWSLogs/{sandbox.account}/CloudTrail/{EAST}/2023/07/10"
        for file in files:
            at = dt.datetime.strptime(file.name.split("_")[3], "%Y%m%dT%H%MZ").replace(tzinfo=dt.UTC)
            sandbox.import_log(f"{bucket.bucket}/{folder}/{file.name}", file.read_bytes(), at)
        sandbox.advance(dt.timedelta(hours=2))
        said = judge(bucket, EAST, start, sandbox.now())
        total = len(bucket.keys("CloudTrail"))
        s3 = bucket.client("s3")
        for file in files:
            stored = s3.get_object(Bucket=bucket.bucket, Key=f"{folder}/{file.name}")
            assert stored["Body"].read() == file.read_bytes()
            assert f"{stored['LastModified']:%Y%m%dT%H%MZ}" == file.name.split("_")[3]
    assert said.status == 0, said.text[-2000:]
    assert said.counts("log") == (total, total)
    assert sum(f"{file.name}\tvalid" in said.text for file in files) == 55
