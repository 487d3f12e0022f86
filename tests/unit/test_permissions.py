"""The documented policies allow what the code calls, no more, and nothing that would undo the archive."""

import pytest
from tests.permissions import actions, policies

from itemtrail.aws import cold, rates
from itemtrail.aws.control import CANARY_ACTIONS, OPERATIONS, READ_ACTIONS

NEEDS_NONE = {"sts:GetCallerIdentity"}
UNDOING = ("Delete", "Bypass", "StopLogging", "PutLifecycle", "PutBucketPolicy", "LegalHold")


def test_setup_may_do_exactly_what_the_code_calls():
    called = {action for needed in OPERATIONS.values() for action in needed} | set(READ_ACTIONS) | set(rates.ACTIONS)
    assert actions(policies()["Setup"]) == called - NEEDS_NONE


def test_the_canary_may_write_one_item():
    assert set(CANARY_ACTIONS) <= actions(policies()["Canary"])


@pytest.mark.parametrize("role", ["Trail reader", "Archive writer", "Canary", "Restorer", "Auditor"])
def test_only_setup_may_change_configuration_and_nobody_may_undo(role):
    allowed = actions(policies()[role])
    assert [action for action in allowed if any(word in action for word in UNDOING)] == []


def test_no_role_may_delete_or_stop():
    allowed = set().union(*(actions(policy) for policy in policies().values()))
    assert [action for action in allowed if any(word in action for word in ("Delete", "Bypass", "StopLogging", "*"))] == []


def test_no_role_is_for_every_resource_where_one_can_be_named():
    unnameable = {
        "cloudtrail:DescribeTrails",
        "cloudtrail:ListPublicKeys",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "dynamodb:ListStreams",
        "ec2:DescribeRegions",
        "lambda:CreateEventSourceMapping",  # only for the forwarder: a condition says so
        "lambda:ListEventSourceMappings",
        "logs:DescribeLogGroups",
        "organizations:DescribeOrganization",
    }
    wide = [statement for policy in policies().values() for statement in policy["Statement"] if statement["Resource"] == "*"]
    assert {action for statement in wide for action in statement["Action"]} <= unnameable


def test_who_restores_reads_nothing_and_nobody_else_restores():
    allowed = {role: actions(policy) for role, policy in policies().items()}
    assert allowed["Restorer"] == {*cold.ACTIONS, "cloudtrail:GetTrail"}
    assert [role for role, granted in allowed.items() if "s3:RestoreObject" in granted] == ["Restorer"]
