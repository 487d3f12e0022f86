"""Building API calls and what they change, together. Pure.

A ``Desk`` is one actor at work in one Region: each method appends the boto3 call that will be sent and applies it to the
model, so that the expected outcome (success, or DynamoDB's error code) and the changed items are known beforehand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from itemtrail_demo.tables import KEYS
from itemtrail_demo.world import Change, Condition, Record, Ref, Step, World

CONDITION_FAILED = "ConditionalCheckFailedException"
CANCELLED = "TransactionCanceledException"
DUPLICATE = "DuplicateItemException"
REFERENCE = "_request"
"""Attribute of the application contract (docs/history.md): which request wrote the item last."""

_serialize = TypeSerializer().serialize


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: who sends what where, what must come back (``expect``: "" or the error code), and what it changes."""

    seat: str
    region: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    expect: str = ""
    changes: tuple[Change, ...] = ()
    attempted: tuple[Ref, ...] = ()
    written: bool = False  # the call itself sets REFERENCE
    opens: str = ""  # AssumeRole: the seat whose session this is

    @property
    def reference(self) -> str:
        """The request that the application wrote into the items; it belongs into the call's user agent too. "" for none."""
        images = (change.after or {} for change in self.changes)
        return next((str(image[REFERENCE]) for image in images if REFERENCE in image), "") if self.written else ""


def typed(record: Record) -> dict[str, Any]:
    """DynamoDB JSON of a record, as streams carry it."""
    return {name: _serialize(value) for name, value in record.items()}


@dataclass(slots=True)
class Desk:
    """One actor in one Region; ``calls`` grows in the order in which they are to be sent."""

    world: World
    seat: str
    region: str
    calls: list[Call] = field(default_factory=list)

    def write(self, step: Step) -> bool:
        """PutItem, UpdateItem or DeleteItem; True if it is going to succeed."""
        operation, parameters = _request(step)
        return self._do(f"{operation}Item", parameters, (step,), CONDITION_FAILED)

    def transact(self, *steps: Step) -> bool:
        """TransactWriteItems of all steps, or none."""
        items = []
        for step in steps:
            operation, parameters = _request(step)
            items.append({operation: parameters})
        return self._do("TransactWriteItems", {"TransactItems": items}, steps, CANCELLED)

    def batch(self, *steps: Step) -> None:
        """BatchWriteItem (at most 25 puts and deletes, no conditions)."""
        requests: dict[str, list[Any]] = {}
        for step in steps:
            request = (
                {"PutRequest": {"Item": typed(step.values)}} if step.kind == "put" else {"DeleteRequest": {"Key": _key(step.ref)}}
            )
            requests.setdefault(step.ref.table, []).append(request)
        self._do("BatchWriteItem", {"RequestItems": requests}, steps, "")

    def statement(self, step: Step) -> bool:
        """ExecuteStatement: INSERT, UPDATE or DELETE with literals in the text, as people type it."""
        failure = DUPLICATE if step.kind == "put" else CONDITION_FAILED
        return self._do("ExecuteStatement", {"Statement": partiql(step)}, (_guarded(step),), failure)

    def statements(self, *steps: Step) -> None:
        """BatchExecuteStatement; every statement is one that succeeds."""
        self._do("BatchExecuteStatement", {"Statements": [{"Statement": partiql(s)} for s in steps]}, steps, "")

    def statement_transaction(self, *steps: Step) -> bool:
        """ExecuteTransaction: all statements or none."""
        request = {"TransactStatements": [{"Statement": partiql(s)} for s in steps]}
        return self._do("ExecuteTransaction", request, tuple(_guarded(s) for s in steps), CANCELLED)

    def select(self, ref: Ref) -> None:
        """ExecuteStatement SELECT on one key."""
        statement = f'SELECT * FROM "{ref.table}" WHERE {_where(ref)}'  # noqa: S608 - PartiQL as a person types it
        self.send("ExecuteStatement", {"Statement": statement})

    def get(self, ref: Ref) -> None:
        """GetItem, consistent."""
        self.send("GetItem", {"TableName": ref.table, "Key": _key(ref), "ConsistentRead": True})

    def query(self, table: str, hash_key: str) -> None:
        """Query of one partition."""
        name = KEYS[self.region, table][0]
        values = {":key": {"S": hash_key}}
        self.send("Query", {"TableName": table, "KeyConditionExpression": f"{name} = :key", "ExpressionAttributeValues": values})

    def scan(self, table: str, limit: int) -> None:
        """One page of a scan."""
        self.send("Scan", {"TableName": table, "Limit": limit})

    def batch_get(self, refs: Sequence[Ref]) -> None:
        """BatchGetItem (at most 100 keys)."""
        requests: dict[str, Any] = {}
        for ref in refs:
            requests.setdefault(ref.table, {"Keys": []})["Keys"].append(_key(ref))
        self.send("BatchGetItem", {"RequestItems": requests})

    def transact_get(self, refs: Sequence[Ref]) -> None:
        """TransactGetItems."""
        self.send("TransactGetItems", {"TransactItems": [{"Get": {"TableName": ref.table, "Key": _key(ref)}} for ref in refs]})

    def send(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        service: str = "dynamodb",
        expect: str = "",
        attempted: tuple[Ref, ...] = (),
        opens: str = "",
    ) -> None:
        """Any other call: one that reads, or one that must be refused with ``expect``."""
        self.calls.append(
            Call(self.seat, self.region, service, operation, parameters, expect=expect, attempted=attempted, opens=opens)
        )

    def _do(self, operation: str, parameters: Mapping[str, Any], steps: tuple[Step, ...], failure: str) -> bool:
        changes = self.world.attempt(steps)
        refs = tuple(step.ref for step in steps)
        call = Call(
            self.seat,
            self.region,
            "dynamodb",
            operation,
            parameters,
            expect="" if changes is not None else failure,
            changes=changes or (),
            attempted=refs,
            written=any(REFERENCE in step.values for step in steps),
        )
        self.calls.append(call)
        return changes is not None


