"""Event selectors: which event a trail logs. Pure.

Decides: whether a selection (basic or advanced) takes an event. A trail without selectors logs management events, reads and
writes. In an advanced selector the fields are AND-ed; of one field the positive operators (Equals, StartsWith, EndsWith) are
OR-ed, the negative ones AND-ed, and the two groups AND-ed; several selectors are OR-ed. Conditions on ``resources.ARN`` are asked
of the resources that have the selector's ``resources.type``; one that meets them is enough. A stream belongs to its table, so
GetRecords and GetShardIterator match selectors for the table. Whether a selection is well formed: ``selector_rules``.

Source: CloudTrail user guide "Filtering data events by using advanced event selectors", "Logging data events", "Logging
management events"; API reference AdvancedFieldSelector, EventSelector; read 2026-11-24.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MANAGEMENT = "Management"
DATA = "Data"
TABLE = "AWS::DynamoDB::Table"
STREAM = "AWS::DynamoDB::Stream"
S3_OBJECT = "AWS::S3::Object"
POSITIVE = ("Equals", "StartsWith", "EndsWith")
NEGATIVE = ("NotEquals", "NotStartsWith", "NotEndsWith")
DEFAULT_BASIC: dict[str, Any] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """A trail's selectors: basic or advanced, never both. Both empty is the default selection."""

    basic: tuple[Mapping[str, Any], ...] = ()
    advanced: tuple[Mapping[str, Any], ...] = ()

    @property
    def custom(self) -> bool:
        """Whether it is anything but the default."""
        return bool(self.advanced) or (bool(self.basic) and self.basic != (DEFAULT_BASIC,))

    def selects(self, event: Event, category: str) -> bool:
        """Whether an event of that category (``Management`` or ``Data``) is logged."""
        if self.advanced:
            return any(_advanced(selector, event, category) for selector in self.advanced)
        return any(_basic(selector, event, category) for selector in self.basic or (DEFAULT_BASIC,))


def _basic(selector: Mapping[str, Any], event: Event, category: str) -> bool:
    kind = selector.get("ReadWriteType", "All")
    if kind != "All" and (kind == "ReadOnly") != (_text(event.get("readOnly")) == "true"):
        return False
    if category == MANAGEMENT:
        excluded = selector.get("ExcludeManagementEventSources") or ()
        return bool(selector.get("IncludeManagementEvents", True)) and event.get("eventSource") not in excluded
    wanted = selector.get("DataResources") or ()
    return any(
        _in_resource(value, resource, arn)
        for resource in wanted
        for value in resource.get("Values") or ()
        for arn in _arns(event, resource["Type"])
    )


def _in_resource(value: str, resource: Mapping[str, Any], arn: str) -> bool:
    if value.count(":") < 5:  # arn:aws:dynamodb, arn:aws:lambda, arn:aws:s3: everything of that service
        return arn.startswith(f"{value}:")
    return arn.startswith(value) if resource["Type"] == S3_OBJECT else arn == value


def _advanced(selector: Mapping[str, Any], event: Event, category: str) -> bool:
    conditions = {field["Field"]: field for field in selector["FieldSelectors"]}
    if category not in conditions["eventCategory"]["Equals"]:
        return False
    plain = [name for name in conditions if not name.startswith("resources.") and name != "eventCategory"]
    if not all(_meets(conditions[name], _field(event, name)) for name in plain):
        return False
    if "resources.type" not in conditions:
        return True
    arns = [arn for kind in conditions["resources.type"]["Equals"] for arn in _arns(event, kind)]
    wanted = conditions.get("resources.ARN")
    return bool(arns) if wanted is None else any(_meets(wanted, arn) for arn in arns)


def _meets(condition: Mapping[str, Any], value: str) -> bool:
    positive = [_operator(name, value, text) for name in POSITIVE for text in condition.get(name) or ()]
    negative = [_operator(name[3:], value, text) for name in NEGATIVE for text in condition.get(name) or ()]
    return (any(positive) or not positive) and not any(negative)


def _operator(name: str, value: str, text: str) -> bool:
    if name == "Equals":
        return value == text
    return value.startswith(text) if name == "StartsWith" else value.endswith(text)


def _field(event: Event, name: str) -> str:
    value: Any = event
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _arns(event: Event, kind: str) -> list[str]:
    resources: Sequence[Mapping[str, Any]] = event.get("resources") or ()
    found = [str(resource.get("ARN", "")) for resource in resources if resource.get("type") == kind]
    if kind == TABLE:
        streams = [str(resource.get("ARN", "")) for resource in resources if resource.get("type") == STREAM]
        found += [table for table in (arn.partition("/stream/")[0] for arn in streams) if table not in found]
    return found
