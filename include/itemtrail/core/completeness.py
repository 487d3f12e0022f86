"""Which digest hours were due: one slot each, from what the proven digests cover and from when the trail ran.

Decides: the slots of a range. A proven digest is a slot as it stands; the time between, before and after is cut into hours,
so the chain's own minute and second hold. Without any digest hours are aligned to the clock. A slot is in the range if its
window *ends* in it, ends included, and never later than ``now``. Refuses to let anything unproven move a proven window: an
unproven digest only cuts time that no proven one covers.
Source: "CloudTrail digest file structure" (hourly, also when empty; starting and final digests), CloudTrail user guide, read
2026-11-24.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from itemtrail.model import LoggingStatus

HOUR = dt.timedelta(hours=1)
# StartLoggingTime and the first window's start are not the same moment; less than this before a first digest is no slot.
_SLIVER = dt.timedelta(minutes=10)


class Rules(Protocol):
    """When a digest is due and how long an unlisted log is tolerated (``settings.ValidationSettings``)."""

    @property
    def digest_due_minutes(self) -> int:
        """Minutes after a window's end at which its digest must exist."""

    @property
    def unlisted_grace_minutes(self) -> int:
        """Minutes after a log's delivery in which it may be in no digest."""


class Before(Enum):
    """What a proven digest says of the time right before its window."""

    CONTINUES = "names a predecessor in this chain"
    BEGINS = "names no predecessor"
    ELSEWHERE = "names a predecessor in another bucket or prefix"


class Kind(Enum):
    """What a slot is."""

    WINDOW = "a proven digest's own window"
    HOLE = "a digest was due"
    GAP = "the chain begins anew after it"
    ELSEWHERE = "its digest is in another bucket or prefix"
    UNKNOWN = "nobody can tell whether the trail ran: the next digest is not proven"


_KIND = {Before.CONTINUES: Kind.HOLE, Before.BEGINS: Kind.GAP, Before.ELSEWHERE: Kind.ELSEWHERE}


@dataclass(frozen=True, slots=True)
class Window:
    """What one proven digest covers."""

    start: dt.datetime
    end: dt.datetime
    key: str
    before: Before


@dataclass(frozen=True, slots=True)
class Slot:
    """One expected digest hour ``(start, end]``; ``key`` is the proven digest whose window it is."""

    start: dt.datetime
    end: dt.datetime
    kind: Kind
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The range asked for, the time it is asked at, and what is known of the trail besides its digests.

    ``older``: whether a digest of the trail older than all given ones exists. ``offset``: the end of any digest of the
    trail, for the minute and second, where none is given.
    """

    start: dt.datetime
    end: dt.datetime
    now: dt.datetime
    status: LoggingStatus | None = None
    older: bool = False
    offset: dt.datetime | None = None

    @property
    def until(self) -> dt.datetime:
        """No missing digest is expected to end later."""
        return min(self.end, self.now)

    @property
    def began(self) -> dt.datetime | None:
        """When the trail began, if its status says so and no digest is older: StartLoggingTime is the *latest* start."""
        return self.status.started if self.status and not self.older else None

    @property
    def stopped(self) -> dt.datetime | None:
        """When logging stopped, if it has not begun again."""
        return self.status.stopped if self.status and not self.status.is_logging else None

    def ran(self, slot: Slot) -> bool:
        """Whether the status says that the trail was logging during the whole slot."""
        if self.status is None or self.status.started is None or self.status.started > slot.start + _SLIVER:
            return False
        return self.status.is_logging or (self.stopped is not None and slot.end <= self.stopped)


def expected(windows: Sequence[Window], unproven: Iterable[dt.datetime], span: Span) -> tuple[Slot, ...]:
    """The slots of ``span`` in time order: those whose end lies in it, both ends included.

    ``windows`` are of the proven digests; ``unproven`` are the ends, by name, of those that are not.
    """
    ordered, marks = sorted(windows, key=lambda w: (w.end, w.start)), sorted(set(unproven))
    if not ordered:
        slots = _judged(_without_windows(marks, span), marks, span)
        return tuple(s for s in slots if span.start <= s.end <= span.end)
    slots = _judged(_before(ordered[0], marks, span), marks, span)
    for older, newer in zip([None, *ordered], ordered, strict=False):
        if older is not None:
            slots += _judged(_hours(older.end, newer.start, _KIND[newer.before], marks), marks, span)
        slots.append(Slot(newer.start, newer.end, Kind.WINDOW, newer.key))
    slots += _judged(_after(ordered[-1].end, marks, span), marks, span)
    return tuple(s for s in slots if span.start <= s.end <= span.end)


def due(end: dt.datetime, now: dt.datetime, rules: Rules) -> bool:
    """Whether the digest of a window ending at ``end`` must exist by ``now``."""
    return end + dt.timedelta(minutes=rules.digest_due_minutes) <= now


def _before(first: Window, marks: Sequence[dt.datetime], span: Span) -> Iterable[Slot]:
    """The hours before the oldest proven window, back to the range's start or the trail's."""
    if first.before is Before.BEGINS and not span.older:
        return []
    begin = max(span.start, span.began + _SLIVER) if span.began else span.start
    found: list[Slot] = []
    end = first.start
    while end >= begin:
        at = bisect_left(marks, end) - 1
        start = marks[at] if at >= 0 and marks[at] >= end - HOUR else end - HOUR
        start = max(start, span.began) if span.began else start
        found.append(Slot(start, end, _KIND[first.before]))
        end = start
    return reversed(found)


def _hours(start: dt.datetime, end: dt.datetime, kind: Kind, marks: Sequence[dt.datetime]) -> Iterator[Slot]:
    while start < end:
        stop = min(_next(start, marks), end)
        yield Slot(start, stop, kind)
        start = stop


def _after(end: dt.datetime, marks: Sequence[dt.datetime], span: Span) -> Iterator[Slot]:
    """Hours after the newest window that have ended; none that begin after logging stopped."""
    while not (span.stopped and span.stopped <= end):
        stop = _next(end, marks)
        if stop > span.until:
            return
        yield Slot(end, stop, Kind.HOLE)
        end = stop


def _without_windows(marks: Sequence[dt.datetime], span: Span) -> Iterator[Slot]:
    """Nothing is proven: hours from the range's start (or the trail's), at the offset of whatever is known, else the clock's."""
    anchor = marks[0] if marks else span.offset or span.start.replace(minute=0, second=0, microsecond=0)
    begin = max(span.start - HOUR, span.began) if span.began else span.start - HOUR
    first = anchor - ((anchor - begin) // HOUR) * HOUR
    if span.began and span.began + _SLIVER <= first <= span.until:
        yield Slot(span.began, first, Kind.HOLE)
    yield from _after(first, marks, span)


def _next(start: dt.datetime, marks: Sequence[dt.datetime]) -> dt.datetime:
    """Where the hour that begins at ``start`` ends: after an hour, or at an unproven digest's end before that."""
    at = bisect_right(marks, start)
    return min(marks[at], start + HOUR) if at < len(marks) else start + HOUR


def _judged(run: Iterable[Slot], marks: Sequence[dt.datetime], span: Span) -> list[Slot]:
    """Holes before an unproven digest: it may be a starting digest, so nobody can tell whether anything was due there."""
    ends = set(marks)
    found: list[Slot] = []
    unproven_follows = False
    for slot in reversed(list(run)):
        if slot.end in ends:
            unproven_follows = True
        elif unproven_follows and slot.kind is Kind.HOLE and not span.ran(slot):
            slot = replace(slot, kind=Kind.UNKNOWN)
        found.append(slot)
    return found[::-1]
