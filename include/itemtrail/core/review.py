"""A review: the checks' results against the last review's, and against the exceptions somebody answers for.

Decides: where each result stands (open, accepted, could not look, good), what became of it since the last review (new, still
open, resolved, gone), since when it is so, and the review's verdict. Refuses: to accept what could not be looked at, to accept
after the last day of an exception, to call a finding resolved because its resource is gone or could not be read, and to call a
review clean in which nothing was asked. Pure; time is ``Review.taken_at``, the snapshot's.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core.acceptance import Acceptance, AcceptanceUse, used
from itemtrail.core.check import Result, Severity, Status

Key = tuple[str, str, str]
"""Check, resource, Region: what a result is known by from one review to the next."""
SEVERITIES = tuple(Severity)
"""Worst first."""


class Standing(StrEnum):
    """Where a result stands today."""

    OPEN = "OPEN"  # a FAIL that nobody answers for
    COULD_NOT_LOOK = "COULD_NOT_LOOK"
    ACCEPTED = "ACCEPTED"  # a FAIL that somebody answers for, until a day
    GOOD = "GOOD"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Change(StrEnum):
    """What became of it since the last review."""

    NEW = "NEW"  # open, and was not when it was last looked at
    STILL_OPEN = "STILL_OPEN"  # open when it was last looked at; a review that could not look in between changes nothing
    BLIND = "BLIND"  # could not look, and could the last time, or it is asked for the first time
    RESOLVED = "RESOLVED"  # good, and was open or accepted when it was last looked at
    SEEN_AGAIN = "SEEN_AGAIN"  # good, and could not be looked at the last time
    NO_LONGER_APPLIES = "NO_LONGER_APPLIES"  # was open or accepted; there is nothing to ask any more
    NONE = ""


class Verdict(StrEnum):
    """Of the whole review."""

    CLEAN = "CLEAN"
    FINDINGS = "FINDINGS"
    COULD_NOT_LOOK = "COULD_NOT_LOOK"  # nothing open, and not everything was looked at


@dataclass(frozen=True, slots=True)
class Before:
    """A result of the last review. ``known`` is the standing when it was last looked at, None where it never was."""

    standing: Standing
    known: Standing | None
    since: dt.datetime
    open_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One result, judged. ``since``: when this standing began; ``open_since``: of what is open or was when last looked at."""

    result: Result
    standing: Standing
    change: Change
    was: Standing | None
    known: Standing | None
    since: dt.datetime
    open_since: dt.datetime | None = None
    acceptance: Acceptance | None = None
    note: str = ""

    @property
    def key(self) -> Key:
        """What it is known by."""
        return key(self.result)


@dataclass(frozen=True, slots=True)
class Gone:
    """Open or accepted in the last review, and not asked any more: never taken for resolved."""

    check: str
    resource: str
    region: str
    was: Standing
    open_since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Review:
    """Every result, worst first, and what is to be said of the whole."""

    taken_at: dt.datetime
    lines: tuple[Line, ...]
    gone: tuple[Gone, ...] = ()
    acceptances: tuple[AcceptanceUse, ...] = ()
    compared: bool = False  # with an earlier review; where not, everything open is new

    def standing(self, *wanted: Standing) -> tuple[Line, ...]:
        """The lines that stand so."""
        return tuple(line for line in self.lines if line.standing in wanted)

    def changed(self, *wanted: Change) -> tuple[Line, ...]:
        """The lines of which this became."""
        return tuple(line for line in self.lines if line.change in wanted)

    def at_least(self, severity: Severity, *wanted: Standing) -> tuple[Line, ...]:
        """The lines that stand so and weigh ``severity`` or more."""
        worst = SEVERITIES[: SEVERITIES.index(severity) + 1]
        return tuple(line for line in self.standing(*wanted) if line.result.severity in worst)

    @property
    def verdict(self) -> Verdict:
        """FINDINGS before COULD_NOT_LOOK before CLEAN; nothing asked is not clean."""
        counts = Counter(line.standing for line in self.lines)
        if counts[Standing.OPEN]:
            return Verdict.FINDINGS
        if counts[Standing.COULD_NOT_LOOK] or not (counts[Standing.GOOD] or counts[Standing.ACCEPTED]):
            return Verdict.COULD_NOT_LOOK
        return Verdict.CLEAN


def key(result: Result) -> Key:
    """What a result is known by from one review to the next."""
    return result.check, result.resource, result.region


