"""Events, schema 1: the columns of ``events/`` and how they are written.

Decides: names, types, which values are text and which JSON text, which columns are dictionaries, which get a Bloom filter.
docs/schema.md explains each column to people; changing anything here is a new ``SCHEMA_VERSION``. Partition columns (account,
region, event_date) are strings in the path, not columns. Source of the fields: CloudTrail user guide, "CloudTrail record
contents", eventVersion 1.11, read 2026-11-24.
"""

from typing import Any

import pyarrow as pa

SCHEMA_VERSION = 1

# The order in which CloudTrail writes a record's members; the others follow in the order of their introduction.
FIELDS = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent",
    "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID",
    "readOnly", "resources", "eventType", "apiVersion", "managementEvent", "recipientAccountId", "sharedEventID",
    "serviceEventDetails", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory", "addendum", "sessionCredentialFromConsole",
    "edgeDeviceDetails", "tlsDetails", "eventContext", "insightDetails", "insightContext",
)  # fmt: skip
# Delivered as JSON strings, kept as their text.
TEXT = frozenset(
    {
        "eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode",
        "errorMessage", "requestID", "eventID", "eventType", "apiVersion", "recipientAccountId", "sharedEventID", "vpcEndpointId",
        "vpcEndpointAccountId", "eventCategory", "sessionCredentialFromConsole",
    }
)  # fmt: skip
# Objects, lists and booleans, kept as the JSON text delivered.
JSON = frozenset(FIELDS) - TEXT

# Nearly every row has its own value: a dictionary would only be dead weight.
PLAIN = frozenset({"eventID", "requestID", "sharedEventID", "requestParameters", "errorMessage", "_record", "_extra"})

_TEXT, _FLAG = pa.string(), pa.bool_()
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
ITEM_KEY = pa.struct([pa.field("table_arn", _TEXT), pa.field("key", _TEXT)])
ITEM_KEYS = pa.list_(pa.field("element", ITEM_KEY))
HASH = pa.binary(32)
TIME = pa.timestamp("us", tz="UTC")

EXACT = ("_keys", "_extra", "_record", "record_sha256")
DERIVED = (
    ("event_ts", TIME),
    ("actor", _TEXT),
    ("actor_source", _TEXT),
    ("session_issuer", _TEXT),
    ("source_identity", _TEXT),
    ("table_arn", _TEXT),
    ("item_keys", ITEM_KEYS),
    ("operation_kind", _TEXT),
    ("succeeded", _FLAG),
    ("params_omitted", _FLAG),
    ("evidence_alarm", _FLAG),
)
_BLOOM_FALSE_POSITIVES = 0.01

SCHEMA = pa.schema(
    [pa.field(name, _TEXT) for name in FIELDS]
    + [pa.field(name, _TEXT) for name in EXACT[:3]]
    + [pa.field("record_sha256", HASH, nullable=False)]
    + [pa.field(name, kind) for name, kind in DERIVED]
    + [pa.field("source_object", _TEXT, nullable=False), pa.field("record_index", pa.int32(), nullable=False)]
)
"""What a reader sees."""

WRITTEN = pa.schema(
    [field.with_type(_DICTIONARY) if field.type == _TEXT and field.name not in PLAIN else field for field in SCHEMA]
)
"""The same, with the columns that are handed to the writer as dictionaries."""

METADATA = {"itemtrail.schema": f"events/{SCHEMA_VERSION}"}


def writer_options(rows: int) -> dict[str, Any]:
    """Arguments for ``pyarrow.parquet.ParquetWriter``; ``rows`` is how many rows the first row group has.

    zstd 1 is as small as zstd 3 on this data and a quarter cheaper; hashes do not compress at all (docs/performance.md).
    """
    leaves = [name for name in SCHEMA.names if name != "item_keys"] + ["item_keys.list.element.table_arn", _ITEM_KEY_PATH]
    filters = {path: {"ndv": rows, "fpp": _BLOOM_FALSE_POSITIVES} for path in ("eventID", _ITEM_KEY_PATH)}
    return {
        "version": "2.6",
        "compression": {leaf: "none" if leaf == "record_sha256" else "zstd" for leaf in leaves},
        "compression_level": {leaf: 1 for leaf in leaves if leaf != "record_sha256"},
        "use_dictionary": [leaf for leaf in leaves if leaf not in PLAIN and leaf != "record_sha256"],
        "write_page_index": True,
        "store_schema": False,
        "bloom_filter_options": filters,
    }


_ITEM_KEY_PATH = "item_keys.list.element.key"
