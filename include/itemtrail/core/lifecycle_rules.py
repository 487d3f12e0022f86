"""An S3 lifecycle configuration, read: rules as typed values, and every part that was not understood.

Decides: one meaning for the many spellings (legacy Prefix, empty filter, And with one member; order and ID mean nothing).
Refuses to take an unreadable value for a harmless one: a rule with such a part keeps the part's name in ``unknown``, and the
assertions answer "cannot prove" where that rule could apply.
Source: S3 API reference, PutBucketLifecycleConfiguration; S3 user guide, "Lifecycle configuration elements", read 2026-11-24.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from itemtrail.snapshot import Document

SMALL = 128 * 1024  # objects below it do not transition by default
ALL_128K = "all_storage_classes_128K"
VARIES = "varies_by_storage_class"
# From warm to cold; a transition goes only forward. Source: S3 user guide, "Supported transitions", read 2026-11-24.
CLASSES = ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
_RULE_PARTS = {
    "ID",
    "Status",
    "Prefix",
    "Filter",
    "Transitions",
    "Expiration",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
}
_FILTER_PARTS = {"Prefix", "Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And"}


@dataclass(frozen=True, slots=True)
class When:
    """``days`` after creation, or at midnight of ``date``; exactly one is set."""

    days: int | None = None
    date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Sizes are strict bounds; transitions are (when, class); noncurrent ones (days, class, newer versions kept)."""

    id: str
    enabled: bool
    prefix: str = ""
    tags: frozenset[tuple[str, str]] = frozenset()
    larger_than: int | None = None
    smaller_than: int | None = None
    transitions: tuple[tuple[When, str], ...] = ()
    expiration: When | None = None
    removes_markers: bool = False
    noncurrent_transitions: tuple[tuple[int, str, int], ...] = ()
    noncurrent_expiration: tuple[int, int] | None = None  # days, newer versions kept
    abort_days: int | None = None
    unknown: tuple[str, ...] = ()

    @property
    def sized(self) -> bool:
        """Whether the rule has a size filter of its own, which takes precedence over the default minimum."""
        return self.larger_than is not None or self.smaller_than is not None

    def applies(self, key: str, size: int, tags: frozenset[tuple[str, str]]) -> bool:
        """Whether the filter matches."""
        return (
            key.startswith(self.prefix)
            and self.tags <= tags
            and (self.larger_than is None or size > self.larger_than)
            and (self.smaller_than is None or size < self.smaller_than)
        )

    def moves_small(self, storage_class: str, minimum: str) -> bool:
        """Whether an object below 128 KB makes this transition."""
        return self.sized or (minimum == VARIES and storage_class in ("GLACIER", "DEEP_ARCHIVE"))


@dataclass(frozen=True, slots=True)
class Configuration:
    """A bucket's rules, the default minimum size as read, and what concerns no single rule and was not understood."""

    rules: tuple[Rule, ...]
    minimum: str = ALL_128K
    unknown: tuple[str, ...] = ()


def parse(document: Document | None) -> Configuration:
    """A configuration as GetBucketLifecycleConfiguration answers; None is a bucket without one."""
    if document is None:
        return Configuration(())
    minimum = document.get("TransitionDefaultMinimumObjectSize")
    unknown = tuple(f"{name} (not known)" for name in sorted(set(document) - {"Rules", "TransitionDefaultMinimumObjectSize"}))
    if minimum not in (None, ALL_128K, VARIES):
        unknown = (*unknown, f"TransitionDefaultMinimumObjectSize {minimum!r}")
    rules = document.get("Rules")
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        return Configuration((), minimum or ALL_128K, (*unknown, "Rules is not a list"))
    return Configuration(tuple(_rule(rule) for rule in rules), minimum or ALL_128K, unknown)


def _rule(document: Any) -> Rule:
    if not isinstance(document, Mapping):
        return Rule(id="(unreadable)", enabled=True, unknown=(f"rule {document!r}",))
    reader = _Reader()
    fields = {**reader.filter(document), **reader.actions(document)}
    for name in sorted(set(document) - _RULE_PARTS):
        reader.unknown.append(f"{name} (not known)")
    status = document.get("Status")
    if status not in ("Enabled", "Disabled"):
        reader.unknown.append(f"Status {status!r}")
    return Rule(id=str(document.get("ID") or "(no ID)"), enabled=status != "Disabled", unknown=tuple(reader.unknown), **fields)


