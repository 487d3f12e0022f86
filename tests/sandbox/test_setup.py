"""Setting up against an AWS that refuses what AWS refuses: create, adopt, merge, approve, and the roles that may."""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.permissions import policies, without
from tests.sandbox.setup_world import TABLES, SetupWorld

from cloudtrail_sandbox.client import Sandbox
from itemtrail.cli import main as cli
from itemtrail.core.selectors import covers, covers_management, management_event, records
from itemtrail.errors import AccessDenied, ConfigurationError, PlanChanged, SourceUnavailable
from itemtrail.flows import lifecycle, setup
from itemtrail.snapshot import Call

pytestmark = pytest.mark.sandbox
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def account(new_sandbox: Any) -> SetupWorld:
    """An account with tables without streams."""
    made = SetupWorld.of(new_sandbox(clock=dt.datetime(2026, 11, 21, tzinfo=dt.UTC)))
    made.create_tables()
    return made


@pytest.fixture
def world(account: SetupWorld) -> Iterator[SetupWorld]:
    """The account without any trail: a Region takes five. Tests take names of their own; streams, once on, stay on."""
    yield account
    cloudtrail = account.client("cloudtrail")
    for trail in cloudtrail.describe_trails()["trailList"]:
        cloudtrail.delete_trail(Name=trail["TrailARN"])


def applied(world: SetupWorld) -> Any:
    control = world.connection.control()
    return setup.apply(control, world.settings, setup.plan(control, world.settings).hash)


def selectors_of(world: SetupWorld) -> Any:
    return world.client("cloudtrail").get_event_selectors(TrailName=world.settings.trail.name)


def notes(plan: Any, check: str) -> list[str]:
    return [finding.detail for finding in plan.findings if finding.check == check]


def test_an_account_without_anything_is_set_up_whole(world: SetupWorld) -> None:
    mine = world.named("whole")
    done = applied(mine)
    assert done.good, done.after.table()
    cloudtrail, s3 = mine.client("cloudtrail"), mine.client("s3")
    trail = cloudtrail.get_trail(Name="whole")["Trail"]
    assert (trail["IsMultiRegionTrail"], trail["LogFileValidationEnabled"]) == (True, True)
    assert cloudtrail.get_trail_status(Name="whole")["IsLogging"]
    assert covers_management(selectors_of(mine)) is True
    assert s3.get_object_lock_configuration(Bucket="whole-archive")["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"
    for bucket in ("whole-archive", "whole-trail"):
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    for name in TABLES:
        table = mine.client("dynamodb").describe_table(TableName=name)["Table"]
        assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    group = mine.client("logs").describe_log_groups(logGroupNamePrefix="/itemtrail/streams")["logGroups"][0]
    assert group["retentionInDays"] == 1


def test_the_second_plan_is_empty_and_the_second_apply_does_nothing(world: SetupWorld) -> None:
    mine = world.named("twice")
    assert applied(mine).done
    assert applied(mine).done == ()


def test_the_lifecycle_assertion_holds_of_what_setup_put(world: SetupWorld) -> None:
    mine = world.named("retention")
    applied(mine)
    findings = lifecycle.review(mine.connection.control(), mine.settings, now=NOW)
    assert [finding for finding in findings if finding.bad] == []
    assert {finding.check.removeprefix("lifecycle.") for finding in findings} >= {*(f"P{n}" for n in range(1, 13)), "expiry"}


def test_the_lifecycle_assertion_fails_after_somebody_edits_a_rule(world: SetupWorld) -> None:
    mine = world.named("edited")
    applied(mine)
    s3 = mine.client("s3")
    rules = s3.get_bucket_lifecycle_configuration(Bucket="edited-archive")["Rules"]
    rules[0]["Filter"] = {"Prefix": "originals/"}  # the size filter is gone: the default minimum applies
    rules.append({"ID": "cleanup", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}})
    s3.put_bucket_lifecycle_configuration(Bucket="edited-archive", LifecycleConfiguration={"Rules": rules})
    s3.delete_bucket_lifecycle(Bucket="edited-trail")
    findings = lifecycle.review(mine.connection.control(), mine.settings, now=NOW, original_sizes=[20_480])
    bad = {(finding.resource, finding.check) for finding in findings if finding.bad}
    assert {("edited-archive", f"lifecycle.{name}") for name in ("P1", "P2", "P9")} <= bad
    assert ("edited-trail", "lifecycle.exists") in bad
    assert any("of 20480 bytes never moves" in finding.detail for finding in findings)


def test_a_plan_that_is_no_longer_the_plan_is_refused_and_nothing_is_done(world: SetupWorld) -> None:
    mine = world.named("changed")
    control = mine.connection.control()
    approved = setup.plan(control, mine.settings).hash
    mine.client("s3").create_bucket(Bucket="changed-trail")
    with pytest.raises(PlanChanged, match=approved[:16]):
        setup.apply(control, mine.settings, approved)
    assert control.bucket("changed-archive") is None


