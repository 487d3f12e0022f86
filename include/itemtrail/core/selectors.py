"""Event selectors as a question: does this trail record that call?

Decides, in three values (yes, no, sometimes), whether basic or advanced selectors record an event of which some fields may be
unknown: a condition on an unknown field makes the answer "sometimes", because a selector limited by ``userIdentity.arn`` records
some callers and misses others. Refuses to guess: a condition it does not know is "sometimes" too.
Source: CloudTrail user guide, "Filtering data events by using advanced event selectors", "Logging data events", read 2026-11-24:
positives of a field are OR-ed, negatives AND-ed, both groups AND-ed; fields AND-ed; selectors OR-ed; a trail without selectors
records management events.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from itemtrail.snapshot import Document

DYNAMODB_TABLE = "AWS::DynamoDB::Table"
# Source: DynamoDB developer guide, "Logging DynamoDB operations by using AWS CloudTrail", read 2026-11-24.
# readOnly of the PartiQL calls is false even for a SELECT.
WRITES = (
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "ExecuteStatement",
    "BatchExecuteStatement",
    "ExecuteTransaction",
)
READS = ("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems")

Tri = bool | None  # None: sometimes
Event = Mapping[str, str]  # field name of an advanced selector → value; an absent field is unknown

_POSITIVE: dict[str, Callable[[str, str], bool]] = {"Equals": str.__eq__, "StartsWith": str.startswith, "EndsWith": str.endswith}
_KNOWN = {*_POSITIVE, *(f"Not{name}" for name in _POSITIVE), "Field"}


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which operations on a table a trail misses, or records only sometimes, and through which condition."""

    missed: tuple[str, ...]
    sometimes: tuple[str, ...]
    reason: str = ""

    @property
    def full(self) -> bool:
        """Every operation, whoever calls."""
        return not self.missed and not self.sometimes


def table_event(operation: str, arn: str | None) -> dict[str, str]:
    """A DynamoDB item call as selectors see it. ``arn`` None stands for any table, now or later."""
    event = {
        "eventCategory": "Data",
        "eventName": operation,
        "eventSource": "dynamodb.amazonaws.com",
        "eventType": "AwsApiCall",
        "readOnly": "true" if operation in READS else "false",
        "resources.type": DYNAMODB_TABLE,
    }
    return event if arn is None else {**event, "resources.ARN": arn}


def management_event(*, read_only: bool, source: str | None = None) -> dict[str, str]:
    """A management call; ``source`` None stands for any service."""
    event = {"eventCategory": "Management", "readOnly": str(read_only).lower()}
    return event if source is None else {**event, "eventSource": source}


def covers(selectors: Document, arn: str | None, *, reads: bool = False) -> Coverage:
    """What ``selectors`` record of a table's writes (and reads). ``arn`` None: of every table, current and future."""
    answers = {name: records(selectors, table_event(name, arn)) for name in (*WRITES, *(READS if reads else ()))}
    missed = tuple(name for name, answer in answers.items() if answer is False)
    sometimes = tuple(name for name, answer in answers.items() if answer is None)
    reason = why_not(selectors, table_event((*missed, *sometimes)[0], arn)) if missed or sometimes else ""
    return Coverage(missed, sometimes, reason)


def covers_management(selectors: Document) -> Tri:
    """Whether every management event is recorded, reads and writes of every service."""
    return _all(records(selectors, management_event(read_only=read)) for read in (False, True))


def touches_management(selectors: Document) -> bool:
    """Whether any management event may be recorded."""
    return any(records(selectors, management_event(read_only=read)) is not False for read in (False, True))


def records(selectors: Document, event: Event) -> Tri:
    """Whether ``{"EventSelectors": […]}`` or ``{"AdvancedEventSelectors": […]}`` record ``event``."""
    advanced = selectors.get("AdvancedEventSelectors") or []
    basic = selectors.get("EventSelectors") or []
    if advanced:
        return _any(_advanced(selector, event) for selector in advanced)
    if basic:
        return _any(_basic(selector, event) for selector in basic)
    return _equals(event, "eventCategory", "Management")


def why_not(selectors: Document, event: Event) -> str:
    """In plain words, which condition of which selector keeps ``event`` from being recorded always."""
    advanced = selectors.get("AdvancedEventSelectors") or []
    if not advanced:
        return "no selector names it"
    reasons = [_obstacle(selector, event) for selector in advanced if _same_kind(selector, event)]
    return "; ".join(reasons) or f"no selector for {event.get('resources.type') or event['eventCategory']}"


