"""The calendar of a year: a row for each account and Region, a day's state as of now, from coverage documents.

Decides: what is late (time passed since the document was made counts), what nobody has looked at (a day after the last that the
document answers for, one that it leaves out, or every day where there is no document that can be used), and that what a run found
later goes before an older document. Refuses to fill a gap with "proven": what is not known is UNSEEN. A row is a string of marks,
as the document is: a page of thousands of days is built in the api-server's process, whose time is Airflow's. Pure: documents and
the time are arguments.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

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
PENDING, UNSEEN, NOT_DUE = "~", "?", str(Mark.NOT_DUE)
STATES = {
    str(Mark.PROVEN): State.PROVEN,
    str(Mark.QUARANTINED): State.QUARANTINED,
    PENDING: State.PENDING,
    str(Mark.FINDINGS): State.FINDINGS,
    str(Mark.MISSING): State.MISSING,
    UNSEEN: State.UNSEEN,
    NOT_DUE: State.NOT_DUE,
}
"""States by the character that stands for them in a row."""
_LATE = (str(Mark.FINDINGS), str(Mark.MISSING))


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


@dataclass(frozen=True, slots=True)
class Row:
    """One account and Region of a year. ``states``: a character a day (``STATES``); ``left``: of 1 January, as ``Day`` has it.

    ``made``: of its document, None without one; ``trouble``: why there is none to use.
    """

    account: str
    region: str
    year: int
    states: str
    left: int
    says: Mapping[dt.date, str] = field(default_factory=dict)
    made: dt.datetime | None = None
    basis: str = ""
    trouble: str = ""

    @property
    def counts(self) -> dict[State, int]:
        """How many days of each state."""
        return {state: self.states.count(mark) for mark, state in STATES.items()}

    @property
    def due(self) -> int:
        """Days that were due."""
        return len(self.states) - self.states.count(NOT_DUE)

    def at(self, index: int) -> Day:
        """A day, 0 for 1 January."""
        day = dt.date(self.year, 1, 1) + index * _DAY
        return Day(day, STATES[self.states[index]], self.left + index, self.says.get(day, ""))

    def on(self, day: dt.date) -> Day:
        """A day of this row's year."""
        return self.at(day.timetuple().tm_yday - 1)

    def late(self) -> Iterator[Day]:
        """The days that are late, in order."""
        return (self.at(index) for index, mark in enumerate(self.states) if mark in _LATE)


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
    known = isinstance(book, Book)
    strip = book.regions.get(region) if isinstance(book, Book) else None
    marks, says = strip.marks if strip else "", strip.says if strip else {}
    begin, until = (book.first, book.until) if isinstance(book, Book) else (first, dt.date.min)
    states, words = list(_known(marks, year, begin, until, now)), {dt.date.fromisoformat(day): said for day, said in says.items()}
    made = book.made if isinstance(book, Book) else None
    for unit, (at, found) in news.items():
        if (unit.account, unit.region, unit.day.year) == (account, region, year) and unit.day < now.date():
            index = unit.day.timetuple().tm_yday - 1
            if made is None or at > made or states[index] == UNSEEN:
                states[index], words[unit.day] = str(found.mark), found.says
    _not_late(states, year, now)
    trouble = book if isinstance(book, str) else book.trouble
    if known and strip is None and not trouble:
        trouble = f"the document of {account} has nothing of {region}: it was made before the Region was configured"
    left = (dt.date(year, 1, 1) + expiry_days * _DAY - now.date()).days
    return Row(account, region, year, "".join(states), left, words, made, book.basis if isinstance(book, Book) else "", trouble)


def newest(news: Iterable[News]) -> dict[Unit, tuple[dt.datetime, Found]]:
    """What was found last of each unit, and when."""
    found: dict[Unit, tuple[dt.datetime, Found]] = {}
    for one in sorted(news, key=lambda one: one.made):
        found.update((item.unit, (one.made, item)) for item in one.found)
    return found


def worst_first(rows: Sequence[Row], most: int) -> list[tuple[Row, Day]]:
    """The late units that expire soonest, ``most`` at most."""
    late = ((row, day) for row in rows for day in row.late())
    return sorted(late, key=lambda one: (one[1].left, one[0].account, one[0].region))[:most]


def is_stale(row: Row, now: dt.datetime) -> bool:
    """Whether its document is older than one day and some hours."""
    return row.made is not None and now - row.made > STALE


def _known(marks: str, year: int, first: dt.date | None, until: dt.date, now: dt.datetime) -> str:
    """A year of marks: as the document has them, unseen where it should say something and does not, not due elsewhere."""
    days, begin = days_in(year), dt.date(year, 1, 1)
    over = _within((now.date() - begin).days, days)  # days that are over
    due = _within((first - begin).days, over) if first else 0  # the first one due
    said = marks[: _within((until - begin).days + 1, over)]
    before, after = said[:due].ljust(due, NOT_DUE), said[due:].replace(NOT_DUE, UNSEEN)
    return (before + after).ljust(over, UNSEEN).ljust(days, NOT_DUE)


def _not_late(states: list[str], year: int, now: dt.datetime) -> None:
    """Make what is not late yet pending: of the last days only."""
    for back in (1, 2, 3):
        day = now.date() - back * _DAY
        end = dt.datetime.combine(day + _DAY, dt.time(), dt.UTC)
        index = day.timetuple().tm_yday - 1
        if day.year == year and states[index] in _LATE and now - end <= MAX_AGE:
            states[index] = PENDING


def _within(number: int, most: int) -> int:
    return max(0, min(number, most))
