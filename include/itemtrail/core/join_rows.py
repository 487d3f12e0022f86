"""The join's decisions as rows of ``change_schema``: columns are taken from both sides by row number.

Decides: the order of rows (item key, time, sequence number as a number, event id), and that of one event's candidates. ``diff``
is there where both images are; an INSERT's or REMOVE's image says it all.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import change_schema, diff
from itemtrail.core.change_schema import CANDIDATE, Match
from itemtrail.core.join_clusters import CODE, MATCHES, Found
from itemtrail.core.join_sides import Flags, Ints, Sides

_OF_RECORD = {
    "old_image": "old_image", "new_image": "new_image", "stream_arn": "stream_arn", "shard_id": "shard_id",
    "sequence_number": "sequence_number", "stream_event_id": "event_id",
}  # fmt: skip
_OF_EVENT = {
    "actor": "actor", "actor_source": "actor_source", "session_issuer": "session_issuer", "source_identity": "source_identity",
    "source_ip": "sourceIPAddress", "user_agent": "userAgent", "event_name": "eventName", "event_ts": "event_ts",
    "request_id": "requestID", "event_id": "eventID", "error_code": "errorCode", "source_object": "source_object",
    "record_index": "record_index",
}  # fmt: skip
_NO_NAMES = pa.array([[]], change_schema.NAMES)


def rows(
    both: Sides,
    found: Found,
    alone: Mapping[int, Match],
    days_of_records: Ints,
    days_of_pairs: Ints,
    day: int | None,
    table_arn: str,
) -> pa.Table:
    """All rows, or those of one day's history (days since 1970)."""
    record, pair, match = _numbers(found, alone, days_of_records, days_of_pairs, day)
    event = np.where(pair >= 0, both.pairs.event[pair] if len(both.pairs.event) else pair, -1)
    order = _order(both, record, pair, event)
    record, pair, event, match = record[order], pair[order], event[order], match[order]
    columns = _columns(both, record, pair, event)
    columns["table_arn"] = pa.repeat(table_arn, len(record))
    columns["match_confidence"] = pa.array(MATCHES, pa.string()).take(pa.array(match))
    columns["diff"] = diffs(columns["old_image"], columns["new_image"])
    columns["candidates"] = _candidates(both, found, record)
    made = pa.table({field.name: columns[field.name].cast(field.type) for field in change_schema.SCHEMA})
    return made.cast(change_schema.SCHEMA)


def _numbers(
    found: Found, alone: Mapping[int, Match], of_records: Ints, of_pairs: Ints, day: int | None
) -> tuple[Ints, Ints, Ints]:
    """By row: record or -1, pair or -1, match."""
    assert (found.match >= 0).all(), "a record without a row"
    records = np.arange(len(found.match)) if day is None else np.flatnonzero(of_records == day)
    pairs = [pair for pair in alone if day is None or of_pairs[pair] == day]
    record = np.concatenate((records, np.full(len(pairs), -1))).astype(np.int64)
    pair = np.concatenate((found.pair[records], np.array(pairs, dtype=np.int64)))
    return record, pair, np.concatenate((found.match[records], np.array([CODE[alone[one]] for one in pairs], dtype=np.int8)))


def _columns(both: Sides, record: Ints, pair: Ints, event: Ints) -> dict[str, pa.Array | pa.ChunkedArray]:
    from_record, from_event = pa.array(record, mask=record < 0), pa.array(event, mask=event < 0)
    records, events = both.records.table, both.pairs.table
    columns = {name: records[column].take(from_record) for name, column in _OF_RECORD.items()}
    columns |= {name: events[column].take(from_event) for name, column in _OF_EVENT.items()}
    for name in ("changed", "redacted"):
        columns[name] = pc.if_else(pa.array(record >= 0), records[name].take(from_record), _NO_NAMES[0])
    has_object = "stream_object" in records.column_names
    columns["stream_object"] = records["stream_object"].take(from_record) if has_object else pa.nulls(len(record), pa.string())
    columns["change_ts"] = pc.coalesce(records["created"].take(from_record), columns["event_ts"])
    columns["operation"] = pc.coalesce(records["event_name"].take(from_record), columns["event_name"])
    return columns | {"item_key": _keys(both, record, pair)}


def _keys(both: Sides, record: Ints, pair: Ints) -> pa.Array:
    """Key texts; empty where an event hides its key."""
    codes = _codes(both, record, pair)
    return pc.fill_null(both.keys.take(pa.array(codes, mask=codes < 0)), "")


def diffs(old: pa.ChunkedArray, new: pa.ChunkedArray) -> pa.Array:
    """``diff`` of each row's images; null where one is not there."""
    texts = zip(old.to_pylist(), new.to_pylist(), strict=True)
    made = [None if before is None or after is None else diff.of_texts(before, after) for before, after in texts]
    return pa.array(made, pa.string())


def _candidates(both: Sides, found: Found, record: Ints) -> pa.Array:
    """Lists of events, in order of time and id, each event once."""
    pairs, offsets, events = both.pairs, [0], list[int]()
    for row in record.tolist():
        listed = found.candidates.get(row, ())
        if listed:
            ordered = sorted(listed, key=pairs.order)
            events += dict.fromkeys(int(pairs.event[one]) for one in ordered)
        offsets.append(len(events))
    taken = pairs.table.take(pa.array(events, pa.int64()))
    columns = [taken[_OF_EVENT[field.name]].combine_chunks().cast(field.type) for field in CANDIDATE]
    struct = pa.StructArray.from_arrays(columns, fields=list(CANDIDATE))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct)


def _codes(both: Sides, record: Ints, pair: Ints) -> Ints:
    """Key code by row, -1 where an event hides its key."""
    codes = np.full(len(record), -1, dtype=np.int64)
    only = record < 0
    codes[~only], codes[only] = both.records.key[record[~only]], both.pairs.key[pair[only]]
    return codes


def _order(both: Sides, record: Ints, pair: Ints, event: Ints) -> Ints:
    """The one order that does not depend on the inputs': by key and time in columns, the few equal ones one by one."""
    rank = np.append(pc.rank(both.keys, tiebreaker="dense").to_numpy(zero_copy_only=False), 0).astype(np.int64)
    key, only = rank[_codes(both, record, pair)], record < 0
    time = np.zeros(len(record), dtype=np.int64)
    time[~only] = _micros(both.records.table["created"])[record[~only]]
    time[only] = _micros(both.pairs.table["event_ts"])[event[only]]
    order = np.lexsort((time, key))
    same = (key[order][1:] == key[order][:-1]) & (time[order][1:] == time[order][:-1])

    def rest(row: int) -> tuple[int, str, str]:
        _, number, shard = both.records.order(int(record[row])) if record[row] >= 0 else (0, 0, "")
        return number, shard, both.pairs.order(int(pair[row]))[1] if pair[row] >= 0 else ""

    for start, end in _runs(same):
        order[start:end] = sorted(order[start:end].tolist(), key=rest)
    return order


def _micros(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64)


def _runs(same: Flags) -> Iterator[tuple[int, int]]:
    """(start, end) of rows that are like their neighbours; ``same`` compares each row but the first with the one before."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield start, end + 1
