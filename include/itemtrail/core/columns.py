"""Records as columns: one Arrow table per row group, sorted, with dictionaries in one canonical order.

Decides: the row order (table_arn, then event_ts, nulls last, else as delivered), and that every dictionary lists its values in
the order in which the rows first use them, so that the same inputs give the same bytes whatever built the table.
Refuses to interpret: ``shapes`` read the records, ``derive`` knows what they mean.
"""

import json
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core.derive import derive
from itemtrail.core.schema import FIELDS, HASH, PLAIN, TEXT, WRITTEN
from itemtrail.core.shapes import Exact, Record, Shape, Shapes, extra_text, keys_text

_DICTIONARIES = frozenset(name for name in WRITTEN.names if pa.types.is_dictionary(WRITTEN.field(name).type))


@dataclass(slots=True)
class Rows:
    """Records waiting for their row group, column by column; ``bytes`` is the size of the records' text."""

    values: list[Record] = field(default_factory=list)
    exact: dict[int, Exact] = field(default_factory=dict)
    hashes: list[bytes] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    bytes: int = 0

    def __len__(self) -> int:
        return len(self.values)


def table(rows: Rows, shapes: Shapes) -> Any:
    """The rows as a table of ``schema.WRITTEN``, sorted."""
    columns = {name: _text(rows.values, name) if name in TEXT else _json(rows.values, name) for name in FIELDS}
    special = _special(rows, shapes)
    columns["_keys"] = _keys(rows.values, columns, shapes, special)
    columns["_extra"] = _sparse(len(rows), {row: one.extra for row, one in special.items() if one.extra})
    columns["_record"] = _sparse(len(rows), {row: one.record for row, one in special.items() if one.record})
    for name in FIELDS:
        if name not in TEXT:
            columns[name] = _without_json_null(columns[name])
    columns["record_sha256"] = pa.Array.from_buffers(HASH, len(rows), [None, pa.py_buffer(b"".join(rows.hashes))])
    failed = [row for row, one in special.items() if one.extra and "errorCode" in json.loads(one.extra)]
    columns.update(derive(rows.values, rows.times, columns, failed))
    columns["source_object"] = pa.array(rows.sources, pa.string()).dictionary_encode()
    columns["record_index"] = pa.array(rows.indexes, pa.int32())
    order = _order(columns["table_arn"], columns["event_ts"])
    return pa.Table.from_arrays(
        [_canonical(columns[name], order) if name in _DICTIONARIES else columns[name].take(order) for name in WRITTEN.names],
        schema=WRITTEN,
    )


def _text(values: list[Record], name: str) -> Any:
    column = list(map(attrgetter(name), values))
    return _encoded(pa.array(column, pa.string()), name)


def _json(values: list[Record], name: str) -> Any:
    column = [None if raw is None else bytes(raw) for raw in map(attrgetter(name), values)]
    return _encoded(pa.array(column, pa.binary()).view(pa.string()), name)  # known to be UTF-8


def _encoded(array: Any, name: str) -> Any:
    return array if name in PLAIN else array.dictionary_encode()


def _special(rows: Rows, shapes: Shapes) -> dict[int, Exact]:
    """Rows whose ``_keys`` do not follow from their columns: exact ones, and those with members that are no column."""
    found = dict(rows.exact)
    for row, record in enumerate(rows.values):
        shape = shapes.by_kind[type(record)]
        if shape.others and row not in found:
            present = [name for attribute, name in zip(shape.attributes, shape.names, strict=True) if _has(record, attribute)]
            others = [(name, getattr(record, attribute)) for attribute, name in shape.others]
            found[row] = Exact(keys_text(present), extra_text(others), None)
    return found


def _has(record: Record, attribute: str) -> bool:
    return getattr(record, attribute) is not None


def _keys(values: list[Record], columns: dict[str, Any], shapes: Shapes, special: dict[int, Exact]) -> Any:
    """``_keys`` from which columns a row has (before JSON null becomes null) and the order of its shape."""
    kinds = {kind: number for number, kind in enumerate(shapes.by_kind)}
    met = set(map(type, values))
    always, mask = 0, pa.scalar(0, pa.int64())
    for bit, name in enumerate(FIELDS):
        nulls = columns[name].null_count
        if nulls == 0:
            always |= 1 << bit
        elif nulls < len(values):
            mask = pc.add(mask, pc.multiply(columns[name].is_valid().cast(pa.int64()), pa.scalar(1 << bit, pa.int64())))
    if len(met) > 1:
        mask = pc.add(mask, pa.array([kinds[type(record)] << len(FIELDS) for record in values], pa.int64()))
    elif isinstance(mask, pa.Scalar):
        mask = pa.repeat(mask, len(values))
    encoded = mask.dictionary_encode()
    by_number = [shapes.by_kind[kind] for kind in kinds]
    only = shapes.by_kind[met.pop()] if len(met) == 1 else None
    texts = [_names(only or by_number[code >> len(FIELDS)], code | always) for code in encoded.dictionary.to_pylist()]
    if special:
        rows = [texts[code] for code in encoded.indices.to_pylist()]
        for row, one in special.items():
            rows[row] = one.keys
        return pa.array(rows, pa.string()).dictionary_encode()
    few = pa.array(texts, pa.string()).dictionary_encode()  # two shapes may agree on a text
    return pa.DictionaryArray.from_arrays(few.indices.take(encoded.indices), few.dictionary)


def _names(shape: Shape, mask: int) -> str:
    return keys_text(name for name in shape.names if name in _BITS and mask >> _BITS[name] & 1)


_BITS = {name: bit for bit, name in enumerate(FIELDS)}


def _sparse(length: int, found: dict[int, str] | dict[int, bytes]) -> Any:
    """A text column that is almost always null."""
    if not found:
        return pa.nulls(length, pa.string())
    column: list[Any] = [None] * length
    for row, value in found.items():
        column[row] = value
    return pa.array(column, pa.string())


def _without_json_null(array: Any) -> Any:
    """JSON null as SQL null."""
    if pa.types.is_dictionary(array.type):
        code = pc.index(array.dictionary, "null").as_py()
        if code < 0:
            return array
        codes = array.indices
        return pa.DictionaryArray.from_arrays(
            pc.if_else(pc.equal(codes, code), pa.scalar(None, codes.type), codes), array.dictionary
        )
    nulls = pc.equal(array, "null")
    return pc.if_else(nulls, pa.scalar(None, array.type), array) if pc.any(nulls).as_py() else array


def _order(tables: Any, times: Any) -> Any:
    """Row numbers by (table, time); Arrow's sort is stable."""
    names = tables.dictionary.to_pylist()
    ranks = {name: rank for rank, name in enumerate(sorted(names))}
    rank = pa.array([ranks[name] for name in names], pa.int32()).take(tables.indices)
    keys = pa.table({"table": rank, "time": times})
    return pc.sort_indices(keys, sort_keys=[("table", "ascending", "at_end"), ("time", "ascending", "at_end")])


def _canonical(array: Any, order: Any) -> Any:
    """Rows in ``order``; the dictionary in the order of first use, without what no row uses."""
    codes = array.indices.take(order).dictionary_encode()
    return pa.DictionaryArray.from_arrays(codes.indices, array.dictionary.take(codes.dictionary))
