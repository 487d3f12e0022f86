"""The fast engine: records cut and gathered into columns by compiled code, with the default engine for what is unusual.

Decides: which records the compiled code may take alone — written as CloudTrail writes them: compact, each member a column's and
there once, text without escapes. Every other record is read by ``shapes``, and its members follow the object's content in one
buffer, so that both kinds become columns in the same way. An object that is not strict JSON, or meets a limit, is cut by
``records``. The same inputs give the same bytes as the default engine, which tests hold it against.
"""

import secrets
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from itemtrail.core import records as cutting
from itemtrail.core.records import Limits, SetAside
from itemtrail.core.rows import Facts, Frame, assembled, keys_column
from itemtrail.core.schema import FIELDS, PLAIN, TEXT
from itemtrail.core.shapes import Exact, Record, Shapes, encode, keys_text
from itemtrail.native import NATIVE

_SPECIAL = -1
_MASK = sum(1 << number for number, name in enumerate(FIELDS) if name in TEXT)
_KINDS = bytes((name not in PLAIN) | (name not in TEXT) << 1 for name in FIELDS)
_TIME, _ID = FIELDS.index("eventTime"), FIELDS.index("eventID")


class NativeEngine:
    """Reads with compiled code. See ``rows.Engine``.

    Raises:
        RuntimeError: there is none for this Python.
    """

    def __init__(self, limits: Limits) -> None:
        if NATIVE is None:
            raise RuntimeError("the fast engine was not compiled")
        self._limits, self.shapes = limits, Shapes()
        names = tuple(name.encode() for name in FIELDS)
        self.scanner = NATIVE.Scanner(names, _MASK, limits.max_depth, limits.max_record_bytes, limits.max_records)

    def cut(self, content: bytes) -> tuple["NativeCut", Sequence[SetAside]]:
        """An inflated log file's records, and what is set aside."""
        where = cutting.records_list(content)
        scanned = self.scanner.scan(content, *where) if where else None
        if scanned is None:
            split = cutting.split(content, self._limits)
            return self.take(split.records), split.set_aside
        return self._cut(content, None, scanned), ()

    def take(self, records: Sequence[tuple[int, bytes]]) -> "NativeCut":
        """Records that are cut already."""
        indexes = [index for index, _ in records]
        content = b"[" + b",".join(record for _, record in records) + b"]"
        scanned = self.scanner.scan(content, 0, len(content))
        return self._cut(content, indexes, scanned or self._unread([record for _, record in records]))

    def group(self) -> "NativeGroup":
        """An empty row group."""
        return NativeGroup(self)

    def _cut(self, content: bytes, indexes: Sequence[int] | None, scanned: tuple[bytes, bytes, bytes, bytes]) -> "NativeCut":
        starts, ends, orders = (np.frombuffer(one, np.int32) for one in scanned[:3])
        spans = np.frombuffer(scanned[3], np.int32).reshape(len(starts), len(FIELDS), 2)
        return NativeCut(self, content, list(range(len(starts))) if indexes is None else indexes, starts, ends, orders, spans)

    def _unread(self, records: Sequence[bytes]) -> tuple[bytes, bytes, bytes, bytes]:
        """Where the records lie in the list made of them, all for the exact engine."""
        ends = np.cumsum([len(record) + 1 for record in records], dtype=np.int32)
        starts = ends - np.array([len(record) for record in records], np.int32)
        orders, spans = np.full(len(records), _SPECIAL, np.int32), np.zeros((len(records), len(FIELDS), 2), np.int32)
        return starts.tobytes(), ends.tobytes(), orders.tobytes(), spans.tobytes()


@dataclass(frozen=True, slots=True)
class NativeCut:
    """Records in one buffer. ``spans``: (record, field) → start and length, -1 for absent. See ``rows.Cut``."""

    engine: NativeEngine
    content: bytes
    indexes: Sequence[int]
    starts: Any
    ends: Any
    orders: Any
    spans: Any

    @property
    def texts(self) -> list[memoryview]:
        """The records' bytes, not copied."""
        return list(map(memoryview(self.content).__getitem__, map(slice, self.starts.tolist(), self.ends.tolist())))

    @property
    def sizes(self) -> list[int]:
        """Bytes of each."""
        sizes: list[int] = (self.ends - self.starts).tolist()
        return sizes

    def without(self, dropped: Mapping[int, Any]) -> "NativeCut":
        """The same less the records of these indexes."""
        kept = [at for at, index in enumerate(self.indexes) if index not in dropped]
        some = np.array(kept, np.intp)
        return NativeCut(
            self.engine, self.content, [self.indexes[at] for at in kept],
            self.starts[some], self.ends[some], self.orders[some], np.ascontiguousarray(self.spans[some]),
        )  # fmt: skip

    def read(self) -> "NativeRead":
        """Their members; those of special records, read by ``shapes``, behind the content."""
        special = np.flatnonzero(self.orders == _SPECIAL).tolist()
        if not special:
            return NativeRead(self.content, self.orders, self.spans, {})
        spans, exact, pieces = self.spans.copy(), {}, [self.content]
        end = len(self.content)
        for row in special:
            record, found = self.engine.shapes.read(self.content[self.starts[row] : self.ends[row]])
            exact[row] = found or self.engine.shapes.told(record)
            for number, text in enumerate(_members(record)):
                spans[row, number] = (end, len(text)) if text is not None else (0, -1)
                if text:
                    pieces.append(text)
                    end += len(text)
        return NativeRead(b"".join(pieces), self.orders, spans, exact)


