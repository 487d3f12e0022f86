"""Deadlines in the local AWS: deliveries that stop midway, a digest deleted by somebody, an archive that stands still for a week.

One account, ten days. Observations are made on the way, as whoever looks at coverage on that day would make them.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_archive_end_to_end import toml

from cloudtrail_sandbox.client import Sandbox
from itemtrail.cli.main import main
from itemtrail.core.lifecycle import Version, state
from itemtrail.core.lifecycle_rules import parse
from itemtrail.flows import setup
from itemtrail.flows.archive import archive_unit
from itemtrail.flows.coverage import Cell, Coverage, begin, coverage, due
from itemtrail.model import Unit, Verdict

pytestmark = pytest.mark.sandbox
ACCOUNT, EAST = "111122223333", "us-east-1"
ONE = dt.timedelta(days=1)
FIRST = dt.date(2026, 11, 2)
OUTAGE = dt.date(2026, 11, 3)  # the bucket policy is gone from noon on
DELETED = dt.date(2026, 11, 6)  # somebody deletes a digest of that day
LAST = dt.date(2026, 11, 10)
WEEK = [OUTAGE + ONE + n * ONE for n in range(7)]  # days of which nothing was archived in time
MAX_AGE = dt.timedelta(hours=30)
EXPIRY_DAYS = 90


def at(day: dt.date, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=dt.UTC)


@dataclass
class Story:
    """What was seen, stage by stage."""

    world: SetupWorld
    spool: Path
    seen: dict[str, Any] = field(default_factory=dict)

    def archive(self, day: dt.date) -> Verdict:
        connection, settings = self.world.connection, self.world.settings
        trail = connection.trail(settings.trail)
        receipt = archive_unit(
            Unit(ACCOUNT, EAST, day),
            trail=trail,
            status=connection.trail_api().status(trail, region=EAST),
            source=connection.store(trail.bucket),
            archive=connection.archive(settings.archive),
            public_keys=connection.public_keys(),
            tagger=connection.tagger(trail.bucket),
            settings=settings,
            now=self.world.now(),
            spool=self.spool,
        )
        return receipt.verdict

    def cells(self) -> dict[dt.date, Cell]:
        """Coverage as of the sandbox's now, from the first day that anything was due."""
        connection, settings = self.world.connection, self.world.settings
        trail = connection.trail(settings.trail)
        status, source = connection.trail_api().status(trail), connection.store(trail.bucket)
        store, places = connection.archive(settings.archive), {"accounts": (ACCOUNT,), "regions": (EAST,)}
        first = begin(trail, status, source, store, **places)
        assert first is not None
        units = due((ACCOUNT,), (EAST,), first, self.world.now())
        cells = coverage(store, units, now=self.world.now(), max_age=MAX_AGE, expiry_days=settings.trail.expiry_days)
        return {cell.unit.day: cell for cell in cells}

    def tagged(self, day: dt.date) -> set[str]:
        """Keys of the day's logs and digests that carry a tag."""
        s3, bucket = self.world.client("s3"), self.world.settings.trail.bucket
        found = s3.list_objects_v2(Bucket=bucket)["Contents"]
        keys = [one["Key"] for one in found if f"/{EAST}/{day:%Y/%m/%d}/" in one["Key"]]
        return {key for key in keys if s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}

    def to(self, moment: dt.datetime) -> None:
        self.world.sandbox.advance_to(moment)