def partiql(step: Step) -> str:
    """The statement a step reads as, literals in the text."""
    match step.kind:
        case "put":
            inside = ", ".join(f"'{name}': {_literal(value)}" for name, value in step.values.items())
            return f'INSERT INTO "{step.ref.table}" VALUE {{{inside}}}'
        case "update":
            sets = " ".join(f'SET "{name}" = {_literal(value)}' for name, value in step.values.items())
            return f'UPDATE "{step.ref.table}" {sets} WHERE {_where(step.ref)}'
        case "delete":
            return f'DELETE FROM "{step.ref.table}" WHERE {_where(step.ref)}'  # noqa: S608
    raise ValueError(f"no PartiQL for {step.kind}")


def _guarded(step: Step) -> Step:
    """PartiQL's own conditions: INSERT wants the item absent, UPDATE wants it there; DELETE of an absent item is no error."""
    condition = {"put": Condition("absent"), "update": Condition("exists")}.get(step.kind)
    return Step(step.kind, step.ref, step.values, step.add, condition)


def _request(step: Step) -> tuple[str, dict[str, Any]]:
    parameters: dict[str, Any] = {"TableName": step.ref.table}
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    if step.kind == "put":
        parameters["Item"] = typed(step.values)
    else:
        parameters["Key"] = _key(step.ref)
    if step.kind == "update":
        clauses = [("SET", [_assign(n, v, names, values, " = ") for n, v in step.values.items()])]
        clauses.append(("ADD", [_assign(n, v, names, values, " ") for n, v in step.add.items()]))
        parameters["UpdateExpression"] = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)
    if step.when is not None:
        parameters["ConditionExpression"] = _condition(step, names, values)
    if names:
        parameters["ExpressionAttributeNames"] = names
    if values:
        parameters["ExpressionAttributeValues"] = values
    return {"put": "Put", "update": "Update", "delete": "Delete", "check": "ConditionCheck"}[step.kind], parameters


def _assign(name: str, value: Any, names: dict[str, str], values: dict[str, Any], between: str) -> str:
    names[f"#{name}"] = name
    values[f":{name}"] = _serialize(value)
    return f"#{name}{between}:{name}"


def _condition(step: Step, names: dict[str, str], values: dict[str, Any]) -> str:
    assert step.when is not None
    hash_key = KEYS[step.ref.region, step.ref.table][0]
    match step.when.kind:
        case "absent":
            return f"attribute_not_exists({hash_key})"
        case "exists":
            return f"attribute_exists({hash_key})"
    names[f"#{step.when.name}"] = step.when.name
    values[":expected"] = _serialize(step.when.value)
    return f"#{step.when.name} {'=' if step.when.kind == 'equals' else '>='} :expected"


def _key(ref: Ref) -> dict[str, Any]:
    return typed(ref.key_record)


def _where(ref: Ref) -> str:
    return " AND ".join(f'"{name}" = {_literal(value)}' for name, value in ref.key_record.items())


def _literal(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
