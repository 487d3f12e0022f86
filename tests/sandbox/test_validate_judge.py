"""The judge of the validator: awscli's `cloudtrail validate-logs` beside ours, over chains of the sandbox, clean and tampered.

Here awscli is asked about the clean chain and where both must agree that nothing is wrong; what it says of each tampering stands
beside ours in docs/validation-parity.md (tests/parity.py). Here ours must name the object, the reason, and no other object.
"""

import argparse
import datetime as dt
import gzip
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudtrail_sandbox.client import Sandbox
from itemtrail.cli import validate

pytestmark = pytest.mark.sandbox
AWS = Path(__file__).resolve().parents[2] / ".venv" / "bin" / "aws"
START = dt.datetime(2026, 11, 18, 0, 0, tzinfo=dt.UTC)
HOURS = 6
BUCKET, TRAIL, PREFIX = "judged-trail-bucket", "judged_trail.main", "audit"


@dataclass
class Bench:
    """A sandbox whose trail ran for some hours, and what its bucket held then."""

    sandbox: Sandbox
    s3: Any
    arn: str
    until: str
    objects: dict[str, tuple[bytes, dict[str, str]]]

    def digests(self, region: str = "us-east-1") -> list[str]:
        """Digest keys of a Region, oldest first."""
        return sorted(key for key in self.objects if f"/CloudTrail-Digest/{region}/" in key)

    def logs(self, region: str = "us-east-1") -> list[str]:
        """Log keys of a Region."""
        return sorted(key for key in self.objects if f"/CloudTrail/{region}/" in key)

    def put(self, key: str, body: bytes | None = None, metadata: dict[str, str] | None = None) -> None:
        """Overwrite body or metadata, keeping the other."""
        old = self.objects.get(key, (b"", {}))
        self.s3.put_object(
            Bucket=BUCKET, Key=key, Body=old[0] if body is None else body, Metadata=old[1] if metadata is None else metadata
        )

    def restore(self) -> None:
        """The bucket as it was."""
        now = {o["Key"] for o in self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]} if self._any() else set()
        for key in now - self.objects.keys():
            self.s3.delete_object(Bucket=BUCKET, Key=key)
        for key in self.objects:
            self.put(key)

    def _any(self) -> bool:
        return bool(self.s3.list_objects_v2(Bucket=BUCKET, MaxKeys=1).get("Contents"))


@pytest.fixture(scope="module")
def bench(new_sandbox: Callable[..., Sandbox]) -> Bench:
    sandbox = new_sandbox(clock=START, tick=False)
    session = boto3.Session(sandbox.access_key_id, sandbox.secret_access_key, region_name="us-east-1")
    s3, trails, tables = (session.client(name, endpoint_url=sandbox.endpoint_url) for name in ("s3", "cloudtrail", "dynamodb"))
    arn = f"arn:aws:cloudtrail:us-east-1:{sandbox.account}:trail/{TRAIL}"
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(_policy(arn, sandbox.account)))
    options = {"IsMultiRegionTrail": True, "EnableLogFileValidation": True}
    trails.create_trail(Name=TRAIL, S3BucketName=BUCKET, S3KeyPrefix=PREFIX, **options)
    trails.start_logging(Name=TRAIL)
    for _ in range(HOURS):
        for _ in range(2):
            tables.list_tables()
            sandbox.advance(dt.timedelta(minutes=20))
        sandbox.advance(dt.timedelta(minutes=20))
    sandbox.advance(dt.timedelta(minutes=59))
    held = [o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    answers = {key: s3.get_object(Bucket=BUCKET, Key=key) for key in held}
    objects = {key: (a["Body"].read(), a["Metadata"]) for key, a in answers.items()}
    return Bench(sandbox, s3, arn, f"{START + HOURS * dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", objects)


def _policy(arn: str, account: str) -> dict[str, Any]:
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    bucket = f"arn:aws:s3:::{BUCKET}"
    here = {"StringEquals": {"aws:SourceArn": arn}}
    full = {"StringEquals": {"aws:SourceArn": arn, "s3:x-amz-acl": "bucket-owner-full-control"}}
    statements = [
        {**service, "Action": "s3:GetBucketAcl", "Resource": bucket, "Condition": here},
        {**service, "Action": "s3:PutObject", "Resource": f"{bucket}/{PREFIX}/AWSLogs/{account}/*", "Condition": full},
    ]
    return {"Version": "2012-10-17", "Statement": statements}


@pytest.fixture
def judged(
    bench: Bench, sandbox_env: Callable[[Sandbox], None], capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, dict[str, Any], int, str]]]:
    """Both validators over the bucket as it is: our exit code and document, awscli's exit code and text (unless not asked)."""
    sandbox_env(bench.sandbox)
    parser = argparse.ArgumentParser()
    validate.add_parser(parser.add_subparsers())

    def run(region: str = "us-east-1", *, ask: bool = True) -> tuple[int, dict[str, Any], int, str]:
        place = ["--bucket", BUCKET, "--prefix", PREFIX, "--account", bench.sandbox.account, "--region", region]
        times = ["--from", f"{START:%Y-%m-%dT%H:%M:%SZ}", "--to", bench.until]
        arguments = parser.parse_args(["validate", *place, *times, "--json"])
        code = validate.run(arguments)
        document = json.loads(capsys.readouterr().out)
        if not ask:
            return code, document, -1, ""
        theirs = ["--trail-arn", bench.arn, "--region", region, "--start-time", times[1], "--end-time", times[3]]
        aws = subprocess.run([AWS, "cloudtrail", "validate-logs", *theirs], capture_output=True, text=True, env=os.environ)
        return code, document, aws.returncode, aws.stdout + aws.stderr

    yield run
    bench.restore()


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_clean_chain_is_valid_for_both_in_both_regions(region: str, bench: Bench, judged: Any) -> None:
    code, document, aws, text = judged(region)
    assert (code, document["verdict"]) == (0, "PROVEN"), document
    assert aws == 0, text
    assert f"{len(bench.digests(region))}/{len(bench.digests(region))} digest files valid" in text
    assert HOURS - 1 <= len(document["slots"]) <= len(bench.digests(region))
    assert {item["key"] for item in document["objects"]} <= set(bench.logs(region))
    assert len(document["objects"]) >= (HOURS if region == "us-east-1" else 0)