@dataclass(frozen=True, slots=True)
class NativeRead:
    """Members by where they lie. ``exact`` by position: special records. See ``rows.Read``."""

    content: bytes
    orders: Any
    spans: Any
    exact: dict[int, Exact]

    def event_times(self) -> list[str | None]:
        """``eventTime`` of each."""
        return [None if text is None else text.decode() for text in self._texts(_TIME)]

    def event_ids(self) -> list[bytes | None]:
        """``eventID`` of each, UTF-8."""
        return list(self._texts(_ID))

    def _texts(self, number: int) -> Iterator[bytes | None]:
        content, (starts, lengths) = self.content, self.spans[:, number].T.tolist()
        for start, length in zip(starts, lengths, strict=True):
            yield None if length < 0 else content[start : start + length]


@dataclass(slots=True)
class NativeGroup:
    """Rows in the compiled builder. See ``rows.Group``."""

    engine: NativeEngine
    frame: Frame = field(default_factory=Frame)
    orders: "array[int]" = field(default_factory=lambda: array("i"))
    exact: dict[int, Exact] = field(default_factory=dict)
    builder: Any = field(init=False)

    def __post_init__(self) -> None:
        self.builder = NATIVE.Builder(_KINDS, secrets.randbits(64))

    def extend(self, read: NativeRead, facts: Facts, positions: Sequence[int]) -> None:
        """Take the rows at ``positions``, in order."""
        start, everything = len(self.frame), len(positions) == len(read.orders)
        rows = None if everything else np.array(positions, np.int32)
        self.builder.extend(read.content, read.spans, rows)
        self.orders.frombytes((read.orders if rows is None else read.orders[rows]).tobytes())
        if read.exact:
            self.exact |= {start + row: read.exact[at] for row, at in enumerate(positions) if at in read.exact}
        self.frame.extend(facts, positions)

    def table(self) -> Any:
        """The rows as a table; memory is given back as columns are made."""
        columns = {name: _column(len(self.frame), *self.builder.column(number)) for number, name in enumerate(FIELDS)}
        return assembled(columns, self._keys(), self.exact, self.frame, single_keys)

    def _keys(self) -> Any:
        orders = np.frombuffer(self.orders, np.int32)
        known, codes = np.unique(orders, return_inverse=True)
        texts = [
            None if order < 0 else keys_text(FIELDS[at] for at in self.engine.scanner.order(order)) for order in known.tolist()
        ]
        return keys_column(pa.array(codes.astype(np.int32)), texts, self.exact)


def _column(rows: int, nulls: int, valid: bytes | None, codes: bytes | None, offsets: bytes, data: bytes) -> Any:
    """An Arrow array over the builder's bytes."""
    validity = None if valid is None else pa.py_buffer(valid)
    texts = [pa.py_buffer(offsets), pa.py_buffer(data)]
    if codes is None:
        return pa.Array.from_buffers(pa.string(), rows, [validity, *texts], nulls)
    values = pa.Array.from_buffers(pa.string(), len(offsets) // 4 - 1, [None, *texts], 0)
    indices = pa.Array.from_buffers(pa.int32(), rows, [validity, pa.py_buffer(codes)], nulls)
    return pa.DictionaryArray.from_arrays(indices, values)


def _members(record: Record) -> Iterator[bytes | None]:
    """Text of each field: UTF-8 of a text, JSON of anything else; None where the record has none."""
    for name in FIELDS:
        value = getattr(record, name)
        if name in TEXT:
            yield None if value is None else value.encode()
        else:
            yield encode(value) if len(value) else None


def single_keys(parameters: Any, rows: Any) -> tuple[Any, Any, Any]:
    """``calls.Singles`` by compiled code."""
    _, offsets, data = parameters.buffers()
    if offsets is None or data is None:
        return np.zeros(0, np.int32), pa.array([], pa.string()).dictionary_encode(), pa.array([], pa.string())
    found, spans, ends, keys = NATIVE.single_keys(memoryview(offsets)[parameters.offset * 4 :], data, rows)
    names, builder = np.frombuffer(spans, np.int32), NATIVE.Builder(b"\x01", secrets.randbits(64))
    builder.extend(data, names.tobytes(), None)
    return np.frombuffer(found, np.int32), _column(len(names) // 2, *builder.column(0)), _strings(ends, keys)


def _strings(ends: bytes, data: bytes) -> Any:
    return pa.Array.from_buffers(pa.string(), len(ends) // 4, [None, pa.py_buffer(bytes(4) + ends), pa.py_buffer(data)], 0)
