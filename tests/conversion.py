"""Shared by the tests of the converter: run it over contents, look at what it wrote with DuckDB."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from itemtrail.core.convert import ConversionResult, Converter, Seen
from itemtrail.core.records import Limits

DAY = dt.date(2026, 11, 20)


def convert(
    folder: Path, objects: Iterable[tuple[str, bytes]], *, day: dt.date | None = DAY, limits: Limits | None = None
) -> ConversionResult:
    """One part, one commit."""
    with Seen() as seen:
        return convert_part(folder, objects, seen, day=day, limits=limits)


def convert_part(
    folder: Path,
    objects: Iterable[tuple[str, bytes]],
    seen: Seen,
    *,
    day: dt.date | None = DAY,
    limits: Limits | None = None,
    name: str = "000-000",
) -> ConversionResult:
    """One part of a commit that ``seen`` spans."""
    made = Converter(
        folder,
        account="111122223333",
        region="us-east-1",
        delivery_date=day,
        name=name,
        limits=limits or Limits(),
        seen=seen,
    )
    with made as converter:
        for source, content in objects:
            converter.add(source, content)
        return converter.finish()


def sql(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of ``query`` over the view ``events``; partition columns are strings."""
    with duckdb.connect(":memory:") as connection:
        files = f"{folder}/**/*.parquet"
        connection.execute(
            f"CREATE VIEW events AS SELECT * FROM read_parquet('{files}', hive_partitioning=true, hive_types_autocast=false)"
        )
        return connection.execute(query).fetchall()


def rows(folder: Path, columns: str = "*") -> list[dict[str, Any]]:
    """All rows in (source object, index) order, as dictionaries."""
    with duckdb.connect(":memory:") as connection:
        files = f"{folder}/**/*.parquet"
        found = connection.execute(
            f"SELECT {columns} FROM read_parquet('{files}', hive_partitioning=true, hive_types_autocast=false) "
            "ORDER BY source_object, record_index"
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
