"""Coverage documents in an archive: written by who has just looked at every unit or at some, read by the pages.

Decides: one document an account and year, replaced whole by `watch_deadline` (one writer); what a run of `archive_trail` found
is an object of its own, so that runs at the same time never overwrite each other's. Reading is one listing and small objects,
never a receipt. A document that cannot be read, or cannot be true, is a sentence in its place: never a gap, never the whole page.
"""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from itemtrail.core import coverage_book, layout
from itemtrail.core.coverage_book import MOST_BYTES, Book, News
from itemtrail.core.coverage_calendar import Row, newest, row
from itemtrail.errors import EvidenceError, ItemtrailError, NotFound
from itemtrail.flows.coverage import Cell, found
from itemtrail.flows.receipts import UnitState
from itemtrail.model import ObjectInfo, Unit
from itemtrail.ports.data import DerivedStore, ObjectStore

MOST_NEWS = 200  # what runs found since, read for one page
_THREADS = 8
_MOST_KEPT = 256  # documents, of some 10 KB each
_kept: dict[tuple[object, ...], Book] = {}
_NAME = re.compile(r"(?P<year>\d{4})\.json")
_DAY = dt.timedelta(days=1)


def write(archive: DerivedStore, cells: Sequence[Cell], *, now: dt.datetime, first: dt.date, basis: str, trouble: str) -> int:
    """Replace the documents of every account and year of ``cells``; returns how many. Raises as ``put``."""
    seen = [coverage_book.Found(cell.unit, cell.mark, cell.line) for cell in cells]
    made = coverage_book.books(seen, made=now, first=first, basis=basis, trouble=trouble)
    for book in made:
        archive.put(layout.coverage_key(book.account, book.year), book.to_json(), content_type="application/json")
    return len(made)


def tell(
    archive: DerivedStore, day: dt.date, units: Collection[Unit], lacking: Iterable[UnitState], *, now: dt.datetime, name: str
) -> None:
    """Add what a run of ``day`` found of ``units``; ``name`` is the run's own. Raises as ``put``."""
    lacks = {state.unit: state for state in lacking}
    seen = tuple(found(unit, lacks.get(unit)) for unit in sorted({*units, *lacks}))
    key = layout.coverage_news_key(now.date(), day, name)
    archive.put(key, News(now, seen).to_json(), content_type="application/json")


@dataclass(frozen=True, slots=True)
class Year:
    """A page's rows, the years for which there are documents, and what was not read of what runs found."""

    rows: tuple[Row, ...]
    years: tuple[int, ...]
    news: int
    troubles: tuple[str, ...]


def year(archive: ObjectStore, year: int, places: Sequence[tuple[str, str]], *, now: dt.datetime, expiry_days: int) -> Year:
    """The rows of ``places`` (account, Region) in a year, in their order.

    Raises:
        AccessDenied, SourceUnavailable: the archive's listing could not be read: nothing is known. Of a single document the row
        says so.
    """
    accounts = sorted({account for account, _ in places})
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="coverage-page") as pool:
        listed = dict(zip(accounts, pool.map(lambda one: _documents(archive, one), accounts), strict=True))
        read = dict(zip(accounts, pool.map(lambda one: _book(archive, year, listed[one], now), accounts), strict=True))
        begun = pool.map(lambda one: _first(archive, listed[one], read[one], now), accounts)
        firsts = dict(zip(accounts, begun, strict=True))
        oldest = min((book.made for book in read.values() if isinstance(book, Book)), default=now - 3 * _DAY)
        news, troubles = _news(archive, oldest, now, pool)
    told = newest(news)
    rows = tuple(
        row(account, region, year, read[account], told, now=now, expiry_days=expiry_days, first=firsts[account])
        for account, region in places
    )
    years = sorted({one for known in listed.values() for one in known} | {now.year})
    return Year(rows, tuple(years), len(news), tuple(troubles))


def _documents(archive: ObjectStore, account: str) -> dict[int, ObjectInfo]:
    """Documents of an account by year."""
    folder = f"{layout.COVERAGE}account={account}/"
    names = ((info, _NAME.fullmatch(info.key[len(folder) :])) for info in archive.list(folder))
    return {int(name["year"]): info for info, name in names if name}


def _book(archive: ObjectStore, year: int, listed: dict[int, ObjectInfo], now: dt.datetime) -> Book | str:
    info = listed.get(year)
    if info is None:
        return "no coverage document yet: the DAG watch_deadline makes it, daily"
    if info.size > MOST_BYTES:
        return f"{info.key} is not used: it has {info.size:,} bytes"
    try:
        return _parsed(archive, info, now)
    except (EvidenceError, NotFound) as error:
        return error.message
    except ItemtrailError as error:
        return f"could not look: {error.message}"


def _parsed(archive: ObjectStore, info: ObjectInfo, now: dt.datetime) -> Book:
    """Parsed once for each version that the listing shows: a page's time is Airflow's."""
    name = (archive.name, info.key, info.etag, info.version_id, info.size, info.last_modified)
    if (found := _kept.get(name)) is None:
        found = coverage_book.parse(archive.read(info.key).body, key=info.key, now=now)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[name] = found
    return found


def _first(archive: ObjectStore, listed: dict[int, ObjectInfo], book: Book | str, now: dt.datetime) -> dt.date | None:
    """Since when units are due, where the year asked for has no document but another one has."""
    if isinstance(book, Book) or not listed:
        return None
    other = _book(archive, max(listed), listed, now)
    return other.first if isinstance(other, Book) else None


def _news(archive: ObjectStore, since: dt.datetime, now: dt.datetime, pool: ThreadPoolExecutor) -> tuple[list[News], list[str]]:
    """What runs found since the oldest document was made, the newest of it where there is too much."""
    after = f"{layout.COVERAGE_NEWS}date={min(since, now).date() - _DAY}"
    infos = [info for info in archive.list(layout.COVERAGE_NEWS, start_after=after) if info.size <= MOST_BYTES]
    infos.sort(key=lambda info: info.last_modified)
    skipped = len(infos) - MOST_NEWS
    troubles = [f"{skipped} more runs ended since: watch_deadline will show what they found"] if skipped > 0 else []
    found = []
    for one in pool.map(lambda info: _read_news(archive, info, now), infos[-MOST_NEWS:]):
        if isinstance(one, News):
            found.append(one)
        else:
            troubles.append(one)
    return found, troubles


def _read_news(archive: ObjectStore, info: ObjectInfo, now: dt.datetime) -> News | str:
    try:
        return coverage_book.parse_news(archive.read(info.key).body, key=info.key, now=now)
    except ItemtrailError as error:
        return error.message
