"""Assertions over a lifecycle configuration, by what it does and not by how it is written; each failure with a counterexample.

Decides: P1 everything under some prefixes is cold by day N; P6 no Disabled rule is what would do it; P9 the default minimum size
does not void it; P2 nothing is deleted or hidden too soon, under any rule, tag and size; P3 nothing gets colder than allowed
while it must be readable. Refuses to pass what it did not understand: a rule with an unknown part that may reach the prefix is
CANNOT_PROVE, unless a counterexample stands without it.
P2 and P3 hold for every object that could exist, so they are decided rule by rule. P1 holds for the objects that do exist: the
sizes given, or every side of every size limit where none is known.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from itemtrail.core.lifecycle import Version, colder, due, state
from itemtrail.core.lifecycle_rules import SMALL, Configuration, Rule, When
from itemtrail.snapshot import Finding, FindingStatus

MAX_SAMPLES = 20_000
_LARGE = 1 << 30
_FILLERS = "2013456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.~!"


@dataclass(frozen=True, slots=True)
class Cold:
    """P1: keys beginning with ``prefixes`` are in ``storage_class`` or colder by ``days``; none is under ``smallest`` bytes."""

    prefixes: tuple[str, ...]
    storage_class: str
    days: int
    smallest: int = 20  # a gzip member has 20 bytes at least, a tar 10,240


@dataclass(frozen=True, slots=True)
class Kept:
    """P2: under ``prefixes`` nothing is deleted or hidden before ``days`` (None: ever), except what carries the ``unless`` tag.

    What carries it may go after ``unless_days``.
    """

    prefixes: tuple[str, ...]
    days: int | None
    unless: tuple[str, str] | None = None
    unless_days: int = 0


@dataclass(frozen=True, slots=True)
class Readable:
    """P3: under ``prefixes`` nothing is colder than ``storage_class`` before ``days`` (None: ever)."""

    prefixes: tuple[str, ...]
    storage_class: str
    days: int | None


def cold(
    configuration: Configuration, want: Cold, resource: str, *, sizes: Sequence[int], now: dt.datetime
) -> tuple[Finding, ...]:
    """P1, P6 and P9. ``sizes``: bytes of the objects that exist; empty means that any size may occur."""
    unknown = _unknown(configuration, want.prefixes)
    if unknown:
        return tuple(_cannot(name, resource, unknown) for name in ("P1", "P6", "P9"))
    samples = _samples(configuration, want, sizes)
    if samples is None:
        return tuple(_cannot(name, resource, f"more than {MAX_SAMPLES} cases to evaluate") for name in ("P1", "P6", "P9"))
    warm = [sample for sample in samples if not _is_cold(configuration, sample, want, now)]
    big = [sample for sample in warm if sample[1] >= SMALL]
    claim = f"in {want.storage_class} or colder after {want.days} days"
    if not warm:
        text = f"every object under {_names(want.prefixes)} is {claim}"
        small = f"objects under 128 KB as well; {len(sizes)} size(s) looked at" if sizes else "objects of every size"
        return (
            _pass("P1", resource, text),
            _pass("P6", resource, "no Disabled rule is needed for it"),
            _pass("P9", resource, small),
        )
    return (
        Finding("lifecycle.P1", FindingStatus.FAIL, resource, f"{_case(*(big or warm)[0])} is not {claim}", _advice(want)),
        _disabled(configuration, want, warm, resource, now),
        _minimum(configuration, want, warm, resource, now),
    )


def kept(configuration: Configuration, want: Kept, resource: str, *, versioned: bool) -> Finding:
    """P2. The counterexample names the rule."""
    for rule in _reaching(configuration, want.prefixes):
        days = want.unless_days if want.unless and want.unless in rule.tags else want.days
        for action, after in _removals(rule, versioned=versioned):
            if days is None or after < days:
                key = _overlap(rule.prefix, want.prefixes)
                what = "hidden by a delete marker" if versioned and action == "Expiration" else "deleted"
                text = f"{_case(key, _size(rule), rule.tags)} is {what} after {after} day(s), by {action} of rule {rule.id!r}"
                limit = "never" if days is None else f"not before {days} days"
                return Finding(
                    "lifecycle.P2", FindingStatus.FAIL, resource, f"{text}; it must go {limit}", "change or remove that rule."
                )
    unknown = _unknown(configuration, want.prefixes)
    if unknown:
        return _cannot("P2", resource, unknown)
    return _pass("P2", resource, f"under {_names(want.prefixes)} {_kept_words(want)}")


def readable(configuration: Configuration, want: Readable, resource: str) -> Finding:
    """P3: the window in which the objects can be read at once."""
    for rule in _reaching(configuration, want.prefixes):
        for when, storage_class in rule.transitions:
            if colder(storage_class, want.storage_class) and (want.days is None or (when.days or 0) < want.days):
                size = _size(rule) if rule.sized else SMALL
                case = _case(_overlap(rule.prefix, want.prefixes), size, rule.tags)
                limit = "never" if want.days is None else f"not before {want.days} days"
                detail = (
                    f"{case} moves to {storage_class} {_when(when)}, by rule {rule.id!r};"
                    f" colder than {want.storage_class} is allowed {limit}"
                )
                return Finding("lifecycle.P3", FindingStatus.FAIL, resource, detail, "change or remove that rule.")
    unknown = _unknown(configuration, want.prefixes)
    if unknown:
        return _cannot("P3", resource, unknown)
    window = "always" if want.days is None else f"for {want.days} days"
    return _pass("P3", resource, f"{_names(want.prefixes)} stays at most {want.storage_class} {window}")


def gone(configuration: Configuration, prefixes: Sequence[str], tag: tuple[str, str], days: int, resource: str) -> Finding:
    """Whether what carries ``tag`` under ``prefixes`` really goes by ``days``: else the bucket grows for ever."""
    unknown = _unknown(configuration, prefixes)
    if unknown:
        return _cannot("expiry", resource, unknown)
    created = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    at = due(created, When(days=days))
    for prefix in prefixes:
        for size in (1, _LARGE):
            reached = state(configuration, Version(prefix + "2", size, created, frozenset((tag,))), at)
            if not (reached.hidden or reached.deleted):
                text = f"{_case(prefix + '2', size, (tag,))} is still there after {days} days"
                return Finding("lifecycle.expiry", FindingStatus.FAIL, resource, text, "run itemtrail setup.")
    return _pass("expiry", resource, f"what is tagged {tag[0]}={tag[1]} goes after {days} days")


def _is_cold(configuration: Configuration, sample: tuple[str, int], want: Cold, now: dt.datetime) -> bool:
    """Transitions alone: whether the object still exists is P2's question."""
    moving = replace(
        configuration, rules=tuple(replace(r, expiration=None, noncurrent_expiration=None) for r in configuration.rules)
    )
    reached = state(moving, Version(*sample, created=now), due(now, When(days=want.days)))
    return not colder(want.storage_class, reached.storage_class)