@pytest.fixture(scope="module")
def story(new_sandbox: Callable[..., Sandbox], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with new_sandbox(clock=at(FIRST) - dt.timedelta(hours=3), regions=(EAST,), tick=False) as sandbox:
        world = SetupWorld.of(sandbox).named("deadline")
        world.create_tables()
        control = world.connection.control()
        setup.apply(control, world.settings, setup.plan(control, world.settings).hash)
        told = Story(world, tmp_path_factory.mktemp("spool"))
        first_day(told)
        outage(told)
        week(told)
        caught_up(told)
        yield told


def write(story: Story) -> None:
    story.world.client("dynamodb").put_item(TableName="Employees", Item={"id": {"S": "E-1"}})


def first_day(story: Story) -> None:
    story.to(at(FIRST, 9))
    write(story)
    story.to(at(FIRST + ONE, 3))
    story.seen["first"] = story.archive(FIRST)


def outage(story: Story) -> None:
    """The policy goes at noon and comes back the next noon; the day is archived in between, as its run would."""
    world, s3, bucket = story.world, story.world.client("s3"), story.world.settings.trail.bucket
    story.to(at(OUTAGE, 12))
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    write(story)
    story.to(at(OUTAGE + ONE, 7))
    connection = world.connection
    story.seen["error"] = connection.trail_api().status(connection.trail(world.settings.trail)).latest_delivery_error
    story.seen["outage"] = story.archive(OUTAGE)
    story.seen["outage tags"] = story.tagged(OUTAGE)
    story.to(at(OUTAGE + ONE, 12))
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    story.to(at(OUTAGE + ONE, 15))
    story.seen["error after"] = connection.trail_api().status(connection.trail(world.settings.trail)).latest_delivery_error


def week(story: Story) -> None:
    """Nothing is archived; on one day somebody deletes a digest with its versions."""
    s3, bucket = story.world.client("s3"), story.world.settings.trail.bucket
    for hour in (2, 4, 8):
        story.to(at(DELETED, hour, 50))
        write(story)
    story.to(at(DELETED, 12))
    folder = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{EAST}/{DELETED:%Y/%m/%d}/"
    victim = next(one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=folder)["Contents"] if "T05" in one["Key"])
    for one in s3.list_object_versions(Bucket=bucket, Prefix=victim)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=victim, VersionId=one["VersionId"])
    story.seen["victim"] = victim
    story.to(at(LAST) + ONE + MAX_AGE + dt.timedelta(minutes=1))
    story.seen["week"] = story.cells()


def caught_up(story: Story) -> None:
    """What a backfill of the late days does."""
    story.seen["backfill"] = {day: story.archive(day) for day in [OUTAGE, *WEEK]}
    story.seen["after"] = story.cells()


def test_the_day_before_is_proven(story: Story) -> None:
    assert story.seen["first"] is Verdict.PROVEN


def test_without_its_bucket_policy_the_trail_says_so_and_the_day_is_not_proven_and_nothing_of_its_gap_may_expire(
    story: Story,
) -> None:
    assert story.seen["error"] == "AccessDenied"
    assert story.seen["error after"] == ""
    assert story.seen["outage"] is Verdict.DISPROVEN  # digests past due are not there
    digests = {key for key in story.seen["outage tags"] if "Digest" in key}
    assert not any(f"T{hour:02d}" in key for key in digests for hour in range(13, 24))


def test_what_was_missing_stays_told_after_the_policy_is_back_until_it_is_archived_again(story: Story) -> None:
    cell = story.seen["week"][OUTAGE]
    assert (cell.state, cell.late) == (Coverage.FINDINGS, True)
    assert "DISPROVEN" in cell.line
    assert "MISSING" in cell.line
    assert story.seen["backfill"][OUTAGE] is Verdict.PROVEN  # CloudTrail delivered it late: now it is all there
    assert story.seen["after"][OUTAGE].state is Coverage.PROVEN


def test_a_week_without_the_archive_is_seven_late_units_with_the_days_left_of_each(story: Story) -> None:
    late = [story.seen["week"][day] for day in WEEK]
    assert [cell.state for cell in late] == [Coverage.MISSING] * 7
    assert all(cell.late and "nothing is archived" in cell.line for cell in late)
    today = (at(LAST) + ONE + MAX_AGE).date()
    assert [cell.days_left for cell in late] == [EXPIRY_DAYS - (today - day).days for day in WEEK]


