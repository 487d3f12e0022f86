"""Changes, schema 1: the columns of ``changes/``, the joined history, and how they are written.

Decides: names and types. One row is one change of one item (a stream record with who made it), or one logged write that changed
nothing that the stream shows. Partition columns (account, region, table_name, month) are strings in the path, not columns.
Sort: (item_key, change_ts, sequence number). docs/schema.md explains each column to people.
"""

from enum import StrEnum

import pyarrow as pa

SCHEMA_VERSION = 1
METADATA = {"itemtrail.schema": f"changes/{SCHEMA_VERSION}"}


class Match(StrEnum):
    """How sure the join is of who made a change; or why there is only one side."""

    EXACT = "EXACT"  # the application wrote the request into the item (docs/history.md, "The application contract")
    UNIQUE = "UNIQUE"  # one record, one event, nothing else of that key near
    ORDERED = "ORDERED"  # as many records as events of that key, paired in order
    AMBIGUOUS = "AMBIGUOUS"  # more than one pairing is possible: candidates are listed, nobody is named
    STREAM_ONLY_TTL = "STREAM_ONLY_TTL"
    STREAM_ONLY_REPLICATION = "STREAM_ONLY_REPLICATION"
    STREAM_ONLY_UNEXPLAINED = "STREAM_ONLY_UNEXPLAINED"  # a finding
    TRAIL_ONLY_FAILED = "TRAIL_ONLY_FAILED"
    TRAIL_ONLY_NOOP = "TRAIL_ONLY_NOOP"
    TRAIL_ONLY_LOST = "TRAIL_ONLY_LOST"  # a finding


EXPLAINED = frozenset(Match) - {Match.STREAM_ONLY_UNEXPLAINED, Match.TRAIL_ONLY_LOST}

_TEXT = pa.string()
TIME = pa.timestamp("us", tz="UTC")
NAMES = pa.list_(pa.field("element", _TEXT))
CANDIDATE = pa.struct(
    [
        pa.field("event_id", _TEXT),
        pa.field("event_name", _TEXT),
        pa.field("actor", _TEXT),
        pa.field("event_ts", TIME),
        pa.field("source_object", _TEXT),
        pa.field("record_index", pa.int32()),
    ]
)

SCHEMA = pa.schema(
    [
        pa.field("table_arn", _TEXT, nullable=False),
        pa.field("item_key", _TEXT, nullable=False),  # core.item_key
        pa.field("change_ts", TIME, nullable=False),  # of the stream record; of the event where there is no record
        pa.field("operation", _TEXT, nullable=False),  # INSERT, MODIFY, REMOVE; of trail-only rows the eventName
        pa.field("match_confidence", _TEXT, nullable=False),  # Match
        pa.field("old_image", _TEXT),  # DynamoDB JSON
        pa.field("new_image", _TEXT),  # DynamoDB JSON
        pa.field("changed", NAMES, nullable=False),  # top-level attributes that differ, sorted
        pa.field("diff", _TEXT),  # JSON: [{"path": "Salary", "old": {"N": "5000"}, "new": {"N": "5200"}}, …]
        pa.field("redacted", NAMES, nullable=False),
        pa.field("actor", _TEXT),
        pa.field("actor_source", _TEXT),
        pa.field("session_issuer", _TEXT),
        pa.field("source_identity", _TEXT),
        pa.field("source_ip", _TEXT),
        pa.field("user_agent", _TEXT),
        pa.field("event_name", _TEXT),
        pa.field("event_ts", TIME),
        pa.field("request_id", _TEXT),
        pa.field("event_id", _TEXT),
        pa.field("error_code", _TEXT),
        pa.field("source_object", _TEXT),  # the original log in the trail bucket; `itemtrail originals` gives it back
        pa.field("record_index", pa.int32()),
        pa.field("stream_arn", _TEXT),
        pa.field("shard_id", _TEXT),
        pa.field("sequence_number", _TEXT),
        pa.field("stream_event_id", _TEXT),
        pa.field("stream_object", _TEXT),  # key of the archive's Parquet file that holds the record
        pa.field("candidates", pa.list_(pa.field("element", CANDIDATE)), nullable=False),
    ]
)