def _disabled(
    configuration: Configuration, want: Cold, warm: Sequence[tuple[str, int]], resource: str, now: dt.datetime
) -> Finding:
    enabled = replace(configuration, rules=tuple(replace(rule, enabled=True) for rule in configuration.rules))
    if all(_is_cold(enabled, sample, want, now) for sample in warm):
        off = ", ".join(repr(rule.id) for rule in configuration.rules if not rule.enabled)
        return Finding("lifecycle.P6", FindingStatus.FAIL, resource, f"only Disabled rules would do it: {off}", "enable them.")
    return _pass("P6", resource, "no Disabled rule would do it either")


def _minimum(
    configuration: Configuration, want: Cold, warm: Sequence[tuple[str, int]], resource: str, now: dt.datetime
) -> Finding:
    """Whether the cases fail through the default minimum size alone: they pass once every rule has a size filter of its own."""
    sized = replace(configuration, rules=tuple(r if r.sized else replace(r, larger_than=-1) for r in configuration.rules))
    small = [sample for sample in warm if sample[1] < SMALL and _is_cold(sized, sample, want, now)]
    if not small:
        return _pass("P9", resource, "the default minimum size is not what keeps objects warm")
    text = f"{_case(*small[0])} never moves: objects under 128 KB do not by {configuration.minimum}"
    return Finding(
        "lifecycle.P9", FindingStatus.FAIL, resource, text, "give the rule ObjectSizeGreaterThan; it overrides the default."
    )


def _samples(configuration: Configuration, want: Cold, sizes: Sequence[int]) -> list[tuple[str, int]] | None:
    """(key, size) pairs, one for each case that the rules can tell apart; None where there are too many."""
    rules = [rule for rule in configuration.rules if not rule.tags]
    limits = {want.smallest, SMALL - 1, SMALL, _LARGE, *(size for rule in rules for size in _sides(rule))}
    chosen = sorted(limit for limit in limits if limit >= want.smallest) if not sizes else _one_each(sizes, limits)
    keys = [key for prefix in want.prefixes for key in _keys(prefix, {rule.prefix for rule in rules})]
    return None if len(keys) * len(chosen) > MAX_SAMPLES else [(key, size) for key in keys for size in chosen]


