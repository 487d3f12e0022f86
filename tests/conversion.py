"""Shared by the tests of the converter: run it over contents, look at what it wrote with DuckDB."""

import datetime as dt
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from itemtrail.core.columns import StructEngine
from itemtrail.core.convert import ConversionResult, Converter, Seen
from itemtrail.core.engines import fastest
from itemtrail.core.native_engine import NativeEngine
from itemtrail.core.records import Limits
from itemtrail.native import NATIVE

DAY = dt.date(2026, 11, 20)


def convert(
    folder: Path, objects: Iterable[tuple[str, bytes]], *, day: dt.date | None = DAY, limits: Limits | None = None
) -> ConversionResult:
    """One part, one commit. The compiled engine's bytes, where it is there, are held against the default one's in every test."""
    objects = list(objects)
    if NATIVE is not None:
        with tempfile.TemporaryDirectory() as beside:
            both(Path(beside), objects, day=day, limits=limits)
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
    return _part(folder, list(objects), seen, day, limits or Limits(), name, fastest)


def _part(
    folder: Path, objects: list[tuple[str, bytes]], seen: Seen, day: dt.date | None, limits: Limits, name: str, engine: Any
) -> ConversionResult:
    made = Converter(
        folder,
        account="111122223333",
        region="us-east-1",
        delivery_date=day,
        name=name,
        limits=limits,
        seen=seen,
        engine=engine,
    )
    with made as converter:
        for source, content in objects:
            converter.add(source, content)
        return converter.finish()


def both(folder: Path, objects: Iterable[tuple[str, bytes]], *, day: dt.date | None = DAY, limits: Limits | None = None) -> None:
    """Convert with each engine, below ``folder``; every byte and every word of the result must be equal."""
    content, made = list(objects), []
    for kind in (StructEngine, NativeEngine):
        out = folder / kind.__name__
        with Seen() as seen:
            result = _part(out, content, seen, day, limits or Limits(), "000-000", kind)
        files = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
        counts = (result.records_in, result.rows, result.bytes_in, result.duplicates, result.same_event_ids)
        made.append(
            (files, counts, [(one.source_object, one.record_index, one.reason, one.detail) for one in result.quarantined])
        )
    assert made[0][1:] == made[1][1:]
    assert made[0][0].keys() == made[1][0].keys()
    assert [name for name, data in made[0][0].items() if data != made[1][0][name]] == []


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
