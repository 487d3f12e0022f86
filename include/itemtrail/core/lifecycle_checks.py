"""Assertions over a lifecycle configuration, by what it does and not by how it is written; each failure with a counterexample.

Decides: P1 everything under some prefixes is cold by day N; P6 no Disabled rule is what would do it; P9 the default minimum size
does not void it; nothing is deleted or hidden too soon, under any rule, tag and size (P2 in the archive, P7 in the trail bucket);
nothing gets colder than allowed while it must be readable (P3, P4, P11, P12). Refuses to pass what it did not understand: a rule
with an unknown part that may reach the prefix is CANNOT_PROVE, unless a counterexample stands without it.
What must not happen is decided for every object that could exist, rule by rule: an object meets its first deletion, and its
first move to a class, through one rule, so this covers every age. The counterexample is an object that exists, where one of the
sizes given meets the rule. P1 holds for the sizes given, or every side of every size limit where none is known.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from itemtrail.core import lifecycle_cases as cases
from itemtrail.core.lifecycle import Version, colder, due, state
from itemtrail.core.lifecycle_rules import SMALL, Configuration, Rule, When
from itemtrail.snapshot import Finding

MAX_SAMPLES = 20_000
_MEND = "change or remove that rule."


@dataclass(frozen=True, slots=True)
class Cold:
    """P1: keys beginning with ``prefixes`` are in ``storage_class`` or colder by ``days``; none is under ``smallest`` bytes."""

    prefixes: tuple[str, ...]
    storage_class: str
    days: int
    smallest: int = 20  # a gzip member has 20 bytes at least, a tar 10,240


@dataclass(frozen=True, slots=True)
class Kept:
    """Under ``prefixes`` nothing is deleted or hidden before ``days`` (None: ever), except what carries the ``unless`` tag.

    What carries it may go after ``unless_days``.
    """

    prefixes: tuple[str, ...]
    days: int | None
    unless: tuple[str, str] | None = None
    unless_days: int = 0
    name: str = "P2"

    def limit(self, rule: Rule) -> int | None:
        """Days before which ``rule`` may not strike; None for ever."""
        return self.unless_days if self.unless and self.unless in rule.tags else self.days


@dataclass(frozen=True, slots=True)
class Readable:
    """Under ``prefixes`` nothing is colder than ``storage_class`` before ``days`` (None: ever), but for the ``unless`` tag."""

    prefixes: tuple[str, ...]
    storage_class: str
    days: int | None
    unless: tuple[str, str] | None = None
    unless_days: int = 0
    name: str = "P3"

    def limit(self, rule: Rule) -> int | None:
        """Days before which ``rule`` may not move anything; None for ever."""
        return self.unless_days if self.unless and self.unless in rule.tags else self.days


def cold(
    configuration: Configuration, want: Cold, resource: str, *, sizes: Sequence[int], now: dt.datetime
) -> tuple[Finding, ...]:
    """P1, P6 and P9. ``sizes``: bytes of the objects that exist; empty means that any size may occur."""
    unknown = cases.unknown(configuration, want.prefixes)
    if unknown:
        return tuple(cases.cannot(name, resource, unknown) for name in ("P1", "P6", "P9"))
    samples = _samples(configuration, want, sizes)
    if samples is None:
        return tuple(cases.cannot(name, resource, f"more than {MAX_SAMPLES} cases to evaluate") for name in ("P1", "P6", "P9"))
    warm = [sample for sample in samples if not _is_cold(configuration, sample, want, now)]
    big = [sample for sample in warm if sample[1] >= SMALL]
    claim = f"in {want.storage_class} or colder after {want.days} days"
    if not warm:
        text = f"every object under {cases.names(want.prefixes)} is {claim}"
        small = f"the {len(sizes)} size(s) that exist" if sizes else "objects of every size"
        return (
            cases.passed("P1", resource, text),
            cases.passed("P6", resource, "no Disabled rule is needed for it"),
            cases.passed("P9", resource, f"the default minimum size keeps none warm: {small}"),
        )
    chosen = (big or warm)[0]
    reached = _class_at(configuration, chosen, want, now)
    text = f"{cases.case(*chosen)} is in {reached} after {want.days} days; it must be {claim}"
    return (
        cases.failed("P1", resource, text, _advice(want)),
        _disabled(configuration, want, warm, resource, now),
        _minimum(configuration, want, warm, resource, now),
    )


def kept(configuration: Configuration, want: Kept, resource: str, *, versioned: bool, sizes: Sequence[int] = ()) -> Finding:
    """P2 or P7, as ``want`` names it. The counterexample names the rule."""
    for rule in cases.reaching(configuration, want.prefixes):
        days = want.limit(rule)
        for action, after in _removals(rule, versioned=versioned):
            if days is None or after < days:
                key = cases.overlap(rule.prefix, want.prefixes)
                what = "hidden by a delete marker" if versioned and action == "Expiration" else "deleted"
                size = cases.admitted(rule, sizes, cases.smallest(rule))
                text = f"{cases.case(key, size, rule.tags)} is {what} after {after} day(s), by {action} of rule {rule.id!r}"
                return cases.failed(want.name, resource, f"{text}; it must go {_limit(days)}", _MEND)
    unknown = cases.unknown(configuration, want.prefixes)
    if unknown:
        return cases.cannot(want.name, resource, unknown)
    return cases.passed(want.name, resource, f"under {cases.names(want.prefixes)} {_kept_words(want)}")


def readable(configuration: Configuration, want: Readable, resource: str, *, sizes: Sequence[int] = ()) -> Finding:
    """P3, P4, P11 or P12, as ``want`` names it: the window in which the objects can be read at once."""
    for rule in cases.reaching(configuration, want.prefixes):
        days = want.limit(rule)
        for when, storage_class, which in _moves(rule):
            if colder(storage_class, want.storage_class) and (days is None or (when.days or 0) < days):
                moving = [size for size in sizes if size >= SMALL or rule.moves_small(storage_class, configuration.minimum)]
                size = cases.admitted(rule, moving, cases.smallest(rule) if rule.sized else SMALL)
                text = cases.case(cases.overlap(rule.prefix, want.prefixes), size, rule.tags)
                detail = (
                    f"{text}{which} moves to {storage_class} {cases.moment(when)}, by rule {rule.id!r};"
                    f" colder than {want.storage_class} is allowed {_limit(days)}"
                )
                return cases.failed(want.name, resource, detail, _MEND)
    unknown = cases.unknown(configuration, want.prefixes)
    if unknown:
        return cases.cannot(want.name, resource, unknown)
    return cases.passed(want.name, resource, _readable_words(want))


def readables(
    configuration: Configuration, windows: Sequence[Readable], resource: str, *, sizes: Sequence[int] = ()
) -> tuple[Finding, ...]:
    """A finding for each name among ``windows``, in their order; ``sizes`` are of originals and said of nothing else."""
    found: dict[str, list[Finding]] = {}
    for window in windows:
        own = sizes if window.name in ("P4", "P11") else ()
        found.setdefault(window.name, []).append(readable(configuration, window, resource, sizes=own))
    return tuple(cases.one(findings) for findings in found.values())


def gone(configuration: Configuration, prefixes: Sequence[str], tag: tuple[str, str], days: int, resource: str) -> Finding:
    """Whether what carries ``tag`` under ``prefixes`` really goes by ``days``: else the bucket grows for ever."""
    unknown = cases.unknown(configuration, prefixes)
    if unknown:
        return cases.cannot("expiry", resource, unknown)
    created = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    at = due(created, When(days=days))
    for prefix in prefixes:
        for size in (1, cases.LARGE):
            reached = state(configuration, Version(prefix + "2", size, created, frozenset((tag,))), at)
            if not (reached.hidden or reached.deleted):
                text = f"{cases.case(prefix + '2', size, (tag,))} is still there, in {reached.storage_class}, after {days} days"
                return cases.failed("expiry", resource, text, "run itemtrail setup.")
    return cases.passed("expiry", resource, f"what is tagged {tag[0]}={tag[1]} goes after {days} days")


def _is_cold(configuration: Configuration, sample: tuple[str, int], want: Cold, now: dt.datetime) -> bool:
    return not colder(want.storage_class, _class_at(configuration, sample, want, now))


def _class_at(configuration: Configuration, sample: tuple[str, int], want: Cold, now: dt.datetime) -> str:
    """By transitions alone: whether the object still exists is P2's question."""
    moving = replace(
        configuration, rules=tuple(replace(r, expiration=None, noncurrent_expiration=None) for r in configuration.rules)
    )
    return state(moving, Version(*sample, created=now), due(now, When(days=want.days))).storage_class


