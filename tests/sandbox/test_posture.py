"""The snapshot of a whole set-up by the role that reads it, and by roles that lack one action each."""

import contextlib
import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.permissions import without
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_setup import as_user

from itemtrail.aws.policies import roles_of
from itemtrail.aws.posture import READ_ACTIONS
from itemtrail.core import posture_json
from itemtrail.core.check import Status
from itemtrail.core.posture_diff import Change, Sure, diff
from itemtrail.flows import setup
from itemtrail.flows.posture import scope_of
from itemtrail.flows.review import wanted_of
from itemtrail.flows.review_checks import all_checks, run
from itemtrail.posture import BucketPosture, Posture
from itemtrail.settings import AlertSettings, ReviewSettings

pytestmark = pytest.mark.sandbox
ACCOUNT = "111122223333"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:itemtrail-alerts"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/itemtrail-archive-writer"
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
# Needs no permission; asked where a trail is an organization's, which the sandbox has not.
NOT_ASKED_HERE = {"sts:GetCallerIdentity", "organizations:DescribeOrganization"}


@pytest.fixture(scope="module")
def world(new_sandbox: Any) -> SetupWorld:
    """Set up, with everything switched on of which a snapshot tells something."""
    made = SetupWorld.of(new_sandbox(clock=NOW - dt.timedelta(hours=2)))
    made = made.having(alerts=AlertSettings(sns_topic_arn=TOPIC), review=ReviewSettings(roles={"archive_writer": ROLE}))
    made.create_tables()
    control = made.connection.control()
    setup.apply(control, made.settings, setup.plan(control, made.settings).hash)
    furnish(made)
    return made


def furnish(world: SetupWorld) -> None:
    s3, trail_bucket = world.client("s3"), world.settings.trail.bucket
    s3.create_bucket(Bucket="access-logs")
    target = {"LoggingEnabled": {"TargetBucket": "access-logs", "TargetPrefix": "s3/"}}
    s3.put_bucket_logging(Bucket=trail_bucket, BucketLoggingStatus=target)
    key = world.client("kms").create_key()["KeyMetadata"]["Arn"]
    world.client("kms").create_alias(AliasName="alias/tables", TargetKeyId=key)
    sse = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    dynamodb = world.client("dynamodb")
    dynamodb.update_table(TableName="Payroll", SSESpecification=sse, DeletionProtectionEnabled=True)
    dynamodb.update_continuous_backups(TableName="Payroll", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    dynamodb.update_time_to_live(TableName="LeaveRequests", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/changes"
    dynamodb.enable_kinesis_streaming_destination(TableName="Payroll", StreamArn=stream)
    shared = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "dynamodb:GetItem", "Resource": "*"}
    dynamodb.put_resource_policy(ResourceArn=arn("Payroll"), Policy=json.dumps({"Statement": [shared]}))
    sns = world.client("sns")
    sns.create_topic(Name="itemtrail-alerts")
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue="alias/tables")
    group = world.settings.streams.log_group
    made = {"metricName": "terminations", "metricNamespace": "hr", "metricValue": "1"}
    pattern = '{ $.eventName = "REMOVE" }'
    logs = world.client("logs")
    logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern=pattern, metricTransformations=[made])
    settings = {"Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1, "Threshold": 1.0}
    settings |= {"ComparisonOperator": "GreaterThanThreshold", "Namespace": "hr"}
    for metric in ("terminations", "somebody-elses"):
        world.client("cloudwatch").put_metric_alarm(AlarmName=metric, MetricName=metric, AlarmActions=[TOPIC], **settings)
    role(world)


def role(world: SetupWorld) -> None:
    iam = world.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}]}
    reads = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    iam.create_role(RoleName="itemtrail-archive-writer", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="itemtrail-archive-writer", PolicyName="work", PolicyDocument=json.dumps(reads))
    policy = iam.create_policy(PolicyName="more", PolicyDocument=json.dumps(reads))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="itemtrail-archive-writer", PolicyArn=policy)


def arn(table: str) -> str:
    return f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}"


