"""The calendar of a year: a row for each account and Region, a day's state as of now, from coverage documents.

Decides: what is late (time passed since the document was made counts), what nobody has looked at (a day after the last that the
document answers for, or every day where there is no document that can be used), and that what a run found later goes before an
older document. Refuses to fill a gap with "proven": what is not known is UNSEEN. Pure: documents and the time are arguments.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from itemtrail.core.coverage_book import Book, Found, Mark, News, days_in
from itemtrail.model import Unit

MAX_AGE = dt.timedelta(hours=30)  # after its day's end until a unit is late
STALE = dt.timedelta(hours=30)  # since a document was made until that is a warning: it is made daily
URGENT_DAYS = 14
_DAY = dt.timedelta(days=1)


class State(StrEnum):
    """A day's state; the value is its name in addresses and style sheets."""

    PROVEN = "proven"
    QUARANTINED = "quarantined"
    PENDING = "pending"
    FINDINGS = "findings"
    MISSING = "missing"
    UNSEEN = "unseen"
    NOT_DUE = "not-due"

    @property
    def words(self) -> str:
        """As people read it."""
        return _WORDS[self]


_WORDS = {
    State.PROVEN: "proven",
    State.QUARANTINED: "proven, with records in quarantine",
    State.PENDING: "pending, not late yet",
    State.FINDINGS: "archived, with findings",
    State.MISSING: "missing",
    State.UNSEEN: "nobody has looked",
    State.NOT_DUE: "not due",
}
LATE = (State.FINDINGS, State.MISSING)
_OF_MARK = {
    Mark.PROVEN: State.PROVEN,
    Mark.QUARANTINED: State.QUARANTINED,
    Mark.FINDINGS: State.FINDINGS,
    Mark.MISSING: State.MISSING,
    Mark.NOT_DUE: State.NOT_DUE,
}


@dataclass(frozen=True, slots=True)
class Day:
    """One unit. ``left``: days until the trail bucket's configured expiry (negative: past it)."""

    day: dt.date
    state: State
    left: int
    says: str = ""

    @property
    def urgent(self) -> bool:
        """Late, and the bucket's expiry is near or past."""
        return self.state in LATE and self.left <= URGENT_DAYS


@dataclass(frozen=True)
class Row:
    """One account and Region of a year. ``made``: of its document, None without one; ``trouble``: why there is none to use."""

    account: str
    region: str
    days: tuple[Day, ...]
    made: dt.datetime | None = None
    basis: str = ""
    trouble: str = ""

    @cached_property
    def counts(self) -> dict[State, int]:
        """How many days of each state."""
        found = dict.fromkeys(State, 0)
        for day in self.days:
            found[day.state] += 1
        return found

    @property
    def due(self) -> int:
        """Days that were due."""
        return len(self.days) - self.counts[State.NOT_DUE]


def row(
    account: str,
    region: str,
    year: int,
    book: Book | str,
    news: Mapping[Unit, tuple[dt.datetime, Found]],
    *,
    now: dt.datetime,
    expiry_days: int,
    first: dt.date | None = None,
) -> Row:
    """A year of one account and Region.

    Args:
        account: whose.
        region: where.
        year: when.
        book: its document, or why there is none that can be used.
        news: what runs found, by unit, the newest.
        now: aware UTC.
        expiry_days: of the trail bucket.
        first: since when units are due, where another year's document of the account says it.
    """
    begin = book.first if isinstance(book, Book) else first
    strip = book.regions.get(region) if isinstance(book, Book) else None
    made = book.made if isinstance(book, Book) else None
    until = book.until if isinstance(book, Book) and strip else dt.date.min
    days = []
    for index in range(days_in(year)):
        day = dt.date(year, 1, 1) + index * _DAY
        mark = Mark(strip.marks[index]) if strip and day <= until else None
        says = strip.says.get(str(day), "") if strip and mark else ""
        if (told := news.get(Unit(account, region, day))) and (made is None or mark is None or told[0] > made):
            mark, says = told[1].mark, told[1].says
        state = _state(day, mark, begin, now)
        days.append(Day(day, state, (day + expiry_days * _DAY - now.date()).days, says))
    trouble = book if isinstance(book, str) else book.trouble
    if isinstance(book, Book) and strip is None and not trouble:
        trouble = f"the document of {account} has nothing of {region}: it was made before the Region was configured"
    return Row(account, region, tuple(days), made, book.basis if isinstance(book, Book) else "", trouble)


def newest(news: Iterable[News]) -> dict[Unit, tuple[dt.datetime, Found]]:
    """What was found last of each unit, and when."""
    found: dict[Unit, tuple[dt.datetime, Found]] = {}
    for one in sorted(news, key=lambda one: one.made):
        found.update((item.unit, (one.made, item)) for item in one.found)
    return found


def worst_first(rows: Sequence[Row], most: int) -> list[tuple[Row, Day]]:
    """The late units that expire soonest, ``most`` at most."""
    late = [(row, day) for row in rows for day in row.days if day.state in LATE]
    return sorted(late, key=lambda one: (one[1].left, one[0].account, one[0].region))[:most]


def is_stale(row: Row, now: dt.datetime) -> bool:
    """Whether its document is older than one day and some hours."""
    return row.made is not None and now - row.made > STALE


def _state(day: dt.date, mark: Mark | None, first: dt.date | None, now: dt.datetime) -> State:
    if day >= now.date() or (mark is None and first is not None and day < first):
        return State.NOT_DUE
    if mark is None:
        return State.UNSEEN
    state = _OF_MARK[mark]
    end = dt.datetime.combine(day + _DAY, dt.time(), dt.UTC)
    return State.PENDING if state in LATE and now - end <= MAX_AGE else state
