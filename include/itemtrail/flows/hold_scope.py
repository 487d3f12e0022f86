"""From what a hold is about to the object versions it holds: whole units and stream commits, every version of their objects.

Decides: a unit belongs to a day that it was delivered on or that its events happened on, so that late deliveries are in; an
item's units and commits are those that its history names, and days without a history are held whole, which is said. Of a unit
everything is held: plans, receipts, originals, events, quarantine, and the public keys that its receipts lean on. Derived files
(``changes/``) are not: they are rebuilt from what is held. Refuses to pass over an unreadable receipt in silence.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from itemtrail.core import layout
from itemtrail.core.hold import Held, Scope, StreamCommit
from itemtrail.core.keys import parse_log_name
from itemtrail.core.stream_plan import StreamReceipt
from itemtrail.errors import EvidenceError, NotFound
from itemtrail.flows.archive_stream_state import read_receipt
from itemtrail.flows.changes_store import each
from itemtrail.flows.receipts import load
from itemtrail.flows.timeline import history
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.ports.holds import LegalHolds, ObjectVersion

_DAY = dt.timedelta(days=1)
_READ_WITHIN = 2 * _DAY  # a stream record is archived within a day of its creation, or lost: one more for midnight


@dataclass(frozen=True, slots=True)
class Found:
    """What a scope comes to now. ``gone``: keys that receipts name, without any version; ``notes``: what a reader must know."""

    units: tuple[Unit, ...]
    streams: tuple[StreamCommit, ...]
    objects: tuple[Held, ...]
    gone: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Wanted:
    """Units and commits as they are gathered, and what to say."""

    units: set[Unit] = field(default_factory=set)
    streams: set[StreamCommit] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)  # held whole beside the units
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Days:
    """Days that count, both ends included."""

    first: dt.date
    last: dt.date

    def has(self, day: dt.date | None) -> bool:
        return day is not None and self.first <= day <= self.last


def find(store: ObjectStore, holds: LegalHolds, scope: Scope, *, today: dt.date, reads: bool = False) -> Found:
    """The commits of ``scope`` and every version of their objects, sorted.

    Args:
        store: the archive.
        holds: the same bucket's versions.
        scope: what the hold is about.
        today: until when a scope without an end goes now.
        reads: the trail records reads: who read an item is in no history, so its days are held whole.

    Raises:
        ConfigurationError: the table or the item's key is not one of the archive's. AccessDenied, SourceUnavailable.
    """
    wanted = _Wanted()
    last = scope.last or today
    if scope.key:
        _of_item(store, scope, wanted, last, reads=reads)
    elif scope.first is not None:
        _of_days(store, scope.places, scope.table, _Days(scope.first, last), wanted)
    return _versions(store, holds, wanted)


def _of_item(store: ObjectStore, scope: Scope, wanted: _Wanted, last: dt.date, *, reads: bool) -> None:
    begin = dt.datetime.combine(scope.first, dt.time(), dt.UTC) if scope.first else None
    end = dt.datetime.combine(last + _DAY, dt.time(), dt.UTC) - dt.timedelta(microseconds=1)
    found = history(store, scope.table, scope.key, begin, end)
    places = ((found.table_arn.split(":")[4], found.table_arn.split(":")[3]),)
    for row in found.rows:
        sources = [row["source_object"], *(candidate["source_object"] for candidate in row["candidates"])]
        _units(sources, wanted)
        number = layout.parse_stream_file(row["stream_object"] or "")
        if number is not None:
            wanted.streams.add(StreamCommit(found.table_arn, number))
    first = scope.first or (found.built.days[0] if found.built.days else last)
    if scope.first is None:
        wanted.notes.append(f"the item's history begins on {first}; give --from to hold days before it")
    missing = [first + n * _DAY for n in range((last - first).days + 1)] if reads else found.built.missing(first, last)
    if missing:
        why = "reads are recorded, and no history holds them" if reads else "no history is built of them"
        wanted.notes.append(f"{len(missing)} day(s) from {missing[0]} to {missing[-1]} are held whole: {why}")
    for span in _spans(missing):
        _of_days(store, places, scope.table, span, wanted)
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


def _of_days(store: ObjectStore, places: Sequence[tuple[str, str]], table: str, days: _Days, wanted: _Wanted) -> None:
    """The units of ``days`` in ``places``, and the stream commits of ``table`` (of every table: "") there."""
    for units in each(lambda place: _units_of(store, place, days), places):
        wanted.units |= units
    for folders in each(lambda place: _event_history(store, place, days), places):
        wanted.folders |= folders
    tables = [table] if table else [arn for found in each(lambda place: _tables(store, place), places) for arn in found]
    for commits in each(lambda arn: _commits_of(store, arn, days), tables):
        wanted.streams |= commits


def _units_of(store: ObjectStore, place: tuple[str, str], days: _Days) -> set[Unit]:
    """Units delivered on one of ``days``, and those, however late, that brought events of them."""
    account, region = place
    folder = layout.account_region(account, region)
    roots = (layout.RECEIPTS, layout.ORIGINALS, layout.QUARANTINE)
    delivered = {day for root in roots for day in _named(store, f"{root}{folder}", "delivery_date")}
    happened = [day for day in _named(store, f"{layout.EVENTS}{folder}", "event_date") if days.has(day)]
    late = {
        layout.parse_events_file(info.key) for day in happened for info in store.list(f"{layout.EVENTS}{folder}event_date={day}/")
    }
    return {Unit(account, region, day) for day in late | {day for day in delivered if days.has(day)} if day}


def _event_history(store: ObjectStore, place: tuple[str, str], days: _Days) -> set[str]:
    """Folders of the exported event history: there a unit is a day of events."""
    folder = layout.account_region(*place)
    roots = (layout.EVENT_HISTORY, layout.EVENT_HISTORY_PAGES, layout.EVENT_HISTORY_RECEIPTS)
    there = {day for root in roots for day in _named(store, f"{root}{folder}", "event_date") if days.has(day)}
    return {f"{root}{layout.event_day_folder(Unit(*place, day))}" for root in roots for day in there}


def _tables(store: ObjectStore, place: tuple[str, str]) -> list[str]:
    folder = f"{layout.STREAM_RECEIPTS}{layout.account_region(*place)}"
    names = store.list_prefixes(folder)
    return [arn for name in names if (arn := layout.table_of(f"{layout.account_region(*place)}{name}/"))]


def _commits_of(store: ObjectStore, table: str, days: _Days) -> set[StreamCommit]:
    """Commits with a record created on one of ``days``; of those that could read none, the ones of about then."""
    folder = layout.table_folder(table)
    there = [day for day in _named(store, f"{layout.STREAM_RECORDS}{folder}", "event_date") if days.has(day)]
    files = [info.key for day in there for info in store.list(layout.stream_day_folder(table, day))]
    numbers = {number for key in files if (number := layout.parse_stream_file(key)) is not None}
    for info in store.list(f"{layout.QUARANTINE}{folder}"):
        number = layout.parse_stream_quarantine(info.key)
        if number is not None and number not in numbers and _about(store, table, number, days):
            numbers.add(number)
    return {StreamCommit(table, number) for number in numbers}


def _about(store: ObjectStore, table: str, number: int, days: _Days) -> bool:
    try:
        seen = read_receipt(store, table, number).observed.date()
    except (NotFound, EvidenceError):
        return True  # not known: rather held than lost
    return seen >= days.first and seen - _READ_WITHIN <= days.last


def _named(store: ObjectStore, prefix: str, name: str) -> list[dt.date]:
    found = []
    for folder in store.list_prefixes(prefix):
        label, _, text = folder.partition("=")
        try:
            found += [dt.date.fromisoformat(text)] if label == name else []
        except ValueError:
            continue  # event_date=unknown: its unit is found by its delivery date
    return found


@dataclass(slots=True)
class _Keys:
    """Prefixes of which everything is held, keys that are held, and those of both that a receipt promises."""

    whole: set[str] = field(default_factory=set)
    exact: set[str] = field(default_factory=set)
    promised: set[str] = field(default_factory=set)


def _versions(store: ObjectStore, holds: LegalHolds, wanted: _Wanted) -> Found:
    units, streams = sorted(wanted.units), sorted(wanted.streams)
    keys = _Keys(whole=set(wanted.folders))
    for found, note in each(lambda unit: _keys_of_unit(store, unit), units):
        _add(keys, found, note, wanted)
    for found, note in each(lambda commit: _keys_of_commit(store, commit), streams):
        _add(keys, found, note, wanted)
    folders = sorted(keys.whole | {f"{key.rpartition('/')[0]}/" for key in keys.exact})
    listed = each(lambda folder: list(holds.versions(folder)), folders)
    kept = {v for folder, vs in zip(folders, listed, strict=True) for v in vs if folder in keys.whole or v.key in keys.exact}
    there = {version.key for version in kept}
    _tell_hidden(kept, wanted)
    objects = tuple(sorted({Held(version.key, version.version_id) for version in kept}))
    gone = tuple(sorted(keys.promised - there))
    return Found(tuple(units), tuple(streams), objects, gone, tuple(dict.fromkeys(wanted.notes)))


def _add(keys: _Keys, found: _Keys, note: str, wanted: _Wanted) -> None:
    keys.whole |= found.whole
    keys.exact |= found.exact
    keys.promised |= found.promised
    wanted.notes += [note] if note else []


def _tell_hidden(kept: set[ObjectVersion], wanted: _Wanted) -> None:
    hidden = sorted({v.key for v in kept} - {v.key for v in kept if v.latest})
    if hidden:
        wanted.notes.append(
            f"{len(hidden)} object(s) are hidden by a delete marker, such as {hidden[0]}; their versions are held"
        )


def _keys_of_unit(store: ObjectStore, unit: Unit) -> tuple[_Keys, str]:
    folder = layout.unit_folder(unit)
    found = _Keys(whole={f"{root}{folder}" for root in (layout.RECEIPTS, layout.ORIGINALS, layout.QUARANTINE)})
    try:
        past = load(store, unit)
    except EvidenceError as error:
        _unread_events(store, unit, found)
        return found, f"{unit}: its receipts cannot be read ({error.message}); events of its days are held by their names"
    for receipt in past.receipts:
        outputs = {output.key for output in receipt.outputs}
        found.promised |= outputs | {layout.receipt_key(unit, receipt.number)}
        found.exact |= {*outputs, *receipt.keys}
        found.promised |= set(receipt.keys)
    if past.open_plan is None:
        return found, ""
    _unread_events(store, unit, found)
    return found, f"{unit}: commit {past.next_number} is planned and not finished; refresh the hold once it is"


def _unread_events(store: ObjectStore, unit: Unit, found: _Keys) -> None:
    """Event files of the unit by their names, of every event date that is there: no receipt says which there are."""
    folder = f"{layout.EVENTS}{layout.account_region(unit.account, unit.region)}"
    for name in store.list_prefixes(folder):
        start = f"{folder}{name}/{unit.day}."
        found.exact |= {info.key for info in store.list(start)}


def _keys_of_commit(store: ObjectStore, commit: StreamCommit) -> tuple[_Keys, str]:
    table, number = commit.table_arn, commit.number
    plan, receipt = layout.stream_plan_key(table, number), layout.stream_receipt_key(table, number)
    found = _Keys(exact={plan, receipt})
    try:
        made: StreamReceipt = read_receipt(store, table, number)
    except NotFound:
        return found, f"{table}: commit {number} has no receipt yet; refresh the hold once it has"
    except EvidenceError as error:
        return found, f"{table}: receipt {number} cannot be read ({error.message})"
    outputs = {output.key for output in made.outputs}
    found.exact |= outputs
    found.promised |= {*outputs, receipt}
    return found, ""