def review(
    results: Sequence[Result],
    *,
    taken_at: dt.datetime,
    acceptances: Sequence[Acceptance] = (),
    checks: Sequence[str],
    momentary: Collection[str] = (),
    before: Mapping[Key, Before] | None = None,
) -> Review:
    """The results as a review.

    Args:
        results: of every check, as ``check.ask`` gives them.
        taken_at: the snapshot's time, aware UTC; exceptions are judged by its day.
        acceptances: in the order of the configuration; the first in force that matches counts.
        checks: ids of all checks there are, asked or not.
        momentary: ids of checks that speak of the time since the last review only: what they find is new each time, and
            nothing of theirs is ever resolved or gone.
        before: the last review's lines; None where there is no earlier review.
    """
    earlier = {known_by: _forgotten(was) if known_by[0] in momentary else was for known_by, was in (before or {}).items()}
    lines = sorted((_line(one, taken_at, acceptances, earlier.get(key(one))) for one in results), key=_place)
    asked = {line.key for line in lines}
    gone = tuple(one for one in _gone(earlier) if _key(one) not in asked)
    uses = tuple(used(one, results, checks, taken_at.date()) for one in acceptances)
    return Review(taken_at, tuple(lines), gone, uses, before is not None)


def before(lines: Sequence[Line]) -> dict[Key, Before]:
    """Lines of one review as the next one's ``before``; of several of one key, the worst."""
    return {line.key: Before(line.standing, line.known, line.since, line.open_since) for line in reversed(lines)}


def _forgotten(was: Before) -> Before:
    return Before(was.standing, None, was.since)


def _line(result: Result, now: dt.datetime, acceptances: Sequence[Acceptance], was: Before | None) -> Line:
    standing, acceptance, note = _stands(result, now.date(), acceptances)
    known = (
        was.known if was and standing is Standing.COULD_NOT_LOOK else None if standing is Standing.COULD_NOT_LOOK else standing
    )
    since = was.since if was and was.standing is standing and standing is not Standing.OPEN else now
    open_since = was.open_since if was else None
    if standing is Standing.OPEN:
        since = open_since = open_since or now
    elif standing is not Standing.COULD_NOT_LOOK:
        open_since = None
    if standing is Standing.COULD_NOT_LOOK and open_since:
        note = f"open when it was last looked at; open since {open_since:%Y-%m-%d}."
    return Line(
        result, standing, _change(standing, was), was.standing if was else None, known, since, open_since, acceptance, note
    )


def _stands(result: Result, day: dt.date, acceptances: Sequence[Acceptance]) -> tuple[Standing, Acceptance | None, str]:
    if result.status is not Status.FAIL:
        return _STANDING[result.status], None, ""
    matching = [one for one in acceptances if one.matches(result)]
    for one in matching:
        if one.expires >= day:
            return Standing.ACCEPTED, one, ""
    if not matching:
        return Standing.OPEN, None, ""
    latest = max(matching, key=lambda one: one.expires)
    return Standing.OPEN, None, f"accepted by {latest.owner} until {latest.expires}: that exception has expired."


_STANDING = {
    Status.PASS: Standing.GOOD,
    Status.CANNOT_LOOK: Standing.COULD_NOT_LOOK,
    Status.NOT_APPLICABLE: Standing.NOT_APPLICABLE,
}


def _change(standing: Standing, was: Before | None) -> Change:
    bad_before = was is not None and (was.open_since is not None or was.known is Standing.ACCEPTED)
    match standing:
        case Standing.OPEN:
            return Change.STILL_OPEN if was and was.open_since else Change.NEW
        case Standing.COULD_NOT_LOOK:
            return Change.NONE if was and was.standing is Standing.COULD_NOT_LOOK else Change.BLIND
        case Standing.GOOD if bad_before:
            return Change.RESOLVED
        case Standing.GOOD:
            return Change.SEEN_AGAIN if was and was.standing is Standing.COULD_NOT_LOOK else Change.NONE
        case Standing.NOT_APPLICABLE if bad_before:
            return Change.NO_LONGER_APPLIES
        case _:
            return Change.NONE


def _place(line: Line) -> tuple[int, int, str, str, str]:
    """Worst standing first, then severity, then names."""
    standings = list(Standing)
    one = line.result
    return standings.index(line.standing), SEVERITIES.index(one.severity), one.check, one.resource, one.region


def _gone(earlier: Mapping[Key, Before]) -> Iterator[Gone]:
    for (check, resource, region), one in sorted(earlier.items()):
        if one.open_since or one.known is Standing.ACCEPTED:
            yield Gone(check, resource, region, Standing.OPEN if one.open_since else Standing.ACCEPTED, one.open_since)


def _key(gone: Gone) -> Key:
    return gone.check, gone.resource, gone.region
