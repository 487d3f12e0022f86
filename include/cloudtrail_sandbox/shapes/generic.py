"""Requests and answers of every service but S3's and DynamoDB's items: the API's members in CloudTrail's spelling.

Decides: member names with a lower-case first letter (`SSESpecification` → `sSESpecification`, as in AWS's samples), map keys
as they are, times as text. Leaves out what may not be logged: members the service model marks sensitive (secret keys,
passwords, Lambda's environment), binary values, and the few the model does not mark (message bodies). Refuses: members the
model does not know.

STS answers keep `sessionToken`, without the secret key, because AWS's do. Source: records of a published trail (2023); the
botocore models' `sensitive` trait.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

Json = dict[str, Any]
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_UNMARKED_SECRETS = frozenset({"MessageBody", "Message", "MessageAttributes", "PublishBatchRequestEntries", "Entries"})
_COMMALESS = frozenset({"iam", "dynamodb"})  # services that write times in the older form, without a comma after the year


def render(value: Any, shape: Shape | None, service: str) -> Any:
    """A parsed value as CloudTrail writes it; None where nothing of it may be written.

    Args:
        value: JSON values, or what botocore's parsers give (datetimes, bytes).
        shape: its shape; None for a value without a model.
        service: the service, for its way to write times.
    """
    if value is None or shape is None or shape.metadata.get("sensitive") or shape.type_name == "blob":
        return None
    if isinstance(shape, StructureShape):
        return _structure(value, shape, service)
    if isinstance(shape, ListShape):
        return [render(item, shape.member, service) for item in value] if isinstance(value, list) else None
    if isinstance(shape, MapShape):
        return {name: render(held, shape.value, service) for name, held in value.items()} if isinstance(value, dict) else None
    return written_time(value, service) if shape.type_name == "timestamp" else value


def written_time(value: Any, service: str) -> Any:
    """A time as CloudTrail writes it inside parameters: `Jul 10, 2023, 12:09:47 PM`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = dt.datetime.fromtimestamp(value, dt.UTC)
    if not isinstance(value, dt.datetime):
        return value
    hour = value.hour % 12 or 12
    comma = "" if service in _COMMALESS else ","
    return f"{value:%b} {value.day}, {value.year}{comma} {hour}:{value:%M:%S} {value:%p}"


def query_parameters(parameters: Mapping[str, str], shape: StructureShape | None) -> Json:
    """The members of a query-protocol request, nested and typed by their shape."""
    value = _decode(parameters, shape, "") if shape else {}
    return value if isinstance(value, dict) else {}


def _structure(value: Any, shape: StructureShape, service: str) -> Json | None:
    if not isinstance(value, dict):
        return None
    shown: Json = {}
    for name, held in value.items():
        member = shape.members.get(name)
        if member is None:
            continue
        if name in _UNMARKED_SECRETS and service in {"sns", "sqs"}:
            shown[lower_first(name)] = HIDDEN
            continue
        written = render(held, member, service)
        if written is not None:
            shown[lower_first(name)] = written
    return shown


def lower_first(name: str) -> str:
    """`TableName` → `tableName`."""
    return name[:1].lower() + name[1:]


def _decode(parameters: Mapping[str, str], shape: Shape, prefix: str) -> Any:
    if isinstance(shape, StructureShape):
        return _decode_members(parameters, shape, prefix)
    if isinstance(shape, ListShape):
        flat = shape.serialization.get("flattened")
        base = prefix if flat else _join(prefix, shape.member.serialization.get("name", "member"))
        return _numbered(lambda number: _decode(parameters, shape.member, f"{base}.{number}"))
    if isinstance(shape, MapShape):
        return _decode_map(parameters, shape, prefix)
    return _typed(parameters[prefix], shape) if prefix in parameters else None


def _decode_members(parameters: Mapping[str, str], shape: StructureShape, prefix: str) -> Json | None:
    found: Json = {}
    for name, member in shape.members.items():
        value = _decode(parameters, member, _join(prefix, _wire_name(name, member)))
        if value is not None:
            found[name] = value
    return found if found or not prefix else None


def _decode_map(parameters: Mapping[str, str], shape: MapShape, prefix: str) -> Json | None:
    base = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
    key = shape.key.serialization.get("name", "key")
    value = shape.value.serialization.get("name", "value")
    found: Json = {}
    number = 1
    while f"{base}.{number}.{key}" in parameters:
        found[parameters[f"{base}.{number}.{key}"]] = _decode(parameters, shape.value, f"{base}.{number}.{value}")
        number += 1
    return found or None


def _numbered(member: Any) -> list[Any] | None:
    values: list[Any] = []
    while (value := member(len(values) + 1)) is not None:
        values.append(value)
    return values or None


def _typed(text: str, shape: Shape) -> Any:
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name in {"integer", "long"}:
        return int(text) if text.lstrip("-").isdigit() else text
    return text


def _wire_name(name: str, member: Shape) -> str:
    return str(member.serialization.get("name", name))


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
