"""The files of ``changes/`` in an archive: which tables have a history, which files hold a time; one file opened by range reads.

Decides: a month's file stands for its days only while each of them is still the file that went into it (by ETag); otherwise, and
for days that came later, the days are read. Of a file its tail (where Parquet keeps the index) and the row groups that are asked
for are read, never the whole (docs/adr/0085). Refuses to choose between two tables of one name.
"""

import datetime as dt
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq

from itemtrail.core import changes_files, layout
from itemtrail.errors import ConfigurationError, EvidenceError
from itemtrail.model import ObjectInfo
from itemtrail.ports.data import DerivedStore, ObjectStore

_THREADS = 16
_TAIL = 512 << 10  # bytes that are read first: the index of some 100 row groups
_FEW_DAYS = 3  # so few days are read as days
_DAY = dt.timedelta(days=1)
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(slots=True)
class Source:
    """A file, and its index once that was read."""

    info: ObjectInfo
    index: pq.FileMetaData | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """What has to be read for a time, and which days of the table are built at all (sorted)."""

    files: tuple["Source", ...]
    days: tuple[dt.date, ...]


def tables(store: ObjectStore) -> tuple[str, ...]:
    """ARNs of all tables that have a history here, sorted."""
    accounts = [f"{changes_files.CHANGES}{name}/" for name in store.list_prefixes(changes_files.CHANGES)]
    regions = [prefix for below in each(_below(store), accounts) for prefix in below]
    names = [prefix for below in each(_below(store), regions) for prefix in below]
    return tuple(sorted(arn for prefix in names if (arn := layout.table_of(prefix.removeprefix(changes_files.CHANGES)))))


def find(store: ObjectStore, name: str) -> str:
    """The ARN of a table given by name or ARN.

    Raises:
        ConfigurationError: no history of such a table, or two tables of that name.
    """
    if name.startswith("arn:"):
        if not store.list_prefixes(changes_files.table_prefix(name)):
            raise _no_history(store, name, tables(store))
        return name
    there = tables(store)
    found = [arn for arn in there if arn.rpartition("/")[2] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(f"{name!r} is {len(found)} tables.", advice=f"give one of: {', '.join(found)}.")
    raise _no_history(store, name, there)


def files(store: ObjectStore, table_arn: str, first: dt.date | None = None, last: dt.date | None = None) -> Files:
    """The files that hold the changes of ``[first, last]``, in order of time.

    A row of a key that is written across midnight may lie in the file of the day before or after (``join``): one day more is read
    at each end.
    """
    low, high = first and first - _DAY, last and last + _DAY
    prefix = changes_files.table_prefix(table_arn)
    months = [name.removeprefix("month=") for name in store.list_prefixes(prefix) if name.startswith("month=")]
    listed = each(lambda month: list(store.list(changes_files.month_prefix(table_arn, month))), months)
    chosen = each(lambda infos: _of_month(store, infos, low, high), listed)
    days = sorted(day for infos in listed for info in infos if (day := changes_files.parse_day(info.key)))
    return Files(tuple(source for sources in chosen for source in sources), tuple(days))


@contextmanager
def opened(store: ObjectStore, source: Source) -> Iterator[pq.ParquetFile]:
    """One Parquet file, read by ranges.

    Raises:
        EvidenceError: it is not a Parquet file of changes.
    """
    try:
        file = pq.ParquetFile(_Ranges(store, source.info), metadata=source.index, pre_buffer=True)
    except (OSError, ValueError) as error:
        raise EvidenceError(
            f"{store.name}/{source.info.key} is not Parquet: {error}", advice="build its day again: it is derived."
        ) from error
    source.index = file.metadata
    with file:
        yield file


def compact_month(archive: DerivedStore, table_arn: str, month: str, *, spool: Path) -> bool:
    """Put a month's file together from its days; False where it already is of these days. ``month`` is YYYY-MM."""
    infos = list(archive.list(changes_files.month_prefix(table_arn, month)))
    days = {day: info for info in infos if (day := changes_files.parse_day(info.key))}
    month_file = _current(archive, infos)
    if not days or (month_file and month_file[1] == set(days)):
        return False
    with tempfile.TemporaryDirectory(prefix="month-", dir=spool) as folder:
        parts = {day: (Path(folder) / f"{day}.parquet", info.etag) for day, info in days.items()}
        each(lambda day: archive.download(days[day].key, parts[day][0], version_id=days[day].version_id), list(days))
        made = Path(folder) / "month.parquet"
        changes_files.compact(parts, made)
        archive.put(changes_files.month_key(table_arn, month), made)
    return True


def each(do: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    """``do`` of each item, in order, at the same time: what takes time is the way to S3."""
    if len(items) < 2:
        return [do(item) for item in items]
    with ThreadPoolExecutor(min(_THREADS, len(items)), thread_name_prefix="changes") as threads:
        return list(threads.map(do, items))


def _below(store: ObjectStore) -> Callable[[str], Iterable[str]]:
    return lambda prefix: [f"{prefix}{name}/" for name in store.list_prefixes(prefix)]


def _no_history(store: ObjectStore, name: str, there: Sequence[str]) -> ConfigurationError:
    if not there:
        return ConfigurationError(
            f"{store.name} holds no history of any table.", advice="build it: `itemtrail build-history --from D --to D`."
        )
    return ConfigurationError(
        f"{store.name} holds no history of {name!r}.", advice=f"give one of: {', '.join(there)}, or build its history."
    )


def _of_month(store: ObjectStore, infos: Sequence[ObjectInfo], low: dt.date | None, high: dt.date | None) -> list[Source]:
    """The month's file and the days that it lacks, or the days."""
    days = {day: info for info in infos if (day := changes_files.parse_day(info.key))}
    wanted = {day for day in days if (not low or day >= low) and (not high or day <= high)}
    month = _current(store, infos) if len(wanted) > _FEW_DAYS else None
    if month is None:
        return [Source(days[day]) for day in sorted(wanted)]
    source, inside = month
    return [source, *(Source(days[day]) for day in sorted(wanted - inside))]


def _current(store: ObjectStore, infos: Sequence[ObjectInfo]) -> tuple[Source, frozenset[dt.date]] | None:
    """The month's file and its days, if each of them is still what went into it."""
    month = next((info for info in infos if changes_files.parse_month(info.key)), None)
    if month is None:
        return None
    source = Source(month)
    with opened(store, source) as file:
        inside = changes_files.days_in(file)
    etags = {day: info.etag for info in infos if (day := changes_files.parse_day(info.key))}
    same = bool(inside) and all(etags.get(day) == etag for day, etag in inside.items())
    return (source, frozenset(inside)) if same else None


class _Ranges(io.RawIOBase):
    """An object as a file: the tail is read whole and kept, the rest as it is asked for."""

    def __init__(self, store: ObjectStore, info: ObjectInfo) -> None:
        super().__init__()
        self._store, self._info, self._at = store, info, 0
        self._from = max(0, info.size - _TAIL)
        self._tail: bytes | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._info.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes."""
        end = self._info.size if size < 0 else min(self._at + size, self._info.size)
        start, self._at = self._at, max(self._at, end)
        if start >= self._from:
            if self._tail is None:
                self._tail = self._range(self._from, self._info.size - self._from)
            return self._tail[start - self._from : end - self._from]
        return self._range(start, end - start)

    def _range(self, start: int, length: int) -> bytes:
        return self._store.read_range(self._info.key, start, length, version_id=self._info.version_id)
