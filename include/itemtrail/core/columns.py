"""The default engine: records parsed into structs by ``shapes``, columns gathered from the structs.

Decides nothing that ``rows`` and ``shapes`` do not decide. It needs no compiled code of ours, knows every spelling, and is what
the compiled engine (``native_engine``) is held against.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import records as cutting
from itemtrail.core.calls import one_by_one
from itemtrail.core.records import Limits, SetAside
from itemtrail.core.rows import Facts, Frame, assembled, integers, keys_column
from itemtrail.core.schema import FIELDS, PLAIN, TEXT
from itemtrail.core.shapes import ABSENT, Exact, Record, Shape, Shapes, keys_text

_ONE = pa.scalar(1, pa.int32())
_BITS = {name: bit for bit, name in enumerate(FIELDS)}


class StructEngine:
    """Reads with msgspec. See ``rows.Engine``."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._shapes = limits, Shapes()

    def cut(self, content: bytes) -> tuple["StructCut", Sequence[SetAside]]:
        """An inflated log file's records, and what is set aside."""
        split = cutting.split(content, self._limits)
        return self.take(split.records), split.set_aside

    def take(self, records: Sequence[tuple[int, bytes]]) -> "StructCut":
        """Records that are cut already."""
        return StructCut(self._shapes, [index for index, _ in records], [record for _, record in records])

    def group(self) -> "StructGroup":
        """An empty row group."""
        return StructGroup(self._shapes)


@dataclass(frozen=True, slots=True)
class StructCut:
    """Records, not read yet. See ``rows.Cut``."""

    shapes: Shapes
    indexes: list[int]
    texts: list[bytes]

    @property
    def sizes(self) -> list[int]:
        """Bytes of each."""
        return list(map(len, self.texts))

    def without(self, dropped: Mapping[int, Any]) -> "StructCut":
        """The same less the records of these indexes."""
        kept = [(index, text) for index, text in zip(self.indexes, self.texts, strict=True) if index not in dropped]
        return StructCut(self.shapes, [index for index, _ in kept], [text for _, text in kept])

    def read(self) -> "StructRead":
        """Their members."""
        return StructRead(*self.shapes.read_all(self.texts))


@dataclass(frozen=True, slots=True)
class StructRead:
    """Records as structs; ``exact`` by position. See ``rows.Read``."""

    values: list[Record]
    exact: dict[int, Exact]

    def event_times(self) -> list[str | None]:
        """``eventTime`` of each."""
        return [record.eventTime for record in self.values]

    def event_ids(self) -> list[bytes | None]:
        """``eventID`` of each, UTF-8."""
        return [None if record.eventID is None else record.eventID.encode() for record in self.values]


@dataclass(slots=True)
class StructGroup:
    """Structs waiting for their row group. See ``rows.Group``."""

    shapes: Shapes
    frame: Frame = field(default_factory=Frame)
    values: list[Record] = field(default_factory=list)
    exact: dict[int, Exact] = field(default_factory=dict)

    def extend(self, read: StructRead, facts: Facts, positions: Sequence[int]) -> None:
        """Take the rows at ``positions``, in order."""
        everything, start = len(positions) == len(read.values), len(self.values)
        if read.exact:
            self.exact |= {start + row: read.exact[at] for row, at in enumerate(positions) if at in read.exact}
        self.values += read.values if everything else [read.values[position] for position in positions]
        self.frame.extend(facts, positions)

    def table(self) -> Any:
        """The rows as a table; memory is given back as columns are made."""
        values = self.values
        columns = {name: _text(values, name) if name in TEXT else _json(values, name) for name in FIELDS}
        special = _special(values, self.exact, self.shapes)
        keys = _keys(values, columns, self.shapes, special)
        for name in FIELDS:
            if name not in TEXT:
                columns[name] = without_json_null(columns[name])
        values.clear()
        return assembled(columns, keys, special, self.frame, one_by_one)


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
    numbers = integers(array("i", map(codes.__getitem__, column)))
    present = pc.greater(numbers, 0)
    validity = present.buffers()[1] if present.true_count < len(present) else None
    indices = pa.Array.from_buffers(pa.int32(), len(values), [validity, pc.subtract(numbers, _ONE).buffers()[1]])
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(codes)[1:], pa.string()))


def _json(values: list[Record], name: str) -> Any:
    """The raw texts laid one behind the other: they are known to be UTF-8, and a Python object for each would cost more."""
    column = list(map(attrgetter(name), values))
    if column.count(ABSENT) == len(column):
        texts = pa.nulls(len(column), pa.string())
    else:
        lengths = array("i", map(len, column))
        offsets = array("i", accumulate(lengths, initial=0))
        present = pc.greater(integers(lengths), 0)
        absent = len(column) - present.true_count
        buffers = [present.buffers()[1] if absent else None, pa.py_buffer(offsets), pa.py_buffer(b"".join(column))]
        texts = pa.Array.from_buffers(pa.string(), len(column), buffers, absent)
    return texts if name in PLAIN else texts.dictionary_encode()


def _special(values: list[Record], exact: dict[int, Exact], shapes: Shapes) -> dict[int, Exact]:
    """Rows whose ``_keys`` do not follow from their columns: exact ones, and those with members that are no column."""
    found = dict(exact)
    for row, record in enumerate(values):
        if row not in found and (one := shapes.beside(record)):
            found[row] = one
    return found


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
    return keys_column(encoded.indices, texts, special)


def _names(shape: Shape, mask: int) -> str:
    return keys_text(name for name in shape.names if name in _BITS and mask >> _BITS[name] & 1)


def without_json_null(column: Any) -> Any:
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
