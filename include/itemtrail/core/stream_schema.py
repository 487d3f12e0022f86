"""Stream records, schema 1: the columns of ``stream_records/`` and how they are written.

Decides: names and types. Item values stay DynamoDB JSON text (``{"Salary":{"N":"5200"}}``): 38-digit numbers, binary and sets
survive only as text. Partition columns (account, region, table_name, event_date) are strings in the path, not columns.
Sort: (item_key, created, sequence number). docs/schema.md explains each column to people. Source: DynamoDB Streams API
reference, Record and StreamRecord (read 2026-11-24).
"""

import pyarrow as pa

SCHEMA_VERSION = 1
METADATA = {"itemtrail.schema": f"stream_records/{SCHEMA_VERSION}"}

_TEXT = pa.string()
TIME = pa.timestamp("us", tz="UTC")
NAMES = pa.list_(pa.field("element", _TEXT))

SCHEMA = pa.schema(
    [
        pa.field("stream_arn", _TEXT, nullable=False),
        pa.field("shard_id", _TEXT, nullable=False),
        pa.field("sequence_number", _TEXT, nullable=False),  # decimal text; order is that of the integer
        pa.field("event_id", _TEXT),
        pa.field("event_name", _TEXT, nullable=False),  # INSERT, MODIFY, REMOVE
        pa.field("event_version", _TEXT),
        pa.field("created", TIME),  # ApproximateCreationDateTime: rounded down to the second by AWS
        pa.field("size_bytes", pa.int64()),
        pa.field("stream_view_type", _TEXT),
        pa.field("keys", _TEXT, nullable=False),  # DynamoDB JSON
        pa.field("old_image", _TEXT),  # DynamoDB JSON
        pa.field("new_image", _TEXT),  # DynamoDB JSON
        pa.field("user_identity", _TEXT),  # JSON: of TTL deletions
        pa.field("extra", _TEXT),  # JSON of members that this schema does not know
        pa.field("table_arn", _TEXT, nullable=False),
        pa.field("item_key", _TEXT, nullable=False),  # core.item_key
        pa.field("changed", NAMES, nullable=False),  # top-level attributes that differ, sorted
        pa.field("ttl_delete", pa.bool_(), nullable=False),
        pa.field("redacted", NAMES, nullable=False),  # attribute paths dropped or hashed before they were written, sorted
    ]
)
