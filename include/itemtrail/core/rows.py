"""What every engine does alike: rows waiting for their row group, and the finished table, sorted, with canonical dictionaries.

Decides: the row order (table_arn, then event_ts, nulls last, else as delivered), and that every dictionary lists its values in
the order in which the rows first use them, so that the same inputs give the same bytes whatever engine built the columns.
Refuses to interpret: an engine read the records, ``derive`` knows what they mean.
"""

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core.calls import Singles
from itemtrail.core.derive import derive
from itemtrail.core.schema import HASH, WRITTEN
from itemtrail.core.shapes import Exact

DICTIONARIES = frozenset(name for name in WRITTEN.names if pa.types.is_dictionary(WRITTEN.field(name).type))
_ERRORS = frozenset({"errorCode", "errorMessage"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one source's records that become rows, lists of one length. ``times`` are microseconds since 1970."""

    source: str
    hashes: Sequence[bytes]
    times: Sequence[int | None]
    indexes: Sequence[int]
    sizes: Sequence[int]


@dataclass(slots=True)
class Frame:
    """What rows have beside their members; ``text_bytes`` is the size of the records' text."""

    hashes: list[bytes] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    sources: list[tuple[str, int]] = field(default_factory=list)  # runs: source and number of rows
    indexes: list[int] = field(default_factory=list)
    text_bytes: int = 0

    def __len__(self) -> int:
        return len(self.hashes)

    def extend(self, facts: Facts, positions: Sequence[int]) -> None:
        """Take the rows at ``positions``, in order."""
        everything = len(positions) == len(facts.hashes)
        self.hashes += facts.hashes if everything else [facts.hashes[position] for position in positions]
        self.times += facts.times if everything else [facts.times[position] for position in positions]
        self.indexes += facts.indexes if everything else [facts.indexes[position] for position in positions]
        self.sources.append((facts.source, len(positions)))
        self.text_bytes += sum(facts.sizes if everything else [facts.sizes[position] for position in positions])


class Cut(Protocol):
    """The records of one object, cut and ready to be read: (record index, bytes) in order."""

    @property
    def indexes(self) -> Sequence[int]:
        """Place of each in the object's list."""

    @property
    def texts(self) -> Sequence[bytes | memoryview]:
        """Bytes of each."""

    @property
    def sizes(self) -> Sequence[int]:
        """How many bytes each has."""

    def without(self, dropped: Mapping[int, Any]) -> "Cut":
        """The same less the records of these indexes."""

    def read(self) -> "Read":
        """Their members."""


class Read(Protocol):
    """The members of some records."""

    def event_times(self) -> list[str | None]:
        """``eventTime`` of each; None where it is absent or no text."""

    def event_ids(self) -> list[bytes | None]:
        """``eventID`` of each, UTF-8; None where it is absent or no text."""


class Group(Protocol):
    """Rows waiting for their row group."""

    frame: Frame

    def extend(self, read: Any, facts: Facts, positions: Sequence[int]) -> None:
        """Take the rows at ``positions``, in order."""

    def table(self) -> Any:
        """The rows as a table of ``schema.WRITTEN``, sorted. They are used up."""


class Engine(Protocol):
    """A way to read records. All give the same bytes; one per converter, not shared between threads."""

    def cut(self, content: bytes) -> "tuple[Cut, Sequence[Any]]":
        """An inflated log file's records, and what is set aside (``records.SetAside``)."""

    def take(self, records: Sequence[tuple[int, bytes]]) -> Cut:
        """Records that are cut already."""

    def group(self) -> Group:
        """An empty row group."""


def assembled(columns: dict[str, Any], keys: Any, special: dict[int, Exact], frame: Frame, singles: Singles) -> Any:
    """The table. ``columns`` are those of ``schema.FIELDS``, JSON null as null, and are used up; ``special`` by row."""
    columns["_keys"] = keys
    columns["_extra"] = _sparse(len(frame), {row: one.extra for row, one in special.items() if one.extra})
    columns["_record"] = _sparse(len(frame), {row: one.record for row, one in special.items() if one.record})
    columns["record_sha256"] = pa.Array.from_buffers(HASH, len(frame), [None, pa.py_buffer(b"".join(frame.hashes))])
    columns.update(derive(frame.times, columns, _outcomes(special), singles))
    columns["source_object"] = _sources(frame)
    columns["record_index"] = pa.array(frame.indexes, pa.int32())
    order = _order(columns["table_arn"], columns["event_ts"])
    frame.hashes.clear()
    return pa.Table.from_arrays([_ordered(columns.pop(name), name, order) for name in WRITTEN.names], schema=WRITTEN)


def keys_column(codes: Any, texts: Sequence[str | None], special: dict[int, Exact]) -> Any:
    """``_keys`` from a number per row and the text of each number; ``special`` rows say their own."""
    if special:
        rows = [texts[code] for code in codes.to_pylist()]
        for row, one in special.items():
            rows[row] = one.keys
        return pa.array(rows, pa.string()).dictionary_encode()
    few = pa.array(texts, pa.string()).dictionary_encode()  # two numbers may agree on a text
    return pa.DictionaryArray.from_arrays(few.indices.take(codes), few.dictionary)


def integers(numbers: "array[int]") -> Any:
    """An Arrow array over the same memory."""
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


def _ordered(column: Any, name: str, order: Any) -> Any:
    return _canonical(column, order) if name in DICTIONARIES else column.take(order)


def _sources(frame: Frame) -> Any:
    names = {name: number for number, name in enumerate(dict(frame.sources))}
    numbers = array("i")
    for name, count in frame.sources:
        numbers.extend(repeat(names[name], count))
    return pa.DictionaryArray.from_arrays(integers(numbers), pa.array(list(names), pa.string()))


def _outcomes(special: dict[int, Exact]) -> dict[int, bool | None]:
    """Rows whose success their text columns do not show: an error that is no text, and records not taken apart."""
    unread: dict[int, bool | None] = {row: None for row, one in special.items() if one.keys is None}
    odd = {row: False for row, one in special.items() if one.extra and _ERRORS.intersection(json.loads(one.extra))}
    return unread | odd


def _sparse(length: int, found: dict[int, str] | dict[int, bytes]) -> Any:
    """A text column that is almost always null."""
    if not found:
        return pa.nulls(length, pa.string())
    column: list[Any] = [None] * length
    for row, value in found.items():
        column[row] = value
    return pa.array(column, pa.string())


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
