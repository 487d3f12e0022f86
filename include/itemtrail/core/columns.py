"""Records as columns: one Arrow table per row group, sorted, with dictionaries in one canonical order.

Decides: the row order (table_arn, then event_ts, nulls last, else as delivered), and that every dictionary lists its values in
the order in which the rows first use them, so that the same inputs give the same bytes whatever built the table.
Refuses to interpret: ``shapes`` read the records, ``derive`` knows what they mean.
"""

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, repeat
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core.derive import derive
from itemtrail.core.schema import FIELDS, HASH, PLAIN, TEXT, WRITTEN
from itemtrail.core.shapes import ABSENT, Exact, Record, Shape, Shapes, extra_text, has, keys_text

_DICTIONARIES = frozenset(name for name in WRITTEN.names if pa.types.is_dictionary(WRITTEN.field(name).type))


@dataclass(slots=True)
class Rows:
    """Records waiting for their row group, column by column; ``text_bytes`` is the size of the records' text."""

    values: list[Record] = field(default_factory=list)
    exact: dict[int, Exact] = field(default_factory=dict)
    hashes: list[bytes] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    sources: list[tuple[str, int]] = field(default_factory=list)  # runs: source and number of rows
    indexes: list[int] = field(default_factory=list)
    text_bytes: int = 0

    def __len__(self) -> int:
        return len(self.values)

    def extend(self, batch: "Batch", positions: Sequence[int]) -> None:
        """Take the records at ``positions`` (in order) of one source's batch."""
        everything = len(positions) == len(batch.values)
        start = len(self.values)
        for position in batch.exact if everything else [p for p in positions if p in batch.exact]:
            self.exact[start + (position if everything else positions.index(position))] = batch.exact[position]
        for mine, theirs in (
            (self.values, batch.values),
            (self.hashes, batch.hashes),
            (self.times, batch.times),
            (self.indexes, batch.indexes),
        ):
            mine += theirs if everything else [theirs[position] for position in positions]  # type: ignore[operator]
        self.sources.append((batch.source, len(positions)))
        self.text_bytes += sum(batch.sizes if everything else [batch.sizes[position] for position in positions])


@dataclass(slots=True)
class Batch:
    """The records of one source that become rows; lists of one length. ``times`` are microseconds since 1970."""

    source: str
    values: list[Record]
    exact: dict[int, Exact]
    hashes: list[bytes]
    times: list[int | None]
    indexes: list[int]
    sizes: list[int]


def table(rows: Rows, shapes: Shapes) -> Any:
    """The rows as a table of ``schema.WRITTEN``, sorted. The rows are used up: memory is given back as columns are made."""
    columns = {name: _text(rows.values, name) if name in TEXT else _json(rows.values, name) for name in FIELDS}
    special = _special(rows, shapes)
    columns["_keys"] = _keys(rows.values, columns, shapes, special)
    columns["_extra"] = _sparse(len(rows), {row: one.extra for row, one in special.items() if one.extra})
    columns["_record"] = _sparse(len(rows), {row: one.record for row, one in special.items() if one.record})
    for name in FIELDS:
        if name not in TEXT:
            columns[name] = _without_json_null(columns[name])
    columns["record_sha256"] = pa.Array.from_buffers(HASH, len(rows), [None, pa.py_buffer(b"".join(rows.hashes))])
    columns.update(derive(rows.values, rows.times, columns, _outcomes(special)))
    columns["source_object"] = _sources(rows)
    columns["record_index"] = pa.array(rows.indexes, pa.int32())
    order = _order(columns["table_arn"], columns["event_ts"])
    rows.values.clear()
    rows.hashes.clear()
    return pa.Table.from_arrays([_ordered(columns.pop(name), name, order) for name in WRITTEN.names], schema=WRITTEN)


def _ordered(column: Any, name: str, order: Any) -> Any:
    return _canonical(column, order) if name in _DICTIONARIES else column.take(order)


_ONE = pa.scalar(1, pa.int32())


class _Codes(dict[str | None, int]):
    """Numbers for values, from 1 in the order in which they are first asked for; None has 0."""

    def __missing__(self, value: str) -> int:
        code = self[value] = len(self)
        return code


