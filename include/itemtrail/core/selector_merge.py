"""Selectors that record what is wanted besides everything they recorded before.

Decides: the advanced selectors to put. Basic and advanced selectors exclude each other, so putting advanced ones would drop a
trail's basic ones, and a trail without selectors would lose its default management events: basic ones are turned into advanced
ones of the same meaning first (docs/adr/0050). Refuses to drop or narrow a selector; only our own, known by name, is widened.
Source: CloudTrail API reference, PutEventSelectors; quotas page (500 values a trail), read 2026-11-24.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from itemtrail.core.selectors import DYNAMODB_TABLE, Coverage, covers, is_everything, touches_management
from itemtrail.snapshot import Document

MANAGEMENT_NAME = "itemtrail: management events"
DATA_NAME = "itemtrail: DynamoDB data events"
_SIDES = {"ReadOnly": "true", "WriteOnly": "false"}


@dataclass(frozen=True, slots=True)
class Merge:
    """``selectors`` to put, None where the trail records all of it already; ``reasons`` say what was missing."""

    selectors: tuple[Document, ...] | None
    reasons: tuple[str, ...] = ()


def merge(current: Document, tables: Literal["all"] | Sequence[str], *, reads: bool, management: bool) -> Merge:
    """What to put so that the ``tables``' events (and management events, if ``management``) are recorded as well.

    Management events that are recorded in part stay so: somebody left KMS, or reads, out on purpose.
    """
    reasons: list[str] = []
    selectors = to_advanced(current)
    if management and not touches_management(current):
        selectors = (_selector(MANAGEMENT_NAME, [_equals("eventCategory", "Management")]), *selectors)
        reasons.append("no trail records management events")
    missing = _missing(current, tables, reads=reads)
    if missing:
        selectors = _with_tables(selectors, None if tables == "all" else list(missing), reads=reads)
        reasons += [f"{name}: {_sentence(coverage)}" for name, coverage in missing.items()]
    if not reasons:
        return Merge(None)
    return Merge(selectors, tuple(reasons))


def fresh(tables: Literal["all"] | Sequence[str], *, reads: bool, management: bool) -> tuple[Document, ...]:
    """Selectors of a trail that has none of its own yet."""
    first = [_selector(MANAGEMENT_NAME, [_equals("eventCategory", "Management")])] if management else []
    return _with_tables(tuple(first), None if tables == "all" else list(tables), reads=reads)


def to_advanced(current: Document) -> tuple[Document, ...]:
    """``current`` as advanced selectors that record exactly the same events."""
    advanced = current.get("AdvancedEventSelectors") or []
    if advanced:
        return tuple(advanced)
    basic = current.get("EventSelectors") or [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    return tuple(selector for number, one in enumerate(basic, 1) for selector in _converted(one, number))


def _converted(basic: Mapping[str, Any], number: int) -> list[Document]:
    side = _SIDES.get(basic.get("ReadWriteType") or "All")
    read_only = [_equals("readOnly", side)] if side else []
    out: list[Document] = []
    if basic.get("IncludeManagementEvents", True):
        excluded = list(basic.get("ExcludeManagementEventSources") or [])
        sources = [{"Field": "eventSource", "NotEquals": excluded}] if excluded else []
        out.append(_selector(f"basic {number}: management", [_equals("eventCategory", "Management"), *read_only, *sources]))
    for resource in basic.get("DataResources") or []:
        values = [str(value) for value in resource.get("Values") or []]
        if not values:
            continue
        fields = [_equals("eventCategory", "Data"), _equals("resources.type", resource["Type"]), *read_only]
        if not any(is_everything(value) for value in values):
            operator = "StartsWith" if resource["Type"] == "AWS::S3::Object" else "Equals"
            fields.append({"Field": "resources.ARN", operator: values})
        out.append(_selector(f"basic {number}: {resource['Type']}", fields))
    return out


def _missing(current: Document, tables: Literal["all"] | Sequence[str], *, reads: bool) -> dict[str, Coverage]:
    asked = {"every table": None} if tables == "all" else {arn: arn for arn in tables}
    answers = {name: covers(current, arn, reads=reads) for name, arn in asked.items()}
    return {name: answer for name, answer in answers.items() if not answer.full}


def _with_tables(selectors: tuple[Document, ...], arns: list[str] | None, *, reads: bool) -> tuple[Document, ...]:
    """Our own selector widened where there is one of the same side, else one more."""
    kept, listed = [], set(arns or ())
    for selector in selectors:
        mine = _own_tables(selector, reads=reads)
        if arns is not None and mine is not None:
            listed |= mine
        else:
            kept.append(selector)
    side = [] if reads else [_equals("readOnly", "false")]
    fields = [_equals("eventCategory", "Data"), _equals("resources.type", DYNAMODB_TABLE), *side]
    if arns is not None:
        fields.append({"Field": "resources.ARN", "Equals": sorted(listed)})
    return (*kept, _selector(DATA_NAME, fields))


def _own_tables(selector: Document, *, reads: bool) -> set[str] | None:
    """The tables of a selector that we put, with the same side; None for any other."""
    fields = list(selector.get("FieldSelectors", []))
    side = [] if reads else [_equals("readOnly", "false")]
    head = [_equals("eventCategory", "Data"), _equals("resources.type", DYNAMODB_TABLE), *side]
    if selector.get("Name") != DATA_NAME or len(fields) != len(head) + 1 or any(field not in fields for field in head):
        return None
    last = next(field for field in fields if field not in head)
    return set(last["Equals"]) if last["Field"] == "resources.ARN" and set(last) == {"Field", "Equals"} else None


def _sentence(coverage: Coverage) -> str:
    parts = [f"{', '.join(coverage.missed)} not recorded"] if coverage.missed else []
    parts += [f"{', '.join(coverage.sometimes)} recorded only sometimes"] if coverage.sometimes else []
    return f"{' and '.join(parts)} ({coverage.reason})"


def _selector(name: str, fields: list[dict[str, Any]]) -> Document:
    return {"Name": name, "FieldSelectors": fields}


def _equals(field: str, value: str) -> dict[str, Any]:
    return {"Field": field, "Equals": [value]}
