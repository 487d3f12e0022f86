"""Ours beside ``aws cloudtrail validate-logs``: the same tampering on one sandbox, both answers, and the page that shows them.

``python -m tests.parity`` (``make parity``) runs both over every scenario and writes docs/validation-parity.md. The test suite
runs ours over every scenario and awscli over a few, and compares with the page (tests/sandbox/test_parity.py).
"""

import argparse
import contextlib
import datetime as dt
import gzip
import io
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from cloudtrail_sandbox.client import Sandbox
from itemtrail.cli import validate
from itemtrail.core.reasons import NOTED, Reason
from itemtrail.model import Verdict

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation-parity.md"
AWS = ROOT / ".venv" / "bin" / "aws"
REGION = "us-east-1"
HOUR = dt.timedelta(hours=1)
# Three hours before the sandbox's signing key of us-east-1 changes (its keys are valid for 30 days and overlap by one).
START = dt.datetime(2026, 11, 5, tzinfo=dt.UTC)
HOURS = 7
PREFIX = "audit"


@dataclass(frozen=True)
class Place:
    """A trail and the bucket that it delivers to."""

    trail: str
    bucket: str


MAIN = Place("judged_trail.main", "judged-trail-bucket")
PAIR = Place("foo", "pair-trail-bucket")
OTHER = Place("foo_us-east-1_b", "pair-trail-bucket")
STOPPED = Place("stopped-trail", "stopped-trail-bucket")


@dataclass(frozen=True)
class Answers:
    """Exit code and what was said, without names that differ from run to run."""

    exit: int
    said: str


@dataclass
class Bench:
    """A sandbox whose trails ran for some hours, and what their buckets held then."""

    sandbox: Sandbox
    s3: Any
    place: Place = MAIN
    held: dict[str, dict[str, tuple[bytes, dict[str, str]]]] = field(default_factory=dict)
    modified: dict[str, dt.datetime] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)

    @property
    def objects(self) -> dict[str, tuple[bytes, dict[str, str]]]:
        """Body and metadata by key, as delivered."""
        return self.held[self.place.bucket]

    def digests(self, *, backfill: bool = False) -> list[str]:
        """The place's digests, oldest first."""
        name = f"_CloudTrail-Digest_{REGION}_{self.place.trail}_{REGION}_2"
        found = (key for key in self.objects if name in key)
        return sorted(key for key in found if key.endswith("_backfill.json.gz") == backfill)

    def logs(self) -> list[str]:
        """Log keys that the standard digests list, oldest first."""
        listed = "".join(gzip.decompress(self.objects[key][0]).decode().replace("\\/", "/") for key in self.digests())
        return sorted(key for key in self.objects if f"/CloudTrail/{REGION}/" in key and key in listed)

    def body(self, key: str) -> bytes:
        """The bytes as delivered."""
        return self.objects[key][0]

    def content(self, key: str) -> bytes:
        """The same inflated."""
        return gzip.decompress(self.body(key))

    def put(self, key: str, body: bytes | None = None, metadata: dict[str, str] | None = None, **more: str) -> None:
        """Overwrite; body and metadata that are not given stay."""
        old = self.objects.get(key, (b"", {}))
        kept = {"Body": old[0] if body is None else body, "Metadata": old[1] if metadata is None else metadata}
        self.touched.add(key)
        self.s3.put_object(Bucket=self.place.bucket, Key=key, **kept, **more)

    def delete(self, *keys: str) -> None:
        """Delete: a marker on top."""
        self.touched |= set(keys)
        for key in keys:
            self.s3.delete_object(Bucket=self.place.bucket, Key=key)

    def forget_versions(self) -> None:
        """Leave only what is current, as a bucket without versions would have."""
        for one in self._versions():
            if one["Key"] in self.touched and (not one["IsLatest"] or "ETag" not in one):
                self.s3.delete_object(Bucket=self.place.bucket, Key=one["Key"], VersionId=one["VersionId"])

    def restore(self) -> None:
        """The bucket as it was delivered."""
        for one in self._versions():
            if one["Key"] in self.touched:
                self.s3.delete_object(Bucket=self.place.bucket, Key=one["Key"], VersionId=one["VersionId"])
        for key in self.touched & self.objects.keys():
            self.put(key)
        self.touched.clear()

    def _versions(self) -> list[dict[str, Any]]:
        pages = list(self.s3.get_paginator("list_object_versions").paginate(Bucket=self.place.bucket))
        return [one for page in pages for one in (*page.get("Versions", []), *page.get("DeleteMarkers", []))]


