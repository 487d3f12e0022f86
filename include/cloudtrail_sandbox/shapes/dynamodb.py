"""DynamoDB data events: keys in clear, attribute names, expressions as written; never an attribute's value.

Decides the requestParameters of every item operation and the resources of every DynamoDB and Streams event. Spelling follows
AWS's samples to the letter, including TransactWriteItems' mix of `tableName` and `TableName` inside one event. Refuses:
values. `expressionAttributeValues`, `attributeUpdates`' values, PartiQL parameters and literals have no way into an event.

Key values are written without their type tag, a number as its text (its wire form): `{"EmpId": {"N": "7"}}` becomes `"7"`.
Assumed, since AWS publishes no sample: BatchWriteItem, BatchGetItem (`requestItems` by table, entries spelled as in PutItem),
Query, Scan, DeleteItem (as their neighbours), and that a denied call keeps its parameters (DynamoDB reads the keys before it
decides: `dynamodb:LeadingKeys` is a condition key).

Source: DynamoDB developer guide "Understanding DynamoDB log file entries"; read 2026-11-24.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudtrail_sandbox.shapes import partiql

Json = dict[str, Any]
_TABLE, _STREAM = "AWS::DynamoDB::Table", "AWS::DynamoDB::Stream"
# Scalar members that say nothing of an item, in the order in which AWS's samples have them.
_PLAIN = (
    ("IndexName", "indexName"),
    ("UpdateExpression", "updateExpression"),
    ("KeyConditionExpression", "keyConditionExpression"),
    ("FilterExpression", "filterExpression"),
    ("ProjectionExpression", "projectionExpression"),
    ("ExpressionAttributeNames", "expressionAttributeNames"),
    ("ConditionExpression", "conditionExpression"),
    ("AttributesToGet", "attributesToGet"),
    ("ConditionalOperator", "conditionalOperator"),
    ("ConsistentRead", "consistentRead"),
    ("ScanIndexForward", "scanIndexForward"),
    ("Select", "select"),
    ("Limit", "limit"),
    ("Segment", "segment"),
    ("TotalSegments", "totalSegments"),
    ("ReturnValues", "returnValues"),
    ("ReturnConsumedCapacity", "returnConsumedCapacity"),
    ("ReturnItemCollectionMetrics", "returnItemCollectionMetrics"),
    ("ReturnValuesOnConditionCheckFailure", "returnValuesOnConditionCheckFailure"),
)
# Members that map attribute names to values or conditions: only the names are shown.
_NAMES_ONLY = (
    ("AttributeUpdates", "attributeUpdates"),
    ("Expected", "expected"),
    ("KeyConditions", "keyConditions"),
    ("QueryFilter", "queryFilter"),
    ("ScanFilter", "scanFilter"),
)
# TransactWriteItems' spelling, member by member and operation by operation, as in AWS's sample.
_TRANSACT_SPELLING: Mapping[str, Mapping[str, str]] = {
    "Put": {"TableName": "tableName", "Key": "key"},
    "Update": {
        "TableName": "tableName",
        "Key": "key",
        "ConditionExpression": "ConditionExpression",
        "ExpressionAttributeNames": "ExpressionAttributeNames",
    },
    "Delete": {
        "TableName": "TableName",
        "Key": "key",
        "ReturnValuesOnConditionCheckFailure": "ReturnValuesOnConditionCheckFailure",
    },
    "ConditionCheck": {
        "TableName": "TableName",
        "Key": "Key",
        "ConditionExpression": "ConditionExpression",
        "ExpressionAttributeNames": "ExpressionAttributeNames",
        "ReturnValuesOnConditionCheckFailure": "ReturnValuesOnConditionCheckFailure",
    },
}
_TRANSACT_MEMBERS = (
    "UpdateExpression",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ReturnValuesOnConditionCheckFailure",
)


@dataclass(frozen=True, slots=True)
class Tables:
    """What must be known of the tables: their key attributes' names and their enabled stream's ARN, by table name or ARN."""

    account: str
    region: str
    key_names: Callable[[str], tuple[str, ...]]
    stream_arn: Callable[[str], str | None]


def request_parameters(operation: str, request: Json, tables: Tables) -> Json | None:
    """The requestParameters of a data event; None where the request has nothing to show.

    A request so malformed that it cannot be read is shown as far as it can be: the service refused it anyway.
    """
    shown = _BUILDERS[operation](request, tables)
    return {name: value for name, value in shown.items() if value is not None} or None


def resources(operation: str, request: Json, tables: Tables) -> list[Json]:
    """The tables a call concerns, each once, and beside each the stream it has."""
    named = list(dict.fromkeys(name for name in _table_names(operation, request) if name))
    entries = []
    for name in named:
        stream = tables.stream_arn(name)
        entries.append(_resource(tables, _TABLE, table_arn(name, tables)))
        if stream:
            entries.append(_resource(tables, _STREAM, stream))
    return entries


def table_arn(name_or_arn: str, tables: Tables) -> str:
    """A table's ARN from its name, its ARN, or the ARN of its stream or index."""
    if name_or_arn.startswith("arn:"):
        return "/".join(name_or_arn.split("/")[:2])
    return f"arn:aws:dynamodb:{tables.region}:{tables.account}:table/{name_or_arn}"