class Breaking:
    """The real control, whose connection breaks at its n-th call."""

    def __init__(self, control: Any, calls: int) -> None:
        self._control, self._left = control, calls

    def execute(self, call: Call) -> None:
        if self._left == 0:
            raise SourceUnavailable("the connection broke.")
        self._left -= 1
        self._control.execute(call)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._control, name)


def test_broken_off_anywhere_the_next_run_ends_in_the_same(world: SetupWorld) -> None:
    mine = world.named("broken")
    control = mine.connection.control()
    calls = len(setup.plan(control, mine.settings).actions)
    for _ in range(calls):
        with pytest.raises(SourceUnavailable):
            setup.apply(Breaking(control, 1), mine.settings, setup.plan(control, mine.settings).hash)
        if setup.plan(control, mine.settings).empty:
            break
        if len(setup.plan(control, mine.settings).actions) == 1:
            assert applied(mine).good
            break
    assert setup.plan(control, mine.settings).empty


def test_other_settings_need_another_approval(world: SetupWorld) -> None:
    mine = world.named("settings")
    control = mine.connection.control()
    approved = setup.plan(control, mine.settings).hash
    other = mine.having(trail=mine.settings.trail.model_copy(update={"expiry_days": 400}))
    with pytest.raises(PlanChanged):
        setup.apply(control, other.settings, approved)


