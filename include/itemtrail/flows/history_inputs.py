"""What a day's history is built from: committed events and stream records of one table, with their margins.

Decides: when a day can be built (every unit of the day is committed, and the stream is archived beyond the day's end) and when it
is complete (the next day's units are, too: CloudTrail delivers a day's last events on the next); which files count (only those
that a receipt names), and that a call logged in two accounts is one event. Refuses to build on less: what lacks is named. Events:
SQL by DuckDB over local copies, only the table's writes. Source: CloudTrail user guide, "How CloudTrail works" (delivery within
about 5 minutes, not guaranteed), DynamoDB developer guide, "Change data capture for DynamoDB Streams"; read 2026-11-24.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itemtrail.core import join_sides, layout, stream_schema
from itemtrail.core.join import margins
from itemtrail.core.receipt import OutputKind
from itemtrail.core.schema import SCHEMA, TIME
from itemtrail.errors import ConfigurationError
from itemtrail.flows import archive_stream_state, receipts
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.settings import Settings

_DAY = dt.timedelta(days=1)
_THREADS = 8
_MEMORY = "2GB"
Between = tuple[dt.datetime, dt.datetime]
COLUMNS = (
    "eventID", "eventName", "requestID", "errorCode", "sourceIPAddress", "userAgent", "requestParameters", "event_ts", "actor",
    "actor_source", "session_issuer", "source_identity", "table_arn", "item_keys", "operation_kind", "succeeded", "source_object",
    "record_index",
)  # fmt: skip
_SQL = """
SELECT {columns} FROM (
    SELECT *, row_number() OVER (PARTITION BY coalesce(sharedEventID, eventID, hex(record_sha256))
        ORDER BY recipientAccountId <> $account, source_object, record_index) AS copy
    FROM read_parquet($files)
    WHERE operation_kind IN ('write', 'unknown') AND event_ts >= $low AND event_ts < $high
      AND (table_arn = $table OR list_contains(list_transform(item_keys, lambda item: item.table_arn), $table)
           OR (item_keys IS NULL AND contains(resources, $quoted)))
) WHERE copy = 1
"""


@dataclass(frozen=True, slots=True)
class Sources:
    """Archive keys of both sides, and the units behind the events: (unit, receipts, SHA-256 of the last, its verdict)."""

    records: tuple[str, ...]
    events: tuple[str, ...]
    units: tuple[tuple[str, int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Both tables, margins included. ``key_types`` of the table's key as its stream tells them, None where it has no record."""

    records: pa.Table
    events: pa.Table
    key_types: dict[str, str] | None


def lacking(archive: ObjectStore, settings: Settings, table_arn: str, day: dt.date) -> tuple[str, ...]:
    """What must be archived before the table's history of ``day`` can be built; nothing means ready.

    Raises:
        ConfigurationError: the archive does not hold the table's account or Region.
    """
    lines = _not_archived(archive, settings, table_arn, day)
    end = _midnight(day + _DAY) + margins(settings.history.window_seconds)[1]
    covered = archive_stream_state.covered_until(archive, table_arn)
    if covered is None or covered < end:
        until = f"only until {covered:%Y-%m-%d %H:%M:%S}" if covered else "not at all"
        lines.append(f"the stream of {table_arn} is archived {until}, not until {end:%Y-%m-%d %H:%M:%S}")
    return tuple(lines)


def late(archive: ObjectStore, settings: Settings, table_arn: str, day: dt.date) -> tuple[str, ...]:
    """The next day's units that are not archived, and may bring events of the day's last minutes; nothing means complete."""
    return tuple(_not_archived(archive, settings, table_arn, day + _DAY))


def sources(archive: ObjectStore, settings: Settings, table_arn: str, day: dt.date) -> Sources:
    """What the day would be built from now: the same sources give the same history."""
    _, region = _owner(settings, table_arn)
    of_records, of_events = margins(settings.history.window_seconds)
    start, end = _midnight(day), _midnight(day + _DAY)
    records = tuple(
        key
        for each in _days(start - of_records, end + of_records)
        for key in archive_stream_state.records_files(archive, table_arn, each)
    )
    units, events = _committed(archive, settings, region, _days(start - of_events, end + of_events))
    return Sources(records, events, units)


def read(archive: ObjectStore, settings: Settings, table_arn: str, day: dt.date, sources: Sources, spool: Path) -> Inputs:
    """Records and events of the day and its margins. ``spool`` is a folder for copies.

    Of the records further away only those are kept that can say something of a logged write: those of keys that events name.
    """
    account, _ = _owner(settings, table_arn)
    of_records, of_events = margins(settings.history.window_seconds)
    start, end = _midnight(day), _midnight(day + _DAY)
    keys = (*sources.records, *sources.events)
    copies = dict(zip(keys, _copy(archive, keys, spool), strict=True))
    near = (start - of_events, end + of_events)
    events = _events([copies[key] for key in sources.events], account, table_arn, near, spool)
    files = [(key, copies[key]) for key in sources.records]
    types = next((found for _, path in files if (found := join_sides.key_types(_head(path)))), None)
    return Inputs(
        _records(files, (start - of_records, end + of_records), near, join_sides.event_keys(events, types or {})), events, types
    )