def _disabled(
    configuration: Configuration, want: Cold, warm: Sequence[tuple[str, int]], resource: str, now: dt.datetime
) -> Finding:
    enabled = replace(configuration, rules=tuple(replace(rule, enabled=True) for rule in configuration.rules))
    if all(_is_cold(enabled, sample, want, now) for sample in warm):
        off = ", ".join(repr(rule.id) for rule in configuration.rules if not rule.enabled)
        text = f"{cases.case(*warm[0])} would be, but only Disabled rules do it: {off}"
        return cases.failed("P6", resource, text, "enable them.")
    return cases.passed("P6", resource, "no Disabled rule would do it either")


def _minimum(
    configuration: Configuration, want: Cold, warm: Sequence[tuple[str, int]], resource: str, now: dt.datetime
) -> Finding:
    """Whether the cases fail through the default minimum size alone: they pass once every rule has a size filter of its own."""
    sized = replace(configuration, rules=tuple(r if r.sized else replace(r, larger_than=-1) for r in configuration.rules))
    small = [sample for sample in warm if sample[1] < SMALL and _is_cold(sized, sample, want, now)]
    if not small:
        return cases.passed("P9", resource, "the default minimum size is not what keeps objects warm")
    reached = _class_at(configuration, small[0], want, now)
    text = f"{cases.case(*small[0])} never moves, and stays in {reached}: objects under 128 KB do not by {configuration.minimum}"
    return cases.failed("P9", resource, text, "give the rule ObjectSizeGreaterThan; it overrides the default.")