@dataclass(frozen=True)
class Scenario:
    """One tampering. ``why``: why the answers differ; ``milder``: ours says 0 where awscli does not, on purpose."""

    name: str
    done: str
    tamper: Callable[[Bench], None]
    why: str = ""
    place: Place = MAIN
    versions: bool = False
    spot: bool = False
    milder: bool = False


SCENARIOS: list[Scenario] = []


def scenario(done: str, why: str = "", **options: Any) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Register a tampering under its function's name."""

    def register(tamper: Callable[[Bench], None]) -> Callable[[Bench], None]:
        SCENARIOS.append(Scenario(tamper.__name__, done, tamper, why, **options))
        return tamper

    return register


def make_bench(sandbox: Sandbox) -> Bench:
    """Seven hours of four trails: late digests out of order, backfill digests, a stop and a start, and a change of keys."""
    session = boto3.Session(sandbox.access_key_id, sandbox.secret_access_key, region_name=REGION)
    s3, trails, tables = (session.client(name, endpoint_url=sandbox.endpoint_url) for name in ("s3", "cloudtrail", "dynamodb"))
    for place in (MAIN, PAIR, STOPPED):
        s3.create_bucket(Bucket=place.bucket)
        s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_policy(Bucket=place.bucket, Policy=json.dumps(_policy(place.bucket, sandbox.account)))
    for place in (MAIN, PAIR, OTHER, STOPPED):
        trails.create_trail(Name=place.trail, S3BucketName=place.bucket, S3KeyPrefix=PREFIX, EnableLogFileValidation=True)
        trails.start_logging(Name=place.trail)
    for hour in range(HOURS):
        sandbox.delay(logs=hour in (1, 2, 3), digests=hour in (4, 5), newest_first=hour == 6)
        if hour in (2, 4):
            (trails.stop_logging if hour == 2 else trails.start_logging)(Name=STOPPED.trail)
        for _ in range(3):
            tables.list_tables()
            sandbox.advance(dt.timedelta(minutes=20))
    sandbox.delay()
    sandbox.advance(dt.timedelta(minutes=59))
    bench = Bench(sandbox, s3)
    for place in (MAIN, PAIR, STOPPED):
        found = [one["Key"] for one in s3.list_objects_v2(Bucket=place.bucket)["Contents"]]
        answers = {key: s3.get_object(Bucket=place.bucket, Key=key) for key in found}
        bench.modified |= {key: answer["LastModified"] for key, answer in answers.items()}
        bench.held[place.bucket] = {key: (answer["Body"].read(), answer["Metadata"]) for key, answer in answers.items()}
    return bench