def _keys(base: str, prefixes: Iterable[str]) -> list[str]:
    """A key under ``base`` for each set of rule prefixes that a key there can match."""
    inner = {prefix for prefix in prefixes if prefix.startswith(base)} | {base}
    return [prefix + _filler(prefix, inner) for prefix in sorted(inner)]


def _filler(prefix: str, others: Iterable[str]) -> str:
    taken = {other[len(prefix)] for other in others if other.startswith(prefix) and len(other) > len(prefix)}
    return next((char for char in _FILLERS if char not in taken), "\N{SNOWMAN}")


def _one_each(sizes: Sequence[int], limits: Iterable[int]) -> list[int]:
    """One of the sizes for each interval that the limits make."""
    ordered = sorted(limits)
    found: dict[int, int] = {}
    for size in sorted(sizes):
        found.setdefault(sum(limit <= size for limit in ordered), size)
    return list(found.values())


def _sides(rule: Rule) -> list[int]:
    """Sizes at and beside the limits of a rule: the limits themselves separate, being strict."""
    return [
        size
        for limit in (rule.larger_than, rule.smaller_than)
        if limit is not None
        for size in (max(limit - 1, 0), limit, limit + 1)
    ]


def _reaching(configuration: Configuration, prefixes: Sequence[str]) -> list[Rule]:
    """Enabled rules that some object under ``prefixes`` can match."""
    return [r for r in configuration.rules if r.enabled and _satisfiable(r) and _overlap(r.prefix, prefixes)]


def _satisfiable(rule: Rule) -> bool:
    return rule.smaller_than is None or _size(rule) < rule.smaller_than


def _size(rule: Rule) -> int:
    """The smallest size that the rule's filter admits."""
    return 0 if rule.larger_than is None else rule.larger_than + 1


def _overlap(prefix: str, wanted: Sequence[str]) -> str:
    """A key's beginning that lies under both, or ""."""
    for want in wanted:
        if want.startswith(prefix) or prefix.startswith(want):
            return max(want, prefix, key=len) or "any key"
    return ""


def _removals(rule: Rule, *, versioned: bool) -> list[tuple[str, int]]:
    """(action, age in days at which it can strike): a Date strikes objects of any age."""
    found = [("Expiration", rule.expiration.days or 0)] if rule.expiration else []
    if versioned and rule.noncurrent_expiration:
        found.append(("NoncurrentVersionExpiration", rule.noncurrent_expiration[0]))
    return found


def _unknown(configuration: Configuration, prefixes: Sequence[str]) -> str:
    reaching = [rule for rule in configuration.rules if rule.enabled and rule.unknown and _overlap(rule.prefix, prefixes)]
    reasons = [*configuration.unknown, *(f"rule {rule.id!r}: {'; '.join(rule.unknown)}" for rule in reaching)]
    return "not understood: " + "; ".join(reasons) if reasons else ""


def _case(key: str, size: int, tags: Iterable[tuple[str, str]] = ()) -> str:
    tagged = ", ".join(f"{name}={value}" for name, value in sorted(tags))
    return f"an object {key}… of {size} bytes" + (f" tagged {tagged}" if tagged else "")


def _names(prefixes: Sequence[str]) -> str:
    shown = ", ".join(prefix or "(the whole bucket)" for prefix in prefixes[:3])
    return shown + (f" and {len(prefixes) - 3} more" if len(prefixes) > 3 else "")


def _when(when: When) -> str:
    return f"on {when.date}" if when.date else f"after {when.days} day(s)"


def _kept_words(want: Kept) -> str:
    limit = "nothing is ever deleted or hidden" if want.days is None else f"nothing is deleted or hidden before {want.days} days"
    if want.unless is None:
        return limit
    return f"{limit} unless it is tagged {want.unless[0]}={want.unless[1]}, and then not before {want.unless_days} days"


def _advice(want: Cold) -> str:
    return (
        f"add a transition to {want.storage_class} within {want.days} days for {_names(want.prefixes)}; itemtrail setup does it."
    )


def _pass(name: str, resource: str, text: str) -> Finding:
    return Finding(f"lifecycle.{name}", FindingStatus.PASS, resource, text)


def _cannot(name: str, resource: str, reason: str) -> Finding:
    return Finding(
        f"lifecycle.{name}", FindingStatus.CANNOT_PROVE, resource, reason, "express the rule in parts that S3 documents."
    )
