"""What the calls of a batch did: which table and keys, what kind, what alarms, what CloudTrail left out.

Decides nothing by itself: ``dynamodb``, ``operations`` and ``evidence_events`` do. Rows of one call, Region, account and
resources are looked at once; single-item calls in their usual spelling all together; only what is left is read row by row.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import dynamodb, evidence_events, operations
from itemtrail.core.operations import Kind
from itemtrail.core.schema import ITEM_KEY, ITEM_KEYS

Singles = Callable[[Any, Any], tuple[Any, Any, Any]]
"""From an Arrow string array of request parameters and row numbers (int32): those of the rows that are single-item calls in their
usual spelling (int32), their table names (Arrow dictionary array) and canonical keys (Arrow string array)."""

_CALL = ("eventSource", "eventName", "awsRegion", "recipientAccountId", "resources")
_KINDS = tuple(Kind)
_MOST_CODE = 1 << 62


@dataclass(frozen=True, slots=True)
class Events:
    """Per row: Arrow dictionary arrays of kinds and tables, an Arrow list array, numpy flags."""

    kinds: Any
    tables: Any
    item_keys: Any
    alarms: Any
    omitted: Any


@dataclass(frozen=True, slots=True)
class _Call:
    """What rows of one call, Region, account and resources have in common; ``tables`` is None outside DynamoDB."""

    name: str
    kind: Kind
    alarm: bool
    table: str | None
    tables: dynamodb.Tables | None

    @property
    def open(self) -> bool:
        """Whether the parameters of each row must be read."""
        return self.tables is not None and not (self.name in operations.KEYLESS and self.tables.arns)

    @property
    def single(self) -> bool:
        """Whether it names one item, as a rule."""
        return self.open and self.name in operations.SINGLE_ITEM


class _Arns(dict[str | None, int]):
    """Numbers for ARNs, in the order in which they are first asked for; None has -1."""

    def __missing__(self, arn: str) -> int:
        number = self[arn] = len(self) - 1
        return number


@dataclass(slots=True)
class _Rows:
    """Per row, as numpy arrays, what ``Events`` says; ``keys``: (row, number of its table, key) of the rows read one by one."""

    kinds: Any
    tables: Any
    alarms: Any
    omitted: Any
    arns: _Arns
    keys: list[tuple[int, int, str]] = field(default_factory=list)


def events(columns: dict[str, Any], singles: Singles) -> Events:
    """From the source columns: all but ``schema.PLAIN`` are dictionary arrays, JSON null is null."""
    parameters = columns["requestParameters"]
    ids, calls = _calls(columns)
    rows = _common(ids, calls, parameters)
    left = _of_each(calls, ids, "open")
    some = np.flatnonzero(_of_each(calls, ids, "single")).astype(np.int32)
    found, names, keys = singles(parameters, some)
    left[found] = False
    items = _singles(rows, calls, ids[found], found, names)
    others = np.flatnonzero(left)
    for row, text in zip(others.tolist(), _raws(parameters, others), strict=True):
        _read(rows, row, calls[ids[row]], text if len(text) else None, columns["responseElements"])
    arns = pa.array(list(rows.arns)[1:], pa.string())
    return Events(
        _coded(rows.kinds, pa.array(_KINDS, pa.string())),
        _coded(rows.tables, arns),
        _item_keys(rows, arns, found, items, keys),
        rows.alarms,
        rows.omitted,
    )


def one_by_one(parameters: Any, rows: Any) -> tuple[Any, Any, Any]:
    """``Singles`` without compiled code."""
    found: list[tuple[int, str, str]] = []
    for row, text in zip(rows.tolist(), _raws(parameters, rows), strict=True):
        if len(text) <= dynamodb.MOST_BYTES and (call := dynamodb.single(text)):
            found.append((row, *call))
    names = pa.array([name for _, name, _ in found], pa.string()).dictionary_encode()
    return np.array([row for row, _, _ in found], np.int32), names, pa.array([key for _, _, key in found], pa.string())


def _raws(column: Any, rows: Any) -> Iterator[msgspec.Raw]:
    """The texts of these rows of an Arrow string array, without a copy; empty for null."""
    _, offsets, data = column.buffers()
    if offsets is None or data is None:
        return (msgspec.Raw(b"") for _ in rows)
    ends = np.frombuffer(offsets, np.int32)[column.offset :]
    where = map(slice, ends[rows].tolist(), ends[rows + 1].tolist())
    return map(msgspec.Raw, map(memoryview(data).__getitem__, where))


def _calls(columns: dict[str, Any]) -> tuple[Any, list[_Call]]:
    """A number per row, and what the rows of each number have in common."""
    codes = [np.asarray(columns[name].indices.fill_null(-1)).astype(np.int64) + 1 for name in _CALL]
    texts = [[None, *columns[name].dictionary.to_pylist()] for name in _CALL]
    numbers, size = np.zeros(len(codes[0]), np.int64), 1
    for code, values in zip(codes, texts, strict=True):
        if size * len(values) > _MOST_CODE:
            found = pa.array(numbers).dictionary_encode()
            numbers, size = np.asarray(found.indices).astype(np.int64), len(found.dictionary)
        numbers, size = numbers * len(values) + code, size * len(values)
    encoded = pa.array(numbers).dictionary_encode()
    ids = np.asarray(encoded.indices)
    first = np.full(len(encoded.dictionary), len(ids), np.int64)
    np.minimum.at(first, ids, np.arange(len(ids)))
    return ids, [_call(*(values[code[row]] for code, values in zip(codes, texts, strict=True))) for row in first.tolist()]


def _call(source: str | None, name: str | None, region: str | None, account: str | None, resources: str | None) -> _Call:
    listed = dynamodb.tables_in(resources)
    kind, alarm, table = operations.kind(source, name), evidence_events.alarms(source, name), listed[0] if listed else None
    if source != operations.DYNAMODB or name is None:
        return _Call(name or "", kind, alarm, table, None)
    return _Call(name, kind, alarm, table, dynamodb.Tables(listed, region or "", account or ""))


def _of_each(calls: Sequence[_Call], ids: Any, name: str) -> Any:
    return np.array([getattr(call, name) for call in calls], np.bool_)[ids]


def _common(ids: Any, calls: Sequence[_Call], parameters: Any) -> _Rows:
    arns = _Arns({None: -1})
    kinds = np.array([_KINDS.index(call.kind) for call in calls], np.int32)[ids]
    tables = np.array([arns[call.table] for call in calls], np.int32)[ids]
    hidden = np.array([call.tables is not None and call.kind is not Kind.CONTROL for call in calls], np.bool_)[ids]
    omitted = hidden & np.asarray(parameters.is_null())
    marked = np.asarray(pc.indices_nonzero(pc.match_substring(parameters, '"omitted"')))
    for row, text in zip(marked.tolist(), _raws(parameters, marked), strict=True):
        omitted[row] |= dynamodb.omitted(text)
    return _Rows(kinds, tables, _of_each(calls, ids, "alarm"), omitted, arns)


def _singles(rows: _Rows, calls: Sequence[_Call], ids: Any, found: Any, names: Any) -> Any:
    """The number of each found row's table; also the row's own table, where its resources name none."""
    texts = names.dictionary.to_pylist()
    pairs = pa.array(ids.astype(np.int64) * max(len(texts), 1) + np.asarray(names.indices)).dictionary_encode()
    few = []
    for pair in pairs.dictionary.to_pylist():
        tables = calls[pair // len(texts)].tables
        assert tables is not None
        few.append(rows.arns[tables.arn(texts[pair % len(texts)])])
    items = np.array(few, np.int32)[np.asarray(pairs.indices)] if few else np.zeros(0, np.int32)
    own = rows.tables[found]
    rows.tables[found] = np.where(own < 0, items, own)
    return items


def _read(rows: _Rows, row: int, call: _Call, parameters: msgspec.Raw | None, responses: Any) -> None:
    tables = call.tables
    assert tables is not None
    keys, kind, table = dynamodb.touched(call.name, call.kind, parameters, tables)
    if not tables.arns:
        response = None if table is not None else responses[row].as_py()
        table = table if response is None else dynamodb.table_in_response(msgspec.Raw(response), tables)
        rows.tables[row] = rows.arns[table]
    if call.alarm and call.name in evidence_events.CONDITIONAL:
        rows.alarms[row] = dynamodb.weakens(call.name, parameters)
    rows.kinds[row] = _KINDS.index(kind)
    rows.keys += [(row, rows.arns[arn], key) for arn, key in keys or ()]


def _coded(numbers: Any, values: Any) -> Any:
    """A dictionary array; negative numbers are null."""
    return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers < 0), values)


def _item_keys(rows: _Rows, arns: Any, found: Any, items: Any, keys: Any) -> Any:
    """A list per row, null where the row names no key; the lists lie one behind the other."""
    others = [row for row, _, _ in rows.keys]
    owners = np.concatenate([found, np.array(others, np.int32)])
    order = np.argsort(owners, kind="stable")
    numbers = np.concatenate([items, np.array([number for _, number, _ in rows.keys], np.int32)])[order]
    texts = pa.concat_arrays([keys, pa.array([key for _, _, key in rows.keys], pa.string())]).take(pa.array(order))
    counts = np.bincount(owners, minlength=len(rows.kinds))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    tables = _coded(numbers, arns).cast(pa.string())
    pairs = pa.StructArray.from_arrays([tables, texts], fields=list(ITEM_KEY))
    return pa.ListArray.from_arrays(pa.array(offsets), pairs, type=ITEM_KEYS, mask=pa.array(counts == 0))
