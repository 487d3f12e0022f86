"""The canary against a CloudTrail that delivers, signs and refuses: proven in minutes of its time, or a reason."""

import dataclasses
import datetime as dt
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.permissions import policies
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_setup import as_user

from itemtrail.errors import AccessDenied, ConfigurationError
from itemtrail.flows import setup

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def world(new_sandbox: Any) -> SetupWorld:
    """Set up under the names of docs/permissions.md, and proven to work: each test breaks one thing and mends it."""
    made = SetupWorld.of(new_sandbox(clock=dt.datetime(2026, 11, 21, tzinfo=dt.UTC)))
    made.create_tables()
    control = made.connection.control()
    assert setup.apply(control, made.settings, setup.plan(control, made.settings).hash).good
    return made


def deny_delivery(world: SetupWorld, folder: str) -> Callable[[], None]:
    """A Deny for CloudTrail under ``folder``; gives what takes it away."""
    s3, bucket = world.client("s3"), world.settings.trail.bucket
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    policy = json.loads(before)
    policy["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{world.sandbox.account}/{folder}/*",
        }
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    return lambda: s3.put_bucket_policy(Bucket=bucket, Policy=before)


def select(world: SetupWorld, *fields: dict[str, Any]) -> Callable[[], None]:
    """One more condition on the data events of the trail; gives what takes it away."""
    cloudtrail, name = world.client("cloudtrail"), world.settings.trail.name
    before = cloudtrail.get_event_selectors(TrailName=name)["AdvancedEventSelectors"]
    changed = [{**s, "FieldSelectors": [*s["FieldSelectors"], *(fields if "Data" in str(s) else ())]} for s in before]
    cloudtrail.put_event_selectors(TrailName=name, AdvancedEventSelectors=changed)
    return lambda: cloudtrail.put_event_selectors(TrailName=name, AdvancedEventSelectors=before)


def test_the_write_is_found_delivered_and_proven_with_its_latency(world: SetupWorld) -> None:
    said: list[str] = []
    result = world.run_canary("canary-good", progress=said.append)
    assert result.good, result
    assert result.reason == "OK"
    assert result.delivery_seconds is not None
    assert result.digest_seconds is not None
    assert 0 < result.delivery_seconds <= 600
    assert result.delivery_seconds < result.digest_seconds <= 2 * 3600 + 600
    stored = world.client("s3").get_object(Bucket=world.settings.trail.bucket, Key=result.object)["Body"].read()
    assert b"canary-good" in gzip.decompress(stored)
    assert len(said) == 2
    assert result.to_json()["digest"].startswith("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/")


def test_the_documented_permissions_suffice(world: SetupWorld) -> None:
    caller = as_user(world, "canary", policies()["Canary"])
    assert caller.run_canary("canary-role").good


def test_without_the_right_to_write_the_action_is_named(world: SetupWorld) -> None:
    reader = {"Version": "2012-10-17", "Statement": policies()["Canary"]["Statement"][1:]}
    table = {"Effect": "Allow", "Action": "dynamodb:DescribeTable", "Resource": "*"}
    caller = as_user(world, "reader", {**reader, "Statement": [*reader["Statement"], table]})
    with pytest.raises(AccessDenied) as caught:
        caller.run_canary("canary-denied")
    assert caught.value.action == "dynamodb:PutItem"


def test_it_fails_when_a_selector_excludes_the_table(world: SetupWorld) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{world.sandbox.account}:table/itemtrail-canary"
    mend = select(world, {"Field": "resources.ARN", "NotEquals": [table]})
    result = world.run_canary("canary-excluded")
    mend()
    assert (result.found, result.validated, result.reason) == (False, False, "NOT_SELECTED")
    assert "excludes it by resources.ARN NotEquals" in result.detail


def test_it_fails_when_a_selector_leaves_this_caller_out(world: SetupWorld) -> None:
    arn = world.client("sts").get_caller_identity()["Arn"]
    mend = select(world, {"Field": "userIdentity.arn", "NotEquals": [arn]})
    result = world.run_canary("canary-caller")
    mend()
    assert result.reason == "NOT_SELECTED"
    assert "limits it by userIdentity.arn" in result.detail


def test_it_fails_when_delivery_is_denied(world: SetupWorld) -> None:
    mend = deny_delivery(world, "CloudTrail")
    result = world.run_canary("canary-undelivered")
    mend()
    assert (result.found, result.delivered, result.reason) == (False, False, "DELIVERY_FAILED")
    assert "AccessDenied" in result.detail


def test_it_fails_when_the_trail_does_not_log(world: SetupWorld) -> None:
    cloudtrail, name = world.client("cloudtrail"), world.settings.trail.name
    cloudtrail.stop_logging(Name=name)
    result = world.run_canary("canary-stopped")
    cloudtrail.start_logging(Name=name)
    assert result.reason == "NOT_LOGGING"


def test_it_fails_when_the_digest_is_absent(world: SetupWorld) -> None:
    mend = deny_delivery(world, "CloudTrail-Digest")
    result = world.run_canary("canary-undigested")
    mend()
    assert (result.found, result.delivered, result.validated, result.reason) == (True, True, False, "DIGEST_ABSENT")
    assert "AccessDenied" in result.detail
    assert result.delivery_seconds is not None


def test_it_fails_when_the_log_file_was_changed_before_it_was_read(world: SetupWorld) -> None:
    s3, bucket = world.client("s3"), world.settings.trail.bucket
    changed: list[str] = []

    class Forger(SetupWorld):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            for one in s3.list_objects_v2(Bucket=bucket, Prefix="AWSLogs/111122223333/CloudTrail/us-east-1/").get("Contents", []):
                content = gzip.decompress(s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
                if b"canary-forged" in content and not changed:
                    forged = content.replace(b"itemtrail-canary", b"itemtrail-forged", 1)
                    s3.put_object(Bucket=bucket, Key=one["Key"], Body=gzip.compress(forged))
                    changed.append(one["Key"])

    forger = Forger(**{field.name: getattr(world, field.name) for field in dataclasses.fields(world)})
    result = forger.run_canary("canary-forged")
    assert changed
    assert (result.found, result.validated, result.reason) == (True, False, "HASH_MISMATCH")


def test_it_fails_when_the_digest_was_changed(world: SetupWorld) -> None:
    s3, bucket = world.client("s3"), world.settings.trail.bucket
    seen: set[str] = set()

    class Forger(SetupWorld):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            prefix = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/"
            for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
                if one["Key"] in seen or one["LastModified"] < start:
                    continue
                seen.add(one["Key"])
                answer = s3.get_object(Bucket=bucket, Key=one["Key"])
                forged = gzip.decompress(answer["Body"].read()).replace(b'"awsAccountId"', b'"awsAccountid"', 1)
                s3.put_object(Bucket=bucket, Key=one["Key"], Body=gzip.compress(forged), Metadata=answer["Metadata"])

    start = world.now()
    forger = Forger(**{field.name: getattr(world, field.name) for field in dataclasses.fields(world)})
    result = forger.run_canary("canary-digest")
    assert seen
    assert (result.found, result.validated) == (True, False)
    assert result.reason not in ("OK", "")


def test_a_trail_that_is_not_there_is_a_matter_of_configuration(world: SetupWorld) -> None:
    other = world.having(trail=world.settings.trail.model_copy(update={"name": "no-such-trail"}))
    with pytest.raises(ConfigurationError, match="no-such-trail"):
        other.run_canary("canary-lost")
