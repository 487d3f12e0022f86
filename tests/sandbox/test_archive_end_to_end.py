"""The whole path in the local AWS by the command line: setup, calls, signed delivery, archive, receipts, originals, SQL."""

import datetime as dt
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.trail_bucket import TrailBucket

from cloudtrail_sandbox.client import Sandbox
from itemtrail.aws.connection import Connection
from itemtrail.cli.main import main
from itemtrail.core import rebuild
from itemtrail.core.receipt import OutputKind
from itemtrail.flows import setup
from itemtrail.flows.archive import archive_unit
from itemtrail.model import Conversion, TrailRef, Unit, Verdict
from itemtrail.settings import Settings

pytestmark = pytest.mark.sandbox
DAY, NEXT = "2026-11-21", "2026-11-22"
EAST, WEST = "us-east-1", "eu-west-1"
PUTS = 40


@pytest.fixture(scope="module")
def world(new_sandbox: Callable[..., Sandbox]) -> Iterator[SetupWorld]:
    """Two delivered days: a trail set up by our own plan, writes in one Region, nothing in the other."""
    with new_sandbox(clock=dt.datetime(2026, 11, 21, tzinfo=dt.UTC), tick=False) as sandbox:
        made = SetupWorld.of(sandbox).named("whole-path")
        made.create_tables()
        control = made.connection.control()
        setup.apply(control, made.settings, setup.plan(control, made.settings).hash)
        table = made.client("dynamodb")
        for day in range(2):
            for n in range(PUTS):
                if n % 10 == 0:
                    sandbox.advance(dt.timedelta(hours=1))
                table.put_item(TableName="Payroll", Item={"id": {"S": f"E-{day}-{n}"}, "salary": {"N": "1"}})
            sandbox.advance_to(dt.datetime(2026, 11, 22 + day, 0, 10, tzinfo=dt.UTC))
        sandbox.advance_to(dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC))
        yield made


@pytest.fixture
def itemtrail(
    world: SetupWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sandbox_env: Any
) -> Callable[..., tuple[int, str, str]]:
    """The command line as the owner; gives exit code, output, errors."""
    config = tmp_path / "itemtrail.toml"
    config.write_text(toml(world.settings))
    sandbox_env(world.sandbox)
    monkeypatch.setenv("ITEMTRAIL_CONFIG", str(config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as error:
            code = int(error.code or 0)
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def archived(itemtrail: Callable[..., tuple[int, str, str]]) -> Callable[..., tuple[int, str, str]]:
    """The first day in the archive (a second time this writes nothing)."""
    code, out, err = itemtrail("archive", "--day", DAY)
    assert code == 0, out + err
    return itemtrail


def toml(settings: Settings) -> str:
    """Settings as a file."""
    lines = []
    for section, values in settings.model_dump(mode="json").items():
        plain = {k: v for k, v in values.items() if not isinstance(v, dict)}
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in plain.items())]
    return "\n".join(lines)


def versions(world: SetupWorld, bucket: str) -> set[tuple[str, str]]:
    pages = world.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    return {(v["Key"], v["VersionId"]) for page in pages for v in page.get("Versions", [])}


