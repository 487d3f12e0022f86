"""Drift: a bucket's lifecycle rules against what setting up would put, by meaning, told rule by rule.

Decides: a rule of ours is there as it should be where any rule means the same, whatever its ID, order and spelling; otherwise
each element that differs is named, before → after; what is missing, what was not understood, and which rules are others'. Refuses
to call equal what could not be read: a part that did not survive being read back is "cannot prove". Who mends is setting up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

from itemtrail.core.lifecycle_rules import Rule, When, parse
from itemtrail.snapshot import Document, Finding, FindingStatus

_NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Drift:
    """Ours: what changed (rule ID → differences), what was not understood, what is missing. Others': rules that are not ours."""

    changed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    missing: tuple[str, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    others: tuple[Rule, ...] = ()

    @property
    def none(self) -> bool:
        """Our rules are there as setting up puts them."""
        return not (self.changed or self.missing or self.unknown)


def drift(current: Document | None, wanted: Sequence[Document]) -> Drift:
    """How ``current`` differs from a configuration with ``wanted`` in it; differences go from ``wanted`` to ``current``."""
    have, want = parse(current).rules, parse({"Rules": list(wanted)}).rules
    meanings = [_meaning(rule) for rule in have if not rule.unknown]
    ours = {rule.id for rule in want}
    changed, missing, unknown = list[tuple[str, tuple[str, ...]]](), list[str](), list[tuple[str, str]]()
    for rule in want:
        same_id = [one for one in have if one.id == rule.id]
        if any(one.unknown for one in same_id):
            unknown.append((rule.id, "; ".join(what for one in same_id for what in one.unknown)))
        elif same_id and any(_meaning(one) != _meaning(rule) for one in same_id):
            changed.append((rule.id, tuple(what for one in same_id for what in differences(rule, one))))
        elif _meaning(rule) not in meanings:
            missing.append(rule.id)
    meant = [_meaning(rule) for rule in want]
    others = [rule for rule in have if rule.id not in ours and _meaning(rule) not in meant]
    return Drift(tuple(changed), tuple(missing), tuple(unknown), tuple(others))


def findings(found: Drift, resource: str, *, own: str) -> tuple[Finding, ...]:
    """The drift as findings: one for each rule of ours that is not as set up. ``own``: what IDs of our rules begin with."""
    bad = [
        _finding(FindingStatus.FAIL, resource, f"rule {name!r}: {'; '.join(what)} (as set up → as it is)")
        for name, what in found.changed
    ]
    bad += [_finding(FindingStatus.FAIL, resource, f"rule {name!r} is missing") for name in found.missing]
    bad += [
        _finding(FindingStatus.CANNOT_PROVE, resource, f"rule {name!r} was not read back as it was put: {what}")
        for name, what in found.unknown
    ]
    earlier = [rule.id for rule in found.others if rule.id.startswith(own)]
    notes = [
        Finding("lifecycle.drift", FindingStatus.NOTE, resource, f"rule {name!r} is an earlier one of ours", "remove it.")
        for name in earlier
    ]
    if bad:
        return (*bad, *notes)
    text = f"our rules are as itemtrail setup puts them; {len(found.others) - len(earlier)} rule(s) of others beside them"
    return (Finding("lifecycle.drift", FindingStatus.PASS, resource, text), *notes)


def changes(current: Document | None, wanted: Sequence[Document]) -> str:
    """What putting ``wanted`` into ``current`` does, in words: which rules change and how, which come, which stay."""
    found, want = drift(current, wanted), {rule.id: rule for rule in parse({"Rules": list(wanted)}).rules}
    have = parse(current).rules
    said = [
        f"rule {name!r}: {'; '.join(what for one in have if one.id == name for what in differences(one, want[name]))}"
        for name, _ in found.changed
    ]
    said += [f"rule {name!r} is put anew: it was not understood ({what})" for name, what in found.unknown]
    said += [f"adds {', '.join(found.missing)}"] if found.missing else []
    others = ", ".join(rule.id for rule in found.others)
    return "; ".join([*said, f"keeps the rule(s) of others: {others}" if others else "there are no rules of others"])


def differences(before: Rule, after: Rule) -> Iterator[str]:
    """What changes from one rule to the other, an element at a time; nothing of the ID."""
    for one in fields(Rule):
        old, new = getattr(before, one.name), getattr(after, one.name)
        if one.name in ("id", "unknown") or old == new:
            continue
        if one.name in ("transitions", "noncurrent_transitions"):
            yield from _moves(one.name.replace("_", " ")[:-1], _by_class(old), _by_class(new))
        else:
            yield f"{_WORDS[one.name]} {_said(one.name, old)} → {_said(one.name, new)}"


def _meaning(rule: Rule) -> Rule:
    """The rule without its ID and without the order of its steps."""
    moves = tuple(sorted(rule.transitions, key=str))
    return replace(rule, id="", transitions=moves, noncurrent_transitions=tuple(sorted(rule.noncurrent_transitions)))


_WORDS = {
    "enabled": "status",
    "prefix": "prefix",
    "tags": "tags",
    "larger_than": "ObjectSizeGreaterThan",
    "smaller_than": "ObjectSizeLessThan",
    "expiration": "expiration",
    "removes_markers": "ExpiredObjectDeleteMarker",
    "noncurrent_expiration": "noncurrent expiration",
    "abort_days": "abort of uploads",
}


def _moves(name: str, old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    for storage_class in dict.fromkeys([*old, *new]):
        if old.get(storage_class) != new.get(storage_class):
            yield f"{name} to {storage_class}: {old.get(storage_class, _NOTHING)} → {new.get(storage_class, _NOTHING)}"


def _by_class(steps: Sequence[tuple[object, ...]]) -> dict[str, str]:
    """Class → when, in words; current steps are (when, class), noncurrent ones (days, class, newer versions kept)."""
    found = dict[str, list[str]]()
    for step in steps:
        when = step[0] if isinstance(step[0], When) else When(days=int(str(step[0])))
        kept = f" behind {step[2]} newer" if len(step) > 2 and step[2] else ""
        found.setdefault(str(step[1]), []).append(_when(when) + kept)
    return {name: ", ".join(sorted(words)) for name, words in found.items()}


def _said(name: str, value: object) -> str:
    match name, value:
        case "enabled", bool():
            return "Enabled" if value else "Disabled"
        case "tags", frozenset():
            return ", ".join(f"{key}={text}" for key, text in sorted(value)) or _NOTHING
        case "noncurrent_expiration", (int(days), int(kept)):
            return _when(When(days=days)) + (f" behind {kept} newer" if kept else "")
        case _, When():
            return _when(value)
        case "abort_days", int():
            return f"{value} days"
        case _, None:
            return _NOTHING
        case _:
            return repr(value)


def _when(when: When) -> str:
    return f"{when.date}" if when.date else f"{when.days} days"


def _finding(status: FindingStatus, resource: str, detail: str) -> Finding:
    return Finding("lifecycle.drift", status, resource, detail, "run itemtrail setup: it puts our rules back, and keeps others'.")
