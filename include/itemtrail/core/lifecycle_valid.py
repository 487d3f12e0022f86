"""What S3 would refuse in a lifecycle configuration, said before it is sent: the local stand-ins accept what AWS refuses.

Decides: which rules and which configuration S3 answers with MalformedXML, InvalidArgument or InvalidRequest, and why, in words.
Refuses a rule without an ID as well, though S3 can make one up: our rules are known by their ID.
Sources: S3 API reference, PutBucketLifecycleConfiguration and its types; S3 user guide, "Lifecycle configuration elements",
"Transitioning objects using Amazon S3 Lifecycle" (read 2026-11-24); refusals recorded against S3 (tests/unit).
"""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itemtrail.core.lifecycle import colder
from itemtrail.core.lifecycle_hygiene import MINIMUM_DAYS, WARM_DAYS
from itemtrail.core.lifecycle_rules import ALL_128K, CLASSES, VARIES, date_of
from itemtrail.snapshot import Document

MOST_RULES = 1000
LONGEST_ID = 255
MOST_NEWER = 100
_ACTIONS = (
    "Transitions",
    "Expiration",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)
_PARTS = {*_ACTIONS, "ID", "Status", "Prefix", "Filter"}
_MEMBERS = {"Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """``rule``: the rule's ID, "" where the whole configuration is meant."""

    rule: str
    why: str

    def __str__(self) -> str:
        return f"rule {self.rule!r}: {self.why}" if self.rule else self.why


def refusals(document: Document) -> tuple[Refusal, ...]:
    """Why S3 would refuse ``{"Rules": […], "TransitionDefaultMinimumObjectSize": …}``; none means that it would take it."""
    minimum = document.get("TransitionDefaultMinimumObjectSize")
    found = (
        [] if minimum in (None, ALL_128K, VARIES) else [Refusal("", f"invalid TransitionDefaultMinimumObjectSize {minimum!r}")]
    )
    rules = document.get("Rules")
    if not isinstance(rules, Sequence) or isinstance(rules, str) or not all(isinstance(rule, Mapping) for rule in rules):
        return (*found, Refusal("", "Rules is not a list of rules"))
    if not 1 <= len(rules) <= MOST_RULES:
        found.append(Refusal("", f"{len(rules)} rules: S3 takes 1 to {MOST_RULES}"))
    twice = [name for name, count in Counter(rule.get("ID") for rule in rules if rule.get("ID")).items() if count > 1]
    found += [Refusal(str(name), "two rules have this ID") for name in twice]
    return (*found, *(Refusal(str(rule.get("ID") or "(no ID)"), why) for rule in rules for why in _rule(rule)))


def _rule(rule: Mapping[str, Any]) -> Iterator[str]:
    name = rule.get("ID")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID:
        yield f"it needs an ID of 1 to {LONGEST_ID} characters"
    if rule.get("Status") not in ("Enabled", "Disabled"):
        yield f"Status {rule.get('Status')!r} is neither Enabled nor Disabled"
    if odd := sorted(set(rule) - _PARTS):
        yield f"{', '.join(odd)}: there is no such element"
    if not any(rule.get(action) is not None for action in _ACTIONS):
        yield "it has no action"
    yield from _filter(rule)
    yield from _expiration(rule)
    yield from _transitions(rule)
    yield from _noncurrent(rule)
    yield from _mixed(rule)


def _filter(rule: Mapping[str, Any]) -> Iterator[str]:
    found = rule.get("Filter")
    if (found is None) == (rule.get("Prefix") is None):
        yield "it needs a Filter (or, in old configurations, a Prefix), and only one of them"
        return
    if found is None:
        return
    if not isinstance(found, Mapping) or set(found) - _MEMBERS:
        yield f"Filter {found!r} has members that S3 does not know"
        return
    if len(found) > 1:
        yield f"Filter has {', '.join(sorted(found))} side by side: S3 takes one, or And around all of them"
    inner = found.get("And") or {}
    if not isinstance(inner, Mapping) or set(inner) - {"Prefix", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan"}:
        yield f"And {inner!r} has members that S3 does not know"
        return
    if again := [key for key, count in Counter(tag.get("Key") for tag in inner.get("Tags") or []).items() if count > 1]:
        yield f"duplicate tag keys: {', '.join(map(str, again))}"
    below, above = _inside(found, inner, "ObjectSizeLessThan"), _inside(found, inner, "ObjectSizeGreaterThan")
    if below is not None and above is not None and below <= above + 1:
        yield f"no object is larger than {above} and smaller than {below} bytes"
    yield from _unfiltered(rule, found, inner)


def _unfiltered(rule: Mapping[str, Any], found: Mapping[str, Any], inner: Mapping[str, Any]) -> Iterator[str]:
    """Two actions know no tags, one knows no sizes."""
    tagged = "Tag" in found or bool(inner.get("Tags"))
    sized = any(_inside(found, inner, name) is not None for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"))
    if rule.get("AbortIncompleteMultipartUpload") is not None and (tagged or sized):
        yield "AbortIncompleteMultipartUpload goes with no filter by tag or size"
    if tagged and "ExpiredObjectDeleteMarker" in (rule.get("Expiration") or {}):
        yield "ExpiredObjectDeleteMarker goes with no filter by tag"


def _expiration(rule: Mapping[str, Any]) -> Iterator[str]:
    found = rule.get("Expiration")
    if found is None:
        return
    if not isinstance(found, Mapping) or len(found) != 1 or set(found) - {"Days", "Date", "ExpiredObjectDeleteMarker"}:
        yield "Expiration takes exactly one of Days, Date, ExpiredObjectDeleteMarker"
        return
    if "Days" in found and not _whole(found["Days"], 1):
        yield f"Expiration Days {found['Days']!r} is no number from 1 on"
    yield from _date(found, "Expiration")


def _transitions(rule: Mapping[str, Any]) -> Iterator[str]:
    steps = [step for step in rule.get("Transitions") or [] if isinstance(step, Mapping)]
    if len(steps) != len(rule.get("Transitions") or []):
        yield "a transition is no structure"
    for step in steps:
        if step.get("StorageClass") not in CLASSES[1:]:
            yield f"there is no transition to {step.get('StorageClass')!r}"
        if set(step) - {"StorageClass"} not in ({"Days"}, {"Date"}) or ("Days" in step and not _whole(step["Days"], 0)):
            yield "a transition takes a StorageClass and one of Days, Date"
        yield from _date(step, "Transition")
    days = [(s["Days"], s["StorageClass"]) for s in steps if _whole(s.get("Days"), 0) and s.get("StorageClass") in CLASSES[1:]]
    yield from _order(sorted(days, key=lambda step: (step[0], CLASSES.index(step[1]))), rule)


def _order(days: Sequence[tuple[int, str]], rule: Mapping[str, Any]) -> Iterator[str]:
    """Days and classes of one rule, by time."""
    for at, to in days:
        if to in ("STANDARD_IA", "ONEZONE_IA") and at < WARM_DAYS:
            yield f"'Days' for {to} must be {WARM_DAYS} or more, is {at}"
    for (begin, held), (end, to) in itertools.pairwise(days):
        if not colder(to, held):
            yield f"from {held} S3 moves nothing to {to}"
        elif end - begin < max(MINIMUM_DAYS.get(held, 0), 1):
            yield f"{to} after {end} days is too early: {held} from day {begin} on has to last {MINIMUM_DAYS.get(held, 1)} days"
    found = rule.get("Expiration")
    expires = found.get("Days") if isinstance(found, Mapping) else None
    if days and isinstance(expires, int) and 0 < expires <= days[-1][0]:
        yield f"Expiration Days {expires} must be greater than the last transition's {days[-1][0]}"


def _noncurrent(rule: Mapping[str, Any]) -> Iterator[str]:
    end = rule.get("NoncurrentVersionExpiration")
    steps = rule.get("NoncurrentVersionTransitions") or []
    for found, least in [*([(end, 1)] if end is not None else []), *((step, 0) for step in steps)]:
        if not isinstance(found, Mapping) or not _whole(found.get("NoncurrentDays"), least):
            yield f"a noncurrent action needs NoncurrentDays from {least} on, not {found!r}"
        elif "NewerNoncurrentVersions" in found and not (
            _whole(found["NewerNoncurrentVersions"], 1) and found["NewerNoncurrentVersions"] <= MOST_NEWER
        ):
            yield f"NewerNoncurrentVersions {found['NewerNoncurrentVersions']!r} is not 1 to {MOST_NEWER}"
        elif found is not end and found.get("StorageClass") not in CLASSES[1:]:
            yield f"there is no transition to {found.get('StorageClass')!r}"
        elif found.get("StorageClass") in ("STANDARD_IA", "ONEZONE_IA") and found["NoncurrentDays"] < WARM_DAYS:
            yield f"'NoncurrentDays' for {found['StorageClass']} must be {WARM_DAYS} or more, is {found['NoncurrentDays']}"


def _mixed(rule: Mapping[str, Any]) -> Iterator[str]:
    current = [*(rule.get("Transitions") or []), rule.get("Expiration") or {}]
    kinds = {kind for found in current if isinstance(found, Mapping) for kind in ("Days", "Date") if kind in found}
    if len(kinds) > 1:
        yield "one rule counts either by Days or by Date"
    abort = rule.get("AbortIncompleteMultipartUpload")
    if abort is not None and not (isinstance(abort, Mapping) and _whole(abort.get("DaysAfterInitiation"), 1)):
        yield f"AbortIncompleteMultipartUpload {abort!r} needs DaysAfterInitiation from 1 on"


def _date(found: Mapping[str, Any], name: str) -> Iterator[str]:
    if "Date" in found and (not isinstance(found["Date"], str | dt.date) or date_of(found["Date"]) is None):
        yield f"{name} Date {found['Date']!r} must be at midnight GMT"


def _inside(found: Mapping[str, Any], inner: Mapping[str, Any], name: str) -> int | None:
    value = inner.get(name, found.get(name))
    return value if _whole(value, 0) else None


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