def objects(world: SetupWorld, day: str) -> dict[str, bytes]:
    s3, bucket = world.client("s3"), world.settings.trail.bucket
    folder = day.replace("-", "/")
    keys = {key for key, _ in versions(world, bucket) if f"/{folder}/" in key}
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_a_day_is_archived_and_proven_in_both_regions(archived: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = archived("receipts", "--day", DAY)
    assert code == 0
    lines = [line for line in out.splitlines() if line.startswith(DAY)]
    assert len(lines) == 2
    assert all(re.search(r" PROVEN +COMPLETE$", line) for line in lines)


def test_receipts_as_json_add_up(archived: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = archived("receipts", "--day", DAY, "--json")
    found = json.loads(out)
    assert code == 0
    assert {(r["unit"]["region"], r["verdict"]) for r in found} == {(EAST, "PROVEN"), (WEST, "PROVEN")}
    for receipt in found:
        counts = receipt["counts"]
        assert counts["records_in"] == counts["rows"] + counts["duplicates"] + counts["quarantined"]
        assert counts["slots"] == len(receipt["slots"])
    east = next(r for r in found if r["unit"]["region"] == EAST)
    assert east["counts"]["rows"] >= PUTS


def test_a_second_run_leaves_no_new_version(archived: Callable[..., tuple[int, str, str]], world: SetupWorld) -> None:
    before = versions(world, world.settings.archive.bucket)
    assert archived("archive", "--day", DAY)[0] == 0
    assert versions(world, world.settings.archive.bucket) == before


def test_originals_come_back_byte_for_byte(
    archived: Callable[..., tuple[int, str, str]], world: SetupWorld, tmp_path: Path
) -> None:
    code, out, err = archived("originals", "--day", DAY, "--to", str(tmp_path / "out"))
    assert code == 0, out + err
    for key, body in objects(world, DAY).items():
        assert (tmp_path / "out" / key).read_bytes() == body


def test_questions_are_answered_from_the_archive(archived: Callable[..., tuple[int, str, str]]) -> None:
    sql = "SELECT count(*) AS n FROM events_distinct WHERE eventName = 'PutItem' AND table_arn LIKE '%/Payroll'"
    code, out, _ = archived("query", "--json", "--to", DAY, sql)
    assert (code, json.loads(out)) == (0, {"n": PUTS})
    code, out, _ = archived("query", "--csv", "SELECT region, verdict FROM receipts ORDER BY 1")
    assert (code, out.splitlines()) == (0, ["region,verdict", f"{WEST},PROVEN", f"{EAST},PROVEN"])
    code, out, _ = archived("query", f"SELECT DISTINCT account, event_date FROM events WHERE region = '{EAST}' ORDER BY ALL")
    assert code == 0
    assert f"111122223333  {DAY}" in out


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO 'stolen.csv'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT 1; SELECT 2",
        "INSTALL httpfs",
        "SET memory_limit = '100GB'",
        "DROP TABLE receipts",
        "SELECT nothing FROM events",
        "SELECT * FROM read_parquet('s3://x/y')",
        "",
    ],
)
def test_sql_that_does_more_than_read_the_archive_is_refused(archived: Callable[..., tuple[int, str, str]], sql: str) -> None:
    code, out, err = archived("query", sql)
    assert (code, out) == (2, "")
    assert "itemtrail: " in err


def test_evidence_is_locked_and_what_is_proven_may_expire(
    archived: Callable[..., tuple[int, str, str]], world: SetupWorld
) -> None:
    s3, settings = world.client("s3"), world.settings
    keys = {key for key, _ in versions(world, settings.archive.bucket)}
    for prefix in ("originals/", "events/", "receipts/", "keys/"):
        key = min(key for key in keys if key.startswith(prefix))
        assert s3.head_object(Bucket=settings.archive.bucket, Key=key)["ObjectLockMode"] == "GOVERNANCE"
    for key in objects(world, DAY):
        if "/CloudTrail/" in key:
            assert {"Key": "itemtrail", "Value": "proven"} in s3.get_object_tagging(Bucket=settings.trail.bucket, Key=key)[
                "TagSet"
            ]


def test_an_altered_log_fails_its_day_and_mending_it_turns_the_day_green(
    itemtrail: Callable[..., tuple[int, str, str]], world: SetupWorld
) -> None:
    s3, bucket = world.client("s3"), world.settings.trail.bucket
    victim = min(key for key in objects(world, NEXT) if f"/CloudTrail/{EAST}/" in key)
    forged = s3.put_object(Bucket=bucket, Key=victim, Body=gzip.compress(b'{"Records":[]}'))
    code, out, _ = itemtrail("archive", "--day", NEXT)
    assert code == 1
    assert f"{NEXT}: DISPROVEN: 1 × HASH_MISMATCH ({victim})" in out
    assert re.search(rf"{WEST}.* PROVEN +COMPLETE", out)
    s3.delete_object(Bucket=bucket, Key=victim, VersionId=forged["VersionId"])
    code, out, _ = itemtrail("archive", "--day", NEXT)
    assert code == 0, out