def _text(values: list[Record], name: str) -> Any:
    column = map(attrgetter(name), values)
    if name in PLAIN:
        return pa.array(list(column), pa.string())
    codes = _Codes({None: 0})
    numbers = _integers(array("i", map(codes.__getitem__, column)))
    present = pc.greater(numbers, 0)
    validity = present.buffers()[1] if present.true_count < len(present) else None
    indices = pa.Array.from_buffers(pa.int32(), len(values), [validity, pc.subtract(numbers, _ONE).buffers()[1]])
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(codes)[1:], pa.string()))


def _integers(numbers: "array[int]") -> Any:
    """An Arrow array over the same memory."""
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


def _sources(rows: Rows) -> Any:
    names = {name: number for number, name in enumerate(dict(rows.sources))}
    numbers = array("i")
    for name, count in rows.sources:
        numbers.extend(repeat(names[name], count))
    return pa.DictionaryArray.from_arrays(_integers(numbers), pa.array(list(names), pa.string()))


def _json(values: list[Record], name: str) -> Any:
    """The raw texts laid one behind the other: they are known to be UTF-8, and a Python object for each would cost more."""
    column = list(map(attrgetter(name), values))
    if column.count(ABSENT) == len(column):
        texts = pa.nulls(len(column), pa.string())
    else:
        lengths = array("i", map(len, column))
        offsets = array("i", accumulate(lengths, initial=0))
        present = pc.greater(_integers(lengths), 0)
        absent = len(column) - present.true_count
        buffers = [present.buffers()[1] if absent else None, pa.py_buffer(offsets), pa.py_buffer(b"".join(column))]
        texts = pa.Array.from_buffers(pa.string(), len(column), buffers, absent)
    return texts if name in PLAIN else texts.dictionary_encode()


def _special(rows: Rows, shapes: Shapes) -> dict[int, Exact]:
    """Rows whose ``_keys`` do not follow from their columns: exact ones, and those with members that are no column."""
    found = dict(rows.exact)
    for row, record in enumerate(rows.values):
        shape = shapes.by_kind[type(record)]
        if shape.others and row not in found:
            present = [name for attribute, name in zip(shape.attributes, shape.names, strict=True) if has(record, attribute)]
            others = [(name, getattr(record, attribute)) for attribute, name in shape.others]
            found[row] = Exact(keys_text(present), extra_text(others), None)
    return found


def _outcomes(special: dict[int, Exact]) -> dict[int, bool | None]:
    """Rows whose success their text columns do not show: an error that is no text, and records not taken apart."""
    unread: dict[int, bool | None] = {row: None for row, one in special.items() if one.keys is None}
    odd = {row: False for row, one in special.items() if one.extra and _ERRORS.intersection(json.loads(one.extra))}
    return unread | odd


_ERRORS = frozenset({"errorCode", "errorMessage"})


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


def _without_json_null(column: Any) -> Any:
    """JSON null as SQL null."""
    if pa.types.is_dictionary(column.type):
        code = pc.index(column.dictionary, "null").as_py()
        if code < 0:
            return column
        codes = column.indices
        return pa.DictionaryArray.from_arrays(
            pc.if_else(pc.equal(codes, code), pa.scalar(None, codes.type), codes), column.dictionary
        )
    nulls = pc.equal(column, "null")
    return pc.if_else(nulls, pa.scalar(None, column.type), column) if pc.any(nulls).as_py() else column


def _order(tables: Any, times: Any) -> Any:
    """Row numbers by (table, time); Arrow's sort is stable."""
    names = tables.dictionary.to_pylist()
    ranks = {name: rank for rank, name in enumerate(sorted(names))}
    rank = pa.array([ranks[name] for name in names], pa.int32()).take(tables.indices)
    keys = pa.table({"table": rank, "time": times})
    return pc.sort_indices(keys, sort_keys=[("table", "ascending", "at_end"), ("time", "ascending", "at_end")])


def _canonical(column: Any, order: Any) -> Any:
    """Rows in ``order``; the dictionary in the order of first use, without what no row uses."""
    codes = column.indices.take(order).dictionary_encode()
    return pa.DictionaryArray.from_arrays(codes.indices, column.dictionary.take(codes.dictionary))
