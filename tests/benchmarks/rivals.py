"""The same work by other tools: gzip log files → one Parquet file with a row a record. No hash, no proof, no derived columns.

Each returns the Parquet file's path; ``kept`` counts how many records can be made again from it, as JSON values: numbers by their
text, names in any order, null like absent. That is less than byte for byte, which only itemtrail aims at.
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from itemtrail.core.schema import FIELDS, TEXT

_OBJECT_BYTES = 64 << 20  # DuckDB refuses larger documents than this


def duckdb_direct(source: Path, out: Path) -> Path:
    """``read_json`` with explicit columns on the files as they lie, one COPY."""
    fields = ", ".join(f'"{name}" {"VARCHAR" if name in TEXT else "JSON"}' for name in FIELDS)
    quoted = ", ".join(f'r."{name}"' for name in FIELDS)
    columns = f"columns={{Records: 'STRUCT({fields})[]'}}"
    read = f"read_json('{source}/*.json.gz', {columns}, maximum_object_size={_OBJECT_BYTES}, filename=true)"
    return _duckdb(f"SELECT {quoted}, filename FROM (SELECT unnest(Records) AS r, filename FROM {read})", out)


def duckdb_split(source: Path, out: Path) -> Path:
    """Records split by msgspec into newline-delimited JSON, then ``read_json`` with explicit columns."""
    lines = out / "records.ndjson"
    with lines.open("wb") as file:
        for _, records in _split(source):
            file.writelines(record + b"\n" for record in records)
    fields = ", ".join(f"{name}: '{'VARCHAR' if name in TEXT else 'JSON'}'" for name in FIELDS)
    read = f"read_json('{lines}', columns={{{fields}}}, format='newline_delimited', maximum_object_size={_OBJECT_BYTES})"
    made = _duckdb(f"SELECT * FROM {read}", out)
    lines.unlink()
    return made


def polars_paths(source: Path, out: Path) -> Path:
    """Records split by msgspec, one text column, a JSON path per field: Polars' reader of JSON refuses such records."""
    import polars as pl

    made = []
    for _, records in _split(source):
        texts = pl.Series("record", [record.decode() for record in records])
        made.append(pl.select(texts).select(pl.col("record").str.json_path_match(f"$.{name}").alias(name) for name in FIELDS))
    path = out / "out.parquet"
    pl.concat(made).write_parquet(path, compression="zstd", compression_level=1)
    return path


def orjson_rows(source: Path, out: Path) -> Path:
    """orjson to Python objects, nested values written again, ``pyarrow.Table.from_pylist``."""
    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, path = pa.schema([(name, pa.string()) for name in FIELDS]), out / "out.parquet"
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        for file in sorted(source.glob("*.json.gz")):
            records = orjson.loads(gzip.decompress(file.read_bytes()))["Records"]
            rows = [{name: _again(record[name], name) for name in FIELDS if name in record} for record in records]
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return path


def _again(value: Any, name: str) -> str | None:
    import orjson

    return value if value is None or (name in TEXT and isinstance(value, str)) else orjson.dumps(value).decode()


RIVALS: dict[str, Callable[[Path, Path], Path]] = {
    "duckdb": duckdb_direct,
    "duckdb-split": duckdb_split,
    "polars": polars_paths,
    "orjson": orjson_rows,
}


def _duckdb(query: str, out: Path) -> Path:
    import duckdb

    path = out / "out.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET threads = 1; SET preserve_insertion_order = false")
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
    return path


def _split(source: Path) -> Iterator[tuple[str, list[bytes]]]:
    import msgspec

    decoder = msgspec.json.Decoder(dict[str, list[msgspec.Raw]])
    for file in sorted(source.glob("*.json.gz")):
        yield file.name, [bytes(raw) for raw in decoder.decode(gzip.decompress(file.read_bytes()))["Records"]]


def kept(parquet: Path, source: Path) -> tuple[int, int]:
    """(records that the file gives back as values, records delivered). Rivals have the source's fields as text alone."""
    import pyarrow.parquet as pq

    given: Counter[str] = Counter()
    for batch in pq.ParquetFile(parquet).iter_batches(columns=list(FIELDS)):
        given.update(_value_of_row(row) for row in batch.to_pylist())
    good = delivered = 0
    for _, records in _split(source):
        for record in records:
            delivered += 1
            said = _said(_read(record.decode()))
            if given[said]:
                given[said] -= 1
                good += 1
    return good, delivered


class _Number(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return f"number {self}"


def _read(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_pairs, parse_int=_Number, parse_float=_Number)


def _pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return sorted(pairs, key=lambda pair: pair[0])


def _said(pairs: list[tuple[str, Any]]) -> str:
    return repr([pair for pair in pairs if pair[1] is not None])


def _value_of_row(row: dict[str, Any]) -> str:
    pairs = [(name, text if name in TEXT else _read(text)) for name, text in row.items() if text is not None]
    return _said(_pairs(pairs))
