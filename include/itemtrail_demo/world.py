"""The application's data as it must be after every call: items, steps that change them, conditions. Pure.

The plan of the workload is made against this model, so that what each call changes is known before the call is sent;
the replay then finds out whether DynamoDB agrees. Records are plain values (str, int, bool); nothing here talks to AWS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from itemtrail_demo.tables import KEYS

Value = str | int | bool
Record = Mapping[str, Value]


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One item: Region, table and key values in the table's key order."""

    region: str
    table: str
    key: tuple[str, ...]

    @property
    def key_record(self) -> dict[str, Value]:
        """The key as attributes."""
        return dict(zip(KEYS[self.region, self.table], self.key, strict=True))


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the item as it is: that it exists, is absent, or how an attribute compares."""

    kind: Literal["exists", "absent", "equals", "at_least"]
    name: str = ""
    value: Value = ""

    def holds(self, record: Record | None) -> bool:
        """Whether DynamoDB would let the write through."""
        if self.kind == "absent":
            return record is None
        if record is None:
            return False
        match self.kind:
            case "exists":
                return True
            case "equals":
                return record.get(self.name) == self.value
            case _:
                return int(record.get(self.name, 0)) >= int(self.value)


EXISTS = Condition("exists")
ABSENT = Condition("absent")


@dataclass(frozen=True, slots=True)
class Step:
    """One write on one item; ``check`` writes nothing. ``values`` is the whole record (put) or what is set (update)."""

    kind: Literal["put", "update", "delete", "check"]
    ref: Ref
    values: Record = field(default_factory=dict)
    add: Record = field(default_factory=dict)
    when: Condition | None = None

    def allowed(self, before: Record | None) -> bool:
        """Whether its condition holds on ``before``."""
        return self.when is None or self.when.holds(before)

    def after(self, before: Record | None) -> Record | None:
        """The record it leaves behind; None where none is left."""
        match self.kind:
            case "put":
                return dict(self.values)
            case "delete":
                return None
            case "check":
                return before
        record = {**(before or self.ref.key_record), **self.values}
        for name, amount in self.add.items():
            record[name] = int(record.get(name, 0)) + int(amount)
        return record


@dataclass(frozen=True, slots=True)
class Change:
    """What one call did to one item. ``before == after`` is a no-op: a write event without a stream record."""

    ref: Ref
    before: Record | None
    after: Record | None

    @property
    def noop(self) -> bool:
        """Whether the call left the item as it was."""
        return self.before == self.after


class World:
    """All items. ``attempt`` applies steps atomically: all of them, or none."""

    def __init__(self) -> None:
        self.items: dict[Ref, Record] = {}

    def attempt(self, steps: tuple[Step, ...]) -> tuple[Change, ...] | None:
        """The changes, or None where a condition failed and nothing was written."""
        if not all(step.allowed(self.items.get(step.ref)) for step in steps):
            return None
        return tuple(self._apply(step) for step in steps if step.kind != "check")

    def expire(self, now: int) -> tuple[Change, ...]:
        """Remove what TTL would remove at ``now`` (epoch seconds)."""
        changes, self.items = expired(self.items, now)
        return changes

    def _apply(self, step: Step) -> Change:
        before = self.items.get(step.ref)
        after = step.after(before)
        if after is None:
            self.items.pop(step.ref, None)
        else:
            self.items[step.ref] = after
        return Change(step.ref, before, after)


def expired(items: Mapping[Ref, Record], now: int) -> tuple[tuple[Change, ...], dict[Ref, Record]]:
    """What TTL would remove at ``now`` (epoch seconds), and what is left."""
    due = sorted(ref for ref, record in items.items() if "ExpiresAt" in record and int(record["ExpiresAt"]) <= now)
    gone = frozenset(due)
    left = {ref: record for ref, record in items.items() if ref not in gone}
    return tuple(Change(ref, items[ref], None) for ref in due), left
