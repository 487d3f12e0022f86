"""What a CloudTrail event is to a DynamoDB table's history: read, write, control or other; and which events end evidence.

Decides from the operation's name, for PartiQL from the statements' verbs: ``readOnly`` is false even for a PartiQL SELECT.
Refuses to call a PartiQL event without readable statements either a read or a write: it is ``unknown``.
Source: DynamoDB developer guide, "Logging DynamoDB operations by using CloudTrail"; CloudTrail user guide, "CloudTrail record
contents"; read 2026-11-24.
"""

from enum import StrEnum


class Kind(StrEnum):
    """``operation_kind``."""

    READ = "read"  # of items or stream records
    WRITE = "write"  # of items
    CONTROL = "control"  # management of DynamoDB, its streams or DAX
    UNKNOWN = "unknown"  # PartiQL whose statements are not there or not understood: may be a write
    OTHER = "other"  # another service


DYNAMODB = "dynamodb.amazonaws.com"
_TABLE_SERVICES = frozenset({DYNAMODB, "streams.dynamodb.amazonaws.com", "dax.amazonaws.com"})
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
READS = frozenset(
    {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems", "SearchVectors", "GetRecords", "GetShardIterator"}
)
PARTIQL = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})
KEYLESS = frozenset({"Query", "Scan", "SearchVectors", "GetRecords", "GetShardIterator"})  # their parameters name no item
SINGLE_ITEM = frozenset({"PutItem", "UpdateItem", "DeleteItem", "GetItem"})

# Operations that change or erase items without an event per item, or that end or weaken the evidence itself.
_ALARMS = {
    DYNAMODB: frozenset(
        {
            "ImportTable", "StartBulkPutItems", "RestoreTableFromBackup", "RestoreTableToPointInTime", "DeleteTable",
            "UpdateTimeToLive", "UpdateTable", "DisableKinesisStreamingDestination", "UpdateContinuousBackups",
            "PutResourcePolicy",
        }
    ),
    "cloudtrail.amazonaws.com": frozenset(
        {"StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "PutEventConfiguration"}
    ),
    "s3.amazonaws.com": frozenset(
        {
            "PutBucketLifecycle", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle", "PutBucketPolicy",
            "DeleteBucketPolicy", "PutBucketVersioning", "PutBucketObjectLockConfiguration", "PutObjectLockConfiguration",
            "DeleteObject", "DeleteObjects", "PutBucketEncryption", "PutBucketLogging", "DeleteBucket",
        }
    ),
    "kms.amazonaws.com": frozenset({"DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy"}),
    "logs.amazonaws.com": frozenset({"DeleteLogGroup", "PutRetentionPolicy"}),
}  # fmt: skip
# Alarms only where the request says so; read by ``dynamodb.weakens``.
CONDITIONAL_ALARMS = frozenset({"UpdateTable", "UpdateContinuousBackups"})


def kind(source: str | None, name: str | None) -> Kind:
    """Kind by the operation's name; a PartiQL operation is ``UNKNOWN`` until its statements are read."""
    if source not in _TABLE_SERVICES:
        return Kind.OTHER
    if name in WRITES:
        return Kind.WRITE
    if name in READS:
        return Kind.READ
    return Kind.UNKNOWN if name in PARTIQL else Kind.CONTROL


def alarms(source: str | None, name: str | None) -> bool:
    """Whether the operation is on the list of blind spots."""
    return name in _ALARMS.get(source or "", frozenset())
