"""Tables and log groups as setting up and the review see them.

Decides: a log group's own retention and the account-level policy that overrides it are told apart; another account's table is
asked for by its ARN, never by its name (which is a table of ours). Source: DynamoDB API reference, DescribeTable (TableName takes
an ARN); CloudWatch Logs API reference, DescribeLogGroups (retentionPolicyName), read 2026-11-24.
"""

from typing import Any

from itemtrail.aws.facts import Facts, Read
from itemtrail.snapshot import LogGroupState, TableState

TABLE = Read("dynamodb", "describe_table", "dynamodb:DescribeTable", frozenset({"ResourceNotFoundException"}), tells="Table")
LOG_GROUPS = Read("logs", "describe_log_groups", "logs:DescribeLogGroups", member="logGroups")
READ_ACTIONS = (TABLE.action, LOG_GROUPS.action)


def read_table(facts: Facts, arn: str) -> TableState | None:
    """The table of ``arn``, or None where there is none."""
    answer = facts.ask(TABLE, arn, arn.split(":")[3], TableName=arn.rpartition("/")[2]) or {}
    return table_state(arn, answer["Table"]) if answer else None


def table_state(arn: str, table: dict[str, Any]) -> TableState:
    """DescribeTable's answer."""
    stream: dict[str, Any] = dict(table.get("StreamSpecification") or {})
    view = stream.get("StreamViewType", "") if stream.get("StreamEnabled") else ""
    return TableState(
        arn=arn,
        status=table.get("TableStatus", ""),
        stream_view=view,
        stream_arn=table.get("LatestStreamArn", "") if view else "",
        key_attributes=tuple(part["AttributeName"] for part in table.get("KeySchema", [])),
        replicated=bool(table.get("Replicas") or table.get("GlobalTableVersion")),
    )


def read_log_group(facts: Facts, name: str, region: str) -> LogGroupState | None:
    """The log group of exactly this name, or None where there is none."""
    found = named_group(facts.pages(LOG_GROUPS, f"log group {name}", region, logGroupNamePrefix=name), name)
    return group_state(name, region, found) if found else None


def named_group(groups: list[dict[str, Any]] | None, name: str) -> dict[str, Any] | None:
    """Of the groups whose names begin so, the one of exactly this name."""
    return next((group for group in groups or () if group["logGroupName"] == name), None)


def group_state(name: str, region: str, group: dict[str, Any]) -> LogGroupState:
    """DescribeLogGroups' answer."""
    return LogGroupState(name, region, group.get("retentionInDays"), group.get("retentionPolicyName", ""))