class Lacking:
    """One identity whose policy is changed; making clients for each takes longer than reading."""

    def __init__(self, world: SetupWorld) -> None:
        self.world, self.caller = world, as_user(world, "lacking", policy_of(world))
        self.reader = self.caller.connection.posture()

    def snapshot(self, action: str) -> Posture:
        document = json.dumps(without(policy_of(self.world), action))
        self.world.client("iam").put_user_policy(UserName="lacking", PolicyName="p0", PolicyDocument=document)
        return self.reader.read(scope_of(self.world.settings), now=NOW)


@pytest.fixture(scope="module")
def lacking(world: SetupWorld) -> Lacking:
    return Lacking(world)


def policy_of(world: SetupWorld) -> dict[str, Any]:
    return next(one.policy() for one in roles_of(world.settings) if one.kind == "posture")


def snapshot(world: SetupWorld) -> Posture:
    return world.connection.posture().read(scope_of(world.settings), now=NOW)


@pytest.fixture(scope="module")
def whole(world: SetupWorld) -> Posture:
    return snapshot(as_user(world, "posture", policy_of(world)))


def test_the_role_reads_everything_that_the_owner_reads(world: SetupWorld, whole: Posture) -> None:
    assert whole.unread == ()
    owner = snapshot(world)
    assert dataclasses.replace(whole, caller=owner.caller) == owner
    assert "not recorded" not in world.sandbox.log_tail(), "a read that CloudTrail would log stands in no line of the table"
    assert posture_json.load(posture_json.save(whole), name="a") == whole


def test_what_the_snapshot_tells(world: SetupWorld, whole: Posture) -> None:
    trail_bucket, logs = whole.buckets[2], whole.buckets[0]
    assert (logs.arn, logs.roles, logs.foreign) == ("arn:aws:s3:::access-logs", ("access_logs",), False)
    assert isinstance(trail_bucket, BucketPosture)
    assert (trail_bucket.logging_bucket, trail_bucket.public, trail_bucket.requester_pays) == ("access-logs", False, False)
    assert trail_bucket.account == ACCOUNT
    assert [region.name for region in whole.regions] == ["eu-west-1", "us-east-1"]
    assert all(region.trail_arns == (whole.trail_arn,) for region in whole.regions)
    (trail,) = whole.trails
    assert trail.state.logging is True
    assert trail.started_at is not None
    payroll = next(table for table in whole.tables if table.arn == arn("Payroll"))
    assert (payroll.pitr, payroll.deletion_protection, len(payroll.readers)) == (True, True, 1)
    assert payroll.resource_policy is not None
    assert payroll.kinesis_precision == {payroll.kinesis_streams[0]: "MILLISECOND"}
    leave = next(table for table in whole.tables if table.arn == arn("LeaveRequests"))
    assert (leave.ttl_attribute, leave.kinesis_streams, leave.resource_policy) == ("until", (), None)
    (key,) = whole.keys
    assert (key.arn, key.state, key.manager, key.rotation) == (payroll.kms_key, "Enabled", "CUSTOMER", False)
    assert key.used_by == (payroll.arn, TOPIC), "an alias and its key are one key"
    assert key.policy is not None
    (topic,) = whole.topics
    assert (topic.exists, topic.confirmed, topic.pending) == (True, 0, 0)
    (forwarder,) = whole.forwarders
    assert forwarder.state.function is not None
    assert (forwarder.state.queue, forwarder.queue_depth) == (True, 0)
    assert [(group.name, group.role, group.state.retention_days) for group in whole.log_groups if group.state] == [
        ("/aws/lambda/itemtrail-forwarder", "forwarder", 14),
        ("/itemtrail/streams", "debug", 1),
    ]
    (alarm,) = whole.alarms
    assert (alarm.namespace, alarm.metric, alarm.actions) == ("hr", "terminations", (TOPIC,))
    (ours,) = whole.roles
    assert ours.trust is not None
    assert set(ours.policies or {}) == {"work", f"arn:aws:iam::{ACCOUNT}:policy/more"}