def _samples(configuration: Configuration, want: Cold, sizes: Sequence[int]) -> list[tuple[str, int]] | None:
    """(key, size) pairs, one for each case that the rules can tell apart; None where there are too many."""
    rules = [rule for rule in configuration.rules if not rule.tags]
    limits = {want.smallest, SMALL - 1, SMALL, cases.LARGE, *(size for rule in rules for size in cases.sides(rule))}
    chosen = cases.one_each(sizes, limits) if sizes else sorted(limit for limit in limits if limit >= want.smallest)
    keys = [key for prefix in want.prefixes for key in cases.keys_under(prefix, {rule.prefix for rule in rules})]
    return None if len(keys) * len(chosen) > MAX_SAMPLES else [(key, size) for key in keys for size in chosen]


def _removals(rule: Rule, *, versioned: bool) -> list[tuple[str, int]]:
    """(action, age in days at which it can strike): a Date strikes objects of any age."""
    found = [("Expiration", rule.expiration.days or 0)] if rule.expiration else []
    if versioned and rule.noncurrent_expiration:
        found.append(("NoncurrentVersionExpiration", rule.noncurrent_expiration[0]))
    return found


def _moves(rule: Rule) -> Iterator[tuple[When, str, str]]:
    """(when, class, words): what a version is moved to while it is current, or once it is not."""
    for when, storage_class in rule.transitions:
        yield when, storage_class, ""
    for days, storage_class, _ in rule.noncurrent_transitions:
        yield When(days=days), storage_class, ", once it is not the current version,"


def _limit(days: int | None) -> str:
    return "never" if days is None else f"not before {days} days"


def _kept_words(want: Kept) -> str:
    limit = "nothing is ever deleted or hidden" if want.days is None else f"nothing is deleted or hidden before {want.days} days"
    if want.unless is None:
        return limit
    return f"{limit} unless it is tagged {want.unless[0]}={want.unless[1]}, and then not before {want.unless_days} days"


def _readable_words(want: Readable) -> str:
    window = "ever" if want.days is None else f"for {want.days} days"
    text = f"nothing under {cases.names(want.prefixes)} gets colder than {want.storage_class}, {window}"
    return f"{text}, or, tagged {'='.join(want.unless)}, for {want.unless_days} days" if want.unless else text


def _advice(want: Cold) -> str:
    where = cases.names(want.prefixes)
    return f"add a transition to {want.storage_class} within {want.days} days for {where}; itemtrail setup does it."
