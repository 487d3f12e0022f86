"""The way of one object version through its bucket's lifecycle, and the promises (P1 to P12) that it breaks on it.

Decides: segments of whole days, as ``lifecycle.history`` tells them for an object put at midnight UTC; the first age at which a
promise is broken. A promise broken here fails the assertion of its number (``lifecycle_checks``), which asks more objects than a
picture shows. Refuses to say of a lane without a mark that its property holds: the assertion says that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from itemtrail.core.lifecycle import State, Version, colder, history
from itemtrail.core.lifecycle_rules import Configuration

Tags = frozenset[tuple[str, str]]
NO_TAGS: Tags = frozenset()


@dataclass(frozen=True, slots=True)
class Segment:
    """From age ``begin`` until before age ``end`` (days; None: for good) an object is so."""

    begin: int
    end: int | None
    state: State

    @property
    def gone(self) -> bool:
        """Whether nobody finds it by its key."""
        return self.state.hidden or self.state.deleted


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that a lane breaks, and at which age."""

    name: str
    day: int


@dataclass(frozen=True, slots=True)
class Promise:
    """What must hold for the objects of a place, by its number (P2). ``until`` None: for ever.

    ``kept``: not hidden nor deleted before ``until``; ``warmest``: no colder than this before ``until``; ``coldest``: in this or
    colder at ``until``; ``goes``: hidden or deleted at ``until``. ``tags``: of those that carry them; ``unless``: of those
    that do not. ``under``: only keys that begin so.
    """

    name: str
    until: int | None
    kept: bool = False
    warmest: str = ""
    coldest: str = ""
    goes: bool = False
    tags: Tags = NO_TAGS
    unless: Tags = NO_TAGS
    under: tuple[str, ...] = ()

    def speaks_of(self, key: str, tags: Tags) -> bool:
        """Whether an object is promised anything."""
        return self.tags <= tags and not (self.unless and self.unless <= tags) and (not self.under or key.startswith(self.under))


def way(configuration: Configuration, version: Version, *, versioned: bool) -> tuple[Segment, ...]:
    """The segments of one version put at a midnight; the last one has no end.

    Raises:
        OverflowError: a rule's days lie beyond the calendar.
    """
    changes = {0: State()}
    for when, then in history(configuration, version, versioned=versioned):
        changes[(when - version.created).days] = then  # of several on one day the last
    begins = sorted(changes)
    kept = [day for number, day in enumerate(begins) if number == 0 or changes[day] != changes[begins[number - 1]]]
    ends = [*kept[1:], None]
    return tuple(Segment(begin, end, changes[begin]) for begin, end in zip(kept, ends, strict=True))


def broken(found: Sequence[Segment], key: str, tags: Tags, promises: Sequence[Promise]) -> Iterator[Broken]:
    """The promises that an object breaks which goes this way."""
    for promise in promises:
        if promise.speaks_of(key, tags):
            day = _first_broken(found, promise)
            if day is not None:
                yield Broken(promise.name, day)


def _first_broken(found: Sequence[Segment], promise: Promise) -> int | None:
    """The age at which the promise is broken; None where it holds."""
    if promise.coldest or promise.goes:
        assert promise.until is not None
        then = next(one for one in reversed(found) if one.begin <= promise.until)
        holds = then.gone or bool(promise.coldest and not colder(promise.coldest, then.state.storage_class))
        return None if holds else promise.until
    for one in found:
        if promise.until is not None and one.begin >= promise.until:
            return None
        if promise.kept and one.gone:
            return one.begin
        if promise.warmest and not one.gone and colder(one.state.storage_class, promise.warmest):
            return one.begin
    return None
