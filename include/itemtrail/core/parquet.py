"""The Parquet files of one part: one per event date, written row group by row group, then hashed.

Decides: names, and how many files may be open. Refuses to hold tables: what is given is written.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from itemtrail.core.schema import METADATA, WRITTEN, writer_options

_MOST_OPEN = 100


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file as written. ``relative_key`` is its key below ``events/account=…/region=…/``; ``sha256`` in hex."""

    path: Path
    relative_key: str
    rows: int
    size: int
    sha256: str


class _Reopened:
    """A file opened for each write: for the event dates beyond those that may stay open."""

    def __init__(self, path: Path) -> None:
        self._path, self._size, self.closed = path, 0, False
        path.write_bytes(b"")

    def write(self, data: Any) -> int:
        with self._path.open("ab") as file:
            written = file.write(data)
        self._size += written
        return written

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Every write is flushed."""

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


class Writers:
    """``event_date=E/<file name>`` for as many event dates as come."""

    def __init__(self, directory: Path, file_name: str, marks: Mapping[str, str]) -> None:
        self._directory, self._file_name, self._marks = directory, file_name, dict(marks)
        self._open: dict[str, tuple[Path, Any, int]] = {}

    def write(self, day: str, table: Any) -> None:
        """Append ``table`` as one row group to the day's file."""
        if day not in self._open:
            path = self._directory / f"event_date={day}" / self._file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            sink = _Reopened(path) if len(self._open) >= _MOST_OPEN else str(path)
            writer = pq.ParquetWriter(sink, WRITTEN, **writer_options(table.num_rows))
            writer.add_key_value_metadata(METADATA | self._marks)
            self._open[day] = (path, writer, 0)
        path, writer, rows = self._open[day]
        writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._open[day] = (path, writer, rows + table.num_rows)

    def finish(self) -> tuple[ParquetFile, ...]:
        """Close all; the files in the order of their dates."""
        self.close()
        return tuple(self._file(day, *self._open[day]) for day in sorted(self._open))

    def close(self) -> None:
        """Close all files."""
        for _, writer, _ in self._open.values():
            writer.close()

    def _file(self, day: str, path: Path, _: Any, rows: int) -> ParquetFile:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ParquetFile(path, f"event_date={day}/{self._file_name}", rows, path.stat().st_size, digest)
