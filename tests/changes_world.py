"""Rows of `changes/` for tests, as bytes in a store: days, months put together, and the truth to compare with."""

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.memory import MemoryStore

from itemtrail.core import changes_files
from itemtrail.core.change_schema import SCHEMA, Match

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employees"
_NOTHING: dict[str, Any] = {field.name: [] if pa.types.is_list(field.type) else None for field in SCHEMA}


def text(**key: str) -> str:
    """An item key's text."""
    return json.dumps(dict(sorted(key.items())), separators=(",", ":"))


def image(values: Mapping[str, str] | None) -> str | None:
    """An image of strings, and numbers where the value looks like one."""
    if values is None:
        return None
    return json.dumps({name: {"N" if value.lstrip("-").isdigit() else "S": value} for name, value in values.items()})


def change(at: dt.datetime, employee: str = "E-1", number: int | None = 1, **values: Any) -> dict[str, Any]:
    """A row with what every row has."""
    return _NOTHING | {
        "table_arn": TABLE,
        "item_key": text(EmpId=employee),
        "change_ts": at,
        "operation": "MODIFY",
        "match_confidence": Match.UNIQUE.value,
        "sequence_number": None if number is None else str(number),
        **values,
    }


def put_day(store: MemoryStore, day: dt.date, rows: Iterable[Mapping[str, Any]], table: str = TABLE) -> str:
    """Write a day's file; returns its key."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day"
        changes_files.write(pa.Table.from_pylist(list(rows), SCHEMA), path)
        key: str = changes_files.day_key(table, day)
        store.put(key, path)
    return key