@pytest.mark.parametrize("action", sorted(set(READ_ACTIONS) - NOT_ASKED_HERE))
def test_an_action_that_is_taken_away_is_told_and_nothing_looks_good_for_it(
    lacking: Lacking, whole: Posture, action: str
) -> None:
    found = lacking.snapshot(action)
    assert {one.action for one in found.unread} == {action}
    assert {one.why for one in found.unread} <= DENIED
    changes = [one for one in diff(whole, found) if one.fact != action]
    assert [one for one in changes if one.sure is not Sure.NOT_NOW] == []
    assert judged_otherwise(lacking.world, whole, found) == []


def judged_otherwise(world: SetupWorld, whole: Posture, found: Posture) -> list[tuple[str, str]]:
    """Checks that answer otherwise for a refusal, and not that they could not look."""
    wanted = wanted_of(world.settings, "aws")
    before, after = (
        {(result.check, result.resource): result.status for result in run(posture, wanted)} for posture in (whole, found)
    )
    blind = {check for (check, _), status in after.items() if status is Status.CANNOT_LOOK}
    changed = [key for key, status in after.items() if key in before and before[key] != status != Status.CANNOT_LOOK]
    gone = [key for key, status in before.items() if status is Status.FAIL and key not in after and key[0] not in blind]
    return changed + gone


def test_every_action_that_a_check_needs_is_one_that_the_snapshot_asks() -> None:
    named = {action for check in all_checks() for action in (*check.needs, *check.weighs) if not action.startswith("itemtrail:")}
    assert named - set(READ_ACTIONS) <= {"s3:GetObject", "cloudtrail:LookupEvents"}, "those are of recorded events"


def test_a_bucket_of_somebody_else_and_one_that_is_not_there(world: SetupWorld) -> None:
    scope = dataclasses.replace(scope_of(world.settings), trail_bucket="nowhere-at-all", archive_bucket="somebodys-bucket")
    found = world.connection.posture().read(scope, now=NOW)
    assert {one.arn: one.state for one in found.buckets} == {
        "arn:aws:s3:::nowhere-at-all": None,
        "arn:aws:s3:::somebodys-bucket": None,
    }


def test_a_table_that_is_not_there_and_one_of_another_account(world: SetupWorld) -> None:
    foreign = arn("Payroll").replace(ACCOUNT, "999988887777")
    scope = dataclasses.replace(scope_of(world.settings), tables=(arn("Nobody"), foreign))
    found = world.connection.posture().read(scope, now=NOW)
    assert [(table.arn, table.state) for table in found.tables] == [(arn("Nobody"), None), (foreign, None)]


def test_a_role_that_is_not_there_has_neither_trust_nor_policies(world: SetupWorld) -> None:
    scope = dataclasses.replace(scope_of(world.settings), roles={"setup": f"arn:aws:iam::{ACCOUNT}:role/nobody"})
    (found,) = world.connection.posture().read(scope, now=NOW).roles
    assert (found.trust, found.policies) == (None, None)


def test_two_snapshots_tell_what_was_planted_between_them(world: SetupWorld) -> None:
    reader, scope = world.connection.posture(), scope_of(world.settings)
    before = reader.read(scope, now=NOW)
    cloudtrail, logs = world.client("cloudtrail"), world.client("logs")
    cloudtrail.stop_logging(Name=world.settings.trail.name)
    logs.delete_retention_policy(logGroupName="/itemtrail/streams")
    after = reader.read(scope, now=NOW)
    cloudtrail.start_logging(Name=world.settings.trail.name)
    logs.put_retention_policy(logGroupName="/itemtrail/streams", retentionInDays=1)
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/itemtrail/streams"
    found = {(one.resource, one.fact): (one.before, one.after) for one in diff(before, after)}
    assert found.pop((before.trail_arn, "stopped_at"))[1]
    assert found == {
        (before.trail_arn, "state.logging"): ("true", "false"),
        (group, "state.retention_days"): ("1", ""),
    }
    assert isinstance(diff(before, after)[0], Change)


