"""What of a review one page shows: the results that a reader asked for, in the order in which they concern him, page by page.

Decides: groups (new, still open, could not look, accepted, what became good, the rest), what a filter and a search match, how old
a review may be before that is said loudly, which exceptions end soon. Pure: ``now`` is a parameter. Refuses nothing: a filter
that is not known matches nothing, and the page says what there is to choose from.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from itemtrail.core.acceptance import AcceptanceUse, Use
from itemtrail.core.check import Severity
from itemtrail.core.review import Change, Line, Standing
from itemtrail.core.review_read import CheckText, ReadReport

PAGE = 100
MOST_CONTROLS = 500  # to choose from; there are some hundred
STALE = dt.timedelta(days=8)
"""A review is made every week; an older one is said loudly."""
SOON = 14  # days before its last day an exception is said to end soon
GROUPS = {
    "new": "New since the last review",
    "open": "Still open",
    "blind": "Could not be looked at",
    "accepted": "Accepted",
    "resolved": "Resolved",
    "unasked": "Was open, and the question no longer arises",
    "good": "Good",
    "aside": "Not applicable",
}
"""Groups of results by their name in an address, in the order of the page."""
ATTENTION = ("new", "open", "blind", "accepted", "resolved", "unasked")
"""What is shown where nothing was chosen: all but what is good or does not apply."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a reader asked for; "" is everything. ``state`` names a group, ``all``, or "" for ``ATTENTION``."""

    severity: str = ""
    state: str = ""
    control: str = ""
    text: str = ""
    page: int = 1
    opened: str = ""  # mark of a finding that is shown open, whatever page it is on


@dataclass(frozen=True, slots=True)
class Shown:
    """One result."""

    line: Line
    group: str
    title: str
    check: CheckText | None

    @property
    def mark(self) -> str:
        """Its name in an address; the same in the next review."""
        return mark(self.line)


@dataclass(frozen=True, slots=True)
class View:
    """One page of results. ``counts``: of each group without any filter."""

    shown: tuple[Shown, ...]
    matching: int
    page: int
    pages: int
    counts: Mapping[str, int]
    controls: tuple[str, ...]

    def grouped(self) -> Iterator[tuple[str, tuple[Shown, ...]]]:
        """The results of this page by group."""
        for name, some in groupby(self.shown, key=lambda one: one.group):
            yield name, tuple(some)


@dataclass(frozen=True, slots=True)
class Excepted:
    """An exception of the review, and its last day against today."""

    use: AcceptanceUse
    days: int  # until its last day, 0 on it
    over: bool
    soon: bool


def view(report: ReadReport, wanted: Filter) -> View:
    """The page of ``report`` that ``wanted`` asks for."""
    places = {name: place for place, name in enumerate(GROUPS)}
    every = sorted((_shown(report, line) for line in report.review.lines), key=lambda one: places[one.group])
    counted = Counter(one.group for one in every)
    counts = {name: counted[name] for name in GROUPS}
    found = [one for one in every if _matches(one, wanted)]
    pages = max(1, -(-len(found) // PAGE))
    opened = next((number for number, one in enumerate(found) if wanted.opened and one.mark == wanted.opened), None)
    page = min(max(wanted.page, 1), pages) if opened is None else opened // PAGE + 1
    controls = sorted({control for check in report.checks.values() for control in check.controls})
    return View(tuple(found[(page - 1) * PAGE : page * PAGE]), len(found), page, pages, counts, tuple(controls[:MOST_CONTROLS]))


def exceptions(report: ReadReport, now: dt.datetime) -> tuple[Excepted, ...]:
    """The exceptions, those about to end first; those that accept nothing last."""
    made = [_excepted(use, now.astimezone(dt.UTC).date()) for use in report.review.acceptances]
    return tuple(sorted(made, key=lambda one: (one.use.use is not Use.IN_FORCE, one.days, one.use.acceptance.check)))


def age(report: ReadReport, now: dt.datetime) -> str:
    """How old a review is, in words."""
    hours = int((now - report.review.taken_at).total_seconds() // 3600)
    if hours < 1:
        return "less than an hour"
    return f"{hours} hour{'s' if hours > 1 else ''}" if hours < 48 else f"{hours // 24} days"


def mark(line: Line) -> str:
    """A result's name in an address."""
    return hashlib.sha256(json.dumps(line.key).encode()).hexdigest()[:16]


def _shown(report: ReadReport, line: Line) -> Shown:
    check = report.checks.get(line.result.check)
    return Shown(line, _group(line), check.title if check else line.result.check, check)


def _group(line: Line) -> str:
    match line.standing, line.change:
        case Standing.OPEN, Change.NEW:
            return "new"
        case Standing.OPEN, _:
            return "open"
        case Standing.COULD_NOT_LOOK, _:
            return "blind"
        case Standing.ACCEPTED, _:
            return "accepted"
        case _, Change.RESOLVED:
            return "resolved"
        case _, Change.NO_LONGER_APPLIES:
            return "unasked"
        case Standing.GOOD, _:
            return "good"
    return "aside"


def _matches(one: Shown, wanted: Filter) -> bool:
    groups: Sequence[str] = ATTENTION if not wanted.state else tuple(GROUPS) if wanted.state == "all" else (wanted.state,)
    if one.group not in groups and not (wanted.opened and one.mark == wanted.opened):
        return False
    if wanted.severity and one.line.result.severity != wanted.severity:
        return False
    if wanted.control and wanted.control not in (one.check.controls if one.check else ()):
        return False
    sought = wanted.text.casefold().split()
    return not sought or all(word in said for said in [_text(one)] for word in sought)


def _text(one: Shown) -> str:
    result = one.line.result
    said = [result.check, one.title, result.resource, result.region, result.detail, result.remediation, one.line.note]
    return "\n".join([*said, *(one.check.controls if one.check else ())]).casefold()


def _excepted(use: AcceptanceUse, today: dt.date) -> Excepted:
    days = (use.acceptance.expires - today).days
    return Excepted(use, days, days < 0, 0 <= days <= SOON)


def severities() -> tuple[str, ...]:
    """Worst first."""
    return tuple(Severity)
