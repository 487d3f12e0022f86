"""One item's history, its state at a time, and who changed what: questions to ``changes/``.

Decides: which files answer (a month's file as long as every day is still the one that went into it, else its days), and what is
known of an item at a time: the newest image until then, or what the next change found there. Refuses to guess: where neither is
there, the state is not known, and days that were never built are named. Reads by ranges, never whole months.
"""

import datetime as dt
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itemtrail.core import changes_files, dynamodb, item_key
from itemtrail.core.change_schema import SCHEMA
from itemtrail.errors import ConfigurationError
from itemtrail.model import ObjectInfo
from itemtrail.ports.data import ObjectStore

_DAY = dt.timedelta(days=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_END = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
_STREAM_ROW = ("INSERT", "MODIFY", "REMOVE")


@dataclass(frozen=True, slots=True)
class Span:
    """Changes from ``start`` on and before ``end`` (aware UTC)."""

    start: dt.datetime = _EPOCH
    end: dt.datetime = _END

    def holds_month(self, month: str) -> bool:
        """Whether the month's files may hold such changes; a change near midnight may lie in its neighbour's file."""
        first = dt.datetime.fromisoformat(f"{month}-01").replace(tzinfo=dt.UTC)
        return first - _DAY < self.end and first + 33 * _DAY > self.start


@dataclass(frozen=True, slots=True)
class History:
    """What was found: rows in order, and the days for which history is built."""

    table_arn: str
    rows: pa.Table
    days: tuple[dt.date, ...]

    @property
    def missing_days(self) -> tuple[dt.date, ...]:
        """Days between the first and the last built one for which there is nothing."""
        if not self.days:
            return ()
        built, count = set(self.days), (self.days[-1] - self.days[0]).days
        return tuple(day for n in range(count) if (day := self.days[0] + n * _DAY) not in built)


@dataclass(frozen=True, slots=True)
class ItemState:
    """An item at a time. ``image`` None: it was not there, if ``known``. ``row`` is the change that tells."""

    known: bool
    image: Mapping[str, Any] | None = None
    row: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


def tables(store: ObjectStore) -> tuple[str, ...]:
    """ARNs of the tables that have a history."""
    found = []
    for account in store.list_prefixes(changes_files.CHANGES):
        for region in store.list_prefixes(f"{changes_files.CHANGES}{account}/"):
            for name in store.list_prefixes(f"{changes_files.CHANGES}{account}/{region}/"):
                where, owner, table = (part.partition("=")[2] for part in (region, account, name))
                found.append(f"arn:{dynamodb.partition(where)}:dynamodb:{where}:{owner}:table/{table}")
    return tuple(sorted(found))


def resolve(store: ObjectStore, table: str) -> str:
    """The ARN of a table given by name or ARN.

    Raises:
        ConfigurationError: it has no history, or several tables have that name.
    """
    known = tables(store)
    found = [arn for arn in known if table in (arn, arn.rpartition("/")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(f"several tables are called {table}.", advice=f"give one ARN: {', '.join(found)}.")
    there = f"there is one for {', '.join(known)}" if known else "none is built: run itemtrail build-history"
    raise ConfigurationError(f"{table} has no history in {store.name}.", advice=f"{there}.")


def history(store: ObjectStore, table_arn: str, key: Mapping[str, str] | str, span: Span | None = None) -> History:
    """The changes of one item, oldest first.

    Args:
        store: the archive.
        table_arn: as ``resolve`` gives it.
        key: attribute names and values as a person types them, or the item key's text.
        span: which changes.

    Raises:
        ConfigurationError: the names are not those of the table's key.
    """
    months = _months(store, table_arn)
    wanted = span or Span()
    text = key if isinstance(key, str) else _key(store, table_arn, months, key)
    parts = [
        changes_files.of_item(file, text)
        for month, infos in months.items()
        if wanted.holds_month(month)
        for file in _files(store, infos)
    ]
    rows = changes_files.ordered(pa.concat_tables([SCHEMA.empty_table(), *parts]))
    return History(table_arn, _within(rows, wanted), _days(months))


def as_of(found: History, at: dt.datetime) -> ItemState:
    """The item at ``at``; ``found`` must hold its whole history."""
    rows = [row for row in found.rows.to_pylist() if row["operation"] in _STREAM_ROW]
    before = [row for row in rows if row["change_ts"] <= at]
    if before:
        last = before[-1]
        return ItemState(True, _image(last["new_image"]), last, _holes(found, last["change_ts"].date(), at.date()))
    if rows:
        first = rows[0]
        return ItemState(True, _image(first["old_image"]), first, "as the first change after that time found it")
    return ItemState(False, why="no change of this item is in the history")


def changes(
    store: ObjectStore, table_arns: Sequence[str], *, by: str = "", attribute: str = "", span: Span | None = None
) -> Iterator[dict[str, Any]]:
    """Changes by a principal or of an attribute, table by table and month by month.

    Args:
        store: the archive.
        table_arns: which tables.
        by: actor, source identity or session issuer: whole, or what follows its last slash; "" for anybody.
        attribute: name of a top-level attribute that changed; "" for any.
        span: which changes.
    """
    wanted = span or Span()
    for arn in table_arns:
        for month, infos in _months(store, arn).items():
            if not wanted.holds_month(month):
                continue
            parts = [
                _chosen(part, by, attribute, wanted) for file in _files(store, infos) for part in changes_files.batches(file)
            ]
            rows = pa.concat_tables([SCHEMA.empty_table(), *parts])
            yield from rows.sort_by([("change_ts", "ascending"), ("item_key", "ascending")]).to_pylist()


class RangeFile(io.RawIOBase):
    """An object as a file that is read by ranges."""

    def __init__(self, store: ObjectStore, info: ObjectInfo) -> None:
        super().__init__()
        self._store, self._info, self._at = store, info, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move there."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._info.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes."""
        left = max(0, self._info.size - self._at)
        length = left if size < 0 else min(size, left)
        data = self._store.read_range(self._info.key, self._at, length, version_id=self._info.version_id) if length else b""
        self._at += length
        return data


def _months(store: ObjectStore, table_arn: str) -> dict[str, list[ObjectInfo]]:
    """Files of changes by month, in order."""
    found: dict[str, list[ObjectInfo]] = {}
    for info in store.list(changes_files.table_prefix(table_arn)):
        day, month = changes_files.parse_day(info.key), changes_files.parse_month(info.key)
        if day or month:
            found.setdefault(month or f"{day:%Y-%m}", []).append(info)
    return found


def _files(store: ObjectStore, infos: Sequence[ObjectInfo]) -> Iterator[pq.ParquetFile]:
    """The files that together hold a month: its own, if no day is newer; else its days."""
    days = {day: info for info in infos if (day := changes_files.parse_day(info.key))}
    whole = next((info for info in infos if changes_files.parse_month(info.key)), None)
    if whole:
        file = _open(store, whole)
        if changes_files.days_in(file) == {day: info.etag for day, info in days.items()}:
            yield file
            return
    yield from (_open(store, info) for _, info in sorted(days.items()))


def _open(store: ObjectStore, info: ObjectInfo) -> pq.ParquetFile:
    return pq.ParquetFile(pa.PythonFile(RangeFile(store, info), mode="r"), pre_buffer=True)


def _days(months: Mapping[str, Sequence[ObjectInfo]]) -> tuple[dt.date, ...]:
    return tuple(sorted(day for infos in months.values() for info in infos if (day := changes_files.parse_day(info.key))))


def _key(store: ObjectStore, table_arn: str, months: Mapping[str, Sequence[ObjectInfo]], words: Mapping[str, str]) -> str:
    """The item key's text, its numbers spelled as the history spells them."""
    types = next(
        (found for infos in reversed(list(months.values())) for file in _files(store, infos) if (found := _types(file))), {}
    )
    if types and types.keys() != words.keys():
        raise ConfigurationError(
            f"the key of {table_arn} is {' and '.join(sorted(types))}, not {' and '.join(sorted(words))}.",
            advice="give every attribute of the key: " + " ".join(f"--key {name}=…" for name in sorted(types)),
        )
    return item_key.of_words(words, types)


def _types(file: pq.ParquetFile) -> dict[str, str]:
    """Names and types of the key's attributes, from the first row that shows them."""
    for part in changes_files.batches(file):
        for row in part.slice(0, 100).to_pylist():
            image = _image(row["new_image"] or row["old_image"])
            if image:
                return {name: next(iter(image.get(name) or {"S": ""})) for name in json.loads(row["item_key"])}
    return {}


def _within(rows: pa.Table, span: Span) -> pa.Table:
    times = rows["change_ts"]
    return rows.filter(pc.and_(pc.greater_equal(times, _scalar(span.start)), pc.less(times, _scalar(span.end))))


def _chosen(part: pa.Table, by: str, attribute: str, span: Span) -> pa.Table:
    part = _within(part, span)
    if by:
        names = [part[name] for name in ("actor", "source_identity", "session_issuer")]
        same = [pc.or_kleene(pc.equal(name, by), pc.ends_with(name, f"/{by}")) for name in names]
        part = part.filter(pc.fill_null(pc.or_kleene(pc.or_kleene(same[0], same[1]), same[2]), False))
    if attribute and part.num_rows:
        flags = [attribute in names for names in part["changed"].to_pylist()]
        part = part.filter(pa.array(flags, pa.bool_()))
    return part


def _scalar(moment: dt.datetime) -> pa.Scalar:
    return pa.scalar(moment, pa.timestamp("us", tz="UTC"))


def _image(text: str | None) -> dict[str, Any] | None:
    found = json.loads(text) if text else None
    return found if isinstance(found, dict) else None


def _holes(found: History, first: dt.date, last: dt.date) -> str:
    holes = [day for day in found.missing_days if first <= day <= last]
    after = f"history is built until {found.days[-1]} only" if found.days and last > found.days[-1] else ""
    missing = f"no history is built for {', '.join(map(str, holes[:3]))}" if holes else ""
    return "; ".join(filter(None, (missing, after)))