def test_a_missing_permission_is_named_and_is_no_verdict(
    itemtrail: Callable[..., tuple[int, str, str]], world: SetupWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = world.client("iam")
    iam.create_user(UserName="blind")
    trail = {"Effect": "Allow", "Action": "cloudtrail:*", "Resource": "*"}
    archive = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{world.settings.archive.bucket}*"}
    policy = {"Version": "2012-10-17", "Statement": [trail, archive]}
    iam.put_user_policy(UserName="blind", PolicyName="some", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="blind")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    code, _, err = itemtrail("archive", "--day", DAY)
    assert code == 2
    assert "s3:ListBucketVersions" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("archive",),
        ("archive", "--day", "yesterday"),
        ("archive", "--day", DAY, "--from", DAY),
        ("archive", "--from", NEXT, "--to", DAY),
        ("archive", "--day", DAY, "--unit", "us-east-1"),
        ("originals", "--day", DAY),
        ("receipts", "--config", "/nowhere.toml"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_and_judges_nothing(
    itemtrail: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...]
) -> None:
    code, out, err = itemtrail(*arguments)
    assert (code, out) == (2, "")
    assert err


# Real log files.

INVICTUS = "218007301253"


@pytest.fixture(scope="module")
def real_files(shared_data: Path) -> dict[str, bytes]:
    """Key → stored bytes of 55 published log files of one account and Region."""
    folder = f"AWSLogs/{INVICTUS}/CloudTrail/{EAST}/2023/07/10/"
    found = {folder + path.name: path.read_bytes() for path in sorted((shared_data / "invictus").glob("*.json.gz"))}
    assert len(found) == 55
    return found


def test_real_files_survive_in_every_byte_with_the_trail_bucket_emptied(
    new_sandbox: Callable[..., Sandbox], real_files: dict[str, bytes], tmp_path: Path
) -> None:
    with new_sandbox(clock=dt.datetime(2023, 7, 10, tzinfo=dt.UTC), account=INVICTUS, regions=(EAST,), tick=False) as sandbox:
        bucket = TrailBucket(sandbox, "research", "research-trail")
        bucket.make_bucket()
        bucket.start()
        for key, body in sorted(real_files.items(), key=lambda item: item[0].split("_")[3]):
            minute = dt.datetime.strptime(key.split("_")[3], "%Y%m%dT%H%MZ").replace(tzinfo=dt.UTC)
            sandbox.import_log(f"{bucket.bucket}/{key}", body, minute + dt.timedelta(seconds=30))
        sandbox.advance_to(dt.datetime(2023, 7, 11, 3, tzinfo=dt.UTC))
        bucket.client("s3").create_bucket(Bucket="research-archive", ObjectLockEnabledForBucket=True)
        _archive_and_compare(sandbox, bucket, real_files, tmp_path)


def _archive_and_compare(sandbox: Sandbox, bucket: TrailBucket, real_files: dict[str, bytes], tmp_path: Path) -> None:
    world = SetupWorld.of(sandbox)
    connection: Connection = world.connection
    wanted = world.settings.archive.model_copy(update={"bucket": "research-archive", "accounts": (INVICTUS,)})
    archive, source = connection.archive(wanted), connection.store(bucket.bucket)
    trail = TrailRef(bucket.arn, bucket.bucket)
    receipt = archive_unit(
        Unit(INVICTUS, EAST, dt.date(2023, 7, 10)),
        trail=trail,
        status=connection.trail_api().status(trail),
        source=source,
        archive=archive,
        public_keys=connection.public_keys(),
        tagger=None,
        settings=world.settings.model_copy(update={"archive": wanted}),
        now=sandbox.now(),
        spool=tmp_path,
    )
    assert (receipt.verdict, receipt.conversion) == (Verdict.PROVEN, Conversion.COMPLETE)
    s3 = bucket.client("s3")
    for info in list(source.list("")):
        s3.delete_object(Bucket=bucket.bucket, Key=info.key, VersionId=info.version_id)
    packed = {p.key: archive.read_range(p.tar, p.offset, p.size) for p in receipt.inputs if p.key in real_files}
    assert packed == real_files
    paths = []
    for number, output in enumerate(o for o in receipt.outputs if o.kind is OutputKind.EVENTS):
        paths.append(tmp_path / f"{number}.parquet")
        archive.download(output.key, paths[-1])
    rebuilt: dict[str, list[bytes]] = {}
    for record in rebuild.records(paths):
        source_object, _, data = record
        rebuilt.setdefault(source_object, []).append(data)
    reader = msgspec.json.Decoder(dict[str, list[msgspec.Raw]])
    real = {key: [bytes(raw) for raw in reader.decode(gzip.decompress(body))["Records"]] for key, body in real_files.items()}
    assert sum(map(len, real.values())) == 2900
    assert {key: rebuilt[key] for key in real} == real


def test_the_archive_proves_itself_in_the_bucket_and_as_a_copy_without_aws(
    archived: Callable[..., tuple[int, str, str]], world: SetupWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert archived("archive", "--day", NEXT)[0] == 0
    assert archived("ledger", "append", "--json")[0] == 0
    code, out, _ = archived("verify-archive", "--json")
    said = json.loads(out)
    assert (code, said["findings"], [one for one in said["units"] if one["findings"]]) == (0, [], [])
    assert said["answers"] == {"PROVEN": 4}
    bucket = world.settings.archive.bucket
    folder = copied(world, bucket, tmp_path / "copy")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    code, out, _ = archived("verify-archive", "--archive", str(folder), "--checkpoint", said["checkpoint_sha256"])
    assert code == 0, out
    assert "anchored: 4 of 4 units" in out


def copied(world: SetupWorld, bucket: str, folder: Path) -> Path:
    """The bucket's objects as files."""
    s3 = world.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", []):
            path = folder / one["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
    return folder
