"""A lifecycle configuration as a function: what has become of one object version at a given time.

Decides: storage class, hidden, deleted, under all enabled rules together. The order of conflict is AWS's: permanent deletion,
then transition (the colder class), then delete marker; the shorter expiration wins; transitions go only forward, and what is
below 128 KB makes only those that the default minimum or the rule's own size filter admits. Refuses nothing: what a rule holds
that was not understood is not evaluated here, and the checks answer "cannot prove" for it.
Days count from creation (or from becoming noncurrent), rounded up to the next midnight UTC. S3 acts some time after that; this
says what is due. Object Lock is left out: a lock prevents a deletion, never a delete marker or a transition.
Source: S3 user guide, "Lifecycle configuration elements", "Conflicts", "Supported transitions", read 2026-11-24.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from itemtrail.core.lifecycle_rules import CLASSES, SMALL, Configuration, Rule, When

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Version:
    """One object version. ``newer`` counts the noncurrent versions newer than it, once it is noncurrent itself."""

    key: str
    size: int
    created: dt.datetime
    tags: frozenset[tuple[str, str]] = frozenset()
    noncurrent_since: dt.datetime | None = None
    newer: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """``hidden``: a delete marker lies over it. ``deleted``: no longer there."""

    storage_class: str = "STANDARD"
    hidden: bool = False
    deleted: bool = False


def state(configuration: Configuration, version: Version, at: dt.datetime, *, versioned: bool = True) -> State:
    """What is due to have become of ``version`` at ``at``."""
    reached = State()
    for when, then in history(configuration, version, versioned=versioned):
        if when > at:
            break
        reached = then
    return reached


def history(configuration: Configuration, version: Version, *, versioned: bool = True) -> tuple[tuple[dt.datetime, State], ...]:
    """Each change of ``version``, in order of time."""
    rules = [rule for rule in configuration.rules if rule.enabled and rule.applies(version.key, version.size, version.tags)]
    expires = min((due(version.created, rule.expiration) for rule in rules if rule.expiration), default=None)
    since = version.noncurrent_since
    end = min((moment for moment in (expires, since) if moment is not None), default=None)
    moves = _current_moves(rules, version, configuration.minimum)
    if not versioned:
        moves = [(when, to) for when, to in moves if expires is None or when < expires]
        return _walk(State(), moves, [(expires, "deleted")] if expires else [])
    moves = [(when, to) for when, to in moves if end is None or when <= end]
    if end is None:
        return _walk(State(), moves, [])
    hides = [(end, "hidden")] if end == expires else []
    gone = _noncurrent_end(rules, end, version.newer)
    later = [
        (when, to) for when, to in _noncurrent_moves(rules, version, end, configuration.minimum) if gone is None or when < gone
    ]
    return _walk(State(), [*moves, *later], [*hides, *([(gone, "deleted")] if gone else [])])


def due(start: dt.datetime, when: When) -> dt.datetime:
    """When an action on an object from ``start`` falls due; a Date that is past applies at the next midnight."""
    if when.date is not None:
        return max(dt.datetime.combine(when.date, dt.time(0), dt.UTC), due(start, When(days=0)))
    moment = start.astimezone(dt.UTC) + dt.timedelta(days=when.days or 0)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if moment == midnight else midnight + _DAY


def colder(a: str, b: str) -> bool:
    """Whether class ``a`` is colder than ``b``."""
    return CLASSES.index(a) > CLASSES.index(b)


def _current_moves(rules: Iterable[Rule], version: Version, minimum: str) -> list[tuple[dt.datetime, str]]:
    return [
        (due(version.created, when), storage_class)
        for rule in rules
        for when, storage_class in rule.transitions
        if version.size >= SMALL or rule.moves_small(storage_class, minimum)
    ]


def _noncurrent_moves(rules: Iterable[Rule], version: Version, since: dt.datetime, minimum: str) -> list[tuple[dt.datetime, str]]:
    return [
        (due(since, When(days=days)), storage_class)
        for rule in rules
        for days, storage_class, kept in rule.noncurrent_transitions
        if version.newer >= kept and (version.size >= SMALL or rule.moves_small(storage_class, minimum))
    ]


def _noncurrent_end(rules: Iterable[Rule], since: dt.datetime, newer: int) -> dt.datetime | None:
    ends = [rule.noncurrent_expiration for rule in rules if rule.noncurrent_expiration and newer >= rule.noncurrent_expiration[1]]
    return min((due(since, When(days=days)) for days, _ in ends), default=None)


def _walk(
    start: State, moves: list[tuple[dt.datetime, str]], ends: list[tuple[dt.datetime, str]]
) -> tuple[tuple[dt.datetime, State], ...]:
    """Apply moves (colder first on one day), then hiding, then deletion, in order of time."""
    steps = sorted([(when, 0, -CLASSES.index(to), to) for when, to in moves] + [(when, 1, 0, what) for when, what in ends])
    reached, changes = start, list[tuple[dt.datetime, State]]()
    for when, kind, _, what in steps:
        if kind == 0:
            after = replace(reached, storage_class=what) if _can_move(reached.storage_class, what) else reached
        else:
            after = replace(reached, hidden=True) if what == "hidden" else replace(reached, deleted=True)
        if after != reached:
            changes.append((when, after))
            reached = after
    return tuple(changes)


def _can_move(now: str, to: str) -> bool:
    """The waterfall; One Zone-IA leads only to Flexible Retrieval and Deep Archive."""
    return colder(to, now) and not (now == "ONEZONE_IA" and to == "GLACIER_IR")