def _not_archived(archive: ObjectStore, settings: Settings, table_arn: str, day: dt.date) -> list[str]:
    _, region = _owner(settings, table_arn)
    lines = []
    for account in sorted({*settings.archive.accounts}):
        found = receipts.load(archive, Unit(account, region, day))
        if found.open_plan or not found.receipts:
            lines.append(f"{found.unit} is not archived")
    return lines


def _owner(settings: Settings, table_arn: str) -> tuple[str, str]:
    layout.table_folder(table_arn)
    _, _, _, region, account, _ = table_arn.split(":", 5)
    if region not in settings.archive.regions or account not in settings.archive.accounts:
        raise ConfigurationError(
            f"{table_arn} lies in {account}/{region}, which the archive does not hold.",
            advice="add its account to `archive.accounts` and its Region to `archive.regions`.",
        )
    return account, region


def _committed(
    archive: ObjectStore, settings: Settings, region: str, days: Sequence[dt.date]
) -> tuple[tuple[tuple[str, int, str, str], ...], tuple[str, ...]]:
    """The units that hold events of ``days``, and their Parquet files as receipts name them.

    An event is logged in the table's Region, in the caller's and in the owner's account: every account is looked at.
    """
    units: dict[Unit, tuple[str, int, str, str]] = {}
    files: list[str] = []
    for account in sorted({*settings.archive.accounts}):
        keys = [
            info.key
            for each in days
            for info in archive.list(f"{layout.EVENTS}{layout.account_region(account, region)}event_date={each}/")
        ]
        for delivered in sorted({key.rpartition("/")[2][:10] for key in keys}):
            unit = Unit(account, region, dt.date.fromisoformat(delivered))
            history = receipts.load(archive, unit)
            named = {o.key for receipt in history.receipts for o in receipt.outputs if o.kind is OutputKind.EVENTS}
            files += [key for key in keys if key in named]
            if history.receipts:
                last = history.receipts[-1]
                units[unit] = (str(unit), len(history.receipts), history.last_sha256 or "", str(last.verdict))
    return tuple(units[unit] for unit in sorted(units)), tuple(sorted(files))


def _copy(archive: ObjectStore, keys: Sequence[str], spool: Path) -> list[Path]:
    def one(numbered: tuple[int, str]) -> Path:
        path = spool / f"{numbered[0]:06d}.parquet"
        archive.download(numbered[1], path)
        return path

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="copy") as threads:
        return list(threads.map(one, enumerate(keys)))


def _records(files: Sequence[tuple[str, Path]], far: Between, near: Between, named: pa.Array) -> pa.Table:
    whole = stream_schema.SCHEMA.append(pa.field("stream_object", pa.string()))
    kept = []
    for key, path in files:
        table = _with_times(pq.read_table(path, columns=stream_schema.SCHEMA.names, partitioning=None), key)
        table = table.filter(pc.or_(_inside(table, near), pc.and_(_inside(table, far), pc.is_in(table["item_key"], named))))
        kept.append(table.append_column("stream_object", pa.repeat(key, table.num_rows)))
    return pa.concat_tables(kept) if kept else whole.empty_table()


def _with_times(records: pa.Table, key: str) -> pa.Table:
    """Records that do not say when they were created get the beginning of the day that they are filed under: none is left out."""
    filed = _midnight(dt.date.fromisoformat(key.rpartition("event_date=")[2][:10]))
    times = pc.fill_null(records["created"].cast(TIME), pa.scalar(filed, TIME))
    return records.set_column(records.schema.get_field_index("created"), "created", times).cast(stream_schema.SCHEMA)


def _head(path: Path) -> pa.Table:
    """The first row's key."""
    with pq.ParquetFile(path) as file:
        first = list(itertools.islice(file.iter_batches(1, columns=["keys"]), 1))
        return pa.Table.from_batches(first) if first else stream_schema.SCHEMA.empty_table()


def _inside(records: pa.Table, between: Between) -> pa.ChunkedArray:
    low, high = (pa.scalar(time, TIME) for time in between)
    return pc.and_(pc.greater_equal(records["created"], low), pc.less(records["created"], high))


def _events(paths: Sequence[Path], account: str, table_arn: str, between: Between, spool: Path) -> pa.Table:
    import duckdb

    shape = pa.schema([SCHEMA.field(name) for name in COLUMNS])
    if not paths:
        return shape.empty_table()
    sql = _SQL.format(columns=", ".join(f'"{name}"' for name in COLUMNS))
    values = {
        "files": [str(path) for path in paths],
        "account": account,
        "table": table_arn,
        "quoted": f'"{table_arn}"',
        "low": between[0],
        "high": between[1],
    }
    with duckdb.connect(":memory:", config={"memory_limit": _MEMORY, "temp_directory": str(spool)}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found: pa.Table = connection.sql(sql, params=values).to_arrow_table()
        return found.cast(shape)


def _days(low: dt.datetime, high: dt.datetime) -> list[dt.date]:
    """Days that ``[low, high)`` touches."""
    last = (high - dt.timedelta(microseconds=1)).date()
    return [low.date() + n * _DAY for n in range((last - low.date()).days + 1)]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
