"""Cold objects and their restore, as the roles of docs/permissions.md, by the sandbox's clock: nothing answers without them."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.permissions import policies
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_setup import as_user

from itemtrail.cli import ends
from itemtrail.cli.main import main
from itemtrail.core import layout
from itemtrail.errors import ColdStorage
from itemtrail.flows import setup
from itemtrail.flows.archive import archive_unit
from itemtrail.model import Unit

pytestmark = pytest.mark.sandbox
DAY = dt.date(2026, 11, 21)
UNIT = Unit("111122223333", "us-east-1", DAY)
ASK = ("--day", str(DAY), "--unit", f"{UNIT.account}/{UNIT.region}")


@pytest.fixture(scope="module")
def world(new_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> SetupWorld:
    """A day, archived."""
    made = SetupWorld.of(new_sandbox(clock=dt.datetime(2026, 11, 21, 5, 30, tzinfo=dt.UTC)))
    control = made.connection.control()
    made.create_tables()
    setup.apply(control, made.settings, setup.plan(control, made.settings).hash)
    made.sandbox.advance_to(dt.datetime(2026, 11, 22, 2, tzinfo=dt.UTC))
    connection = made.connection
    trail = connection.trail(made.settings.trail)
    archive_unit(
        UNIT,
        trail=trail,
        status=connection.trail_api().status(trail, region=UNIT.region),
        source=connection.store(trail.bucket),
        archive=connection.archive(made.settings.archive),
        public_keys=connection.public_keys(),
        tagger=connection.tagger(trail.bucket),
        settings=made.settings,
        now=made.now(),
        spool=Path(tmp_path_factory.mktemp("spool")),
    )
    return made


@pytest.fixture(scope="module")
def restorer(world: SetupWorld) -> SetupWorld:
    return as_user(world, "restorer", policies()["Restorer"])


@pytest.fixture(scope="module")
def auditor(world: SetupWorld) -> SetupWorld:
    return as_user(world, "auditor", policies()["Auditor"])


@pytest.fixture
def command(world: SetupWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command line as one of these, at the sandbox's time."""

    def run(who: SetupWorld, *words: str) -> tuple[int, str]:
        monkeypatch.setattr(ends, "now", world.now)
        opened = ends.Ends(who.settings)
        object.__setattr__(opened, "connection", who.connection)
        monkeypatch.setattr(ends, "open_ends", lambda arguments: opened)
        code = main(list(words))
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def make_cold(world: SetupWorld, prefix: str, storage_class: str) -> list[str]:
    """What a lifecycle rule does, at once."""
    s3, bucket = world.client("s3"), world.settings.archive.bucket
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    for key in keys:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        s3.put_object(Bucket=bucket, Key=key, Body=body, StorageClass=storage_class, ChecksumAlgorithm="SHA256")
    return keys


