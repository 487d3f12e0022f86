"""What a logged write says it did to a key: the verb, and the attribute names.

Decides: which records a verb can leave (a put or an update INSERT or MODIFY, a delete REMOVE, a PartiQL INSERT only INSERT), and
which names a call wrote. An update's names are read generously (every word of the expression), because only their absence counts.
Calls in their usual spelling are read fast, anything else in general. Refuses to guess: a call that hides its key or its names
says nothing of them. Source: DynamoDB developer guide, "Logging DynamoDB operations by using CloudTrail", "Update expressions",
API reference, BatchWriteItem and TransactWriteItems (read 2026-11-24).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw

from itemtrail.core import dynamodb, partiql
from itemtrail.core.operations import PARTIQL


class Verb(IntEnum):
    """What an event did to one key."""

    PUT = 0
    UPDATE = 1
    DELETE = 2
    INSERT = 3  # PartiQL: fails where the item exists
    ANY = 4  # not known


OPERATIONS = ("INSERT", "MODIFY", "REMOVE")
MAKES = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0], [1, 1, 1]], dtype=bool)
"""``MAKES[verb, operation]``: whether the verb can leave a record of that kind."""
SINGLE = {"PutItem": Verb.PUT, "UpdateItem": Verb.UPDATE, "DeleteItem": Verb.DELETE}
_ACTIONS = {
    "put": Verb.PUT, "putrequest": Verb.PUT, "update": Verb.UPDATE, "delete": Verb.DELETE, "deleterequest": Verb.DELETE,
}  # fmt: skip
_SQL = {"INSERT": Verb.INSERT, "UPDATE": Verb.UPDATE, "DELETE": Verb.DELETE}
_WORD = re.compile(r"(?<![:A-Za-z0-9_])#?[A-Za-z0-9_-]+")
_UNDOES = re.compile(r"\s*(?:REMOVE|DELETE)\b(?!.*\b(?:SET|ADD)\b)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Claim:
    """``names``: exactly what a put wrote, or all that an update may have changed; None where the event does not say."""

    verb: Verb
    names: frozenset[str] | None = None
    only_removes: bool = False  # an update that may leave an absent item absent


NOTHING = Claim(Verb.ANY)


class _Usual(msgspec.Struct):
    """The usual spelling of a call of one item; anything else is read in general."""

    item: list[str] | None = None
    updateExpression: str | None = None  # noqa: N815 - CloudTrail's spelling
    expressionAttributeNames: dict[str, str] | None = None  # noqa: N815
    attributeUpdates: Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815


class _Action(msgspec.Struct):
    operation: str
    items: list[str] | None = None
    updateExpression: str | None = None  # noqa: N815
    UpdateExpression: str | None = None
    expressionAttributeNames: dict[str, str] | None = None  # noqa: N815
    ExpressionAttributeNames: dict[str, str] | None = None


class _Transaction(msgspec.Struct):
    requestItems: list[_Action]  # noqa: N815


class _Put(msgspec.Struct):
    item: list[str] | None = None


class _Entry(msgspec.Struct):
    putRequest: _Put | None = None  # noqa: N815
    deleteRequest: Raw = Raw()  # noqa: N815


class _Batch(msgspec.Struct):
    requestItems: dict[str, list[_Entry]]  # noqa: N815


_DOCUMENTS: dict[str, Any] = {
    "TransactWriteItems": msgspec.json.Decoder(_Transaction).decode,
    "BatchWriteItem": msgspec.json.Decoder(_Batch).decode,
}
_usual = msgspec.json.Decoder(_Usual).decode


def single(verb: Verb, parameters: str | None) -> Claim:
    """What a PutItem, UpdateItem or DeleteItem says."""
    if not parameters or verb is Verb.DELETE:
        return Claim(verb)
    try:
        call = _usual(parameters)
    except (msgspec.DecodeError, RecursionError):
        call = _Usual()
    if verb is Verb.PUT and call.item is not None:
        return Claim(verb, frozenset(call.item))
    if verb is Verb.UPDATE and call.updateExpression is not None and call.attributeUpdates is msgspec.UNSET:
        return _of_expression(call.updateExpression, call.expressionAttributeNames)
    document = dynamodb.read(Raw(parameters.encode()))
    return _claim(verb, document if isinstance(document, dict) else {})


def of_event(name: str, parameters: str | None) -> Iterator[tuple[str, str | None, Claim]]:
    """(table name or "", canonical key or None, claim) of each item of a call with several, or of PartiQL statements.

    A key is None where the event hides it: such a claim may be about any item of the table.
    """
    document = dynamodb.read(Raw(parameters.encode())) if parameters else None
    if not isinstance(document, dict) or dynamodb.omitted(Raw((parameters or "").encode())):
        yield "", None, Claim(SINGLE.get(name, Verb.ANY))
    elif name in PARTIQL:
        yield from _statements(document)
    else:
        yield from _entries(document, "", SINGLE.get(name))


def in_order(name: str, parameters: str | None) -> list[Claim] | None:
    """Claims of a batch or transaction in its usual spelling, in the order of ``item_keys``; None leaves it to ``of_event``."""
    if not parameters or name not in _DOCUMENTS:
        return None
    try:
        found = _DOCUMENTS[name](parameters).requestItems
    except (msgspec.DecodeError, RecursionError):
        return None
    if isinstance(found, dict):
        entries = [entry for listed in found.values() for entry in listed]
        if not all((entry.putRequest is None) == (len(entry.deleteRequest) > 0) for entry in entries):
            return None
        return [_listed(entry.putRequest.item) if entry.putRequest else Claim(Verb.DELETE) for entry in entries]
    claims = [_of_action(action) for action in found if action.operation != "ConditionCheck"]
    return [claim for claim in claims if claim] if all(claims) else None


def _of_action(action: "_Action") -> Claim | None:
    if action.operation == "Put":
        return _listed(action.items)
    if action.operation == "Delete":
        return Claim(Verb.DELETE)
    expression = action.updateExpression or action.UpdateExpression
    if action.operation != "Update" or not expression:
        return None
    return _of_expression(expression, action.expressionAttributeNames or action.ExpressionAttributeNames)


def _listed(names: list[str] | None) -> Claim:
    return Claim(Verb.PUT, None if names is None else frozenset(names))


def _entries(node: Any, table: str, verb: Verb | None) -> Iterator[tuple[str, str | None, Claim]]:
    """Every key below ``node`` with the action around it; condition checks are none."""
    if isinstance(node, list):
        for each in node:
            yield from _entries(each, table, verb)
        return
    if not isinstance(node, dict):
        return
    members = {name.lower(): value for name, value in node.items()}
    operation = str(members.get("operation", "")).lower()
    if operation == "conditioncheck":
        return
    verb = _ACTIONS.get(operation, verb)
    table = _short(members.get("tablename")) or table
    if isinstance(members.get("key"), dict):
        yield table, dynamodb.canonical(members["key"]), _claim(Verb.ANY if verb is None else verb, node)
        return
    for name, value in node.items():
        below = name.lower()
        if below == "requestitems" and isinstance(value, dict):
            for each, requests in value.items():
                yield from _entries(requests, _short(each), verb)
        elif isinstance(value, dict | list) and below != "conditioncheck":
            yield from _entries(value, table, _ACTIONS.get(below, verb))


def _short(table: Any) -> str:
    """A table's name from its name or ARN."""
    return str(table).rpartition("/")[2] if isinstance(table, str) else ""