class _Reader:
    """Reads one rule's parts and remembers what it could not read."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def filter(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        found = rule.get("Filter")
        if found in (None, "", {}):
            return {"prefix": self._text(rule.get("Prefix") or "", "Prefix")}
        if not isinstance(found, Mapping):
            self.unknown.append(f"Filter {found!r}")
            return {}
        inner = found.get("And", found)
        if not isinstance(inner, Mapping) or ("And" in found and len(found) > 1):
            self.unknown.append("Filter And beside another member, or unreadable")
            return {}
        for name in sorted((set(inner) | set(found)) - _FILTER_PARTS):
            self.unknown.append(f"Filter {name} (not known)")
        tags = [inner["Tag"]] if "Tag" in inner else list(inner.get("Tags") or [])
        return {
            "prefix": self._text(inner.get("Prefix") or "", "Filter Prefix"),
            "tags": frozenset(self._tag(tag) for tag in tags),
            "larger_than": self._number(inner.get("ObjectSizeGreaterThan"), "ObjectSizeGreaterThan"),
            "smaller_than": self._number(inner.get("ObjectSizeLessThan"), "ObjectSizeLessThan"),
        }

    def actions(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        expiration = self._part(rule, "Expiration")
        abort = self._part(rule, "AbortIncompleteMultipartUpload")
        marker_only = expiration is not None and set(expiration) == {"ExpiredObjectDeleteMarker"}
        return {
            "transitions": self._transitions(rule),
            "expiration": None if expiration is None or marker_only else self._when(expiration, "Expiration"),
            "removes_markers": expiration is not None and expiration.get("ExpiredObjectDeleteMarker") is True,
            "noncurrent_transitions": self._noncurrent_transitions(rule),
            "noncurrent_expiration": (
                self._noncurrent(rule["NoncurrentVersionExpiration"], "NoncurrentVersionExpiration")
                if rule.get("NoncurrentVersionExpiration") is not None
                else None
            ),
            "abort_days": None if abort is None else self._number(abort.get("DaysAfterInitiation"), "DaysAfterInitiation"),
        }

    def _transitions(self, rule: Mapping[str, Any]) -> tuple[tuple[When, str], ...]:
        out = []
        for found in self._list(rule, "Transitions"):
            if not isinstance(found, Mapping):
                self.unknown.append(f"Transitions {found!r}")
                continue
            when = self._when({name: value for name, value in found.items() if name != "StorageClass"}, "Transitions")
            storage_class = self._class(found.get("StorageClass"))
            if when and storage_class:
                out.append((when, storage_class))
        return tuple(out)

    def _noncurrent_transitions(self, rule: Mapping[str, Any]) -> tuple[tuple[int, str, int], ...]:
        out = []
        for found in self._list(rule, "NoncurrentVersionTransitions"):
            end = self._noncurrent(found, "NoncurrentVersionTransitions", {"StorageClass"})
            storage_class = self._class(found.get("StorageClass")) if end else None
            if end and storage_class:
                out.append((end[0], storage_class, end[1]))
        return tuple(out)

    def _noncurrent(self, found: Any, name: str, also: AbstractSet[str] = frozenset()) -> tuple[int, int] | None:
        """(days, newer versions kept); None, and noted, where unreadable."""
        if not isinstance(found, Mapping) or not found or set(found) - {"NoncurrentDays", "NewerNoncurrentVersions"} - also:
            self.unknown.append(f"{name} {found!r}")
            return None
        days = self._number(found.get("NoncurrentDays"), f"{name} NoncurrentDays")
        kept = self._number(found.get("NewerNoncurrentVersions"), f"{name} NewerNoncurrentVersions")
        return days or 0, kept or 0

    def _when(self, found: Mapping[str, Any], name: str) -> When | None:
        """None, and noted, where unreadable; but a Date that cannot be read is a date still."""
        given = {key: value for key, value in found.items() if (key, value) != ("ExpiredObjectDeleteMarker", False)}
        if set(given) == {"Days"}:
            days = self._number(given["Days"], f"{name} Days")
            return None if days is None else When(days=days)
        if set(given) == {"Date"}:
            date = date_of(given["Date"])
            if date is None:
                self.unknown.append(f"{name} Date {given['Date']!r}")
            return When(date=date or dt.date.max)
        self.unknown.append(f"{name} {dict(found)!r}")
        return None

    def _part(self, rule: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
        found = rule.get(name)
        if found is None:
            return None
        if isinstance(found, Mapping):
            return found
        self.unknown.append(f"{name} {found!r}")
        return None

    def _list(self, rule: Mapping[str, Any], name: str) -> list[Any]:
        found = rule.get(name) or []
        if isinstance(found, list | tuple):
            return list(found)
        self.unknown.append(f"{name} {found!r}")
        return []

    def _class(self, found: Any) -> str | None:
        if found in CLASSES:
            return str(found)
        self.unknown.append(f"StorageClass {found!r}")
        return None

    def _tag(self, found: Any) -> tuple[str, str]:
        if isinstance(found, Mapping) and isinstance(found.get("Key"), str) and isinstance(found.get("Value"), str):
            return found["Key"], found["Value"]
        self.unknown.append(f"Tag {found!r}")
        return "", ""

    def _text(self, found: Any, name: str) -> str:
        if isinstance(found, str):
            return found
        self.unknown.append(f"{name} {found!r}")
        return ""

    def _number(self, found: Any, name: str) -> int | None:
        if found is None or (isinstance(found, int) and not isinstance(found, bool) and found >= 0):
            return found  # an absent number is for the caller to judge
        self.unknown.append(f"{name} {found!r}")
        return None


def date_of(found: Any) -> dt.date | None:
    """A date at midnight UTC, as boto3 (datetime) or a JSON document (ISO text) gives it; None where it is neither."""
    if isinstance(found, str):
        try:
            found = dt.datetime.fromisoformat(found)
        except ValueError:
            return None
    if isinstance(found, dt.datetime):
        moment = found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return moment.date() if moment.time() == dt.time(0) else None
    return found if isinstance(found, dt.date) else None
