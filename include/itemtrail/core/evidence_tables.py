"""Rows of an evidence pack as CSV and Parquet: the same rows give the same bytes.

Decides: in CSV nothing can run. A cell that a spreadsheet would take for a formula begins with an apostrophe, and what is not
printable is shown as its number; the Parquet file has the values as they are. Refuses nothing: every text is a cell.
Source: OWASP, "CSV Injection", read 2026-11-24.
"""

import csv
import datetime as dt
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itemtrail.core.visible import visible

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")


def csv_bytes(table: pa.Table) -> bytes:
    """The table as CSV in UTF-8: every cell quoted, lines end in CRLF; lists and structs as JSON, bytes as hex, ISO times."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([_safe(name) for name in table.schema.names])
    for batch in table.to_batches(max_chunksize=1024):
        writer.writerows([_safe(_cell(value)) for value in row.values()] for row in batch.to_pylist())
    return text.getvalue().encode("utf-8", "backslashreplace")


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as one Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, version="2.6", compression="zstd", compression_level=1)
    return sink.getvalue()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case dt.datetime():
            return value.isoformat().replace("+00:00", "Z")
        case bytes():
            return value.hex()
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=_cell, separators=(",", ":"))
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _safe(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