def value_count(selectors: Iterable[Document]) -> int:
    """Values over all conditions, of which AWS allows 500 a trail."""
    return sum(
        len(values)
        for selector in selectors
        for field in selector.get("FieldSelectors", [])
        for name, values in field.items()
        if name != "Field"
    )


def _advanced(selector: Document, event: Event) -> Tri:
    return _all(_field(field, event) for field in selector.get("FieldSelectors", []))


def _field(field: Mapping[str, Any], event: Event) -> Tri:
    if set(field) - _KNOWN:
        return None
    value = event.get(field["Field"])
    if value is None:
        return True if len(field) == 1 or _any_arn(field) else None
    wanted = [test(value, text) for name, test in _POSITIVE.items() for text in field.get(name) or []]
    unwanted = [test(value, text) for name, test in _POSITIVE.items() for text in field.get(f"Not{name}") or []]
    return (any(wanted) or not wanted) and not any(unwanted)


def _any_arn(field: Mapping[str, Any]) -> bool:
    """Whether the condition holds for every ARN of a service: StartsWith ``arn:aws:dynamodb:``, and nothing that excludes."""
    whole = field["Field"] == "resources.ARN" and any(is_everything(value) for value in field.get("StartsWith") or [])
    return whole and not any(name.startswith("Not") for name in field)


def _basic(selector: Document, event: Event) -> Tri:
    side = selector.get("ReadWriteType") or "All"
    read_write: Tri = True if side == "All" else _equals(event, "readOnly", "true" if side == "ReadOnly" else "false")
    management = _all(
        [
            _equals(event, "eventCategory", "Management"),
            bool(selector.get("IncludeManagementEvents", True)),
            _not(_any(_equals(event, "eventSource", source) for source in selector.get("ExcludeManagementEventSources") or [])),
        ]
    )
    data = _any(_resource(kind, event) for kind in selector.get("DataResources") or [])
    return _all([read_write, _any([management, _all([_equals(event, "eventCategory", "Data"), data])])])


def _resource(resource: Mapping[str, Any], event: Event) -> Tri:
    kind = str(resource.get("Type"))
    values = [str(value) for value in resource.get("Values") or []]
    if any(is_everything(value) for value in values):
        return _equals(event, "resources.type", kind)
    arn = event.get("resources.ARN")
    if arn is None:
        named: Tri = None if values else False
    elif kind == "AWS::S3::Object":
        named = any(arn.startswith(value) for value in values)
    else:
        named = arn in values
    return _all([_equals(event, "resources.type", kind), named])


def is_everything(value: str) -> bool:
    """Whether a basic selector's value stands for all resources, as ``arn:aws:dynamodb`` and ``arn:aws:s3:::`` do."""
    parts = value.split(":")
    return len(parts) >= 3 and parts[0] == "arn" and not any(parts[3:])


def _same_kind(selector: Document, event: Event) -> bool:
    fields = {field["Field"]: field for field in selector.get("FieldSelectors", [])}
    return all(
        _field(fields[name], event) is not False
        for name in ("eventCategory", "resources.type")
        if name in fields and name in event
    )


def _obstacle(selector: Document, event: Event) -> str:
    for field in selector.get("FieldSelectors", []):
        answer = _field(field, event)
        if answer is not True:
            conditions = ", ".join(f"{name} {_shown(values)}" for name, values in field.items() if name != "Field")
            word = "excludes" if answer is False else "limits"
            return f"selector {selector.get('Name') or '(no name)'!r} {word} it by {field['Field']} {conditions}"
    return f"selector {selector.get('Name') or '(no name)'!r} records it"


def _shown(values: Iterable[str]) -> str:
    listed = list(values)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _equals(event: Event, field: str, value: str) -> Tri:
    known = event.get(field)
    return None if known is None else known == value


def _not(answer: Tri) -> Tri:
    return None if answer is None else not answer


def _all(answers: Iterable[Tri]) -> Tri:
    listed = list(answers)
    return False if False in listed else None if None in listed else True


def _any(answers: Iterable[Tri]) -> Tri:
    listed = list(answers)
    return True if True in listed else None if None in listed else False
