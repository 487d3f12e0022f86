"""From what a hold is about to the commits that it holds: whole units and stream commits.

Decides: a unit belongs to a day that it was delivered on or that its events happened on, so that late deliveries are in; an
item's units and commits are those that its history names, and days without a history are held whole, which is said. Only versions
are listed, never what a bucket shows at first sight: who hides evidence by a delete marker hides nothing from here. Refuses an
item that its history does not know.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from itemtrail.core import layout
from itemtrail.core.hold import Scope, StreamCommit
from itemtrail.core.keys import parse_log_name
from itemtrail.errors import ConfigurationError
from itemtrail.flows.changes_store import each
from itemtrail.flows.hold_versions import Bucket, Found, stream_receipt, versions_of
from itemtrail.flows.timeline import history
from itemtrail.model import Unit

_DAY = dt.timedelta(days=1)
_READ_WITHIN = 2 * _DAY  # a stream record is archived within a day of its creation, or lost: one more for midnight


@dataclass(slots=True)
class _Wanted:
    """Units, commits and whole folders as they are gathered, and what to say."""

    units: set[Unit] = field(default_factory=set)
    streams: set[StreamCommit] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Days:
    """Days that count, both ends included."""

    first: dt.date
    last: dt.date

    def has(self, day: dt.date | None) -> bool:
        return day is not None and self.first <= day <= self.last


def find(bucket: Bucket, scope: Scope, *, today: dt.date, reads: bool = False) -> Found:
    """The commits of ``scope`` and every version of their objects, sorted.

    Args:
        bucket: the archive.
        scope: what the hold is about.
        today: until when a scope without an end goes now.
        reads: the trail records reads: who read an item is in no history, so its days are held whole.

    Raises:
        ConfigurationError: the table or the item is not one of the archive's. AccessDenied, SourceUnavailable.
    """
    wanted = _Wanted()
    last = scope.last or today
    if scope.key:
        _of_item(bucket, scope, wanted, last, reads=reads)
    elif scope.first is not None:
        _of_days(bucket, scope.places, scope.table, _Days(scope.first, last), wanted)
    return versions_of(bucket, sorted(wanted.units), sorted(wanted.streams), wanted.folders, wanted.notes)


def _of_item(bucket: Bucket, scope: Scope, wanted: _Wanted, last: dt.date, *, reads: bool) -> None:
    begin = dt.datetime.combine(scope.first, dt.time(), dt.UTC) if scope.first else None
    end = dt.datetime.combine(last + _DAY, dt.time(), dt.UTC) - dt.timedelta(microseconds=1)
    found = history(bucket.store, scope.table, scope.key, begin, end)
    if not found.rows:
        raise ConfigurationError(
            f"no change of {found.item_key} is in the history of {found.table_arn}"
            f"{', whose keys are stored as hashes' if found.hashed_keys else ''}.",
            advice="check the key with itemtrail history, build the days' history, or hold the days: leave out --key.",
        )
    for row in found.rows:
        _units([row["source_object"], *(candidate["source_object"] for candidate in row["candidates"])], wanted)
        number = layout.parse_stream_file(row["stream_object"] or "")
        if number is not None:
            wanted.streams.add(StreamCommit(found.table_arn, number))
    first = scope.first or found.built.days[0]
    if scope.first is None:
        wanted.notes.append(f"the item's history begins on {first}; give --from to hold days before it")
    missing = [first + n * _DAY for n in range((last - first).days + 1)] if reads else found.built.missing(first, last)
    if missing:
        why = "reads are recorded, and no history holds them" if reads else "no history is built of them"
        wanted.notes.append(f"{len(missing)} day(s) from {missing[0]} to {missing[-1]} are held whole: {why}")
    for span in _spans(missing):
        _of_days(bucket, scope.places, scope.table, span, wanted)
    wanted.notes += found.notes


def _units(sources: Iterable[str | None], wanted: _Wanted) -> None:
    for source in filter(None, sources):
        log = parse_log_name(source.rpartition("/")[2])
        if log is None:
            wanted.notes.append(f"{source} is not a log file's name: its unit is not known")
        else:
            wanted.units.add(Unit(log.account, log.region, log.day))


def _spans(days: Sequence[dt.date]) -> list[_Days]:
    spans: list[_Days] = []
    for day in days:
        if spans and spans[-1].last + _DAY == day:
            spans[-1] = _Days(spans[-1].first, day)
        else:
            spans.append(_Days(day, day))
    return spans


def _of_days(bucket: Bucket, places: Sequence[tuple[str, str]], table: str, days: _Days, wanted: _Wanted) -> None:
    """The units of ``days`` in ``places``, and the stream commits of ``table`` (of every table: "") there."""
    for units in each(lambda place: _units_of(bucket, place, days), places):
        wanted.units |= units
    for folders in each(lambda place: _event_history(bucket, place, days), places):
        wanted.folders |= folders
    tables = [table] if table else [arn for found in each(lambda place: _tables(bucket, place), places) for arn in found]
    for commits in each(lambda arn: _commits_of(bucket, arn, days), tables):
        wanted.streams |= commits


def _units_of(bucket: Bucket, place: tuple[str, str], days: _Days) -> set[Unit]:
    """Units delivered on one of ``days``, and those, however late, that brought events of them."""
    account, region = place
    folder = layout.account_region(account, region)
    roots = (layout.RECEIPTS, layout.ORIGINALS, layout.QUARANTINE)
    delivered = {day for root in roots for day in _named(bucket, f"{root}{folder}", "delivery_date") if days.has(day)}
    happened = [day for day in _named(bucket, f"{layout.EVENTS}{folder}", "event_date") if days.has(day)]
    keys = [one.key for day in happened for one in bucket.holds.versions(f"{layout.EVENTS}{folder}event_date={day}/")]
    late = {layout.parse_events_file(key) for key in keys}
    return {Unit(account, region, day) for day in late | delivered if day}


def _event_history(bucket: Bucket, place: tuple[str, str], days: _Days) -> set[str]:
    """Folders of the exported event history: there a unit is a day of events."""
    folder = layout.account_region(*place)
    roots = (layout.EVENT_HISTORY, layout.EVENT_HISTORY_PAGES, layout.EVENT_HISTORY_RECEIPTS)
    there = {day for root in roots for day in _named(bucket, f"{root}{folder}", "event_date") if days.has(day)}
    return {f"{root}{layout.event_day_folder(Unit(*place, day))}" for root in roots for day in there}


def _tables(bucket: Bucket, place: tuple[str, str]) -> list[str]:
    folder = layout.account_region(*place)
    names = bucket.holds.folders(f"{layout.STREAM_RECEIPTS}{folder}")
    return [arn for name in names if (arn := layout.table_of(f"{folder}{name}/"))]


def _commits_of(bucket: Bucket, table: str, days: _Days) -> set[StreamCommit]:
    """Commits with a record created on one of ``days``; of those that could read none, the ones of about then."""
    folder = layout.table_folder(table)
    there = [day for day in _named(bucket, f"{layout.STREAM_RECORDS}{folder}", "event_date") if days.has(day)]
    keys = [one.key for day in there for one in bucket.holds.versions(layout.stream_day_folder(table, day))]
    numbers = {number for key in keys if (number := layout.parse_stream_file(key)) is not None}
    unread = {layout.parse_stream_quarantine(one.key) for one in bucket.holds.versions(f"{layout.QUARANTINE}{folder}")}
    numbers |= {n for n in unread - numbers if n is not None and _about(bucket, table, n, days)}
    return {StreamCommit(table, number) for number in numbers}


def _about(bucket: Bucket, table: str, number: int, days: _Days) -> bool:
    made, _ = stream_receipt(bucket, table, number)
    if made is None:
        return True  # not known: rather held than lost
    seen = made.observed.date()
    return seen >= days.first and seen - _READ_WITHIN <= days.last


def _named(bucket: Bucket, prefix: str, name: str) -> list[dt.date]:
    found = []
    for folder in bucket.holds.folders(prefix):
        label, _, text = folder.partition("=")
        try:
            found += [dt.date.fromisoformat(text)] if label == name else []
        except ValueError:
            continue  # event_date=unknown: its unit is found by its delivery date
    return found
