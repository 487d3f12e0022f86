"""Where objects are against where the rules say they are due: one line of a listing judged by the lifecycle function.

Decides: S3 acts some days after a rule is due, never before. So what lies in a class that was due at any time within the lag is
as due; colder is too early, or was moved by somebody; warmer, and there though its removal was due before the lag, is a rule that
does not work. Refuses to guess tags (a listing has none): where the answer depends on them it asks for them, and without them, or
where a rule or a class is not understood, it cannot tell. What is no longer there no listing shows: whoever knows the keys tells.
Source: S3 user guide, "Lifecycle and object expiration", "Storage classes"; ListObjectsV2 (read 2026-11-24).
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from itemtrail.core import lifecycle_cases as cases
from itemtrail.core.lifecycle import State, Version, colder, history, state
from itemtrail.core.lifecycle_rules import CLASSES, Configuration
from itemtrail.model import Archived
from itemtrail.snapshot import Finding, FindingStatus

Tags = frozenset[tuple[str, str]]
_EXAMPLES = 3


class Place(StrEnum):
    """How one object lies."""

    AS_DUE = "as due"
    WARMER = "warmer than due"
    COLDER = "colder than due"
    STILL_THERE = "should be gone"
    TAGS = "depends on its tags"
    UNTOLD = "cannot tell"


@dataclass(frozen=True, slots=True)
class Rules:
    """A bucket's configuration as it is now. ``root`` stands before the keys of the listing, ``lag`` is what S3 may be late."""

    configuration: Configuration
    now: dt.datetime
    lag: dt.timedelta
    versioned: bool = True
    root: str = ""


def judge(rules: Rules, one: Archived, tags: Tags | None = None) -> tuple[Place, str]:
    """How ``one`` lies, and why in words. ``tags`` None: not known."""
    key = rules.root + one.key
    if one.last_modified is None or one.storage_class not in CLASSES:
        return Place.UNTOLD, f"{one.key} is in class {one.storage_class!r}"
    if unknown := cases.unknown(rules.configuration, (key,)):
        return Place.UNTOLD, f"{one.key}: {unknown}"
    answers = dict.fromkeys(_answer(rules, one, key, chosen) for chosen in _possible(rules, key, one.size, tags))
    if len(answers) > 1:
        return Place.TAGS, f"{one.key}: {' or '.join(str(place) for place, _ in answers)}"
    return next(iter(answers))


def _possible(rules: Rules, key: str, size: int, tags: Tags | None) -> Iterator[Tags]:
    """The tags it may have: those given, else none, or all that some rule for it asks for."""
    yield tags or frozenset()
    if tags is None:
        for rule in rules.configuration.rules:
            if rule.enabled and rule.tags and rule.applies(key, size, rule.tags):
                yield rule.tags


def _answer(rules: Rules, one: Archived, key: str, tags: Tags) -> tuple[Place, str]:
    assert one.last_modified is not None
    version = Version(key, one.size, one.last_modified, tags)
    since = rules.now - rules.lag
    before = state(rules.configuration, version, since, versioned=rules.versioned)
    age = (rules.now - one.last_modified).days
    if before.hidden or before.deleted:
        return Place.STILL_THERE, f"{one.key} ({one.size} bytes, {age} days old, {one.storage_class}) should be gone"
    allowed = [before.storage_class, *_within(rules, version, since)]
    coldest, warmest = max(allowed, key=CLASSES.index), min(allowed, key=CLASSES.index)
    said = f"{one.key} ({one.size} bytes, {age} days old) is in {one.storage_class}, due is"
    if colder(one.storage_class, coldest):
        return Place.COLDER, f"{said} {coldest}"
    if colder(warmest, one.storage_class):
        return Place.WARMER, f"{said} {warmest}"
    return Place.AS_DUE, ""


def _within(rules: Rules, version: Version, since: dt.datetime) -> list[str]:
    """Classes that became due within the lag."""
    changes: Iterable[tuple[dt.datetime, State]] = history(rules.configuration, version, versioned=rules.versioned)
    return [found.storage_class for when, found in changes if since < when <= rules.now]


@dataclass(slots=True)
class Tally:
    """What was looked at in one bucket, counted by folder and class, with some examples of what is not as due."""

    places: Counter[Place] = field(default_factory=Counter)
    classes: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[Place, list[str]] = field(default_factory=dict)
    sizes: dict[str, set[int]] = field(default_factory=dict)  # by folder

    def add(self, folder: str, one: Archived, place: Place, why: str) -> None:
        """Count one object."""
        self.places[place] += 1
        self.classes[folder, one.storage_class] += 1
        self.sizes.setdefault(folder, set()).add(one.size)
        if why and len(self.examples.setdefault(place, [])) < _EXAMPLES:
            self.examples[place].append(why)

    def findings(self, resource: str, extent: str, lag_days: int) -> tuple[Finding, ...]:
        """The counts as findings: one for each way of not lying as due, or one that all do."""
        found = [
            _finding(
                status, resource, f"{self.places[place]:,} of {self.places.total():,} objects: {place}", self.examples[place], why
            )
            for place, status, why in _SERIOUS
            if self.places[place]
        ]
        classes = "; ".join(f"{folder} {name} {count:,}" for (folder, name), count in sorted(self.classes.items()))
        seen = f"{self.places.total():,} objects looked at ({extent}), {lag_days} days of S3's lag tolerated: {classes or 'none'}"
        bad = [one for one in found if one.bad]
        status = FindingStatus.NOTE if bad else FindingStatus.PASS
        return (Finding("lifecycle.placement", status, resource, seen), *found)


_SERIOUS = (
    (Place.COLDER, FindingStatus.FAIL, "another rule, or somebody, moved them: what is cold cannot be read at once."),
    (Place.WARMER, FindingStatus.FAIL, "a rule younger than the lag is waited for; else look at their replication status."),
    (Place.STILL_THERE, FindingStatus.FAIL, "a rule younger than the lag is waited for; else look for a lock or a replication."),
    (Place.TAGS, FindingStatus.CANNOT_PROVE, "allow s3:GetObjectTagging on them, or look at fewer."),
    (Place.UNTOLD, FindingStatus.CANNOT_PROVE, "look at the rule or the class named."),
)


def _finding(status: FindingStatus, resource: str, text: str, examples: list[str], why: str) -> Finding:
    return Finding("lifecycle.placement", status, resource, f"{text}: {'; '.join(examples)}", why)