def _policy(bucket: str, account: str) -> dict[str, Any]:
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    statements = [
        {**service, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"},
        {**service, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/{PREFIX}/AWSLogs/{account}/*"},
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def run(bench: Bench, one: Scenario, *, awscli: bool) -> tuple[Answers, Answers | None]:
    """Our answer and awscli's (None where it is not asked) to one scenario; the bucket is as before afterwards."""
    bench.place = one.place
    try:
        one.tamper(bench)
        if not one.versions:
            bench.forget_versions()
        return ours(bench), theirs(bench) if awscli else None
    finally:
        bench.restore()


def ours(bench: Bench) -> Answers:
    """``itemtrail validate``: exit code and the reasons of what is not proven, or noted."""
    parser = argparse.ArgumentParser()
    validate.add_parser(parser.add_subparsers())
    place = ["--bucket", bench.place.bucket, "--prefix", PREFIX, "--account", bench.sandbox.account, "--region", REGION]
    arguments = ["validate", "--trail-arn", _arn(bench), *place, "--from", _z(START), "--to", _z(START + HOURS * HOUR), "--json"]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        code = validate.run(parser.parse_args(arguments))
    document = json.loads(out.getvalue())
    found = [*document["slots"], *document["objects"]]
    told = {one["reason"] for one in found if one["verdict"] != Verdict.PROVEN or one["reason"] in NOTED}
    return Answers(code, ", ".join(reason for reason in Reason if reason in told) or "all proven")


def theirs(bench: Bench) -> Answers:
    """``aws cloudtrail validate-logs``: exit code and its findings, each kind once."""
    command = [AWS, "cloudtrail", "validate-logs", "--trail-arn", _arn(bench), "--region", REGION]
    command += ["--start-time", _z(START), "--end-time", _z(START + HOURS * HOUR)]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = surroundings | bench.sandbox.environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    return Answers(done.returncode, _their_findings(done.stdout + done.stderr))


def _their_findings(text: str) -> str:
    found: list[str] = []
    for kind, what in re.findall(r"^((?:\(backfill\) )?(?:Digest|Log) file)\ts3://\S+\t(INVALID: .*?)$", text, re.MULTILINE):
        found.append(f"{kind} {re.sub(r'for fingerprint .*', 'for fingerprint …', what)}")
    found += ["No log files were delivered between … and …"] if "No log files were delivered" in text else []
    found += ["No digests found"] if "No digests found" in text else []
    error = re.search(r"An error occurred \((\w+)\)", text)
    found += [f"aborts: {error[1]}"] if error else []
    return "; ".join(dict.fromkeys(found)) or "all valid"


def _arn(bench: Bench) -> str:
    return f"arn:aws:cloudtrail:{REGION}:{bench.sandbox.account}:trail/{bench.place.trail}"


def _z(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def row(one: Scenario, mine: Answers, other: Answers) -> str:
    """The page's line of a scenario."""
    cells = (f"`{one.name}`", one.done, f"{other.exit}: {other.said}", f"{mine.exit}: {mine.said}", one.why or "–")
    return f"| {' | '.join(cells)} |"


def recorded() -> dict[str, Answers]:
    """What the page says that awscli answered, by scenario."""
    found = re.findall(r"^\| `(\w+)` \| .*? \| (\d+): (.*?) \| \d: ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: Answers(int(code), said) for name, code, said in found}


def page(rows: Iterable[str]) -> str:
    """docs/validation-parity.md."""
    version = re.search(r"awscli==([\d.]+)", (ROOT / "requirements-dev.txt").read_text(encoding="utf-8"))
    counts = {"spots": sum(one.spot for one in SCENARIOS), "all": len(SCENARIOS)}
    return _PAGE.format(version=version[1] if version else "?", rows="\n".join(rows), **counts)


_PAGE = """# Ours beside `aws cloudtrail validate-logs`

Written by `make parity`: the sandbox's trails run for seven hours (with late digests out of order, backfill digests, a change
of the signing key, a stop and a start, two trails whose names contain each other), then each scenario is done to the bucket, and
both validators are asked about the same range. Exit codes of awscli: 0 nothing invalid, 1 something invalid, 255 aborted. Ours:
0 all proven, 1 not, 3 could not look or not yet due.

**Ours is never milder than awscli**, with one exception that says so. The test suite runs ours over all {all} scenarios and
awscli {version} over {spots} of them, and compares with this page; awscli's other answers are those of the last `make parity`.
The sandbox's keys cannot be taken away, so unknown keys are compared with nothing: they are in the vectors only
(tests/vectors/chain).

| scenario | what was done | awscli says | ours says | why they differ |
|---|---|---|---|---|
{rows}
"""


def main() -> None:
    """Run both over everything, write the page."""
    from tests import parity_scenarios  # noqa: F401  registers them

    with Sandbox.start(clock=START, tick=False) as sandbox:
        os.environ |= sandbox.environment()
        bench = make_bench(sandbox)
        lines = []
        for one in SCENARIOS:
            mine, other = run(bench, one, awscli=True)
            assert other is not None
            lines.append(row(one, mine, other))
            print(lines[-1], flush=True)
    PAGE.write_text(page(lines), encoding="utf-8")


if __name__ == "__main__":
    from tests.parity import main as run_main  # the registry of the module, not of the script

    run_main()
