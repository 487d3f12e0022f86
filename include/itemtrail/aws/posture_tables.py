"""Tables as the review sees them.

Decides: a table of another account is asked for by its ARN (its owner's resource policy decides), never by its name, which is a
table of the caller's. Source: DynamoDB API reference, DescribeTable, DescribeContinuousBackups, DescribeTimeToLive,
DescribeKinesisStreamingDestination, GetResourcePolicy (PolicyNotFoundException), read 2026-11-24.
"""

from typing import Any

from itemtrail.aws.control_forwarder import MAPPINGS, mapping_states
from itemtrail.aws.control_tables import TABLE, table_state
from itemtrail.aws.facts import Noting, Read
from itemtrail.posture import TablePosture
from itemtrail.snapshot import TableState

BACKUPS = Read(
    "dynamodb", "describe_continuous_backups", "dynamodb:DescribeContinuousBackups", tells="ContinuousBackupsDescription"
)
TTL = Read("dynamodb", "describe_time_to_live", "dynamodb:DescribeTimeToLive", tells="TimeToLiveDescription")
KINESIS = Read("dynamodb", "describe_kinesis_streaming_destination", "dynamodb:DescribeKinesisStreamingDestination")
RESOURCE_POLICY = Read("dynamodb", "get_resource_policy", "dynamodb:GetResourcePolicy", frozenset({"PolicyNotFoundException"}))
_IN_USE = ("ACTIVE", "ENABLING", "UPDATING")
READS = (TABLE, BACKUPS, TTL, KINESIS, RESOURCE_POLICY, MAPPINGS)


def read(facts: Noting, arn: str, account: str) -> TablePosture:
    """The table; ``account`` is the caller's."""
    region, owner = arn.split(":")[3:5]
    name = arn.rpartition("/")[2] if owner == account else arn
    answer = facts.ask(TABLE, arn, region, TableName=name)
    if answer == {}:
        return TablePosture(arn, None)
    table: dict[str, Any] = (answer or {}).get("Table", {})
    state = table_state(arn, table) if answer else TableState(arn, "")
    kinesis = _kinesis(facts.ask(KINESIS, arn, region, TableName=name))
    backups = facts.ask(BACKUPS, arn, region, TableName=name)
    mappings = facts.pages(MAPPINGS, arn, region, EventSourceArn=state.stream_arn) if state.stream_arn else []
    return TablePosture(
        arn,
        state,
        pitr=None if backups is None else _recoverable(backups),
        deletion_protection=bool(table.get("DeletionProtectionEnabled")) if answer else None,
        ttl_attribute=_ttl(facts.ask(TTL, arn, region, TableName=name) or {}),
        kinesis_streams=tuple(sorted(kinesis or ())),
        kinesis_precision=kinesis,
        kms_key=(table.get("SSEDescription") or {}).get("KMSMasterKeyArn", ""),
        readers=mapping_states(mappings or []),
        mapping_states=None if mappings is None else {one["UUID"]: one.get("State", "") for one in mappings},
        replica_regions=tuple(sorted(one["RegionName"] for one in table.get("Replicas") or () if one.get("RegionName"))),
        resource_policy=_policy(facts, arn, region),
    )


def _recoverable(answer: dict[str, Any]) -> bool:
    described = answer.get("ContinuousBackupsDescription") or {}
    return bool((described.get("PointInTimeRecoveryDescription") or {}).get("PointInTimeRecoveryStatus") == "ENABLED")


def _ttl(answer: dict[str, Any]) -> str:
    described = answer.get("TimeToLiveDescription") or {}
    return str(described.get("AttributeName", "")) if described.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") else ""


def _kinesis(answer: dict[str, Any] | None) -> dict[str, str] | None:
    """Destination → precision, of those in use; None where they could not be asked for."""
    if answer is None:
        return None
    found = answer.get("KinesisDataStreamDestinations") or []
    used = [one for one in found if one.get("DestinationStatus") in _IN_USE]
    return {one["StreamArn"]: one.get("ApproximateCreationDateTimePrecision", "MILLISECOND") for one in used}


def _policy(facts: Noting, arn: str, region: str) -> dict[str, Any] | None:
    answer = facts.ask(RESOURCE_POLICY, arn, region, ResourceArn=arn)
    return facts.document(RESOURCE_POLICY, arn, region, answer["Policy"]) if answer else None
