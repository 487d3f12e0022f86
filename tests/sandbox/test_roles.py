"""A set-up made, proven, archived and reviewed by identities that have exactly the documented permissions; what those may not do;
and that they may do nothing which nobody asks for.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.permissions import actions, policies
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_setup import as_user

from itemtrail.flows import coverage, lifecycle, placement, receipts, setup
from itemtrail.flows.archive import archive_unit
from itemtrail.flows.posture import scope_of
from itemtrail.model import Unit, Verdict

pytestmark = pytest.mark.sandbox
DAY = dt.date(2026, 11, 21)
UNIT = Unit("111122223333", "us-east-1", DAY)


@pytest.fixture(scope="module")
def world(new_sandbox: Any) -> SetupWorld:
    """A day with some writes, over."""
    made = SetupWorld.of(new_sandbox(clock=dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)))
    made.create_tables()
    control = as_user(made, "setup", policies()["Setup"]).connection.control()
    assert setup.apply(control, made.settings, setup.plan(control, made.settings).hash).good
    made.sandbox.advance_to(dt.datetime(2026, 11, 21, 6, tzinfo=dt.UTC))
    for number in range(20):
        made.client("dynamodb").put_item(TableName="Employees", Item={"id": {"S": f"E-{number}"}})
    made.sandbox.advance_to(dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC))
    return made


@pytest.fixture(scope="module")
def reader(world: SetupWorld) -> SetupWorld:
    return as_user(world, "trail-reader", policies()["Trail reader"])


@pytest.fixture(scope="module")
def writer(world: SetupWorld) -> SetupWorld:
    return as_user(world, "archive-writer", policies()["Archive writer"])


@pytest.fixture(scope="module")
def archived(world: SetupWorld, reader: SetupWorld, writer: SetupWorld, tmp_path_factory: pytest.TempPathFactory) -> Any:
    ours, theirs = reader.connection, writer.connection
    trail = ours.trail(world.settings.trail)
    return archive_unit(
        UNIT,
        trail=trail,
        status=ours.trail_api().status(trail, region=UNIT.region),
        source=ours.store(trail.bucket),
        archive=theirs.archive(world.settings.archive),
        public_keys=ours.public_keys(),
        tagger=ours.tagger(trail.bucket),
        settings=world.settings,
        now=world.now(),
        spool=Path(tmp_path_factory.mktemp("spool")),
    )


def test_the_day_is_archived_and_proven(archived: Any) -> None:
    assert archived.verdict is Verdict.PROVEN
    assert archived.counts.records_in >= 20


def test_what_is_proven_is_tagged_and_nothing_else_is(world: SetupWorld, archived: Any) -> None:
    s3, bucket = world.client("s3"), world.settings.trail.bucket
    tags = {}
    for one in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        tags[one["Key"]] = s3.get_object_tagging(Bucket=bucket, Key=one["Key"])["TagSet"]
    logs = {key: tag for key, tag in tags.items() if "/CloudTrail/us-east-1/2026/11/21/" in key}
    assert logs
    assert all(tag == [{"Key": "itemtrail", "Value": "proven"}] for tag in logs.values())
    assert not any(tag for key, tag in tags.items() if "/2026/11/20/" in key or "/eu-west-1/" in key)


def test_the_trail_reader_may_assert_the_lifecycle(reader: SetupWorld) -> None:
    findings = lifecycle.review(reader.connection.control(), reader.settings, now=reader.now())
    assert [finding for finding in findings if finding.bad] == []


def test_the_two_roles_that_archive_may_look_where_objects_lie(
    world: SetupWorld, reader: SetupWorld, writer: SetupWorld, archived: Any
) -> None:
    ours, theirs, settings = reader.connection, writer.connection, world.settings
    trail = ours.trail(settings.trail)
    store = theirs.archive(settings.archive)
    looked_at = placement.Ends(
        control=ours.control(),
        archive=theirs.cold(settings.archive.bucket, root=settings.archive.prefix, region=settings.archive.region),
        store=store,
        source=ours.cold(trail.bucket),
        trail=trail,
        tags=ours.tagger(trail.bucket).tags,
    )
    units = placement.sample(store, settings.archive.accounts, settings.archive.regions, 20, DAY)
    assert units == (UNIT,)
    for extent, later in ((units, 1), (None, 1), (units, 200)):
        found = placement.look(looked_at, settings, extent, now=world.now() + dt.timedelta(days=later)).findings
        bad = [one.detail for one in found if one.bad]
        if later == 1:
            assert bad == []
            assert len(found) == 3
        else:  # nothing moves or deletes in the local AWS, so what is proven stands out as still there
            assert any("should be gone" in detail and "/CloudTrail/us-east-1/2026/11/21/" in detail for detail in bad)
            assert any("warmer than due" in detail and "due is DEEP_ARCHIVE" in detail for detail in bad)


@pytest.mark.parametrize("role", ["Trail reader", "Archive writer", "Stream reader", "Auditor"])
def test_nobody_but_setting_up_can_rewrite_a_lifecycle_or_a_policy(world: SetupWorld, role: str) -> None:
    s3 = as_user(world, f"cannot-{role.replace(' ', '-').lower()}", policies()[role]).client("s3")
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    for bucket in (world.settings.trail.bucket, world.settings.archive.bucket):
        before = world.connection.control().bucket(bucket)
        assert refused(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
        assert refused(s3.delete_bucket_lifecycle, Bucket=bucket)
        assert refused(s3.put_bucket_policy, Bucket=bucket, Policy="{}")
        assert refused(s3.delete_bucket_policy, Bucket=bucket)
        assert refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        assert world.connection.control().bucket(bucket) == before


def test_the_auditor_reads_receipts(world: SetupWorld, archived: Any) -> None:
    auditor = as_user(world, "auditor", policies()["Auditor"])
    found = receipts.latest(auditor.connection.archive(world.settings.archive), UNIT)
    assert found is not None
    assert found.verdict is Verdict.PROVEN


def refused(call: Callable[..., Any], **parameters: Any) -> bool:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")


def test_who_archives_cannot_undo(world: SetupWorld, writer: SetupWorld, archived: Any) -> None:
    s3, bucket = writer.client("s3"), world.settings.archive.bucket
    version = world.client("s3").list_object_versions(Bucket=bucket)["Versions"][0]
    where = {"Bucket": bucket, "Key": version["Key"]}
    assert refused(s3.delete_object, **where)
    assert refused(s3.delete_object, **where, VersionId=version["VersionId"], BypassGovernanceRetention=True)
    assert refused(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": []})
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy="{}")
    assert refused(s3.get_object, Bucket=world.settings.trail.bucket, Key="AWSLogs/x")


def test_the_trail_reader_cannot_touch_the_archive_or_the_trail(world: SetupWorld, reader: SetupWorld) -> None:
    assert refused(reader.client("s3").put_object, Bucket=world.settings.archive.bucket, Key="x", Body=b"")
    assert refused(reader.client("s3").put_object, Bucket=world.settings.trail.bucket, Key="AWSLogs/x", Body=b"")
    assert refused(reader.client("cloudtrail").stop_logging, Name=world.settings.trail.name)


def test_coverage_is_told_by_who_reads_the_trail_and_who_archives(
    world: SetupWorld, archived: Any, reader: SetupWorld, writer: SetupWorld
) -> None:
    settings, now = world.settings, world.now()
    trail = reader.connection.trail(settings.trail)
    status = reader.connection.trail_api().status(trail)
    places = {"accounts": settings.archive.accounts, "regions": settings.archive.regions}
    archive = writer.connection.archive(settings.archive)
    first = coverage.begin(trail, status, reader.connection.store(trail.bucket), archive, **places)
    assert first == dt.date(2026, 11, 20)
    units = coverage.due(settings.archive.accounts, settings.archive.regions, first, now)
    cells = coverage.coverage(archive, units, now=now, max_age=dt.timedelta(hours=30), expiry_days=90)
    assert {cell.unit: cell.state for cell in cells}[UNIT] is coverage.Coverage.PROVEN


def test_the_canary_and_the_review_do_with_theirs(world: SetupWorld, archived: Any) -> None:
    assert as_user(world, "canary", policies()["Canary"]).run_canary("roles-canary").good
    reader = as_user(world, "posture", policies()["Posture"]).connection.posture()
    posture = reader.read(scope_of(world.settings), now=world.now())
    assert posture.unread == ()
    assert [trail.state.logging for trail in posture.trails] == [True]


# Allowed, and not asked for on this day: why.
NOT_TODAY = {
    "Setup": {
        "cloudtrail:UpdateTrail",  # adopts a trail that is there
        "lambda:UpdateFunctionCode",  # a function of another version
        "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateEventSourceMapping",
        "organizations:DescribeOrganization",  # an organization's trail
        "cloudwatch:ListMetrics",  # the cost preview of the command line
        "cloudwatch:GetMetricData",
        "iam:PassRole",  # AWS asks for it with CreateFunction, the sandbox does not
        "s3:PutBucketOwnershipControls",  # AWS asks for them with CreateBucket too
        "s3:PutBucketObjectLockConfiguration",
    },
    "Trail reader": {"s3:PutObjectTagging"},  # a bucket without versions
    "Archive writer": {
        "s3:AbortMultipartUpload",  # an upload that breaks off
        "s3:GetObjectVersion",  # a version that is named
        "s3:PutObjectRetention",  # AWS asks for it with a put that sets retention, the sandbox does not
        "sns:Publish",  # an alert
    },
    "Canary": {
        "cloudtrail:DescribeTrails",  # looks for the cause where it fails
        "cloudtrail:GetEventSelectors",
        "s3:GetObjectVersion",
        "s3:ListBucket",
    },
    "Auditor": {"s3:GetObjectVersion", "s3:ListBucket"},  # without the second AWS answers 403 for a key that is not there
}


@pytest.mark.parametrize("role", NOT_TODAY)
def test_what_is_allowed_is_asked_for(world: SetupWorld, archived: Any, role: str) -> None:
    asked = set(world.sandbox.asked()[f"arn:aws:iam::111122223333:user/{role.lower().replace(' ', '-')}"])
    assert actions(policies()[role]) - asked == NOT_TODAY[role]
