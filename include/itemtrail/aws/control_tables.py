"""Tables and log groups as setting up sees them.

Decides: a log group's own retention and the account-level policy that overrides it are told apart. Source: DynamoDB API
reference, DescribeTable; CloudWatch Logs API reference, DescribeLogGroups (retentionPolicyName), read 2026-11-24.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from itemtrail.aws.errors import translated
from itemtrail.snapshot import LogGroupState, TableState

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

READ_ACTIONS = ("dynamodb:DescribeTable", "logs:DescribeLogGroups")


def read_table(client: Callable[[str], "DynamoDBClient"], arn: str) -> TableState | None:
    """The table of ``arn``, or None where there is none."""
    with translated("dynamodb:DescribeTable", arn):
        try:
            table = client(arn.split(":")[3]).describe_table(TableName=arn.rpartition("/")[2])["Table"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                return None
            raise
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


def read_log_group(client: Callable[[str], Any], name: str, region: str) -> LogGroupState | None:
    """The log group of exactly this name, or None where there is none."""
    with translated("logs:DescribeLogGroups", f"log group {name}"):
        pages = client(region).get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        groups = [group for page in pages for group in page["logGroups"] if group["logGroupName"] == name]
    if not groups:
        return None
    return LogGroupState(name, region, groups[0].get("retentionInDays"), groups[0].get("retentionPolicyName", ""))
