"""What differs between two snapshots, fact by fact, for people.

Decides: a resource is known by its ARN, a list's entry by its name (Sid, ID, UUID …) where it has one; what passes by itself
(delivery times, queue depths, the time and the caller of the snapshot, recorded events) is no difference. Refuses to show a fact
that could not be read as a fact that changed: it says on which side nobody could look.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from itemtrail.posture import AlarmPosture, Posture, RegionPosture, TrailPosture, Unread

_VOLATILE = frozenset({"delivered_at", "digest_delivered_at", "cloudwatch_delivered_at", "queue_depth", "unreadable"})
_DERIVED = "used_by"  # told by others' facts
_NOTHING = ("", "false")  # what a fact looks like that could not be read
_COLLECTIONS = (
    "regions", "trails", "buckets", "keys", "tables", "log_groups", "forwarders", "topics", "alarms", "roles",
)  # fmt: skip
_WHOLE = ("account", "partition", "trail_arn", "organization")
_NAMES = ("Sid", "ID", "Id", "Name", "UUID", "uuid", "filterName", "policyName")
_ABSENT: Any = object()


class Sure(StrEnum):
    """Whether both sides were read."""

    YES = "YES"
    NOT_THEN = "NOT_READ_THEN"
    NOT_NOW = "NOT_READ_NOW"


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One fact of one resource. Values are JSON text; "" where there was, or is, nothing. ``fact`` "" is the resource itself."""

    resource: str
    fact: str
    before: str
    after: str
    sure: Sure = Sure.YES

    def __str__(self) -> str:
        what = f"{self.resource}: {self.fact or 'the resource'}"
        doubt = {Sure.NOT_THEN: " (could not be read then)", Sure.NOT_NOW: " (could not be read now)"}.get(self.sure, "")
        return f"{what}: {self.before or 'nothing'} → {self.after or 'nothing'}{doubt}"


def diff(before: Posture, after: Posture) -> tuple[Change, ...]:
    """Changes in order of resource and fact."""
    then, now = _resources(before), _resources(after)
    found: list[Change] = []
    for resource in sorted({*then, *now}):
        old, new = then.get(resource, _ABSENT), now.get(resource, _ABSENT)
        if old is _ABSENT or new is _ABSENT:
            change = Change(resource, "", "" if old is _ABSENT else "present", "" if new is _ABSENT else "present")
            found.append(_derived(change, before, after))
            continue
        blind = (_blind(before, resource), _blind(after, resource))
        for one in _differences(old, new, ""):
            change = Change(resource, *one)
            found.append(_derived(change, before, after) if change.fact == _DERIVED else _doubted(change, blind))
    return (*found, *_unread(before.unread, after.unread))


def _resources(posture: Posture) -> dict[str, Any]:
    """Resource → its facts, as JSON values."""
    found: dict[str, Any] = {posture.account: {name: getattr(posture, name) for name in _WHOLE}}
    for collection in _COLLECTIONS:
        for one in getattr(posture, collection):
            resource = _resource(one)
            while resource in found:  # a role of two kinds, an alarm on two metrics
                resource += "+"
            found[resource] = _plain(one)
    return found


def _resource(one: Any) -> str:
    if isinstance(one, TrailPosture):
        return one.state.arn
    if isinstance(one, AlarmPosture):
        return f"{one.arn} {one.namespace}/{one.metric}"
    return str(one.name if isinstance(one, RegionPosture) else one.arn)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value) if field.name not in _VOLATILE]
        return {name: _plain(getattr(value, name)) for name in fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(held) for key, held in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """(path, before, after) of the smallest parts that differ."""
    if old is not _ABSENT and new is not _ABSENT and _text(old) == _text(new):
        return
    ours, theirs = _named(old), _named(new)
    if ours is None or theirs is None or (not path and not (ours or theirs)):
        yield path, _text(old), _text(new)
        return
    for key in dict.fromkeys([*ours, *theirs]):
        said = _shown(key)
        inner = said if not path else f"{path}{said}" if said.startswith("[") else f"{path}.{said}"
        yield from _differences(ours.get(key, _ABSENT), theirs.get(key, _ABSENT), inner)


def _named(value: Any) -> dict[str, Any] | None:
    """The parts of a value by name; None for one without parts, or without names for them."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not value:
        return None
    named: dict[str, Any] = {}
    for one in value:
        name = next((one[key] for key in _NAMES if isinstance(one.get(key), str)), None) if isinstance(one, dict) else None
        if name is None or f"[{name}]" in named:
            return None
        named[f"[{name}]"] = one
    return named


def _text(value: Any) -> str:
    if value is _ABSENT or value is None or value in ("", [], {}):
        return ""
    return _shown(value) if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=not _plainly(str(value)))


def _shown(text: str) -> str:
    """Text that steers no terminal: JSON where it holds anything that does not print."""
    return text if _plainly(text) else json.dumps(text)


def _plainly(text: str) -> bool:
    return text.isprintable()


def _blind(posture: Posture, resource: str) -> bool:
    return any(one.resource == resource or (one.resource == "*" and one.region in ("", resource)) for one in posture.unread)


def _doubted(change: Change, blind: tuple[bool, bool]) -> Change:
    if change.after in _NOTHING and blind[1]:
        return dataclasses.replace(change, sure=Sure.NOT_NOW)
    if change.before in _NOTHING and blind[0]:
        return dataclasses.replace(change, sure=Sure.NOT_THEN)
    return change


def _derived(change: Change, before: Posture, after: Posture) -> Change:
    """What other facts lead to (a resource in one snapshot only, users of a key) is as sure as all of them."""
    if after.unread:
        return dataclasses.replace(change, sure=Sure.NOT_NOW)
    return dataclasses.replace(change, sure=Sure.NOT_THEN) if before.unread else change


def _unread(before: tuple[Unread, ...], after: tuple[Unread, ...]) -> Iterator[Change]:
    then = {(one.resource, one.region, one.action): one.why for one in before}
    now = {(one.resource, one.region, one.action): one.why for one in after}
    for key in sorted({*then, *now}):
        if then.get(key) != now.get(key):
            resource, region, action = key
            where = resource if resource != "*" else region or "the account"
            yield Change(where, action, _refused(then.get(key)), _refused(now.get(key)))


def _refused(why: str | None) -> str:
    return "could be read" if why is None else f"could not be read: {why}"