def test_what_weakens_a_set_up_is_recorded_under_cloudtrails_names(world: SetupWorld) -> None:
    made = world.named("weakened")
    control = made.connection.control()
    setup.apply(control, made.settings, setup.plan(control, made.settings).hash)
    name, bucket, key = (
        made.settings.trail.name,
        made.settings.trail.bucket,
        world.client("kms").create_key()["KeyMetadata"]["KeyId"],
    )
    stream = world.client("dynamodb").describe_table(TableName="Employees")["Table"]["LatestStreamArn"]
    management = [{"Name": "m", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    policy = json.dumps(
        {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": f"arn:aws:s3:::{bucket}"}]}
    )
    planted: list[tuple[str, str, dict[str, Any], str]] = [
        ("cloudtrail", "stop_logging", {"Name": name}, "StopLogging"),
        ("cloudtrail", "put_event_selectors", {"TrailName": name, "AdvancedEventSelectors": management}, "PutEventSelectors"),
        ("cloudtrail", "update_trail", {"Name": name, "EnableLogFileValidation": False}, "UpdateTrail"),
        ("cloudtrail", "update_trail", {"Name": name, "IsMultiRegionTrail": False}, "UpdateTrail"),
        ("cloudtrail", "delete_trail", {"Name": name}, "DeleteTrail"),
        ("s3", "put_bucket_policy", {"Bucket": bucket, "Policy": policy}, "PutBucketPolicy"),
        ("s3", "delete_bucket_policy", {"Bucket": bucket}, "DeleteBucketPolicy"),
        (
            "s3",
            "put_bucket_versioning",
            {"Bucket": bucket, "VersioningConfiguration": {"Status": "Suspended"}},
            "PutBucketVersioning",
        ),
        ("s3", "delete_bucket_lifecycle", {"Bucket": bucket}, "DeleteBucketLifecycle"),
        ("s3", "delete_public_access_block", {"Bucket": bucket}, "DeleteBucketPublicAccessBlock"),
        ("s3", "put_bucket_logging", {"Bucket": bucket, "BucketLoggingStatus": {}}, "PutBucketLogging"),
        (
            "s3",
            "put_bucket_request_payment",
            {"Bucket": bucket, "RequestPaymentConfiguration": {"Payer": "Requester"}},
            "PutBucketRequestPayment",
        ),
        ("kms", "disable_key", {"KeyId": key}, "DisableKey"),
        ("kms", "schedule_key_deletion", {"KeyId": key, "PendingWindowInDays": 7}, "ScheduleKeyDeletion"),
        (
            "dynamodb",
            "update_table",
            {"TableName": "LeaveRequests", "StreamSpecification": {"StreamEnabled": False}},
            "UpdateTable",
        ),
        ("logs", "put_retention_policy", {"logGroupName": "/itemtrail/streams", "retentionInDays": 3653}, "PutRetentionPolicy"),
        ("logs", "delete_retention_policy", {"logGroupName": "/itemtrail/streams"}, "DeleteRetentionPolicy"),
        (
            "lambda",
            "create_event_source_mapping",
            {"EventSourceArn": stream, "FunctionName": "nobodys", "StartingPosition": "LATEST"},
            "CreateEventSourceMapping20150331",
        ),
        ("cloudwatch", "disable_alarm_actions", {"AlarmNames": ["terminations"]}, "DisableAlarmActions"),
        (
            "iam",
            "put_role_policy",
            {"RoleName": "itemtrail-archive-writer", "PolicyName": "work", "PolicyDocument": policy},
            "PutRolePolicy",
        ),
    ]
    for service, method, parameters, _ in planted:
        with contextlib.suppress(ClientError):  # an attempt is recorded as well
            getattr(world.client(service), method)(**parameters)
    recorded = [event["eventName"] for event in world.sandbox.events(200) if not event["readOnly"]]
    assert recorded[-len(planted) :] == [name for *_, name in planted]
    assert "not recorded" not in world.sandbox.log_tail()