def adopt(world: SetupWorld, name: str) -> SetupWorld:
    """A bucket, policy, lifecycle and trail with basic selectors as others made them."""
    s3, cloudtrail = world.client("s3"), world.client("cloudtrail")
    bucket, arn = f"{name}-trail", f"arn:aws:s3:::{name}-trail"
    s3.create_bucket(Bucket=bucket)
    service = {"Service": "cloudtrail.amazonaws.com"}
    theirs = [
        {"Sid": "Acl", "Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": arn},
        {
            "Sid": "Write",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"{arn}/AWSLogs/{world.sandbox.account}/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        },
    ]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Id": "theirs", "Statement": theirs}))
    rule = {"ID": "reports", "Status": "Enabled", "Filter": {"Prefix": "reports/"}, "Expiration": {"Days": 7}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    cloudtrail.create_trail(Name=name, S3BucketName=bucket)
    cloudtrail.put_event_selectors(
        TrailName=name,
        EventSelectors=[
            {
                "ReadWriteType": "WriteOnly",
                "IncludeManagementEvents": True,
                "ExcludeManagementEventSources": ["kms.amazonaws.com"],
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::payslips/"]}],
            }
        ],
    )
    return world.named(name)


def test_what_others_set_is_adopted_and_merged(world: SetupWorld) -> None:
    mine = adopt(world, "adopted")
    done = applied(mine)
    assert done.after.empty, done.after.table()
    s3 = mine.client("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket="adopted-trail")["Policy"])
    assert policy["Id"] == "theirs"
    ours = ["ItemtrailAclCheck", "ItemtrailDelivery", "ItemtrailTlsOnly"]
    assert [statement["Sid"] for statement in policy["Statement"]] == ["Acl", "Write", *ours]
    rules = {r["ID"]: r for r in s3.get_bucket_lifecycle_configuration(Bucket="adopted-trail")["Rules"]}
    assert rules["reports"]["Expiration"] == {"Days": 7}
    assert {"itemtrail-expire-proven", "itemtrail-tidy"} <= set(rules)
    put = selectors_of(mine)
    payslip = {
        "eventCategory": "Data",
        "resources.type": "AWS::S3::Object",
        "resources.ARN": "arn:aws:s3:::payslips/1",
        "readOnly": "false",
    }
    assert records(put, payslip) is True
    assert records(put, {**payslip, "readOnly": "true"}) is False
    assert records(put, management_event(read_only=False, source="kms.amazonaws.com")) is False
    assert records(put, management_event(read_only=False, source="iam.amazonaws.com")) is True
    assert covers(put, None).full
    trail = mine.client("cloudtrail").get_trail(Name="adopted")["Trail"]
    assert (trail["IsMultiRegionTrail"], trail["LogFileValidationEnabled"]) == (True, True)
    assert any("'Write'" in text for text in notes(done.after, "setup.confused-deputy"))


def test_a_stream_that_shows_too_little_is_found_and_left(world: SetupWorld) -> None:
    name = "KeysOnly"
    world.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    arn = f"arn:aws:dynamodb:us-east-1:{world.sandbox.account}:table/{name}"
    mine = world.named("keysonly")
    mine = mine.having(streams=mine.settings.streams.model_copy(update={"tables": (arn,)}))
    done = applied(mine)
    assert "KEYS_ONLY" in notes(done.after, "setup.stream")[0]
    table = mine.client("dynamodb").describe_table(TableName=name)["Table"]
    assert table["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"


def test_beside_a_trail_that_logs_management_events_ours_logs_data_only(world: SetupWorld) -> None:
    applied(world.named("security"))
    mine = world.named("second")
    applied(mine)
    assert covers_management(selectors_of(mine)) is False
    assert covers(selectors_of(mine), None).full


def test_an_archive_in_another_region_under_a_prefix(world: SetupWorld) -> None:
    mine = world.named("europe")
    archive = mine.settings.archive.model_copy(update={"region": "eu-west-1", "prefix": "audit/dynamodb"})
    mine = mine.having(archive=archive, trail=mine.settings.trail.model_copy(update={"prefix": "logs"}))
    done = applied(mine)
    assert done.after.empty, done.after.table()
    assert mine.connection.control().bucket("europe-archive").region == "eu-west-1"  # type: ignore[union-attr]
    assert [f for f in lifecycle.review(mine.connection.control(), mine.settings, now=NOW) if f.bad] == []


def test_an_archive_made_without_object_lock_is_found(world: SetupWorld) -> None:
    mine = world.named("unlocked")
    mine.client("s3").create_bucket(Bucket="unlocked-archive")
    done = applied(mine)
    assert notes(done.after, "setup.object-lock")
    assert not done.good


def test_credentials_of_another_account_are_refused(world: SetupWorld) -> None:
    other = world.having(trail=world.settings.trail.model_copy(update={"account": "999999999999"}))
    with pytest.raises(ConfigurationError, match="999999999999"):
        setup.plan(other.connection.control(), other.settings)


def test_a_call_that_is_not_setting_up_is_never_made(world: SetupWorld) -> None:
    with pytest.raises(ValueError, match="DeleteBucket"):
        world.connection.control().execute(Call("s3", "DeleteBucket", "us-east-1", {"Bucket": "x"}))


def as_user(world: SetupWorld, name: str, *documents: dict[str, Any]) -> SetupWorld:
    iam = world.client("iam")
    iam.create_user(UserName=name)
    for number, document in enumerate(documents):
        iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=json.dumps(document))
    return world.acting_as(iam.create_access_key(UserName=name)["AccessKey"])


@pytest.fixture(scope="module")
def fresh(new_sandbox: Any) -> SetupWorld:
    """An account under the names of docs/iam."""
    made = SetupWorld.of(new_sandbox(clock=dt.datetime(2026, 11, 21, tzinfo=dt.UTC)))
    made.create_tables()
    return made


@pytest.mark.parametrize(
    "action",
    [
        "ec2:DescribeRegions",
        "cloudtrail:DescribeTrails",
        "dynamodb:DescribeTable",
        "logs:DescribeLogGroups",
    ],
)
def test_a_missing_permission_is_named_before_anything_is_done(fresh: SetupWorld, action: str) -> None:
    caller = as_user(fresh, f"without-{action.replace(':', '-')}", without(policies()["Setup"], action))
    with pytest.raises(AccessDenied) as caught:
        setup.plan(caller.connection.control(), fresh.settings)
    assert caught.value.action == action


@pytest.mark.parametrize("action", ["s3:GetBucketPolicy", "s3:GetLifecycleConfiguration", "s3:GetEncryptionConfiguration"])
def test_what_may_not_be_read_is_never_taken_for_absent(world: SetupWorld, action: str) -> None:
    name = "unread" + action.removeprefix("s3:Get").lower()
    mine = adopt(world, name)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    denied = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    caller = as_user(mine, name, everything, denied)
    with pytest.raises(AccessDenied) as caught:
        setup.plan(caller.connection.control(), mine.settings)
    assert caught.value.action == action


def test_setting_up_needs_exactly_the_documented_permissions(fresh: SetupWorld) -> None:
    caller = as_user(fresh, "setup", policies()["Setup"])
    done = applied(dataclasses.replace(caller, settings=fresh.settings))
    assert done.good, done.after.table()


def test_the_lifecycle_review_says_what_it_could_not_read(fresh: SetupWorld) -> None:
    caller = as_user(fresh, "auditor", policies()["Auditor"])
    findings = lifecycle.review(caller.connection.control(), fresh.settings, now=NOW)
    assert {finding.status.value for finding in findings} == {"CANNOT_PROVE"}
    assert {finding.check.removeprefix("lifecycle.") for finding in findings} == {"read", *(f"P{n}" for n in range(1, 13))}
    assert "s3:GetBucketLocation" in findings[0].detail or "s3:ListBucket" in findings[0].detail


@pytest.fixture
def configured(new_sandbox: Any, sandbox_env: Any, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    sandbox: Sandbox = new_sandbox(clock=dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
    SetupWorld.of(sandbox).create_tables()
    sandbox_env(sandbox)
    monkeypatch.delenv("ITEMTRAIL_CONFIG", raising=False)
    monkeypatch.setattr(cli, "COMMANDS", ("setup",))
    return sandbox


def test_the_command_line_plans_asks_applies(configured: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["setup"]) == 1
    planned = capsys.readouterr().out
    assert "29 action(s)" in planned
    plan_hash = next(line.split()[1] for line in planned.splitlines() if re.fullmatch("plan [0-9a-f]{64}", line))
    assert cli.main(["setup", "--apply"]) == 2  # nobody can be asked
    assert f"--approve {plan_hash[:16]}" in capsys.readouterr().err
    assert cli.main(["setup", "--apply", "--approve", "0" * 16]) == 1
    assert cli.main(["setup", "--apply", "--approve", plan_hash[:16]]) == 0
    assert cli.main(["setup", "--yes"]) == 2
    capsys.readouterr()
    assert cli.main(["setup", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["plan"]["actions"] == []
