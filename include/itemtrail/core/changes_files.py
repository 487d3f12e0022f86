"""The Parquet files of ``changes/``: names, how they are written, how one item's rows are read, how a month is put together.

Decides: one file a day (derived: rewritten at will) and, once made, one a month that readers use instead of its days as long as
every day is still the one that went into it. Rows are sorted by (item key, time, sequence number) in small row groups, so that an
item is found by the row groups' bounds and little is read (docs/adr/0085). Refuses to hold a month in memory: a month is merged
key range by key range. Refuses a table of another schema.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itemtrail.core import layout
from itemtrail.core.change_schema import METADATA, SCHEMA

CHANGES = layout.CHANGES
ROW_GROUP_ROWS = 8192
_HIGHEST = chr(0x10FFFF)  # no key begins with it: keys' texts begin with a brace
_DAYS = b"itemtrail.days"
_RANGE_ROWS = 65_536  # rows that are merged at a time, about
_DAY_FILE = re.compile(r"/month=(\d{4}-\d\d)/day=(\d\d)\.parquet$")
_MONTH_FILE = re.compile(r"/month=(\d{4}-\d\d)/month\.parquet$")


def table_prefix(table_arn: str) -> str:
    """Where a table's changes lie, with a slash at its end."""
    return f"{CHANGES}{layout.table_folder(table_arn)}"


def month_prefix(table_arn: str, month: str) -> str:
    """Where a month's changes lie; ``month`` is YYYY-MM."""
    return f"{table_prefix(table_arn)}month={month}/"


def day_key(table_arn: str, day: dt.date) -> str:
    """Key of a day's changes."""
    return f"{month_prefix(table_arn, f'{day:%Y-%m}')}day={day:%d}.parquet"


def month_key(table_arn: str, month: str) -> str:
    """Key of a month's changes, put together."""
    return f"{month_prefix(table_arn, month)}month.parquet"


def parse_day(key: str) -> dt.date | None:
    """The day of a day's file, None for any other key."""
    match = _DAY_FILE.search(key)
    return dt.date.fromisoformat(f"{match[1]}-{match[2]}") if match and key.startswith(CHANGES) else None


def parse_month(key: str) -> str | None:
    """The month of a month's file, None for any other key."""
    match = _MONTH_FILE.search(key)
    return match[1] if match and key.startswith(CHANGES) else None


def write(table: pa.Table, path: Path) -> None:
    """Write one day's changes.

    Raises:
        ValueError: the table has other columns than ``change_schema.SCHEMA``.
    """
    with _writer(path, {}) as writer:
        writer.write_table(ordered(table), row_group_size=ROW_GROUP_ROWS)


def compact(days: Mapping[dt.date, tuple[Path, str]], path: Path) -> None:
    """Merge a month's days into ``path``. ``days``: each day's file as a local copy, and its ETag, by which it is known again."""
    tags = {day.isoformat(): etag for day, (_, etag) in sorted(days.items())}
    files = [pq.ParquetFile(source) for _, (source, _) in sorted(days.items())]
    try:
        with _writer(path, {_DAYS: json.dumps(tags).encode()}) as writer:
            for part in _merged(files):
                writer.write_table(part, row_group_size=ROW_GROUP_ROWS)
    finally:
        for file in files:
            file.close()


def days_in(file: pq.ParquetFile) -> dict[dt.date, str]:
    """The days that went into a month's file, each with the ETag that its file had."""
    found = (file.schema_arrow.metadata or {}).get(_DAYS)
    return {dt.date.fromisoformat(day): str(etag) for day, etag in json.loads(found).items()} if found else {}


def of_item(file: pq.ParquetFile, item_key: str) -> pa.Table:
    """The rows of one item, in order: only row groups whose bounds admit the key are read."""
    groups = [number for number, (low, high) in enumerate(_bounds(file)) if low <= item_key <= high]
    found = file.read_row_groups(groups, use_threads=False) if groups else SCHEMA.empty_table()
    return _typed(found.filter(pc.equal(found["item_key"], item_key)))