def test_catching_up_leaves_only_the_day_of_the_deleted_digest(story: Story) -> None:
    bad = {day for day, cell in story.seen["after"].items() if cell.state is not Coverage.PROVEN and FIRST <= day <= LAST}
    assert bad == {DELETED}
    assert all(verdict is Verdict.PROVEN for day, verdict in story.seen["backfill"].items() if day != DELETED)


def test_a_deleted_digest_is_disproven_with_its_reason_in_coverage(story: Story) -> None:
    cell = story.seen["after"][DELETED]
    assert story.seen["backfill"][DELETED] is Verdict.DISPROVEN
    assert (cell.state, cell.late) == (Coverage.FINDINGS, True)
    minute = story.seen["victim"].rpartition("T05")[2][:2]
    assert f"DISPROVEN: 1 × MISSING_LINKED (05:{minute}" in cell.line


def test_what_the_deleted_digest_listed_is_never_tagged_and_so_never_expires(story: Story) -> None:
    """What the live rules do to an object without the tag, in a hundred years, against one with it."""
    world, bucket = story.world, story.world.settings.trail.bucket
    tagged, logs = story.tagged(DELETED), keys_of(story, DELETED)
    (unproven,) = [key for key in logs if key not in tagged]
    assert "T0455Z" in unproven or "T0450Z" in unproven
    assert len(logs) == 3, "the rest of the day is proven and may expire"
    live = world.connection.control().bucket(bucket)
    assert live is not None
    rules, born = parse(live.lifecycle), at(DELETED, 12)
    for key in logs:
        tags = frozenset({("itemtrail", "proven")}) if key in tagged else frozenset()
        reached = state(rules, Version(key, 1_000, born, tags), born + 36_500 * ONE)
        assert (reached.hidden or reached.deleted) is (key in tagged)


def keys_of(story: Story, day: dt.date) -> list[str]:
    found = story.world.client("s3").list_objects_v2(Bucket=story.world.settings.trail.bucket)["Contents"]
    return [one["Key"] for one in found if f"/{EAST}/{day:%Y/%m/%d}/" in one["Key"] and "/CloudTrail/" in one["Key"]]


def test_the_command_says_every_property_and_where_everything_lies(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sandbox_env: Any
) -> None:
    world, s3 = story.world, story.world.client("s3")
    config = tmp_path / "itemtrail.toml"
    config.write_text(toml(world.settings))
    sandbox_env(world.sandbox)
    monkeypatch.setattr("itemtrail.cli.ends.now", world.now)

    def run(*more: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main(["lifecycle", "--config", str(config), "--json", *more])
        return code, json.loads(capsys.readouterr().out)

    code, said = run("--objects", "all")
    assert code == 0, [one for one in said["findings"] if one["status"] in ("FAIL", "CANNOT_PROVE")]
    assert said["properties"] == {f"P{n}": "NOTE" if n == 10 else "PASS" for n in range(1, 13)}
    checks = [one["check"] for one in said["findings"]]
    assert checks.count("lifecycle.drift") == checks.count("lifecycle.placement") == 2
    archive = world.settings.archive.bucket
    tar = s3.list_objects_v2(Bucket=archive, Prefix="originals/")["Contents"][0]["Key"]
    s3.delete_object(Bucket=archive, Key=tar)  # the locked version stays, hidden
    rules = s3.get_bucket_lifecycle_configuration(Bucket=archive)["Rules"]
    rules[0]["Transitions"][0]["Days"] = 7
    s3.put_bucket_lifecycle_configuration(Bucket=archive, LifecycleConfiguration={"Rules": rules})
    code, said = run("--objects", "--bucket", archive)
    bad = {one["check"].removeprefix("lifecycle."): one["detail"] for one in said["findings"] if one["status"] == "FAIL"}
    assert code == 1
    assert bad.keys() == {"P11", "drift", "outputs"}
    assert "rule 'itemtrail-originals': transition to DEEP_ARCHIVE: 45 days → 7 days" in bad["drift"]
    assert f"{tar} is not there" in bad["outputs"]