def _flip(body: bytes) -> bytes:
    content = gzip.decompress(body)
    return gzip.compress(content.replace(b"ListTables", b"ListTablez", 1))


def _without_entry(body: bytes) -> bytes:
    document = json.loads(gzip.decompress(body))
    document["logFiles"] = document["logFiles"][1:]
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode())


TAMPERINGS: dict[str, Callable[[Bench], tuple[str, str]]] = {}


def tampering(tamper: Callable[[Bench], tuple[str, str]]) -> Callable[[Bench], tuple[str, str]]:
    TAMPERINGS[tamper.__name__] = tamper
    return tamper


@tampering
def log_altered(bench: Bench) -> tuple[str, str]:
    key = bench.logs()[2]
    bench.put(key, _flip(bench.objects[key][0]))
    return key, "HASH_MISMATCH"


@tampering
def log_deleted(bench: Bench) -> tuple[str, str]:
    key = bench.logs()[2]
    bench.s3.delete_object(Bucket=BUCKET, Key=key)
    return key, "MISSING"


@tampering
def log_with_appended_member(bench: Bench) -> tuple[str, str]:
    key = bench.logs()[2]
    bench.put(key, bench.objects[key][0] + gzip.compress(b'{"Records":[]}'))
    return key, "APPENDED_MEMBER"


@tampering
def digest_entry_removed(bench: Bench) -> tuple[str, str]:
    key = bench.digests()[2]
    bench.put(key, _without_entry(bench.objects[key][0]))
    return key, "SIGNATURE_BAD"


@tampering
def digest_deleted(bench: Bench) -> tuple[str, str]:
    bench.s3.delete_object(Bucket=BUCKET, Key=bench.digests()[2])
    return "", "MISSING_LINKED"


@tampering
def digest_replaced_by_another(bench: Bench) -> tuple[str, str]:
    key = bench.digests()[2]
    bench.put(key, *bench.objects[bench.digests()[1]])
    return key, "MOVED"


@tampering
def digest_not_gzip(bench: Bench) -> tuple[str, str]:
    key = bench.digests()[2]
    bench.put(key, gzip.decompress(bench.objects[key][0]))
    return key, "NOT_GZIP"


@tampering
def newest_digests_deleted(bench: Bench) -> tuple[str, str]:
    for key in bench.digests()[-3:]:
        bench.s3.delete_object(Bucket=BUCKET, Key=key)
    return "", "MISSING_TAIL"


@tampering
def all_digests_deleted(bench: Bench) -> tuple[str, str]:
    for key in bench.digests():
        bench.s3.delete_object(Bucket=BUCKET, Key=key)
    return "", "MISSING_ALL"


@tampering
def log_planted(bench: Bench) -> tuple[str, str]:
    key = bench.logs()[2].rpartition("_")[0] + "_plantedplanted00.json.gz"
    bench.put(key, gzip.compress(b'{"Records":[]}'))
    return key, "UNLISTED"


@tampering
def digest_with_appended_member(bench: Bench) -> tuple[str, str]:
    key = bench.digests()[2]
    bench.put(key, bench.objects[key][0] + gzip.compress(b"{}"))
    return key, "APPENDED_MEMBER"


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_seen_where_it_is_and_nowhere_else(name: str, bench: Bench, judged: Any) -> None:
    where, reason = TAMPERINGS[name](bench)
    code, document, _, _ = judged(ask=False)
    assert code == 1
    assert document["verdict"] == "DISPROVEN"
    found = {(s["object"] or "", s["reason"]) for s in document["slots"]} | {(o["key"], o["reason"]) for o in document["objects"]}
    assert (where, reason) in found
    disproven = {o["key"] for o in document["objects"] if o["verdict"] == "DISPROVEN"}
    assert disproven <= {where}


def test_recompressed_objects_stay_proven_for_both(bench: Bench, judged: Any) -> None:
    for key in (bench.logs()[2], bench.digests()[2]):
        bench.put(key, gzip.compress(gzip.decompress(bench.objects[key][0]), 1))
    code, document, aws, text = judged()
    assert (code, document["verdict"], aws) == (0, "PROVEN", 0), text


def test_stripped_metadata_is_proven_by_the_next_digest_where_awscli_gives_up(bench: Bench, judged: Any) -> None:
    bench.put(bench.digests()[2], metadata={})
    code, document, aws, _ = judged()
    assert (code, aws) == (0, 1)
    assert (bench.digests()[2], "SIGNED_BY_SUCCESSOR") in {(s["object"], s["reason"]) for s in document["slots"]}