def plain_key(key: Any) -> Json | None:
    """`{"EmpId": {"S": "E-1"}}` → `{"EmpId": "E-1"}`; None where it is no key."""
    if not isinstance(key, dict):
        return None
    return {name: _scalar(value) for name, value in key.items()}


def _scalar(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        ((tag, held),) = value.items()
        return held if tag in {"S", "N", "B"} and isinstance(held, str) else None
    return None


def _plain(request: Json) -> Json:
    shown = {name: request.get(member) for member, name in _PLAIN}
    return shown | {name: list(request[member]) for member, name in _NAMES_ONLY if isinstance(request.get(member), dict)}


def _key_of_item(item: Any, table: str, tables: Tables) -> Json | None:
    if not isinstance(item, dict):
        return None
    return {name: _scalar(item[name]) for name in tables.key_names(table) if name in item}


def _names(item: Any) -> list[str] | None:
    return list(item) if isinstance(item, dict) else None


def _put_item(request: Json, tables: Tables) -> Json:
    table, item = _text(request.get("TableName")), request.get("Item")
    return {"tableName": table, "key": _key_of_item(item, table, tables), "item": _names(item)} | _plain(request)


def _item(request: Json, tables: Tables) -> Json:
    del tables
    return {"tableName": request.get("TableName"), "key": plain_key(request.get("Key"))} | _plain(request)


def _search(request: Json, tables: Tables) -> Json:
    del tables
    start = plain_key(request.get("ExclusiveStartKey"))
    return {"tableName": request.get("TableName")} | _plain(request) | {"exclusiveStartKey": start}


def _batch_write(request: Json, tables: Tables) -> Json:
    shown: Json = {}
    for table, entries in _mapping(request.get("RequestItems")).items():
        shown[table] = [_batch_entry(entry, table, tables) for entry in _list(entries)]
    return {"requestItems": shown} | _plain(request)


def _batch_entry(entry: Any, table: str, tables: Tables) -> Json:
    put, delete = _mapping(_mapping(entry).get("PutRequest")), _mapping(_mapping(entry).get("DeleteRequest"))
    if put:
        return {"putRequest": {"key": _key_of_item(put.get("Item"), table, tables), "item": _names(put.get("Item"))}}
    return {"deleteRequest": {"key": plain_key(delete.get("Key"))}} if delete else {}


def _batch_get(request: Json, tables: Tables) -> Json:
    del tables
    shown: Json = {}
    for table, wanted in _mapping(request.get("RequestItems")).items():
        keys = [plain_key(key) for key in _list(_mapping(wanted).get("Keys"))]
        rest = {name: value for name, value in _plain(_mapping(wanted)).items() if value is not None}
        shown[table] = {"keys": keys} | rest
    return {"requestItems": shown} | _plain(request)


def _transact(request: Json, tables: Tables) -> Json:
    entries = [_transact_entry(entry, tables) for entry in _list(request.get("TransactItems"))]
    return {"requestItems": entries} | _plain(request)


def _transact_entry(entry: Any, tables: Tables) -> Json:
    for operation, action in _mapping(entry).items():
        action, spelling = _mapping(action), _TRANSACT_SPELLING.get(operation, _TRANSACT_SPELLING["Put"])
        table, item = _text(action.get("TableName")), action.get("Item")
        key = _key_of_item(item, table, tables) if operation == "Put" else plain_key(action.get("Key"))
        shown: Json = {"operation": operation, spelling["TableName"]: table, spelling["Key"]: key}
        if operation == "Put":
            shown["items"] = _names(item)
        if operation == "Get":
            shown["projectionExpression"] = action.get("ProjectionExpression")
        for member in _TRANSACT_MEMBERS:
            shown[spelling.get(member, member[0].lower() + member[1:])] = action.get(member)
        return {name: value for name, value in shown.items() if value is not None}
    return {}


def _statement(request: Json, tables: Tables) -> Json:
    return {"statement": _masked(request, tables)} | _plain(request)


def _statements(request: Json, tables: Tables) -> Json:
    entries = _list(request.get("Statements")) or _list(request.get("TransactStatements"))
    return {"requestItems": [{"statement": _masked(_mapping(entry), tables)} for entry in entries]} | _plain(request)


def _masked(request: Json, tables: Tables) -> str:
    statement = _text(request.get("Statement"))
    return partiql.mask(statement, tables.key_names(partiql.table_name(statement)))


def _stream_read(request: Json, tables: Tables) -> Json:
    del tables
    members = ("StreamArn", "ShardId", "ShardIteratorType", "SequenceNumber", "ShardIterator", "Limit")
    return {member[0].lower() + member[1:]: request.get(member) for member in members}


_BUILDERS: Mapping[str, Callable[[Json, Tables], Json]] = {
    "PutItem": _put_item,
    "UpdateItem": _item,
    "DeleteItem": _item,
    "GetItem": _item,
    "Query": _search,
    "Scan": _search,
    "SearchVectors": _search,
    "BatchWriteItem": _batch_write,
    "BatchGetItem": _batch_get,
    "TransactWriteItems": _transact,
    "TransactGetItems": _transact,
    "ExecuteStatement": _statement,
    "BatchExecuteStatement": _statements,
    "ExecuteTransaction": _statements,
    "GetRecords": _stream_read,
    "GetShardIterator": _stream_read,
}
DATA_OPERATIONS = frozenset(_BUILDERS)


def _table_names(operation: str, request: Json) -> Iterable[str]:
    yield _text(request.get("TableName"))
    yield _text(request.get("StreamArn")) or _text(request.get("ResourceArn")) or _text(request.get("TableArn"))
    if operation in {"BatchWriteItem", "BatchGetItem"}:
        yield from _mapping(request.get("RequestItems"))
    for entry in _list(request.get("TransactItems")):
        yield from (_text(_mapping(action).get("TableName")) for action in _mapping(entry).values())
    if operation == "GetRecords":
        yield _text(request.get("ShardIterator")).partition("|")[0]
    statements = [request, *_list(request.get("Statements")), *_list(request.get("TransactStatements"))]
    yield from (partiql.table_name(_text(_mapping(entry).get("Statement"))) for entry in statements)


def _resource(tables: Tables, kind: str, arn: str) -> Json:
    return {"accountId": tables.account, "type": kind, "ARN": arn}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
