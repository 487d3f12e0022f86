"""What a CloudTrail event is to a DynamoDB table's history: read, write, control or other.

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


def kind(source: str | None, name: str | None) -> Kind:
    """Kind by the operation's name; a PartiQL operation is ``UNKNOWN`` until its statements are read."""
    if source not in _TABLE_SERVICES:
        return Kind.OTHER
    if name in WRITES:
        return Kind.WRITE
    if name in READS:
        return Kind.READ
    return Kind.UNKNOWN if name in PARTIQL else Kind.CONTROL
