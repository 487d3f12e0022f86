"""Coverage documents: what one account's units of one year were found to be, small enough to be shown at once.

Decides: the format (one character a day for each Region), and when a document is refused: not of its key's account and year, of
a length that the year has not, with a mark that nobody knows, made in the future, or with an answer for a day that was not over
when it was made. Refuses to say what is late: that changes with time, so the reader decides it (``coverage_calendar``).
Derived from receipts and the ledger, rebuilt at will; it proves nothing, and a unit's own page reads the receipts.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TypeVar

import msgspec

from itemtrail.core import layout
from itemtrail.errors import EvidenceError
from itemtrail.model import Unit

SCHEMA_VERSION = 1
MOST_BYTES = 4 << 20  # of a document: twenty Regions of a year, each day with its words, are a fifth of that
LONGEST = 300  # characters of a unit's words
_DAY = dt.timedelta(days=1)
_SKEW = dt.timedelta(minutes=10)  # that clocks may differ by
_T = TypeVar("_T")


class Mark(StrEnum):
    """What a unit was found to be."""

    PROVEN = "#"
    QUARANTINED = "q"  # proven, and something of it could not be read as records
    FINDINGS = "!"
    MISSING = "-"
    NOT_DUE = "."


@dataclass(frozen=True, slots=True)
class Found:
    """One unit as it was found. ``says``: what it lacks, in words."""

    unit: Unit
    mark: Mark
    says: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """A Region's year: a mark a day from 1 January on, and words of some days (ISO dates)."""

    marks: str
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Book:
    """One document. ``first``: since when units are due; ``until``: the last day it answers for; ``basis``: what it rests on."""

    account: str
    year: int
    made: dt.datetime
    first: dt.date
    until: dt.date
    basis: str
    trouble: str
    regions: Mapping[str, Strip]
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> bytes:
        """As it is stored."""
        return msgspec.json.encode(self, order="sorted")


@dataclass(frozen=True, slots=True)
class News:
    """What one run found of some units, after or before a document was made."""

    made: dt.datetime
    found: tuple[Found, ...]
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> bytes:
        """As it is stored."""
        return msgspec.json.encode(self, order="sorted")


def books(found: Iterable[Found], *, made: dt.datetime, first: dt.date, basis: str, trouble: str = "") -> tuple[Book, ...]:
    """A document for each account and year that ``found`` has units of. ``made``: aware UTC."""
    by_book = groupby(sorted(found, key=_place), key=lambda one: (one.unit.account, one.unit.day.year))
    until = made.date() - _DAY
    return tuple(
        Book(account, year, made, first, until, basis, trouble, _strips(list(some), year)) for (account, year), some in by_book
    )


def parse(data: bytes, *, key: str, now: dt.datetime) -> Book:
    """The document in ``data``; ``key`` is where it lay.

    Raises:
        EvidenceError: it is not one, or cannot be true.
    """
    book = _decode(data, Book, key)
    if layout.coverage_key(book.account, book.year) != key:
        raise _refused(key, f"it is of account {book.account} and {book.year}")
    _must_be_over(key, book.made, now)
    if book.until >= book.made.date():
        raise _refused(key, "it answers for a day that was not over when it was made")
    for region, strip in book.regions.items():
        if len(strip.marks) != days_in(book.year) or set(strip.marks) - set(Mark):
            raise _refused(key, f"the marks of {region!r} are not those of a year")
    return book


def parse_news(data: bytes, *, key: str, now: dt.datetime) -> News:
    """What a run found; units whose day was not over by then are left out.

    Raises:
        EvidenceError: it is not such a document, or was made in the future.
    """
    news = _decode(data, News, key)
    _must_be_over(key, news.made, now)
    return News(news.made, tuple(one for one in news.found if one.unit.day < news.made.date()))


def days_in(year: int) -> int:
    """365 or 366."""
    return (dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)).days


def _strips(found: list[Found], year: int) -> dict[str, Strip]:
    made = {}
    for region, some in groupby(found, key=lambda one: one.unit.region):
        marks, says = [str(Mark.NOT_DUE)] * days_in(year), {}
        for one in some:
            marks[one.unit.day.timetuple().tm_yday - 1] = str(one.mark)
            if one.says and one.mark is not Mark.MISSING:  # what is missing has no more to say
                says[str(one.unit.day)] = one.says[:LONGEST]
        made[region] = Strip("".join(marks), says)
    return made


def _place(one: Found) -> tuple[str, int, str, dt.date]:
    return one.unit.account, one.unit.day.year, one.unit.region, one.unit.day


def _decode(data: bytes, kind: type[_T], key: str) -> _T:
    if len(data) > MOST_BYTES:
        raise _refused(key, f"it has {len(data):,} bytes")
    try:
        found = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused(key, str(error)) from None
    if getattr(found, "schema_version", None) != SCHEMA_VERSION:
        raise _refused(key, "it is of another schema")
    return found


def _must_be_over(key: str, made: dt.datetime, now: dt.datetime) -> None:
    if made.tzinfo is None or made > now + _SKEW:
        raise _refused(key, f"it says that it was made at {made}")


def _refused(key: str, why: str) -> EvidenceError:
    advice = "run the DAG watch_deadline: it makes the document anew; look at who wrote below coverage/."
    return EvidenceError(f"{key} is not used: {why}.", advice=advice)