def row_group(file: pq.ParquetFile, number: int) -> pa.Table:
    """The rows of one row group."""
    return _typed(file.read_row_group(number, use_threads=False))


def highest_key(file: pq.ParquetFile) -> str:
    """One item key that is in the file (empty: none is), from its index alone."""
    return max((high for _, high in _bounds(file)), default="")


def key_types(file: pq.ParquetFile, names: Sequence[str]) -> dict[str, str]:
    """Types of the key attributes ``names``, by the first image that has them all; empty where no image does."""
    for number in range(file.num_row_groups):
        part = file.read_row_group(number, columns=["new_image", "old_image"], use_threads=False)
        for texts in part.to_pylist():
            image = json.loads(texts["new_image"] or texts["old_image"] or "{}")
            if all(name in image for name in names):
                return {name: next(iter(image[name])) for name in names}
    return {}


def ordered(table: pa.Table) -> pa.Table:
    """``table`` in the files' order and with their schema.

    Raises:
        ValueError: other columns.
    """
    if table.schema.names != SCHEMA.names:
        raise ValueError(f"columns are {table.schema.names}")
    number = pc.utf8_lpad(pc.fill_null(table["sequence_number"], ""), width=40, padding="0")
    keyed = pa.table({"k": table["item_key"], "t": table["change_ts"], "n": number, "e": pc.fill_null(table["event_id"], "")})
    order = pc.sort_indices(keyed, sort_keys=[(name, "ascending") for name in "ktne"])
    return _typed(table.take(order))


def _typed(table: pa.Table) -> pa.Table:
    return table.cast(SCHEMA)


def _writer(path: Path, metadata: Mapping[bytes, bytes]) -> pq.ParquetWriter:
    schema = SCHEMA.with_metadata({name.encode(): value.encode() for name, value in METADATA.items()} | dict(metadata))
    plain = {"old_image", "new_image", "diff", "request_id", "event_id", "stream_event_id", "sequence_number", "item_key"}
    leaves = [name for name in SCHEMA.names if name not in plain and not pa.types.is_nested(SCHEMA.field(name).type)]
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        compression_level=1,
        use_dictionary=leaves,
        write_statistics=["item_key", "change_ts", "actor", "match_confidence"],
        store_schema=True,
    )


def _bounds(file: pq.ParquetFile) -> list[tuple[str, str]]:
    """Lowest and highest item key of each row group."""
    metadata, column = file.metadata, SCHEMA.get_field_index("item_key")
    found = []
    for number in range(metadata.num_row_groups):
        statistics = metadata.row_group(number).column(column).statistics
        found.append((statistics.min, statistics.max) if statistics else ("", ""))  # none where there are no rows
    return found


def _merged(files: Sequence[pq.ParquetFile]) -> Iterator[pa.Table]:
    """All rows in order, by ranges of keys that no file's later row groups reach into."""
    queues = [_Queue(file) for file in files]
    highs = sorted(high for queue in queues for _, high in queue.bounds)
    step = max(1, _RANGE_ROWS // ROW_GROUP_ROWS)
    for high in [*highs[step - 1 :: step], *highs[-1:]]:
        parts = [part for queue in queues for part in queue.until(high)]
        if parts:
            yield ordered(pa.concat_tables(parts))


class _Queue:
    """One sorted file, read only as far as it is needed."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._file, self._next, self.bounds = file, 0, _bounds(file)
        self._rest: Any = None

    def until(self, high: str) -> Iterator[pa.Table]:
        """The rows not given yet whose key is at most ``high``."""
        if self._rest is not None:
            yield from self._cut(self._rest, high)
        while self._rest is None and self._next < len(self.bounds) and self.bounds[self._next][0] <= high:
            table = _typed(self._file.read_row_group(self._next))
            self._next += 1
            yield from self._cut(table, high)

    def _cut(self, table: pa.Table, high: str) -> Iterator[pa.Table]:
        inside = pc.sum(pc.less_equal(table["item_key"], high)).as_py() or 0
        self._rest = table.slice(inside) if inside < table.num_rows else None
        if inside:
            yield table.slice(0, inside)
