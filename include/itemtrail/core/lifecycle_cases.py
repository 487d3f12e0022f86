"""Which cases a lifecycle configuration can tell apart, and how a case is named to people; what the lifecycle checks share.

Decides: the rules that can reach a key under some prefixes, a key for each set of rule prefixes, a size on each side of every
limit, and the words of a counterexample: key, size, tags. Refuses to judge.
"""

from collections.abc import Iterable, Sequence

from itemtrail.core.lifecycle_rules import Configuration, Rule, When
from itemtrail.snapshot import Finding, FindingStatus

LARGE = 1 << 30
_FILLERS = "2013456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.~!"


def keys_under(base: str, prefixes: Iterable[str]) -> list[str]:
    """A key under ``base`` for each set of rule prefixes that a key there can match."""
    inner = {prefix for prefix in prefixes if prefix.startswith(base)} | {base}
    return [prefix + filler(prefix, inner) for prefix in sorted(inner)]


def filler(prefix: str, others: Iterable[str]) -> str:
    """A character after ``prefix`` with which none of ``others`` goes on."""
    taken = {other[len(prefix)] for other in others if other.startswith(prefix) and len(other) > len(prefix)}
    return next((char for char in _FILLERS if char not in taken), "\N{SNOWMAN}")


def one_each(sizes: Sequence[int], limits: Iterable[int]) -> list[int]:
    """One of the sizes for each interval that the limits make."""
    ordered = sorted(limits)
    found: dict[int, int] = {}
    for size in sorted(sizes):
        found.setdefault(sum(limit <= size for limit in ordered), size)
    return list(found.values())


def sides(rule: Rule) -> list[int]:
    """Sizes at and beside the limits of a rule: the limits themselves separate, being strict."""
    return [
        size
        for limit in (rule.larger_than, rule.smaller_than)
        if limit is not None
        for size in (max(limit - 1, 0), limit, limit + 1)
    ]


def reaching(configuration: Configuration, prefixes: Sequence[str]) -> list[Rule]:
    """Enabled rules that some object under ``prefixes`` can match."""
    return [r for r in configuration.rules if r.enabled and _satisfiable(r) and overlap(r.prefix, prefixes)]


def smallest(rule: Rule) -> int:
    """The smallest size that the rule's filter admits."""
    return 0 if rule.larger_than is None else rule.larger_than + 1


def admitted(rule: Rule, sizes: Sequence[int], otherwise: int) -> int:
    """A size that the rule's filter admits, one of ``sizes`` (objects that exist) where one of them is, else ``otherwise``."""
    return next((size for size in sorted(sizes) if rule.applies(rule.prefix, size, rule.tags)), otherwise)


def overlap(prefix: str, wanted: Sequence[str]) -> str:
    """A key's beginning that lies under both, or ""."""
    for want in wanted:
        if want.startswith(prefix) or prefix.startswith(want):
            return max(want, prefix, key=len) or "any key"
    return ""


def unknown(configuration: Configuration, prefixes: Sequence[str]) -> str:
    """What was not understood and may reach ``prefixes``; "" for nothing."""
    found = [rule for rule in configuration.rules if rule.enabled and rule.unknown and overlap(rule.prefix, prefixes)]
    reasons = [*configuration.unknown, *(f"rule {rule.id!r}: {'; '.join(rule.unknown)}" for rule in found)]
    return "not understood: " + "; ".join(reasons) if reasons else ""


def case(key: str, size: int, tags: Iterable[tuple[str, str]] = ()) -> str:
    """An object in words."""
    tagged = ", ".join(f"{name}={value}" for name, value in sorted(tags))
    return f"an object {key}… of {size} bytes" + (f" tagged {tagged}" if tagged else "")


def names(prefixes: Sequence[str]) -> str:
    """Prefixes in words, three at most."""
    shown = ", ".join(prefix or "(the whole bucket)" for prefix in prefixes[:3])
    return shown + (f" and {len(prefixes) - 3} more" if len(prefixes) > 3 else "")


def moment(when: When) -> str:
    """When an action strikes, in words."""
    return f"on {when.date}" if when.date else f"after {when.days} day(s)"


def passed(name: str, resource: str, text: str) -> Finding:
    """A property that holds."""
    return Finding(f"lifecycle.{name}", FindingStatus.PASS, resource, text)


def failed(name: str, resource: str, text: str, advice: str) -> Finding:
    """A property that does not hold: ``text`` is the counterexample."""
    return Finding(f"lifecycle.{name}", FindingStatus.FAIL, resource, text, advice)


def cannot(name: str, resource: str, reason: str) -> Finding:
    """A property that could not be decided."""
    advice = "express the rule in parts that S3 documents."
    return Finding(f"lifecycle.{name}", FindingStatus.CANNOT_PROVE, resource, reason, advice)


def one(findings: Sequence[Finding]) -> Finding:
    """Several answers about one property as one: the first that fails, else the first that cannot be proven, else all of them."""
    for status in (FindingStatus.FAIL, FindingStatus.CANNOT_PROVE):
        for finding in findings:
            if finding.status is status:
                return finding
    first = findings[0]
    return Finding(first.check, first.status, first.resource, "; ".join(f.detail for f in findings), first.advice)


def _satisfiable(rule: Rule) -> bool:
    return rule.smaller_than is None or smallest(rule) < rule.smaller_than