def _claim(verb: Verb, node: Mapping[str, Any]) -> Claim:
    members = {name.lower(): value for name, value in node.items()}
    if verb is Verb.PUT:
        names = members.get("item", members.get("items"))
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return Claim(verb, frozenset(names))
        return Claim(verb)
    if verb is Verb.UPDATE:
        return _update(members)
    return Claim(verb)


def _update(members: Mapping[str, Any]) -> Claim:
    expression, legacy = members.get("updateexpression"), members.get("attributeupdates")
    placeholders = members.get("expressionattributenames")
    if isinstance(legacy, list | dict) and all(isinstance(name, str) for name in legacy):
        return Claim(Verb.UPDATE, frozenset(legacy))
    if not isinstance(expression, str):
        return Claim(Verb.UPDATE)
    return _of_expression(expression, placeholders if isinstance(placeholders, dict) else None)


def _of_expression(expression: str, placeholders: Mapping[str, Any] | None) -> Claim:
    names = {*_WORD.findall(expression)}
    if placeholders:
        names.update(value for value in placeholders.values() if isinstance(value, str))
    elif "#" in expression:
        return Claim(Verb.UPDATE)
    return Claim(Verb.UPDATE, frozenset(names), _UNDOES.match(expression) is not None)


def _statements(document: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Claim]]:
    members = {name.lower(): value for name, value in document.items()}
    listed = next((members[n] for n in ("requestitems", "statements", "transactstatements") if n in members), None)
    for entry in listed if isinstance(listed, list) else [document]:
        text = next((v for n, v in entry.items() if n.lower() == "statement"), None) if isinstance(entry, dict) else None
        parsed = partiql.parse(text) if isinstance(text, str) else partiql.Statement("")
        if parsed.writes is False:
            continue
        body = ",".join(f"{dynamodb.canonical(name)}:{value}" for name, value in parsed.key)
        yield _short(parsed.table), f"{{{body}}}" if body else None, Claim(_SQL.get(parsed.verb, Verb.ANY))
