"""The join's decisions as rows of ``change_schema``: columns are taken from both sides by row number.

Decides: the order of rows (item key, time, sequence number as a number, event id), and that of one event's candidates. ``diff``
is there where both images are; an INSERT's or REMOVE's image says it all.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import change_schema, diff
from itemtrail.core.change_schema import CANDIDATE, Match
from itemtrail.core.join_clusters import Found
from itemtrail.core.join_sides import Ints, Sides

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
    record, pair, match = _numbers(both, found, alone, days_of_records, days_of_pairs, day)
    event = np.where(pair >= 0, both.pairs.event[pair] if len(both.pairs.event) else pair, -1)
    columns = _columns(both, record, pair, event)
    columns["table_arn"] = pa.repeat(table_arn, len(record))
    columns["match_confidence"] = pa.array([str(one) for one in match], pa.string())
    columns["diff"] = _diffs(columns["old_image"], columns["new_image"])
    columns["candidates"] = _candidates(both, found, record)
    made = pa.table({field.name: columns[field.name].cast(field.type) for field in change_schema.SCHEMA})
    return _sorted(made.cast(change_schema.SCHEMA))


def _numbers(
    both: Sides, found: Found, alone: Mapping[int, Match], of_records: Ints, of_pairs: Ints, day: int | None
) -> tuple[Ints, Ints, list[Match]]:
    """By row: record or -1, pair or -1, match."""
    count = len(both.records.key)
    assert found.match.keys() == set(range(count)), "a record without a row"
    records = np.arange(count) if day is None else np.flatnonzero(of_records == day)
    pairs = [pair for pair in alone if day is None or of_pairs[pair] == day]
    listed = records.tolist()
    record = np.concatenate((records, np.full(len(pairs), -1))).astype(np.int64)
    pair = np.array([found.pair.get(row, -1) for row in listed] + pairs, dtype=np.int64)
    return record, pair, [found.match[row] for row in listed] + [alone[one] for one in pairs]


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
    codes = np.full(len(record), -1, dtype=np.int64)
    codes[record >= 0] = both.records.key[record[record >= 0]]
    only = record < 0
    codes[only] = both.pairs.key[pair[only]]
    return pc.fill_null(both.keys.take(pa.array(codes, mask=codes < 0)), "")


def _diffs(old: pa.ChunkedArray, new: pa.ChunkedArray) -> pa.Array:
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


def _sorted(table: pa.Table) -> pa.Table:
    """In the one order that does not depend on the inputs'."""
    padded = pc.utf8_lpad(pc.fill_null(table["sequence_number"], ""), 64, "0")
    keyed = table.append_column("_sequence", padded)
    by = ("item_key", "change_ts", "_sequence", "shard_id", "event_id", "operation")
    return keyed.take(pc.sort_indices(keyed, [(name, "ascending") for name in by])).drop_columns(["_sequence"])