@pytest.fixture(scope="module")
def cold(world: SetupWorld) -> list[str]:
    """The originals in DEEP_ARCHIVE, by the rule that setting up put; the events in GLACIER, as another rule may do."""
    world.client("cloudtrail").stop_logging(Name=world.settings.trail.name)
    assert world.sandbox.run_lifecycle()["moved"] == 0
    world.sandbox.advance(dt.timedelta(days=world.settings.archive.originals_after_days + 1))
    assert world.sandbox.run_lifecycle() == {"moved": 1, "expired": 0}
    s3, bucket = world.client("s3"), world.settings.archive.bucket
    classes = {one["Key"]: one["StorageClass"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    moved = [key for key, storage_class in classes.items() if storage_class != "STANDARD"]
    assert {classes[key] for key in moved} == {"DEEP_ARCHIVE"}
    assert all(key.startswith(f"{layout.ORIGINALS}{layout.unit_folder(UNIT)}") for key in moved)
    return [*moved, *make_cold(world, f"{layout.EVENTS}{layout.account_region(*_place())}event_date={DAY}", "GLACIER")]


def _place() -> tuple[str, str]:
    return UNIT.account, UNIT.region


def test_every_reader_says_cold_and_how_to_go_on(cold: list[str], auditor: SetupWorld, command: Any, tmp_path: Path) -> None:
    code, said = command(auditor, "originals", *ASK, "--to", str(tmp_path / "out"))
    assert (code, f"itemtrail restore --plan --what originals {' '.join(ASK)}" in said) == (3, True), said
    code, said = command(auditor, "query", "SELECT count(*) FROM events", "--cache", str(tmp_path / "cache"))
    assert code == 3
    assert "so there is no answer" in said
    assert f"itemtrail restore --plan --what events {' '.join(ASK)}" in said
    archive = auditor.connection.archive(auditor.settings.archive)
    for read in (archive.read, lambda key: archive.read_range(key, 0, 1), lambda key: archive.download(key, tmp_path / "x")):
        with pytest.raises(ColdStorage):
            read(cold[0])


def test_a_cold_log_in_the_trail_bucket_is_unprovable_and_can_be_asked_back(
    world: SetupWorld, restorer: SetupWorld, command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    s3, bucket = world.client("s3"), world.settings.trail.bucket
    prefix = f"AWSLogs/{UNIT.account}/CloudTrail/{UNIT.region}/{DAY:%Y/%m/%d}/"
    key = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"][0]["Key"]
    stored = s3.get_object(Bucket=bucket, Key=key)
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=stored["Body"].read(),
        Metadata=stored["Metadata"],
        ContentType="application/json",
        ContentEncoding="gzip",
        StorageClass="GLACIER",
    )
    with pytest.raises(ColdStorage) as caught:
        world.connection.store(bucket).read(key)
    assert f"--what delivered {' '.join(ASK)}" in caught.value.advice
    code, said = command(restorer, "restore", "--plan", "--what", "delivered", *ASK, "--json")
    assert code == 0
    assert [one["key"] for one in json.loads(said)["plan"]["objects"] if one["standing"] == "COLD"] == [key]


def test_a_restore_from_the_plan_to_the_copys_end(
    cold: list[str], world: SetupWorld, restorer: SetupWorld, auditor: SetupWorld, command: Any, tmp_path: Path
) -> None:
    """DEEP_ARCHIVE in Standard: twelve hours; the copy is there for a day, to the midnight after."""
    both = ("--what", "originals", "--what", "events", *ASK)

    def midnight(days: int) -> str:
        return f"{begun.date() + dt.timedelta(days=days)} 00:00"

    code, said = command(restorer, "restore", "--plan", *both)
    assert code == 0
    assert "not offered: DEEP_ARCHIVE has no Expedited" in said
    assert all(key in said for key in cold)
    code, said = command(restorer, "restore", "--status", *both)
    assert (code, "cold" in said) == (3, True)

    begun = world.now()
    code, said = command(restorer, "restore", "--apply", *both, "--copy-days", "1")
    assert (code, f"{len(cold)} restores begun, 0 were there or under way, 0 failed" in said) == (0, True), said
    code, said = command(restorer, "restore", "--apply", *both, "--copy-days", "1")
    assert (code, "nothing more to request" in said, "begun" in said) == (0, True, False)
    code, said = command(restorer, "restore", "--status", *both, "--json")
    assert (code, {one["standing"] for one in json.loads(said)["objects"]}) == (3, {"RESTORING"})
    with pytest.raises(ColdStorage):
        auditor.connection.archive(auditor.settings.archive).read(cold[0])

    world.sandbox.advance(5 * 3600 + 60)
    _, said = command(restorer, "restore", "--status", *both, "--json")
    assert {one["class"]: one["standing"] for one in json.loads(said)["objects"]} == {
        "GLACIER": "RESTORED",
        "DEEP_ARCHIVE": "RESTORING",
    }
    world.sandbox.advance(7 * 3600)
    code, said = command(restorer, "restore", "--status", *both)
    assert (code, f"until {midnight(2)} UTC (the first)" in said) == (0, True), said
    assert command(auditor, "originals", *ASK, "--to", str(tmp_path / "out"))[0] == 0
    code, said = command(auditor, "query", "SELECT count(*) AS n FROM events", "--cache", str(tmp_path / "cache"), "--json")
    assert (code, json.loads(said.splitlines()[0])["n"] > 0) == (0, True)

    code, said = command(restorer, "restore", "--apply", *both, "--copy-days", "2", "--extend")
    assert (code, "0 restores begun, 2 were there or under way, 0 failed" in said) == (0, True), said
    assert f"until {midnight(3)} UTC" in command(restorer, "restore", "--status", *both)[1]

    world.sandbox.advance(dt.timedelta(days=3))
    assert command(restorer, "restore", "--status", *both)[0] == 3
    with pytest.raises(ColdStorage):
        auditor.connection.archive(auditor.settings.archive).read(cold[0])


def test_above_the_budget_only_the_plan_that_was_read_is_requested(cold: list[str], restorer: SetupWorld, command: Any) -> None:
    poor = restorer.having(restore=restorer.settings.restore.model_copy(update={"budget_dollars": 0.0}))
    ask = ("restore", "--apply", *ASK, "--json")
    code, said = command(poor, *ask)
    assert (code, "above the budget of $0.00, and nobody can be asked here" in said) == (2, True), said
    code, said = command(poor, *ask, "--approve", "0" * 16)
    assert (code, "was approved, but it would be" in said) == (1, True), said
    plan = json.loads(command(poor, "restore", "--plan", *ASK, "--json")[1])["plan"]
    code, said = command(poor, *ask, "--approve", plan["hash"][:16])
    assert (code, f'"begun": {len(plan["objects"])}' in said) == (0, True), said


def test_who_restores_cannot_read_and_who_reads_cannot_restore(
    cold: list[str], restorer: SetupWorld, auditor: SetupWorld, command: Any
) -> None:
    with pytest.raises(ClientError) as caught:
        restorer.client("s3").get_object(Bucket=restorer.settings.archive.bucket, Key=layout.receipt_key(UNIT, 0))
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    code, said = command(auditor, "restore", "--apply", "--what", "events", *ASK)
    assert (code, "s3:RestoreObject" in said) == (2, True), said
