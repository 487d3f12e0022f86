"""P4, second half: digests and logs stay together, readable together and gone together.

Decides: in the trail bucket, whether a digest and a log of one account, Region and day, put at one moment with the same tags,
can be read, or are gone, at different times; by the lifecycle function, at every moment at which anything changes, for every
size that the rules tell apart (or the sizes that exist), put before or after every Date that a rule names. In the archive a tar
holds both, so there only a rule that takes single tars out of their day can part them. Refuses to pass what it did not
understand. A log without its digest cannot be proven again.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from itemtrail.core import lifecycle_cases as cases
from itemtrail.core.lifecycle import State, Version, colder, history
from itemtrail.core.lifecycle_rules import SMALL, Configuration, Rule
from itemtrail.snapshot import Finding

DIGESTS, LOGS = "CloudTrail-Digest/", "CloudTrail/"
MAX_CASES = 20_000
_BORN = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
_IN_A_DAY = re.compile(r"account=[^/]*/region=[^/]*/delivery_date=[^/]*/.")
_ADVICE = "give digests and logs the same rule; itemtrail setup's rule does."


@dataclass(frozen=True, slots=True)
class Together:
    """P4 in the trail bucket: ``root`` is ``[prefix/]AWSLogs/``; ``tags`` are what objects may carry besides none."""

    root: str
    accounts: tuple[str, ...]
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of one object: (age in days, "" while it can be read, else what keeps it from being read)."""

    version: Version
    steps: tuple[tuple[int, str], ...]

    def at(self, day: int) -> str:
        return next((what for since, what in reversed(self.steps) if since <= day), "")


def together(configuration: Configuration, want: Together, resource: str, *, sizes: Sequence[int] = ()) -> Finding:
    """P4 in the trail bucket. ``sizes``: bytes of the objects that exist; empty means that any size may occur."""
    unknown = cases.unknown(configuration, (want.root,))
    if unknown:
        return cases.cannot("P4", resource, unknown)
    rules = [rule for rule in cases.reaching(configuration, (want.root,)) if _acts(rule)]
    groups = [
        (head, suffix, tags, born)
        for head in _heads(want, rules)
        for suffix in _suffixes(head, rules)
        for tags in _tags(want, rules)
        for born in _births(rules)
    ]
    chosen = _sizes(rules, sizes)
    if len(groups) * len(chosen) * 2 > MAX_CASES:
        return cases.cannot("P4", resource, f"more than {MAX_CASES} cases to evaluate")
    for head, suffix, tags, born in groups:
        fates = [
            _fate(configuration, Version(_key(head + kind + suffix, rules), size, born, tags))
            for kind in (DIGESTS, LOGS)
            for size in chosen
        ]
        if text := _parted(fates):
            return cases.failed("P4", resource, text, _ADVICE)
    return cases.passed("P4", resource, "digests and logs of one age can be read, and go, together")


def apart(configuration: Configuration, prefix: str, resource: str) -> Finding:
    """P4 in the archive: no rule takes single tars under ``prefix`` (``[root/]originals/``) out of their day."""
    unknown = cases.unknown(configuration, (prefix,))
    for rule in cases.reaching(configuration, (prefix,)):
        inside = rule.prefix.startswith(prefix) and _IN_A_DAY.match(rule.prefix[len(prefix) :])
        if _acts(rule) and (inside or rule.tags):
            what = cases.case(cases.overlap(rule.prefix, (prefix,)), max(cases.smallest(rule), 10_240), rule.tags)
            days = next((cases.moment(when) for when in (rule.expiration, *(when for when, _ in rule.transitions)) if when), "")
            to = "is expired" if rule.expiration else f"moves to {rule.transitions[-1][1]}"
            text = f"{what} {to} {days}, by rule {rule.id!r}, and the other tars of its day do not"
            return cases.failed("P4", resource, text, "filter by nothing deeper than the day's folder, and by no tag.")
    if unknown:
        return cases.cannot("P4", resource, unknown)
    text = "a tar holds logs and the digests that list them; no rule takes single tars out of their day"
    return cases.passed("P4", resource, text)


def _acts(rule: Rule) -> bool:
    """Whether the rule can make an object unreadable, or take it away."""
    return rule.expiration is not None or any(colder(to, "GLACIER_IR") for _, to in rule.transitions)


def _heads(want: Together, rules: Sequence[Rule]) -> list[str]:
    """``…/AWSLogs/[o-…/]ACCOUNT/``: the configured accounts', and whatever else a rule names."""
    inside = [rule.prefix[len(want.root) :] for rule in rules if rule.prefix.startswith(want.root)]
    named = {want.root + rest.partition("CloudTrail")[0] for rest in inside if "CloudTrail" in rest}
    return sorted({f"{want.root}{account}/" for account in want.accounts} | {one for one in named if one.endswith("/")})


def _suffixes(head: str, rules: Sequence[Rule]) -> list[str]:
    """What rules name below the folder of digests or of logs: a Region, a year, a day."""
    found = {rule.prefix[len(head + kind) :] for rule in rules for kind in (DIGESTS, LOGS) if rule.prefix.startswith(head + kind)}
    return sorted(found | {""})


def _tags(want: Together, rules: Sequence[Rule]) -> list[frozenset[tuple[str, str]]]:
    return list(dict.fromkeys([frozenset(), *(frozenset((tag,)) for tag in want.tags), *(rule.tags for rule in rules)]))


def _births(rules: Sequence[Rule]) -> list[dt.datetime]:
    """When the pair may have been put: any time, but where rules strike on a Date, before and after it by every rule's days."""
    whens = [when for rule in rules for when in (rule.expiration, *(when for when, _ in rule.transitions)) if when]
    dates = {when.date for when in whens if when.date and when.date < dt.date.max}
    days = {0, *(when.days for when in whens if when.days)}
    near = {date - dt.timedelta(days=number + side) for date in dates for number in days for side in (-1, 0, 1, 2)}
    return [_BORN, *(dt.datetime.combine(day, _BORN.timetz()) for day in sorted(near))]


def _sizes(rules: Sequence[Rule], sizes: Sequence[int]) -> list[int]:
    limits = {20, SMALL - 1, SMALL, cases.LARGE, *(size for rule in rules for size in cases.sides(rule))}
    return cases.one_each(sizes, limits) if sizes else sorted(limits)


def _key(base: str, rules: Sequence[Rule]) -> str:
    return base + cases.filler(base, {rule.prefix for rule in rules})


def _fate(configuration: Configuration, version: Version) -> _Fate:
    return _Fate(version, tuple(_steps(configuration, version)))


def _steps(configuration: Configuration, version: Version) -> Iterator[tuple[int, str]]:
    before = ""
    for when, state in history(configuration, version):
        if (now := _unread(state)) != before:
            yield (when - version.created).days, now
            before = now


def _unread(state: State) -> str:
    if state.deleted or state.hidden:
        return "gone"
    return f"in {state.storage_class}" if colder(state.storage_class, "GLACIER_IR") else ""


def _parted(fates: Sequence[_Fate]) -> str:
    """The first day on which one of them can be read and another cannot, in words; "" where they keep together."""
    for day in sorted({since for fate in fates for since, _ in fate.steps}):
        lost = [fate for fate in fates if fate.at(day)]
        left = [fate for fate in fates if not fate.at(day)]
        if lost and left:
            return (
                f"{_named(lost[0])} is {lost[0].at(day)} after {day} day(s),"
                f" and {_named(left[0])} of the same age can still be read: neither proves anything alone"
            )
    return ""


def _named(fate: _Fate) -> str:
    version = fate.version
    return cases.case(version.key, version.size, version.tags)
