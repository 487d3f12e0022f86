"""A question to cold storage: what is asked for, and between which keys it lies.

Decides: the keys of originals by delivery day, of events and stream records by event day, of a table's history by month (with a
day more at each end, as its readers take it), of what CloudTrail delivered by the folder's day (digests a day longer: the next
day's first digest proves the day's last logs); and the command that asks about one key. Refuses to list or read.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from itemtrail.core import keys, layout
from itemtrail.errors import ConfigurationError
from itemtrail.model import TrailRef, Unit

_DAY = dt.timedelta(days=1)
_PLACE = re.compile(r"account=(\d{12})/region=([a-z0-9-]+)/")
_DATE = re.compile(r"/(?:delivery_date|event_date)=(\d{4}-\d\d-\d\d)/")
_TABLE = re.compile(r"(account=\d{12}/region=[a-z0-9-]+/table_name=[A-Za-z0-9_.-]+/)")
_MONTH = re.compile(r"/month=(\d{4}-\d\d)/")
_DELIVERED = re.compile(r"AWSLogs/(?:o-[a-z0-9]+/)?(\d{12})/CloudTrail(?:-Digest)?/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)/")


class Kind(StrEnum):
    """What can be asked for; each but the last lies in the archive."""

    ORIGINALS = "originals"
    EVENTS = "events"
    STREAM_RECORDS = "stream_records"
    HISTORY = "history"
    DELIVERED = "delivered"  # in the trail bucket


OF_TABLES = (Kind.STREAM_RECORDS, Kind.HISTORY)


@dataclass(frozen=True, slots=True)
class Question:
    """What, of which days (both included), of which (account, Region) pairs, or of which tables (ARNs).

    ``units``: originals of exactly these, in place of days and pairs.
    """

    kinds: tuple[Kind, ...]
    first: dt.date
    last: dt.date
    places: tuple[tuple[str, str], ...] = ()
    tables: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()

    def __str__(self) -> str:
        days = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        if self.units:
            return f"{', '.join(self.kinds)} of {len(self.units)} units, {days}"
        of = [f"{account}/{region}" for account, region in self.places] if self.asks_places else []
        of += list(self.tables) if self.asks_tables else []
        return f"{', '.join(self.kinds)} of {days}: {', '.join(of)}"

    @property
    def asks_tables(self) -> bool:
        """Whether tables decide what is asked for."""
        return any(kind in OF_TABLES for kind in self.kinds)

    @property
    def asks_places(self) -> bool:
        """Whether accounts and Regions decide what is asked for."""
        return any(kind not in OF_TABLES for kind in self.kinds)

    @property
    def delivered(self) -> bool:
        """Whether it is asked of the trail bucket."""
        return Kind.DELIVERED in self.kinds


@dataclass(frozen=True, slots=True)
class Span:
    """Keys below ``prefix`` that go on with a text from ``first`` to ``last``, both included."""

    prefix: str
    first: str
    last: str

    @property
    def after(self) -> str:
        """The key after which a listing begins."""
        return self.prefix + self.first

    def is_past(self, key: str) -> bool:
        """Whether ``key`` and all that follow it lie behind the span."""
        return key[len(self.prefix) :][: len(self.last)] > self.last


def check(question: Question) -> None:
    """Refuse a question that asks for nothing, or of two buckets at once.

    Raises:
        ConfigurationError.
    """
    if not question.kinds:
        raise ConfigurationError("nothing is asked for.", advice=f"say what: {', '.join(Kind)}.")
    if question.first > question.last:
        raise ConfigurationError(f"{question.first} is after {question.last}.", advice="give the earlier day first.")
    if question.units and question.kinds != (Kind.ORIGINALS,):
        raise ConfigurationError("single units are asked for their originals.", advice="ask for `originals` alone, or for days.")
    if question.delivered and len(set(question.kinds)) > 1:
        raise ConfigurationError(
            "what was delivered lies in the trail bucket, the rest in the archive.", advice="ask for `delivered` alone."
        )
    if question.asks_tables and not question.tables:
        raise ConfigurationError(f"{', '.join(OF_TABLES)} are of tables.", advice="name them, or set `streams.tables`.")
    if question.asks_places and not (question.places or question.units):
        raise ConfigurationError("no account and Region is asked for.", advice="name ACCOUNT/REGION.")


def spans(question: Question, trail: TrailRef | None = None) -> tuple[Span, ...]:
    """Where the objects lie, in a bucket's order. ``trail`` is needed for what was delivered.

    Raises:
        ConfigurationError: a table is no table's ARN. ValueError: ``trail`` is missing.
    """
    found = {span for kind in set(question.kinds) for span in _of(kind, question, trail)}
    return tuple(sorted(found, key=lambda span: (span.prefix, span.first)))


def lacking(question: Question, keys: Iterable[str]) -> tuple[Unit, ...]:
    """Units whose originals are asked for and of which no original is among ``keys``, sorted; none where others are asked for."""
    if Kind.ORIGINALS not in question.kinds:
        return ()
    days = [question.first + n * _DAY for n in range((question.last - question.first).days + 1)]
    folders = {key.rpartition("/")[0] for key in keys}
    units = question.units or [Unit(*place, day) for place in question.places for day in days]
    return tuple(sorted(unit for unit in units if f"{layout.ORIGINALS}{layout.unit_folder(unit)}".rstrip("/") not in folders))


def units_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Unit, ...]:
    """Units of the logs that changes (as `itemtrail history --json` prints them) name as theirs, or of candidates; sorted."""
    objects = (one.get("source_object") for row in rows for one in (row, *(row.get("candidates") or ())))
    found = (_DELIVERED.search(key) for key in objects if isinstance(key, str))
    return tuple(sorted({Unit(one[1], one[2], dt.date(int(one[3]), int(one[4]), int(one[5]))) for one in found if one}))


def command_for(key: str) -> str:
    """The command line that plans the restore of what ``key`` belongs to; its general form where ``key`` says nothing."""
    delivered = _DELIVERED.search(key)
    if delivered:
        account, region, *numbers = delivered.groups()
        return f"itemtrail restore --plan --what delivered --day {'-'.join(numbers)} --unit {account}/{region}"
    kind = next((k for k in (layout.ORIGINALS, layout.EVENTS, layout.STREAM_RECORDS, layout.CHANGES) if k in key), "")
    date, month = _DATE.search(key), _MONTH.search(key)
    place, table = _PLACE.search(key), _TABLE.search(key)
    arn = layout.table_of(table[1]) if table else None
    if kind == layout.CHANGES and month and arn:
        return f"itemtrail restore --plan --what history --from {month[1]}-02 --to {month[1]}-27 --table {arn}"
    if kind == layout.STREAM_RECORDS and date and arn:
        return f"itemtrail restore --plan --what stream_records --day {date[1]} --table {arn}"
    if kind and date and place:
        return f"itemtrail restore --plan --what {kind.rstrip('/')} --day {date[1]} --unit {place[1]}/{place[2]}"
    return "itemtrail restore --plan"


def _of(kind: Kind, question: Question, trail: TrailRef | None) -> Iterator[Span]:
    first, last = question.first, question.last
    match kind:
        case Kind.ORIGINALS if question.units:
            for unit in question.units:
                yield Span(f"{layout.ORIGINALS}{layout.unit_folder(unit)}", "", "")
        case Kind.ORIGINALS | Kind.EVENTS:
            root, name = (layout.ORIGINALS, "delivery_date=") if kind is Kind.ORIGINALS else (layout.EVENTS, "event_date=")
            for place in question.places:
                yield Span(f"{root}{layout.account_region(*place)}{name}", str(first), str(last))
        case Kind.STREAM_RECORDS:
            for table in question.tables:
                prefix = f"{layout.STREAM_RECORDS}{layout.table_folder(table)}event_date="
                yield Span(prefix, str(first), str(last))
        case Kind.HISTORY:
            for table in question.tables:
                prefix = f"{layout.CHANGES}{layout.table_folder(table)}month="
                yield Span(prefix, f"{first - _DAY:%Y-%m}", f"{last + _DAY:%Y-%m}")
        case Kind.DELIVERED:
            if trail is None:
                raise ValueError("what was delivered is asked of a trail")
            for place in question.places:
                yield Span(keys.log_folder(trail, *place), f"{first:%Y/%m/%d}", f"{last:%Y/%m/%d}")
                yield Span(keys.digest_folder(trail, *place), f"{first:%Y/%m/%d}", f"{last + _DAY:%Y/%m/%d}")
